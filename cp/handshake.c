// SPDX-License-Identifier: BSD-3-Clause
#include "handshake.h"

#include <errno.h>
#include <openssl/err.h>
#include <rte_cycles.h>
#include <stdlib.h>

#include "hs_fail.h"
#include "hs_records.h"
#include "hs_report.h"
#include "install.h"
#include "neigh.h"
#include "record_limit.h"
#include "resumption.h"
#include "srtp_dir.h"

#define REPLACE_MS 1000 // a handshake this young is not given up for another ClientHello

// Most often there is nothing, and that costs less to know than to clear it.
static void clear_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

void handshake_close(struct handshake *hs)
{
	if (hs->ssl == NULL)
		return;
	SSL_set_shutdown(hs->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	hs->bio.ssl = NULL;
	SSL_free(hs->ssl);
	hs->ssl = NULL;
	clear_errors();
}

static void destroy(struct handshake *hs)
{
	struct cp *cp = hs->cp;

	if (hs->client.name_unknown)
		HS_COUNT(hs, unknown_name);
	if (hs->client.psk_unknown)
		HS_COUNT(hs, unknown_identity);
	if (hs->client.not_resumed != NULL)
		HS_COUNT(hs, resumptions_refused);
	handshake_close(hs);
	tls_client_fini(&hs->client);
	if (hs->timer != NULL)
		event_free(hs->timer);
	hs_early_discard(&hs->early, hs->worker->handshakes);
	hs_bio_discard(&hs->bio);
	free(hs->bio.ticket);
	install_free(cp, hs->bio.session);
	cp_lock(cp);
	if (hs->routed)
		neigh_release(cp, hs->encap.next_hop);
	hs_quota_give(hs);
	cp_unlock(cp);
	hs_table_leave(hs->worker->handshakes, hs);
	explicit_bzero(hs, sizeof(*hs));
	free(hs);
}

// With cp->lock.
static void send_flight(struct handshake *hs)
{
	for (uint16_t i = 0; i < hs->bio.flight_nb; i++)
		neigh_send(hs->cp, hs->lcore, hs->bio.flight[i], &hs->encap);
	hs->bio.flight_nb = 0;
}

static void arm(struct handshake *hs, uint64_t us)
{
	struct timeval tv = {.tv_sec = (time_t)(us / 1000000),
			     .tv_usec = (suseconds_t)(us % 1000000)};

	evtimer_add(hs->timer, &tv);
}

// Until OpenSSL wants to send its flight again, or the handshake has taken too long.
static void arm_retransmission(struct handshake *hs)
{
	uint64_t limit = (uint64_t)hs->cp->config->handshake_timeout_s * 1000;
	uint64_t spent = hs_report_elapsed_ms(hs);
	uint64_t us = spent < limit ? (limit - spent) * 1000 : 0;
	struct timeval tv;

	if (DTLSv1_get_timeout(hs->ssl, &tv) == 1)
		us = RTE_MIN(us, (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec);
	arm(hs, us);
}

// With cp->lock.
static bool send_remove(struct cp *cp, uint16_t lcore, const struct flow_key *flow,
			uint64_t hello_id)
{
	struct msg msg = {.type = MSG_HANDSHAKE_REMOVE, .id = hello_id, .flow = *flow};

	return dp_send(cp->dp, lcore, &msg);
}

// Sends the flight, then the HANDSHAKE_REMOVE.  False: no room on the lcore's ring for that.
static bool leave(struct handshake *hs)
{
	bool done;

	cp_lock(hs->cp);
	send_flight(hs);
	done = send_remove(hs->cp, hs->lcore, &hs->flow, hs->hello_id);
	cp_unlock(hs->cp);
	return done;
}

// Brings hs to rest in its state, after whatever happened to it; may destroy it.
static void settle(struct handshake *hs)
{
	switch (hs->state) {
	case HS_WAIT_CLIENT:
		if (hs->bio.flight_nb > 0) {
			cp_lock(hs->cp);
			send_flight(hs);
			cp_unlock(hs->cp);
		}
		arm_retransmission(hs);
		break;
	case HS_WAIT_ROOM:
		if (install_send(hs))
			hs->state = HS_WAIT_INSTALLED;
		else
			arm(hs, ROOM_RETRY_US);
		break;
	case HS_WAIT_INSTALLED:
		break;
	case HS_WAIT_REMOVE:
		if (leave(hs))
			destroy(hs);
		else
			arm(hs, ROOM_RETRY_US);
		break;
	}
}

static void retransmit(struct handshake *hs)
{
	int rc = DTLSv1_handle_timeout(hs->ssl);

	if (hs->bio.flight_full)
		hs_fail_silent(hs);
	else if (rc < 0)
		hs_fail_ssl(hs, "too many retransmissions");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct handshake *hs = arg;

	RTE_SET_USED(fd);
	RTE_SET_USED(what);
	if (hs->state == HS_WAIT_CLIENT) {
		clear_errors();
		if (hs_report_elapsed_ms(hs) >=
		    (uint64_t)hs->cp->config->handshake_timeout_s * 1000)
			hs_fail_expired(hs);
		else
			retransmit(hs);
	}
	settle(hs);
}

static void complete(struct handshake *hs)
{
	const char *reason;

	evtimer_del(hs->timer);
	hs->suite = SSL_get_cipher_name(hs->ssl);
	hs->plain_max = record_limit_get(hs->ssl);
	reason = tls_identify(hs->ssl, &hs->client);
	handshake_close(hs);
	if (reason == NULL && hs->bio.finished_len == 0)
		reason = "no Finished was made";
	else if (reason == NULL)
		reason = install_build(hs);
	if (reason == NULL) {
		hs->state = HS_WAIT_ROOM;
		return;
	}
	hs_fail_revoke(hs);
	if (hs->client.psk_withdrawn) {
		hs_fail_withdrawn(hs, reason);
		return;
	}
	hs_bio_alert(&hs->bio, DTLS_ALERT_INTERNAL_ERROR);
	hs_fail_with(hs, reason);
}

void handshake_step(struct handshake *hs)
{
	int rc, error;

	clear_errors();
	rc = SSL_do_handshake(hs->ssl);
	error = SSL_get_error(hs->ssl, rc);
	dgram_bio_offer(&hs->bio.dgram, NULL, 0);
	if (rc == 1)
		complete(hs);
	else if (error == SSL_ERROR_ZERO_RETURN)
		hs_fail_with(hs, "closed by the client");
	else if (hs->bio.flight_full)
		hs_fail_silent(hs);
	else if (hs->bio.keys_error != 0)
		hs_fail_keys(hs, hs->bio.keys_error);
	else if (error != SSL_ERROR_WANT_READ && ERR_peek_error() == 0)
		hs_fail_silent(hs);
	else if (error != SSL_ERROR_WANT_READ)
		hs_fail_ssl(hs, "SSL_do_handshake failed");
}

void handshake_record(struct hs_worker *w, const struct msg *msg)
{
	struct handshake *hs = hs_table_find(w->handshakes, &msg->flow);

	if (hs == NULL) {
		STATS_ADD(w->stats.stray_records, 1);
		rte_pktmbuf_free(msg->mbuf);
		return;
	}
	hs_records_datagram(hs, msg->mbuf, msg->l234_len);
	settle(hs);
}

// Headers, datagram size and SSL for the way to the client.  Returns NULL or what there was not.
static const char *prepare(struct handshake *hs)
{
	struct cp *cp = hs->cp;
	struct encap_addr addr = {
		.src = hs->flow.local,
		.dst = hs->flow.remote,
		.src_port = hs->flow.local_port,
		.dst_port = hs->flow.remote_port,
	};
	const struct port *port;
	struct route route;
	BIO *bio;
	int rc;

	cp_lock(cp);
	rc = neigh_route(cp, &hs->flow.remote, true, &route);
	cp_unlock(cp);
	if (rc != 0)
		return "no route to the client";
	port = &cp->dp->port[route.port_id];
	encap_init(&hs->encap, port, route.port_id, route.next_hop, &addr);
	hs->routed = true;
	hs->bio.dgram.header_len = encap_len(&hs->encap) - encap_l2_len(&hs->encap);
	hs->bio.dgram.mtu = RTE_MIN(HS_PAYLOAD_MAX, port->mtu - hs->bio.dgram.header_len);
	hs->bio.retransmit_us = cp->config->retransmit_ms * 1000;
	hs->bio.pool = cp->dp->mbuf_pool;
	hs->bio.aead = hs->worker->aead;
	hs->bio.sessions = cp->dp->sessions;
	hs->bio.node = cp->dp->lcore_node[hs->lcore];
	hs->bio.replay_window = cp->config->replay_window;
	hs->timer = evtimer_new(hs->worker->base, on_timer, hs);
	hs->ssl = tls_ssl_new(cp->tls[hs->listener], &hs->client);
	bio = hs_bio_new(&hs->bio);
	if (hs->timer == NULL || hs->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return "no memory";
	}
	hs->bio.ssl = hs->ssl;
	SSL_set_bio(hs->ssl, bio, bio);
	SSL_set_mtu(hs->ssl, hs->bio.dgram.mtu);
	DTLS_set_timer_cb(hs->ssl, hs_bio_timer);
	return NULL;
}

// Takes what hs needs to begin.  Returns NULL, or with *counter set what there was not.
static const char *admit(struct handshake *hs, uint64_t **counter)
{
	struct handshake_stats *stats = hs_report_counters(hs);
	int rc;

	cp_lock(hs->cp);
	rc = hs_quota_take(hs);
	cp_unlock(hs->cp);
	if (rc == -EDQUOT) {
		*counter = &stats->address_half_open;
		return "too many handshakes of its address under way";
	}
	if (rc == -EUSERS) {
		*counter = &stats->address_sessions;
		return "too many sessions of its address";
	}
	*counter = &stats->refused;
	if (rc != 0)
		return "no memory";
	if (hs_table_enter(hs->worker->handshakes, hs) != 0)
		return "too many handshakes under way";
	return prepare(hs);
}

// A handshake for the message's ClientHello, NULL if it is refused.
static struct handshake *begin(struct hs_worker *w, const struct msg *msg,
			       const struct client_hello *hello)
{
	struct cp *cp = w->cp;
	struct handshake *hs = atomic_load(&cp->stopping) ? NULL : calloc(1, sizeof(*hs));
	uint64_t *counter = &hs_table_counters(w->handshakes, msg->listener)->refused;
	const char *reason = "no memory, or the gateway stops";

	if (hs != NULL) {
		hs->worker = w;
		hs->cp = cp;
		hs->flow = msg->flow;
		hs->listener = msg->listener;
		hs->lcore = msg->lcore;
		hs->hello_id = msg->id;
		hs->restart = msg->live;
		hs->begun_tsc = rte_rdtsc();
		hs->bio.epoch0_seq = hello->record_seq;
		memcpy(hs->random, hello->version + 2, sizeof(hs->random));
		reason = admit(hs, &counter);
	}
	if (reason == NULL) {
		HS_COUNT(hs, started);
		return hs;
	}
	STATS_ADD(*counter, 1);
	hs_report_refused(msg, reason);
	if (hs != NULL)
		destroy(hs);
	// If there is no room on the ring, the lcore's own timer does it.
	cp_lock(cp);
	send_remove(cp, msg->lcore, &msg->flow, msg->id);
	cp_unlock(cp);
	return NULL;
}

// Gives OpenSSL the first ClientHello; p is its datagram.
static void listen_first(struct handshake *hs, const uint8_t *p, uint16_t len)
{
	BIO_ADDR *client = BIO_ADDR_new(); // DTLSv1_listen() wants one; it stays empty
	struct record rec;
	uint16_t first;
	int rc = -1;

	record_parse(p, len, &rec);
	first = DTLS_RECORD_HEADER_LEN + rec.fragment_len;
	dgram_bio_offer(&hs->bio.dgram, p, first);
	clear_errors();
	if (client != NULL)
		rc = DTLSv1_listen(hs->ssl, client);
	BIO_ADDR_free(client);
	if (rc != 1) {
		hs_fail_ssl(hs, "ClientHello refused");
		return;
	}
	handshake_step(hs);
	hs_records_take(hs, p + first, len - first);
}

void handshake_hello(struct hs_worker *w, const struct msg *msg)
{
	struct handshake *hs = hs_table_find(w->handshakes, &msg->flow);
	struct rte_mbuf *m = msg->mbuf;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	struct client_hello hello;

	if (!client_hello_parse(p, m->data_len, &hello)) {
		STATS_ADD(hs_table_counters(w->handshakes, msg->listener)->hellos_ignored, 1);
		goto out;
	}
	// The lcore ends the flow's handshake when it installs the session, so that this
	// ClientHello comes to nothing; the client will send it again.
	if (hs != NULL)
		hs->hello_id = msg->id;
	if (hs != NULL && (hs->state == HS_WAIT_ROOM || hs->state == HS_WAIT_INSTALLED)) {
		HS_COUNT(hs, hellos_ignored);
		goto out;
	}
	if (hs != NULL && hs->state == HS_WAIT_CLIENT &&
	    memcmp(hs->random, hello.version + 2, sizeof(hs->random)) == 0) {
		hs_records_take(hs, p, m->data_len);
		settle(hs);
		goto out;
	}
	if (hs != NULL && hs->state == HS_WAIT_CLIENT && hs_report_elapsed_ms(hs) < REPLACE_MS) {
		HS_COUNT(hs, hasty);
		goto out;
	}
	if (hs != NULL) {
		if (hs->state == HS_WAIT_CLIENT)
			hs_fail_give_up(hs, &hs_report_counters(hs)->replaced,
					"replaced by a new ClientHello");
		destroy(hs);
	}
	hs = begin(w, msg, &hello);
	if (hs != NULL) {
		listen_first(hs, p, m->data_len);
		settle(hs);
	}
out:
	rte_pktmbuf_free(m);
}

void handshake_expired(struct hs_worker *w, const struct msg *msg)
{
	struct handshake *hs = hs_table_find(w->handshakes, &msg->flow);

	if (hs == NULL || hs->state == HS_WAIT_ROOM || hs->state == HS_WAIT_INSTALLED)
		return;
	if (hs->state == HS_WAIT_CLIENT)
		hs_fail_expired(hs);
	cp_lock(w->cp);
	send_flight(hs);
	cp_unlock(w->cp);
	destroy(hs);
}

void handshake_installed(struct handshake *hs, struct session_entry *entry)
{
	struct resumption_tag revoked;
	struct cp *cp = hs->cp;

	hs->bio.session = NULL;
	HS_COUNT(hs, completed);
	if (hs->client.resumed)
		HS_COUNT(hs, resumed);
	hs_report_done(hs);
	cp_lock(cp);
	entry->tag = hs->client.tag;
	entry->identity = hs->client.identity;
	hs->client.identity = NULL;
	srtp_dir_enter(cp, entry, hs->client.srtp);
	hs->client.srtp = NULL;
	send_flight(hs);
	STATS_ADD(hs_report_counters(hs)->early_lost,
		  hs_early_inject(&hs->early, hs->worker->handshakes, cp, hs->lcore));
	install_live(cp, entry, &revoked);
	cp_unlock(cp);
	resumption_revoke(cp->resumption, &revoked);
	destroy(hs);
}

void handshake_not_installed(struct handshake *hs, const char *reason)
{
	hs_fail_revoke(hs);
	hs_bio_alert(&hs->bio, DTLS_ALERT_INTERNAL_ERROR);
	hs->bio.session = NULL;
	hs_fail_with(hs, reason);
	settle(hs);
}

// Gives back the session that hs built and that its lcore has not seen, and with it the reference
// of the next hop: nothing is sent after that.  With cp->lock.
static void take_back(struct handshake *hs)
{
	struct session *s = hs->bio.session;

	if (hs->state != HS_WAIT_ROOM)
		return;
	hs->bio.session = NULL;
	install_give_back(hs->cp, s);
}

void handshake_shutdown(struct hs_worker *w)
{
	struct handshake *hs, *next;

	for (hs = hs_table_first(w->handshakes); hs != NULL; hs = next) {
		next = hs_table_next(hs);
		if (hs->state != HS_WAIT_CLIENT && hs->state != HS_WAIT_ROOM)
			continue;
		hs_fail_revoke(hs);
		hs_bio_alert(&hs->bio, DTLS_ALERT_INTERNAL_ERROR);
		cp_lock(hs->cp);
		send_flight(hs);
		take_back(hs);
		cp_unlock(hs->cp);
		hs_fail_with(hs, "the gateway stops");
		settle(hs);
	}
}

void handshake_discard(struct hs_worker *w)
{
	struct handshake *hs;

	while ((hs = hs_table_first(w->handshakes)) != NULL) {
		cp_lock(hs->cp);
		take_back(hs);
		cp_unlock(hs->cp);
		if (hs->state == HS_WAIT_INSTALLED)
			hs->bio.session = NULL; // the lcore's
		destroy(hs);
	}
}
