// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_AEAD_MB_H
#define DTLSGW_AEAD_MB_H

#include <rte_common.h>

#include "aead.h"
#include "mb_copy.h"

// What the modules that call ipsec-mb need of it.  aead_mb.c and cookie.c keep to calls that are
// the same in ipsec-mb 1.3 and 2.0: the direct GCM API, jobs one by one (a burst of jobs wants
// imb_set_session() from 1.4 on), SHA-256 of one block, the hash burst.  Only sizeof(struct
// gcm_key_data) differs; nobody may know it.
struct aead {
	IMB_MGR *mgr;
	struct mb_copy *mb;			 // whose code the manager runs
	struct gcm_context_data gcm;		 // of the call under way
	uint32_t jobs;				 // of the call under way
	uint8_t tag[IMB_MAX_JOBS][AEAD_TAG_MAX]; // computed by jobs that open, one each
};

#endif
