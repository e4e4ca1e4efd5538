// SPDX-License-Identifier: BSD-3-Clause
#include "hellos.h"

#include "cookie.h"
#include "wire.h"

#define FRAME_MAX 512
#define IPV4_LEN  42 // bytes of Ethernet, IPv4 and UDP headers

void hellos_write(uint8_t p[static HELLOS_LEN], uint32_t i)
{
	const uint32_t message_len = HELLOS_LEN - DTLS_RECORD_HEADER_LEN;
	const uint32_t body_len = message_len - DTLS_HANDSHAKE_HEADER_LEN;
	struct wire_writer w = wire_writer(p, HELLOS_LEN);
	uint64_t seed = i;

	memset(p, 0, HELLOS_LEN);
	wire_put_uint(&w, DTLS_HANDSHAKE, 1);
	wire_put_uint(&w, DTLS_VERSION_1_0, 2);
	wire_put_uint(&w, i, 8); // epoch 0, sequence number
	wire_put_uint(&w, message_len, 2);
	wire_put_uint(&w, DTLS_CLIENT_HELLO, 1);
	wire_put_uint(&w, body_len, 3);
	wire_put_uint(&w, 0, 2 + 3);
	wire_put_uint(&w, body_len, 3);
	wire_put_uint(&w, DTLS_VERSION_1_2, 2);
	bench_random_bytes(&seed, wire_room(&w, DTLS_RANDOM_LEN), DTLS_RANDOM_LEN);
	wire_put_uint(&w, 0, 1 + 1); // session id, cookie
}

struct flow_key hellos_flow(const struct plane *p, uint32_t i)
{
	rte_be32_t address = rte_cpu_to_be_32((UINT32_C(10) << 24) + i + 1);
	struct flow_key flow = {.local = p->config.port[0].addr[0].addr,
				.remote_port = rte_cpu_to_be_16(39999),
				.local_port = rte_cpu_to_be_16(p->config.listener[0].port),
				.port_id = p->dp->port_id[PLANE_OUTSIDE]};

	ip_from_v4(&flow.remote, &address);
	return flow;
}

void hellos_frames(struct plane *p, struct frames *f, uint32_t nb)
{
	uint8_t hello[HELLOS_LEN];

	frames_init(f, nb, FRAME_MAX);
	for (uint32_t i = 0; i < nb; i++) {
		struct flow_key flow = hellos_flow(p, i);
		struct encap_addr addr = {.src = flow.remote,
					  .dst = flow.local,
					  .src_port = flow.remote_port,
					  .dst_port = flow.local_port};

		hellos_write(hello, i);
		f->len[i] =
			plane_frame(p, PLANE_OUTSIDE, &addr, hello, HELLOS_LEN, frames_at(f, i));
	}
}

struct answers {
	struct plane *p;
	uint32_t seen;
};

static void check_answer(void *arg, struct rte_mbuf *m)
{
	struct answers *a = arg;
	uint8_t hello[HELLOS_LEN], want[HELLO_VERIFY_LEN];
	struct flow_key flow = hellos_flow(a->p, a->seen);
	struct cookie_op op = {.flow = &flow};

	hellos_write(hello, a->seen);
	bench_check(client_hello_parse(hello, sizeof(hello), &op.hello));
	cookie_burst(a->p->aead, &a->p->secrets, &op, 1);
	hello_verify_write(want, a->seen, op.cookie);
	bench_check(m->data_len == IPV4_LEN + HELLO_VERIFY_LEN);
	bench_check(memcmp(rte_pktmbuf_mtod_offset(m, uint8_t *, IPV4_LEN), want, sizeof(want)) ==
		    0);
	a->seen++;
}

void hellos_check(struct plane *p, uint32_t nb)
{
	struct mem_port *port = &p->lane[0].port[PLANE_OUTSIDE];
	struct answers answers = {.p = p};

	port->next = 0;
	mem_port_sink(port, check_answer, &answers);
	mem_port_offer(port, nb);
	while (port->left > 0)
		lcore_poll(p->lane[0].lc);
	mem_port_sink(port, NULL, NULL);
	bench_check(answers.seen == nb && plane_drops(p) == 0);
	port->next = 0;
}
