// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "arp.h"
#include "frame.h"
#include "icmp.h"
#include "ndp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

// What is read can be written again, and reads the same.
static void check_arp(const struct frame *f)
{
	uint8_t bytes[ARP_LEN];
	struct arp arp;

	if (!arp_parse(f->l3, f->l3_len, &arp))
		return;
	arp_write(bytes, &arp);
	require(f->l3_len >= ARP_LEN && memcmp(bytes, f->l3, ARP_LEN) == 0);
}

static void check_ndp(const struct frame *f)
{
	uint8_t bytes[NDP_LEN];
	struct ndp ndp, again;

	if (!ndp_parse(f->l3, f->l3_len, &ndp) || !ndp.has_mac)
		return;
	ndp_write(bytes, &ndp);
	require(ndp_parse(bytes, sizeof(bytes), &again));
	require(memcmp(&ndp, &again, sizeof(ndp)) == 0);
}

// A reply is as long as its request, and is none.
static void check_echo(const struct frame *f)
{
	struct icmp_echo echo, again;
	uint8_t *copy;

	if (!icmp_echo_parse(f->l3, f->l3_len, &echo))
		return;
	require(echo.len <= f->l3_len);
	copy = malloc(echo.len);
	require(copy != NULL);
	memcpy(copy, f->l3, echo.len);
	icmp_echo_reply(copy, &echo);
	require(!icmp_echo_parse(copy, echo.len, &again));
	free(copy);
}

// First byte: bit 0 tagged port; the rest is the frame.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct port port = {.mac = {{2, 0, 0, 0, 0, 1}}};
	struct frame f;

	if (size < 1)
		return 0;
	port.vlan = data[0] & 1 ? 7 : 0;
	if (!frame_parse(&port, 3, data + 1, size - 1, &f))
		return 0;
	require(f.l3 + f.l3_len == data + size);
	check_arp(&f);
	check_ndp(&f);
	check_echo(&f);
	return 0;
}
