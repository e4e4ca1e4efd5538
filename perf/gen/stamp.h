// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_STAMP_H
#define GEN_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// What the generator's payloads hold: a stamp, and behind it bytes that only this stamp can have
// there.  Whoever reads them wrote them, so the stamp has the machine's byte order.

enum stream {
	STREAM_UP,   // client to backend: the server opens
	STREAM_DOWN, // backend to client: the server seals
	STREAM_ECHO, // client to server and back: it does both
	STREAM_NB
};

#define STAMP_LEN	 16 // bytes; no payload is shorter
#define STAMP_CLIENT_MAX (1 << 24)
#define STAMP_TSC_MASK	 ((UINT64_C(1) << 48) - 1)

struct stamp {
	uint32_t client;
	uint32_t seq; // of the client in this stream and trial
	uint8_t stream;
	uint16_t trial;
	uint64_t tsc; // when it was made, modulo 2^48
};

// Bytes behind a stamp come from anywhere in the first STAMP_SHIFTS of this many.
#define STAMP_PAYLOAD_MAX 16384
#define STAMP_SHIFTS	  256
extern uint8_t stamp_filler[STAMP_PAYLOAD_MAX + STAMP_SHIFTS];

// Fills stamp_filler, always with the same bytes.
void stamp_init(void);

// Every bit of the stamp has a say in where they come from.
static inline const uint8_t *stamp_filler_of(const uint64_t word[2])
{
	uint64_t mixed =
		(word[0] ^ word[1] * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15);

	return stamp_filler + mixed / (UINT64_MAX / STAMP_SHIFTS + 1);
}
_Static_assert((STAMP_SHIFTS & (STAMP_SHIFTS - 1)) == 0, "a shift, no division");

// Writes a payload of len bytes, STAMP_LEN to STAMP_PAYLOAD_MAX.
static inline void stamp_write(uint8_t *p, uint16_t len, const struct stamp *s)
{
	uint64_t word[2] = {
		s->client | (uint64_t)s->stream << 24 | (uint64_t)s->seq << 32,
		(s->tsc & STAMP_TSC_MASK) | (uint64_t)s->trial << 48,
	};

	memcpy(p, word, STAMP_LEN);
	memcpy(p + STAMP_LEN, stamp_filler_of(word), len - STAMP_LEN);
}

// Reads a payload.  False if it is none that stamp_write() could have written.
static inline bool stamp_read(const uint8_t *p, uint16_t len, struct stamp *s)
{
	uint64_t word[2];

	if (len < STAMP_LEN || len > STAMP_PAYLOAD_MAX)
		return false;
	memcpy(word, p, STAMP_LEN);
	s->client = (uint32_t)word[0] & (STAMP_CLIENT_MAX - 1);
	s->stream = (uint8_t)(word[0] >> 24);
	s->seq = (uint32_t)(word[0] >> 32);
	s->tsc = word[1] & STAMP_TSC_MASK;
	s->trial = (uint16_t)(word[1] >> 48);
	return s->stream < STREAM_NB &&
	       memcmp(p + STAMP_LEN, stamp_filler_of(word), len - STAMP_LEN) == 0;
}

// Ticks from the stamp to now.
static inline uint64_t stamp_age(const struct stamp *s, uint64_t now_tsc)
{
	return (now_tsc - s->tsc) & STAMP_TSC_MASK;
}

#endif
