// SPDX-License-Identifier: BSD-3-Clause
#include "search.h"

void search_start(struct search *s, double ceiling, double guess, double resolution, uint32_t tries)
{
	*s = (struct search){
		.high = ceiling,
		.least = SEARCH_LEAST * ceiling,
		.next = guess,
		.resolution = resolution,
		.tries = tries,
	};
}

void search_enter(struct search *s, enum search_outcome outcome, double rate)
{
	switch (outcome) {
	case SEARCH_PASSED:
		s->low = s->next;
		break;
	case SEARCH_SHORT:
		s->high = s->next;
		if (rate > s->low && rate < s->high)
			s->low = rate;
		break;
	case SEARCH_FAILED:
		if (++s->failed < s->tries)
			return;
		s->high = s->next;
		break;
	}
	s->failed = 0;
	s->over = s->high - s->low <= s->resolution * s->high || s->high <= s->least;
	s->next = (s->low + s->high) / 2;
}
