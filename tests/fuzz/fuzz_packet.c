// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a captured packet: decoding them and putting them in words must never overrun. */
#include "lab/event/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct packet packet;
	char label[90];
	size_t wire_len;

	if (!len)
		return 0;
	/* the first byte says how much of the packet was cut off */
	wire_len = len - 1 + 4u * data[0];
	if (packet_decode(data + 1, len - 1, wire_len, &packet) == 0) {
		packet_label(&packet, label, sizeof(label));
		packet_flow_label(&packet, label, sizeof(label));
	}
	return 0;
}
