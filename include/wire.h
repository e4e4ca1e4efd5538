// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_WIRE_H
#define DTLSGW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Bounded big-endian reader.  A read past the end returns 0 (NULL for bytes), sets failed, and
// every later read fails too, so a parser may check once at its end.
struct wire_reader {
	const uint8_t *next;
	const uint8_t *end;
	bool failed;
};

// Bounded big-endian writer; a write past the end sets failed and writes nothing more.
struct wire_writer {
	uint8_t *next;
	uint8_t *end;
	bool failed;
};

static inline struct wire_reader wire_reader(const void *p, size_t len)
{
	return (struct wire_reader){.next = p, .end = (const uint8_t *)p + len};
}

static inline struct wire_writer wire_writer(void *p, size_t len)
{
	return (struct wire_writer){.next = p, .end = (uint8_t *)p + len};
}

static inline size_t wire_left(const struct wire_reader *r)
{
	return (size_t)(r->end - r->next);
}

// Returns the next len bytes and steps over them, or NULL.
static inline const uint8_t *wire_bytes(struct wire_reader *r, size_t len)
{
	const uint8_t *p = r->next;

	if (r->failed || wire_left(r) < len) {
		r->failed = true;
		return NULL;
	}
	r->next += len;
	return p;
}

// Reads an unsigned integer of len bytes, len <= 8.
static inline uint64_t wire_uint(struct wire_reader *r, size_t len)
{
	const uint8_t *p = wire_bytes(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t wire_u8(struct wire_reader *r)
{
	return (uint8_t)wire_uint(r, 1);
}

static inline uint16_t wire_u16(struct wire_reader *r)
{
	return (uint16_t)wire_uint(r, 2);
}

static inline uint32_t wire_u24(struct wire_reader *r)
{
	return (uint32_t)wire_uint(r, 3);
}

static inline uint64_t wire_u48(struct wire_reader *r)
{
	return wire_uint(r, 6);
}

// Steps into a vector whose length stands in front of it in len_size bytes (RFC 5246 section 4.3).
static inline struct wire_reader wire_vector(struct wire_reader *r, size_t len_size)
{
	size_t len = (size_t)wire_uint(r, len_size);
	const uint8_t *p = wire_bytes(r, len);

	if (p == NULL)
		return (struct wire_reader){.failed = true};
	return wire_reader(p, len);
}

// Returns where to write the next len bytes and steps over them, or NULL.
static inline uint8_t *wire_room(struct wire_writer *w, size_t len)
{
	uint8_t *p = w->next;

	if (w->failed || (size_t)(w->end - w->next) < len) {
		w->failed = true;
		return NULL;
	}
	w->next += len;
	return p;
}

// Writes v as an unsigned integer of len bytes, len <= 8.
static inline void wire_put_uint(struct wire_writer *w, uint64_t v, size_t len)
{
	uint8_t *p = wire_room(w, len);

	for (size_t i = 0; p != NULL && i < len; i++)
		p[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

static inline void wire_put_bytes(struct wire_writer *w, const void *src, size_t len)
{
	uint8_t *p = wire_room(w, len);

	if (p != NULL)
		memcpy(p, src, len);
}

#endif
