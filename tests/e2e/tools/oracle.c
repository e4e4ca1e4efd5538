// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <openssl/sha.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "record_crypto.h"
#include "wire.h"

#define ETH_LEN	       14
#define TUPLE_MAX      36 // bytes: two addresses and ports
#define TYPE_HANDSHAKE 22
#define CLIENT_HELLO   1
#define SERVER_HELLO   2
#define RECORD_MAX     (RECORD_HEADER + 65535)

// A client's and the server's address and port, in this order whatever the direction.
struct tuple {
	uint8_t len;
	uint8_t bytes[TUPLE_MAX];
};

// One handshake of a 5-tuple.  Newer ones stand before older ones.
struct association {
	struct association *next;
	struct tuple tuple;
	bool keyed;
	uint8_t client_random[RECORD_RANDOM];
	uint8_t server_random[RECORD_RANDOM];
	struct record_keys keys;
};

// A (key, nonce) that was used and what for.
struct use {
	uint8_t key_nonce[SHA256_DIGEST_LENGTH];
	uint8_t content[SHA256_DIGEST_LENGTH];
};

// A line of the key log.
struct secret {
	uint8_t client_random[RECORD_RANDOM];
	uint8_t master[RECORD_MASTER];
};

struct oracle {
	struct oracle_counts *counts;
	struct association *associations;
	struct secret *secrets; // of the key log, by client random
	size_t secret_nb;
	uint16_t port;
	struct use *uses; // open addressing; all zero: free
	size_t use_nb, use_room;
};

static struct use *use_find(struct use *uses, size_t room, const uint8_t *key_nonce)
{
	static const uint8_t none[SHA256_DIGEST_LENGTH];
	uint64_t at;

	memcpy(&at, key_nonce, sizeof(at));
	for (at %= room; memcmp(uses[at].key_nonce, none, sizeof(none)) != 0; at = (at + 1) % room)
		if (memcmp(uses[at].key_nonce, key_nonce, sizeof(none)) == 0)
			break;
	return &uses[at];
}

static void uses_grow(struct oracle *o)
{
	size_t room = o->use_room == 0 ? 4096 : 2 * o->use_room;
	struct use *uses = calloc(room, sizeof(*uses));

	if (uses == NULL)
		abort();
	for (size_t i = 0; i < o->use_room; i++)
		*use_find(uses, room, o->uses[i].key_nonce) = o->uses[i];
	free(o->uses);
	o->uses = uses;
	o->use_room = room;
}

// Enters the record at p, which opened with a's key of side.
static void nonce_check(struct oracle *o, const struct association *a, enum record_side side,
			const uint8_t *p, size_t size)
{
	uint8_t key_nonce[32 + RECORD_NONCE];
	uint8_t content[SHA256_DIGEST_LENGTH];
	struct use want, *use;

	memcpy(key_nonce, a->keys.key[side], 32);
	record_nonce(&a->keys, side, p, key_nonce + 32);
	SHA256(key_nonce, sizeof(key_nonce), want.key_nonce);
	SHA256(p, size, content);
	if (2 * o->use_nb >= o->use_room)
		uses_grow(o);
	use = use_find(o->uses, o->use_room, want.key_nonce);
	if (memcmp(use->key_nonce, want.key_nonce, sizeof(want.key_nonce)) != 0) {
		memcpy(use->key_nonce, want.key_nonce, sizeof(want.key_nonce));
		memcpy(use->content, content, sizeof(content));
		o->use_nb++;
	} else if (memcmp(use->content, content, sizeof(content)) == 0) {
		o->counts->copies++;
	} else {
		o->counts->repeated[side]++;
		fprintf(stderr,
			"datagram %" PRIu64 ": the %s used the nonce before for another record\n",
			o->counts->datagrams, side == RECORD_CLIENT ? "client" : "gateway");
	}
}

static void protected_record(struct oracle *o, const struct tuple *tuple, enum record_side side,
			     const uint8_t *p, size_t size)
{
	static uint8_t plain[RECORD_MAX];

	for (struct association *a = o->associations; a != NULL; a = a->next) {
		if (!a->keyed || memcmp(&a->tuple, tuple, sizeof(*tuple)) != 0 ||
		    record_open(&a->keys, side, p, plain) < 0)
			continue;
		o->counts->records[side]++;
		nonce_check(o, a, side, p, size);
		if (side == RECORD_SERVER && record_explicit_len(&a->keys) > 0 &&
		    memcmp(p + 3, p + RECORD_HEADER, 8) != 0) {
			o->counts->nonce_rule++;
			fprintf(stderr,
				"datagram %" PRIu64 ": explicit nonce is not epoch and "
				"sequence number\n",
				o->counts->datagrams);
		}
		return;
	}
	o->counts->forged[side]++;
}

static int secret_compare(const void *a, const void *b)
{
	return memcmp(a, b, RECORD_RANDOM);
}

static const struct secret *secret_find(const struct oracle *o, const uint8_t *client_random)
{
	return bsearch(client_random, o->secrets, o->secret_nb, sizeof(*o->secrets),
		       secret_compare);
}

static struct association *association_get(struct oracle *o, const struct tuple *tuple,
					   const uint8_t *client_random)
{
	struct association *a;

	for (a = o->associations; a != NULL; a = a->next)
		if (memcmp(&a->tuple, tuple, sizeof(*tuple)) == 0 &&
		    memcmp(a->client_random, client_random, RECORD_RANDOM) == 0)
			return a;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		abort();
	a->tuple = *tuple;
	memcpy(a->client_random, client_random, RECORD_RANDOM);
	a->next = o->associations;
	o->associations = a;
	return a;
}

// body starts at server_version.  The newest ClientHello of the tuple is the one it answers.
static void server_hello(struct oracle *o, const struct tuple *tuple, struct wire_reader body)
{
	struct association *a = o->associations;
	const struct secret *secret;
	const uint8_t *random;
	uint16_t suite;

	wire_bytes(&body, 2);
	random = wire_bytes(&body, RECORD_RANDOM);
	wire_vector(&body, 1);
	suite = wire_u16(&body);
	while (a != NULL && memcmp(&a->tuple, tuple, sizeof(*tuple)) != 0)
		a = a->next;
	if (body.failed || a == NULL ||
	    (a->keyed && memcmp(a->server_random, random, RECORD_RANDOM) == 0))
		return;
	memcpy(a->server_random, random, RECORD_RANDOM);
	secret = secret_find(o, a->client_random);
	if (secret == NULL) {
		o->counts->unknown++;
		fprintf(stderr, "datagram %" PRIu64 ": handshake is not in the key log\n",
			o->counts->datagrams);
		return;
	}
	a->keyed = record_keys_derive(&a->keys, suite, secret->master, a->client_random, random);
	o->counts->associations += a->keyed;
}

static void plain_handshake(struct oracle *o, const struct tuple *tuple, enum record_side side,
			    struct wire_reader body)
{
	uint8_t type = wire_u8(&body);
	const uint8_t *random;

	wire_bytes(&body, 5);	  // length, message_seq
	if (wire_u24(&body) != 0) // not the first fragment
		return;
	wire_bytes(&body, 3);
	if (side == RECORD_SERVER && type == SERVER_HELLO) {
		server_hello(o, tuple, body);
	} else if (side == RECORD_CLIENT && type == CLIENT_HELLO) {
		wire_bytes(&body, 2);
		random = wire_bytes(&body, RECORD_RANDOM);
		if (random != NULL)
			association_get(o, tuple, random);
	}
}

static void datagram(struct oracle *o, const struct tuple *tuple, enum record_side side,
		     const uint8_t *p, size_t len)
{
	size_t size;

	o->counts->datagrams++;
	for (; (size = record_size(p, len)) != 0; p += size, len -= size) {
		if (record_epoch(p) >= 1)
			protected_record(o, tuple, side, p, size);
		else if (p[0] == TYPE_HANDSHAKE)
			plain_handshake(o, tuple, side,
					wire_reader(p + RECORD_HEADER, size - RECORD_HEADER));
	}
}

// addr_len bytes of source and as many of destination address stand at addrs; r is at UDP.
static void udp(struct oracle *o, const uint8_t *addrs, size_t addr_len, struct wire_reader *r)
{
	const uint8_t *ports = wire_bytes(r, 4);
	uint16_t len = wire_u16(r);
	struct tuple tuple = {.len = (uint8_t)(2 * addr_len + 4)};
	enum record_side side;
	const uint8_t *payload;

	wire_bytes(r, 2);
	payload = wire_bytes(r, len < 8 ? 0 : len - 8u);
	if (payload == NULL)
		return;
	if ((ports[2] << 8 | ports[3]) == o->port)
		side = RECORD_CLIENT;
	else if ((ports[0] << 8 | ports[1]) == o->port)
		side = RECORD_SERVER;
	else
		return;
	for (size_t i = 0; i < 2; i++) {
		size_t from = side == RECORD_CLIENT ? i : 1 - i;
		uint8_t *to = tuple.bytes + i * (addr_len + 2);

		memcpy(to, addrs + from * addr_len, addr_len);
		memcpy(to + addr_len, ports + 2 * from, 2);
	}
	datagram(o, &tuple, side, payload, len - 8u);
}

static void frame(struct oracle *o, const uint8_t *p, size_t len)
{
	struct wire_reader r = wire_reader(p, len);
	const uint8_t *ip;
	uint16_t type;

	wire_bytes(&r, 12);
	type = wire_u16(&r);
	if (type == 0x0800) {
		ip = wire_bytes(&r, 20);
		if (ip != NULL && ip[0] == 0x45 && ip[9] == 17)
			udp(o, ip + 12, 4, &r);
	} else if (type == 0x86dd) {
		ip = wire_bytes(&r, 40);
		if (ip != NULL && ip[6] == 17)
			udp(o, ip + 8, 16, &r);
	}
}

static bool hex_read(const char *text, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (sscanf(text + 2 * i, "%2hhx", &p[i]) != 1)
			return false;
	return true;
}

// False if the file cannot be read.
static bool keylog_read(struct oracle *o, const char *path)
{
	FILE *f = fopen(path, "r");
	char random[2 * RECORD_RANDOM + 1], master[2 * RECORD_MASTER + 1], label[32];
	size_t room = 0;

	if (f == NULL) {
		perror(path);
		return false;
	}
	while (fscanf(f, "%31s %64s %96s", label, random, master) == 3) {
		struct secret *secret;

		if (o->secret_nb == room) {
			room = room == 0 ? 64 : 2 * room;
			o->secrets = realloc(o->secrets, room * sizeof(*o->secrets));
		}
		secret = &o->secrets[o->secret_nb];
		o->secret_nb += hex_read(random, secret->client_random, RECORD_RANDOM) &&
				hex_read(master, secret->master, RECORD_MASTER);
	}
	fclose(f);
	qsort(o->secrets, o->secret_nb, sizeof(*o->secrets), secret_compare);
	return true;
}

static void oracle_fini(struct oracle *o)
{
	while (o->associations != NULL) {
		struct association *next = o->associations->next;

		free(o->associations);
		o->associations = next;
	}
	free(o->uses);
	free(o->secrets);
}

bool oracle_run(const char *capture, const char *keylog, uint16_t port,
		struct oracle_counts *counts)
{
	struct oracle o = {.counts = counts, .port = port};
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *p;
	bool ok = false;
	pcap_t *pcap;
	int rc;

	memset(counts, 0, sizeof(*counts));
	if (!keylog_read(&o, keylog))
		return false;
	pcap = pcap_open_offline(capture, error);
	if (pcap == NULL || pcap_datalink(pcap) != DLT_EN10MB) {
		fprintf(stderr, "%s: %s\n", capture, pcap == NULL ? error : "not Ethernet");
		goto out;
	}
	while ((rc = pcap_next_ex(pcap, &header, &p)) == 1)
		frame(&o, p, header->caplen);
	ok = rc == PCAP_ERROR_BREAK;
	if (!ok)
		pcap_perror(pcap, capture);
out:
	if (pcap != NULL)
		pcap_close(pcap);
	oracle_fini(&o);
	return ok;
}
