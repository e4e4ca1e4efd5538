// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_MB_COPY_H
#define DTLSGW_MB_COPY_H

#include <intel-ipsec-mb.h>

// Copies of ipsec-mb, so that lcores share no memory that it writes.
//
// Up to version 1.3 every direct call writes one global variable, its error number, and all CPUs
// together get no more than one such write in some 70 cycles.  A copy is the library once more in a
// namespace of its own (dlmopen(3)): the same pages of code, two pages of data.  Later versions
// need no copy.
struct mb_copy {
	IMB_MGR *(*alloc)(uint64_t flags);
	void (*free)(IMB_MGR *mgr);
	void (*init)(IMB_MGR *mgr, IMB_ARCH *arch);
	int (*get_errno)(IMB_MGR *mgr);
	unsigned int users;
};

// The library that the program is linked with; any thread.
struct mb_copy *mb_copy_linked(void);

// The copy with the fewest users: a new one as long as the C library has room for another (some
// ten), never unloaded.  Where there is none, the linked one.  Main thread only.
struct mb_copy *mb_copy_get(void);

// The caller of either is no user any more.  Main thread only, but for the linked one.
void mb_copy_put(struct mb_copy *copy);

#endif
