// SPDX-License-Identifier: BSD-3-Clause
#include "track.h"

void track_start(struct track *t)
{
	t->next_seq = 0;
	replay_init(&t->seen, t->bitmap, TRACK_WINDOW);
}
