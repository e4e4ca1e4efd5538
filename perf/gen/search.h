// SPDX-License-Identifier: BSD-3-Clause
#ifndef GEN_SEARCH_H
#define GEN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

// The search for the highest rate that passes (after RFC 2544 section 26.1): from a ceiling and a
// first guess by halves, until what is open is a given share of the rate, or the rate is
// SEARCH_LEAST of the ceiling.
#define SEARCH_LEAST 1e-3

struct search {
	double low;	   // highest rate that passed; 0: none yet
	double high;	   // lowest that did not, or the ceiling
	double least;	   // below it the search gives up
	double next;	   // to be tried
	double resolution; // the search ends when high - low is not more than this share of high
	uint32_t tries;	   // a rate fails when so many trials of it have
	uint32_t failed;   // of them
	bool over;
};

// How a trial can end.
enum search_outcome {
	SEARCH_PASSED,
	SEARCH_FAILED,
	SEARCH_SHORT, // nothing failed, but the generator could not send that fast
};

// 0 < guess <= ceiling; resolution > 0; tries > 0.
void search_start(struct search *s, double ceiling, double guess, double resolution,
		  uint32_t tries);

// Enters the outcome of a trial of s->next, in which rate was sent.  Sets next, or over.
void search_enter(struct search *s, enum search_outcome outcome, double rate);

#endif
