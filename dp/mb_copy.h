// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MB_COPY_H
#define DTLSGW_MB_COPY_H

#include <intel-ipsec-mb.h>
#include <stdbool.h>

// Copies of ipsec-mb, so that lcores share no memory that it writes.
//
// Up to version 1.3 every direct call writes one global variable, its error number, and all CPUs
// together get no more than one such write in some 70 cycles.  A copy is the library once more in a
// namespace of its own (dlmopen(3)), which has a C library of its own as well: the same pages of
// code, some 260 kB of memory with the manager, and a part of the loader's surplus of static TLS,
// which holds eleven.  Later versions need no copy.
#define MB_COPIES_MAX 8

struct mb_copy {
	IMB_MGR *(*alloc)(uint64_t flags);
	void (*free)(IMB_MGR *mgr);
	void (*init)(IMB_MGR *mgr, IMB_ARCH *arch);
	int (*get_errno)(IMB_MGR *mgr);
	unsigned int users;
};

// The library that the program is linked with; any thread.
struct mb_copy *mb_copy_linked(void);

// The copy with the fewest users: a new one as long as there are not MB_COPIES_MAX, and the C
// library has room for another; never unloaded.  Where there is none, the linked one.  Main thread
// only.
struct mb_copy *mb_copy_get(void);

// True if the copy's users share memory that they write, with each other or with the program.
bool mb_copy_shares(const struct mb_copy *copy);

// The caller of either is no user any more.  Main thread only, but for the linked one.
void mb_copy_put(struct mb_copy *copy);

#endif
