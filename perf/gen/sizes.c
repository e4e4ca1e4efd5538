// SPDX-License-Identifier: BSD-3-Clause
#include "sizes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Reads a number at *text up to max and steps over it.
static int number(const char **text, uint32_t max, uint32_t *value)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	v = strtoul(*text, &end, 10);
	if (errno != 0 || v > max)
		return -EINVAL;
	*text = end;
	*value = (uint32_t)v;
	return 0;
}

// Reads "SIZE" or "SIZE:WEIGHT".
static int entry(struct sizes *s, const char **text, uint16_t min)
{
	uint32_t len, weight = 1;

	if (s->nb == SIZES_MAX || number(text, UINT16_MAX, &len) != 0 || len < min)
		return -EINVAL;
	if (**text == ':') {
		(*text)++;
		if (number(text, SIZES_STEPS_MAX, &weight) != 0 || weight == 0)
			return -EINVAL;
	}
	if (sizes_find(s, (uint16_t)len) != SIZES_NONE)
		return -EINVAL;
	s->len[s->nb] = (uint16_t)len;
	s->weight[s->nb++] = weight;
	return 0;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

// The size that lies furthest behind its share goes next.
static void order(struct sizes *s, uint32_t total)
{
	int64_t due[SIZES_MAX] = {0};

	for (uint16_t i = 0; i < total; i++) {
		uint8_t next = 0;

		for (uint8_t k = 0; k < s->nb; k++) {
			due[k] += s->weight[k];
			if (due[k] > due[next])
				next = k;
		}
		due[next] -= total;
		s->step[i] = next;
	}
	s->step_nb = (uint16_t)total;
}

int sizes_parse(struct sizes *s, const char *text, uint16_t min)
{
	uint32_t divisor = 0, total = 0;

	memset(s, 0, sizeof(*s));
	if (strcmp(text, "imix") == 0)
		text = SIZES_IMIX;
	for (;;) {
		if (entry(s, &text, min) != 0)
			return -EINVAL;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	for (uint16_t i = 0; i < s->nb; i++)
		divisor = common_divisor(s->weight[i], divisor);
	for (uint16_t i = 0; i < s->nb; i++) {
		s->weight[i] /= divisor;
		total += s->weight[i];
	}
	if (total > SIZES_STEPS_MAX)
		return -EINVAL;
	order(s, total);
	return 0;
}

uint16_t sizes_largest(const struct sizes *s)
{
	uint16_t largest = 0;

	for (uint16_t i = 0; i < s->nb; i++)
		if (s->len[i] > largest)
			largest = s->len[i];
	return largest;
}
