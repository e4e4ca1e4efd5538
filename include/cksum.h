// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_CKSUM_H
#define DTLSGW_CKSUM_H

#include <stdint.h>
#include <string.h>

// The Internet checksum (RFC 1071): the sum of 16-bit words does not care how wide the words are
// that are added, as long as no carry is lost.

#define CKSUM_BLOCK 64

typedef uint64_t cksum_block __attribute__((vector_size(CKSUM_BLOCK)));
typedef uint64_t cksum_half __attribute__((vector_size(CKSUM_BLOCK / 2)));

// Sums of 64-bit words modulo 2^64, and of their high halves, which together still know every
// carry (of up to 2^32 words).
struct cksum_blocks {
	cksum_block all;
	cksum_block high;
};

static inline void cksum_add_block(struct cksum_blocks *sum, const cksum_block *block)
{
	sum->all += *block;
	sum->high += *block >> 32;
}

// Adds up the lanes: low halves, which are what is left of all, and high ones.
static inline uint64_t cksum_lanes(const struct cksum_blocks *sum)
{
	cksum_block lane = sum->high + (sum->all - (sum->high << 32));
	cksum_half half = __builtin_shufflevector(lane, lane, 0, 1, 2, 3) +
			  __builtin_shufflevector(lane, lane, 4, 5, 6, 7);

	return half[0] + half[1] + half[2] + half[3];
}

// Folds to 16 bits; 0 only if every word was 0.  The sum of a word and its halves changed over has
// their end-around sum in its high half.
static inline uint16_t cksum_fold(uint64_t sum)
{
	uint32_t word = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((word + (word << 16 | word >> 16)) >> 16);
}

// cksum_sum() of a block or more.
static inline uint64_t cksum_sum_long(const uint8_t *p, uint32_t len)
{
	// Read at n, keeps the last n bytes of a block.
	static const uint8_t keep[2 * CKSUM_BLOCK] = {[CKSUM_BLOCK... 2 * CKSUM_BLOCK - 1] = 0xff};
	uint32_t odd = len % 2, rest = len % CKSUM_BLOCK;
	struct cksum_blocks sum = {0};
	cksum_block block, mask;

	for (uint32_t at = 0; at + CKSUM_BLOCK <= len; at += CKSUM_BLOCK) {
		memcpy(&block, p + at, sizeof(block));
		cksum_add_block(&sum, &block);
	}
	// What is left lies at the end of the last block that starts at an even place; a last odd
	// byte is the low one of its word.
	memcpy(&block, p + len - odd - CKSUM_BLOCK, sizeof(block));
	memcpy(&mask, keep + rest - odd, sizeof(mask));
	block &= mask;
	cksum_add_block(&sum, &block);
	return cksum_lanes(&sum) + (p[len - 1] & -odd);
}

static inline uint64_t cksum_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return (uint32_t)word + (word >> 32);
}

// cksum_sum() of less than a block.
static inline uint64_t cksum_sum_short(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0, last;

	memcpy(&last, p + len - sizeof(last), sizeof(last));
	for (; len >= sizeof(last); len -= sizeof(last), p += sizeof(last))
		sum += cksum_word(p);
	// The 0 to 7 bytes left are the high ones of the last eight.
	last = last >> 8 * (7 - len) >> 8;
	return sum + (uint32_t)last + (last >> 32);
}

// The sum of len bytes at p, to be folded; room for 2^16 more of its kind.  The eight bytes in
// front of p can be read; they do not count.
static inline uint64_t cksum_sum(const uint8_t *p, uint32_t len)
{
	return len < CKSUM_BLOCK ? cksum_sum_short(p, len) : cksum_sum_long(p, len);
}

#endif
