// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// First byte: bit 0 outside, bit 1 tagged port; the rest is the frame.  Whatever passes must lie
// inside the frame and be for an address of the port.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_port config = {.addr_nb = 2};
	struct port port = {.config = &config, .mac = {{2, 0, 0, 0, 0, 1}}};
	struct datagram dg = {.reason = DROP_NB}, quick;
	enum classify verdict;
	uint8_t *frame;

	if (size < 1 || size > UINT16_MAX)
		return 0;
	frame = malloc(size); // aligned as a frame is, and a sanitizer sees its end
	if (frame == NULL)
		return 0;
	size--;
	memcpy(frame, data + 1, size);
	ip_parse("198.51.100.1", &config.addr[0].addr);
	ip_parse("2001:db8:1::1", &config.addr[1].addr);
	port.outside = data[0] & 1;
	port.vlan = data[0] & 2 ? 7 : 0;
	classify_init(&port);
	verdict = classify_frame(&port, 3, frame, (uint32_t)size, 0, &dg);
	if (plain_datagram(&port, 3, frame, (uint32_t)size, 0, &quick) &&
	    (verdict != CLASSIFY_UDP || memcmp(&quick.flow, &dg.flow, sizeof(dg.flow)) != 0 ||
	     quick.payload_at != dg.payload_at || quick.payload_len != dg.payload_len ||
	     quick.local != dg.local))
		abort();
	free(frame);
	if (verdict == CLASSIFY_DROP && dg.reason >= DROP_NB)
		abort();
	if (verdict == CLASSIFY_FRAGMENT &&
	    (!port.outside || dg.payload_len < 21 || dg.fragment_end > UINT16_MAX ||
	     (size_t)dg.payload_at + dg.payload_len > size))
		abort();
	if (verdict == CLASSIFY_UDP &&
	    ((size_t)dg.payload_at + dg.payload_len > size || dg.flow.port_id != 3 ||
	     (!ip_equal(&dg.flow.local, &config.addr[0].addr) &&
	      !ip_equal(&dg.flow.local, &config.addr[1].addr))))
		abort();
	return 0;
}
