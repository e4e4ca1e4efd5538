// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_UNIT_RESUME_H
#define DTLSGW_UNIT_RESUME_H

// What the tests of resumption share: one client after the other, each with the session of the
// last.
#include "lab.h"

#include <openssl/err.h>

#include "hs_table.h"
#include "resumption.h"
#include "session_dir.h"
#include "unit.h"

#define LIFETIME 100   // s
#define REVOKED	 16384 // that there is room for

static struct lab lab;
static struct lab_client client;
static SSL_SESSION *saved; // of the last client that closed

static inline void start(const char *ciphers, uint64_t options)
{
	lab_client_start(&lab, &client, LAB_PORT, ciphers);
	SSL_set_options(client.ssl, options);
	if (saved != NULL)
		assert_int_equal(SSL_set_session(client.ssl, saved), 1);
}

static inline void save(void)
{
	SSL_SESSION_free(saved);
	saved = SSL_get1_session(client.ssl);
}

// True if the client was resumed; checks that both sides agree and that data passes.
static inline bool finish(void)
{
	bool resumed = SSL_session_reused(client.ssl) == 1;
	uint64_t before = lab_stats(&lab)->resumed;

	lab_check_echo(&client, "hello");
	lab_check_nonces(&client);
	assert_true(before <= lab_stats(&lab)->completed);
	save();
	lab_close(&client);
	lab_client_stop(&client);
	lab_check_idle(&lab);
	return resumed;
}

// A whole association.  True if it was resumed.
static inline bool associate(const char *ciphers, uint64_t options)
{
	uint64_t before = lab_stats(&lab)->resumed;
	bool resumed;

	start(ciphers, options);
	assert_true(lab_handshake(&client, LAB_PATIENCE_MS));
	resumed = finish();
	assert_int_equal(lab_stats(&lab)->resumed, before + resumed);
	return resumed;
}

static inline void configure(struct lab *l)
{
	l->rig.config.tickets = true;
	l->rig.config.session_cache = 16;
	l->rig.config.resumption_lifetime_s = LIFETIME;
}

// Lets go of nb sessions that nobody has, which would expire in s seconds, as after fatal alerts.
static inline void end_others(uint32_t nb, time_t s)
{
	static uint64_t last;

	for (uint32_t i = 0; i < nb; i++) {
		struct resumption_tag tag = {.expires = time(NULL) + s};

		last++;
		memcpy(tag.byte, &last, sizeof(last));
		resumption_revoke(lab.cp.resumption, &tag);
	}
}

static inline int tear_down(void **state)
{
	(void)state;
	lab_stop(&lab);
	SSL_SESSION_free(saved);
	saved = NULL;
	return 0;
}

#endif
