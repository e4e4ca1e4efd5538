// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_PACE_H
#define GEN_PACE_H

#include <stdint.h>

// What may be owed: so many packets, or those of so many milliseconds if that is more.  What a
// sender owes beyond that, because it was kept from running, it does not send: in one heap it would
// be a burst that nobody asked for.
#define PACE_OWED_MIN 256
#define PACE_OWED_MS  2

// When to send, as a rate: exact in the long run, without division.  Time is the TSC.
struct pace {
	uint64_t hz;	 // TSC ticks a second
	uint64_t rate;	 // packets a second; 0: as many as there is room for
	uint64_t credit; // what is owed, in packets times hz
	uint64_t most;	 // that may be owed, likewise
	uint64_t least;	 // to be owed before anything is sent, likewise
	uint64_t last_tsc;
	uint64_t missed; // packets never sent because more than the most were owed
};

// burst: packets to be sent together at least, 1 to PACE_OWED_MIN.
void pace_start(struct pace *p, uint64_t rate, uint16_t burst, uint64_t hz, uint64_t now_tsc);

// Forgets what is owed beyond the most.  For pace_take().
void pace_forget(struct pace *p);

// Packets to send now, at most max.
static inline uint16_t pace_take(struct pace *p, uint64_t now_tsc, uint16_t max)
{
	uint64_t elapsed = now_tsc - p->last_tsc;
	uint16_t n = 0;

	if (p->rate == 0)
		return max;
	p->last_tsc = now_tsc;
	if (elapsed > p->hz) { // no overflow
		p->missed += (elapsed / p->hz - 1) * p->rate;
		elapsed = p->hz;
	}
	p->credit += elapsed * p->rate;
	if (p->credit > p->most)
		pace_forget(p);
	if (p->credit < p->least)
		return 0;
	while (n < max && p->credit >= p->hz) {
		p->credit -= p->hz;
		n++;
	}
	return n;
}

#endif
