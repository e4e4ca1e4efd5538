// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CKSUM_H
#define DTLSGW_CKSUM_H

#include <stdint.h>
#include <string.h>

// The Internet checksum (RFC 1071): the sum of 16-bit words does not care how wide the words are
// that are added, as long as no carry is lost.

// 64 bytes.
typedef uint64_t cksum_block __attribute__((vector_size(64)));

// A sum under way: of 64-bit words modulo 2^64, and of their high halves, which together still know
// every carry (of up to 2^32 words).
struct cksum {
	uint64_t all;
	uint64_t high;
};

// Adds nb words, which is a constant.
static inline void cksum_add(struct cksum *sum, const uint8_t *p, unsigned int nb)
{
	for (unsigned int i = 0; i < nb; i++) {
		uint64_t word;

		memcpy(&word, p + i * sizeof(word), sizeof(word));
		sum->all += word;
		sum->high += word >> 32;
	}
}

// Adds the whole blocks at the front of p.  Returns their bytes.
static inline uint32_t cksum_add_blocks(struct cksum *sum, const uint8_t *p, uint32_t len)
{
	cksum_block all = {0}, high = {0};
	uint32_t at = 0;

	for (; at + sizeof(cksum_block) <= len; at += sizeof(cksum_block)) {
		cksum_block block;

		memcpy(&block, p + at, sizeof(block));
		all += block;
		high += block >> 32;
	}
	for (unsigned int i = 0; i < 8; i++) {
		sum->all += all[i];
		sum->high += high[i];
	}
	return at;
}

// Folds to 16 bits; 0 only if every word was 0.
static inline uint16_t cksum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + (sum & 0xffff));
}

// The sum of len bytes at p, to be folded; room for 2^16 more of its kind.  The eight bytes in
// front of p can be read; they do not count.
static inline uint64_t cksum_sum(const uint8_t *p, uint32_t len)
{
	struct cksum sum = {0};
	uint64_t last;

	memcpy(&last, p + len - sizeof(last), sizeof(last));
	if (len >= sizeof(cksum_block))
		p += cksum_add_blocks(&sum, p, len);
	if (len & 32) {
		cksum_add(&sum, p, 4);
		p += 32;
	}
	if (len & 16) {
		cksum_add(&sum, p, 2);
		p += 16;
	}
	if (len & 8)
		cksum_add(&sum, p, 1);
	// The 0 to 7 bytes left are the high ones of the last eight.
	last = last >> 8 * (7 - len % 8) >> 8;
	return sum.high + (sum.all - (sum.high << 32)) + (uint32_t)last + (last >> 32);
}

#endif
