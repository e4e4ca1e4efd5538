// SPDX-License-Identifier: BSD-3-Clause
// The configuration's text: every error with its exact line, and what a good one becomes.
#include "unit.h"

#include "config.h"
#include "config_row.h"
#include "config_text.h"
#include "suites.h"

// Loads text from memory and returns what was printed, which the caller frees.
static char *errors(const char *text, size_t len)
{
	struct config_doc doc;
	struct config *config;
	char *lines = NULL;
	size_t lines_len;
	FILE *err = open_memstream(&lines, &lines_len);

	assert_non_null(err);
	config = config_text_load(&doc, "t.yaml", text, len, err);
	if (config != NULL)
		config_doc_fini(&doc);
	config_destroy(config);
	fclose(err);
	return lines;
}

static const struct row bad_syntax[] = {
	{"  control: 0\n", "\tcontrol: 0\n",
	 "t.yaml:2: document: while scanning for the next token: found character that cannot start "
	 "any token; expected YAML\n"},
	{"limits:\n", "limits: [\n",
	 "t.yaml:32: document: while parsing a flow sequence: did not find expected ',' or ']'; "
	 "expected YAML\n"},
	{"log: {level: err}\n", "log: {level: err}\n---\na: b\n",
	 "t.yaml:33: document: second document; expected one document in a file\n"},
	{"  control: 0\n", "  [a]: 0\n",
	 "t.yaml:2: document: a list or mapping stands as a key; expected a name\n"},
	{"  control: 0\n", "  control: \"0\\0\"\n",
	 "t.yaml:2: document: NUL byte in a value; expected text without it\n"},
	{"  control: 0\n", "  control: *x\n",
	 "t.yaml:2: document: found undefined alias; expected YAML\n"},
	{"level: err", "level: &x err, keylog: *x",
	 "t.yaml:32: log.keylog: YAML alias; expected the value itself\n"},
};

static const struct row bad_structure[] = {
	{"  control: 0\n", "  contrl: 0\n",
	 "t.yaml:2: lcores.contrl: unknown key; expected one of: control, workers, handshakes, "
	 "poll\n"},
	{"limits:\n", "limitz:\n",
	 "t.yaml:30: limitz: unknown key; expected one of: lcores, memory, eal, ports, listeners, "
	 "backends, limits, resumption, control_socket, log\n"},
	{"    mtu: 1400\n", "    mtu.x[1]: 1400\n",
	 "t.yaml:12: ports[0].mtu.x[1]: unknown key; expected one of: name, device, role, mtu, "
	 "vlan, addresses, gateways, queues, rx_descs, tx_descs\n"},
	{"        key: ecdsa.key\n", "        keey: ecdsa.key\n",
	 "t.yaml:27: listeners[0].certificates[0].keey: unknown key; expected one of: "
	 "certificate, key\n"},
	{"    role: inside\n", "",
	 "t.yaml:15: ports[1].role: missing; expected this key, it has no default\n"},
	{"        key: ecdsa.key\n", "",
	 "t.yaml:26: listeners[0].certificates[0].key: missing; expected this key, it has no "
	 "default\n"},
	{"    mtu: 1400\n", "    mtu: 1400\n    mtu: 1500\n",
	 "t.yaml:13: ports[0].mtu: given twice; expected once\n"},
	{"    mtu: 1400\n", "    mtu: [1400]\n",
	 "t.yaml:12: ports[0].mtu: a list stands here; expected a single value\n"},
	{"[198.51.100.254]", "198.51.100.254",
	 "t.yaml:14: ports[0].gateways: a single value stands here; expected a list\n"},
	{"      - 192.0.2.1/24\n", "      - {a: 192.0.2.1/24}\n",
	 "t.yaml:19: ports[1].addresses[0]: a mapping of keys stands here; expected a single "
	 "value\n"},
	{"limits:\n  replay_window: 64\n", "limits:\n",
	 "t.yaml:30: limits: a single value stands here; expected a mapping of keys\n"},
	{"[198.51.100.254]", "[198.51.100.2, 198.51.100.3, 198.51.100.4]",
	 "t.yaml:14: ports[0].gateways: more than 2 entries; expected at most 2\n"},
	{"[198.51.100.1]", "[]",
	 "t.yaml:22: listeners[0].addresses: too few entries; expected at least 1\n"},
};

static const struct row bad_value[] = {
	{"mtu: 1400", "mtu: 1400x",
	 "t.yaml:12: ports[0].mtu: \"1400x\" is no whole number; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: 0x578",
	 "t.yaml:12: ports[0].mtu: \"0x578\" is no whole number; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: 01400",
	 "t.yaml:12: ports[0].mtu: \"01400\" is no whole number; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: -1",
	 "t.yaml:12: ports[0].mtu: \"-1\" is no whole number; expected 576 to 9000\n"},
	{"mtu: 1400",
	 "mtu:", "t.yaml:12: ports[0].mtu: \"\" is no whole number; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: 9001",
	 "t.yaml:12: ports[0].mtu: 9001 is out of range; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: 18446744073709553016",
	 "t.yaml:12: ports[0].mtu: 18446744073709553016 is out of range; expected 576 to 9000\n"},
	{"mtu: 1400", "mtu: 1279",
	 "t.yaml:12: ports[0].mtu: 1279 is too small for IPv6; expected 1280 or more\n"},
	{"mtu: 1400", "vlan: 4095",
	 "t.yaml:12: ports[0].vlan: 4095 is out of range; expected 0 to 4094\n"},
	{"mtu: 1400", "mtu: 1\n    queues: 65\n    rx_descs: 63\n    tx_descs: 32769",
	 "t.yaml:12: ports[0].mtu: 1 is out of range; expected 576 to 9000\n"
	 "t.yaml:13: ports[0].queues: 65 is out of range; expected 0 to 64\n"
	 "t.yaml:14: ports[0].rx_descs: 63 is out of range; expected 64 to 32768\n"
	 "t.yaml:15: ports[0].tx_descs: 32769 is out of range; expected 64 to 32768\n"},
	{"workers: [1, 1]", "workers: [1, 1024]",
	 "t.yaml:3: lcores.workers[1]: 1024 is out of range; expected 0 to 1023\n"},
	{"workers: [1, 1]", "handshakes: [0, 1024]",
	 "t.yaml:3: lcores.handshakes[1]: 1024 is out of range; expected 0 to 1023\n"},
	{"workers: [1, 1]", "handshakes: 1",
	 "t.yaml:3: lcores.handshakes: a single value stands here; expected a list\n"},
	{"workers: [1, 1]", "handshakes: []",
	 "t.yaml:3: lcores.handshakes: too few entries; expected at least 1\n"},
	{"workers: [1, 1]", "poll: sometimes",
	 "t.yaml:3: lcores.poll: \"sometimes\" is unknown; expected one of: busy, adaptive\n"},
	{"huge_pages: false", "huge_pages: maybe",
	 "t.yaml:5: memory.huge_pages: \"maybe\" is unknown; expected one of: false, true\n"},
	{"memory_mb: 512", "memory_mb: 0",
	 "t.yaml:6: memory.memory_mb: 0 without huge pages; expected 1 to 1048576\n"},
	{"  memory_mb: 512\n", "",
	 "t.yaml:4: memory.memory_mb: 0 without huge pages; expected 1 to 1048576\n"},
	{"file_prefix: t", "file_prefix: ''",
	 "t.yaml:7: eal.file_prefix: empty; expected a value, or the key left out\n"},
	{"name: out", "name: o.ut",
	 "t.yaml:9: ports[0].name: \"o.ut\" is no name; expected 1 to 31 letters, digits, - and "
	 "_\n"},
	{"name: out", "name: abcdefghijklmnopqrstuvwxyz012345",
	 "t.yaml:9: ports[0].name: \"abcdefghijklmnopqrstuvwxyz012345\" is no name; expected 1 to "
	 "31 letters, digits, - and _\n"},
	{"name: out", "name: \"a\\nb\"",
	 "t.yaml:9: ports[0].name: \"a?b\" is no name; expected 1 to 31 letters, digits, - and "
	 "_\n"},
	{"role: inside", "role: middle",
	 "t.yaml:17: ports[1].role: \"middle\" is unknown; expected one of: outside, inside\n"},
	{"192.0.2.1/24", "192.0.2.1",
	 "t.yaml:19: ports[1].addresses[0]: \"192.0.2.1\" has no prefix length; expected "
	 "ADDRESS/LENGTH as 192.0.2.1/24\n"},
	{"192.0.2.1/24", "192.0.2.1/33",
	 "t.yaml:19: ports[1].addresses[0]: 33 is out of range; expected 1 to 32\n"},
	{"192.0.2.1/24", "192.0.2.256/24",
	 "t.yaml:19: ports[1].addresses[0]: \"192.0.2.256\" is no IP address; expected one as "
	 "192.0.2.1 or 2001:db8::1\n"},
	{"192.0.2.1/24", "::ffff:192.0.2.1/120",
	 "t.yaml:19: ports[1].addresses[0]: \"::ffff:192.0.2.1\" is no IP address; expected one as "
	 "192.0.2.1 or 2001:db8::1\n"},
	{"[198.51.100.254]", "[198.51.100.254, 198.51.100.253]",
	 "t.yaml:14: ports[0].gateways[1]: second gateway of its family; expected at most one IPv4 "
	 "and one IPv6 gateway\n"},
	{"port: 4433", "port: 0",
	 "t.yaml:23: listeners[0].port: 0 is out of range; expected 1 to 65535\n"},
	{"backend: b", "backend: c",
	 "t.yaml:24: listeners[0].backend: \"c\" is unknown; expected a name from backends\n"},
	{"certificate: ecdsa.pem", "certificate: ''",
	 "t.yaml:26: listeners[0].certificates[0].certificate: empty; expected a value, or the key "
	 "left out\n"},
	{"replay_window: 64", "replay_window: 100",
	 "t.yaml:31: limits.replay_window: 100 is no power of two; expected 64, 128 and so on to "
	 "8192\n"},
	{"replay_window: 64", "replay_window: 16384",
	 "t.yaml:31: limits.replay_window: 16384 is out of range; expected 64 to 8192\n"},
	{"replay_window: 64", "sessions: 0",
	 "t.yaml:31: limits.sessions: 0 is out of range; expected 1 to 1000000\n"},
	{"replay_window: 64", "half_open_per_address: 100001",
	 "t.yaml:31: limits.half_open_per_address: 100001 is out of range; expected 0 to 100000\n"},
	{"replay_window: 64", "sessions_per_address: many",
	 "t.yaml:31: limits.sessions_per_address: \"many\" is no whole number; expected 0 to "
	 "1000000\n"},
	{"replay_window: 64", "seal_blocks: 4294967296",
	 "t.yaml:31: limits.seal_blocks: 4294967296 is out of range; expected 0 to 4294967295\n"},
	{"replay_window: 64", "fragments: 4097",
	 "t.yaml:31: limits.fragments: 4097 is out of range; expected 0 to 4096\n"},
	{"replay_window: 64", "retransmit_ms: 49",
	 "t.yaml:31: limits.retransmit_ms: 49 is out of range; expected 50 to 60000\n"},
	{"level: err", "level: error",
	 "t.yaml:32: log.level: \"error\" is unknown; expected one of: debug, info, notice, "
	 "warning, err\n"},
};

static const struct row bad_meaning[] = {
	{"name: in\n", "name: out\n",
	 "t.yaml:15: ports[1].name: \"out\" is the name of ports[0] too; expected a name of its "
	 "own\n"},
	{"net_null1,copy=1", "net_null0,copy=1",
	 "t.yaml:16: ports[1].device: net_null0 is the device of ports[0] too; expected a device "
	 "of "
	 "its own\n"},
	{"192.0.2.1/24\n", "192.0.2.1/24\n      - 198.51.100.1/25\n",
	 "t.yaml:20: ports[1].addresses[1]: 198.51.100.1 stands in ports[0].addresses[0] too; "
	 "expected an address of its own\n"},
	{"192.0.2.1/24\n", "192.0.2.1/24\n      - 192.0.2.1/25\n",
	 "t.yaml:20: ports[1].addresses[1]: 192.0.2.1 stands in ports[1].addresses[0] too; "
	 "expected an address of its own\n"},
	{"192.0.2.1/24\n", "192.0.2.1/24\n      - fe80::1/64\n",
	 "t.yaml:20: ports[1].addresses[1]: fe80::1 is link-local; expected an address that is "
	 "good on every link\n"},
	{"192.0.2.1/24\n", "192.0.2.1/24\n      - 192.0.3.255/24\n",
	 "t.yaml:20: ports[1].addresses[1]: 192.0.3.255 is the whole of a subnet or its broadcast "
	 "address; expected a host's address\n"},
	{"192.0.2.1/24\n", "192.0.2.1/24\n      - 192.0.3.0/24\n",
	 "t.yaml:20: ports[1].addresses[1]: 192.0.3.0 is the whole of a subnet or its broadcast "
	 "address; expected a host's address\n"},
	{"address: 192.0.2.2", "address: 192.0.2.255",
	 "t.yaml:29: backends[0].address: 192.0.2.255 is the whole of a subnet or its broadcast "
	 "address; expected a host's address\n"},
	{"address: 192.0.2.2", "address: 127.0.0.1",
	 "t.yaml:29: backends[0].address: 127.0.0.1 is unset, loopback or multicast; expected a "
	 "host's address\n"
	 "t.yaml:29: backends[0].address: no inside port leads to 127.0.0.1; expected an inside "
	 "IPv4 prefix that holds it, or a gateway\n"},
	{"[198.51.100.254]", "[198.51.100.255]",
	 "t.yaml:14: ports[0].gateways: 198.51.100.255 is the whole of a subnet or its broadcast "
	 "address; expected a host's address\n"},
	{"    addresses:\n", "    gateways: [fe80::2]\n    addresses:\n",
	 "t.yaml:18: ports[1].gateways: fe80::2 lies in no prefix of this port; expected a "
	 "neighbour's address\n"},
	{"file_prefix: t", "file_prefix: a/b",
	 "t.yaml:7: eal.file_prefix: \"a/b\" is no name; expected 1 to 31 letters, digits, - and "
	 "_\n"},
	{"net_null0\n    role: outside\n    mtu: 1400\n    addresses: [198.51.100.1/24, "
	 "2001:db8:1::1/64]\n    gateways: [198.51.100.254]\n  - name: in\n    device: "
	 "net_null1,copy=1\n",
	 "17:00.0\n    role: outside\n    addresses: [198.51.100.1/24]\n  - name: in\n    device: "
	 "0000:17:00.0\n",
	 "t.yaml:14: ports[1].device: 0000:17:00.0 is the device of ports[0] too; expected a "
	 "device of its own\n"},
	{"net_null0\n    role: outside\n    mtu: 1400\n    addresses: [198.51.100.1/24, "
	 "2001:db8:1::1/64]\n    gateways: [198.51.100.254]\n  - name: in\n    device: "
	 "net_null1,copy=1\n",
	 "net_af_packet0,iface=e0\n    role: outside\n    addresses: [198.51.100.1/24]\n  - name: "
	 "in\n    device: net_af_packet1,qpairs=1,iface=e0\n",
	 "t.yaml:14: ports[1].device: e0 is the interface of ports[0] too; expected an interface "
	 "of its own\n"},
	{"role: inside", "role: outside",
	 "t.yaml:8: ports: no port has the role inside; expected at least one\n"
	 "t.yaml:29: backends[0].address: no inside port leads to 192.0.2.2; expected an inside "
	 "IPv4 prefix that holds it, or a gateway\n"},
	{"[198.51.100.254]", "[203.0.113.1]",
	 "t.yaml:14: ports[0].gateways: 203.0.113.1 lies in no prefix of this port; expected a "
	 "neighbour's address\n"},
	{"[198.51.100.254]", "[198.51.100.1]",
	 "t.yaml:14: ports[0].gateways: 198.51.100.1 is an address of this gateway; expected a "
	 "neighbour's address\n"},
	{"[198.51.100.1]", "[192.0.2.1]",
	 "t.yaml:22: listeners[0].addresses[0]: 192.0.2.1 is no address of an outside port; "
	 "expected one of those\n"},
	{"[198.51.100.1]", "[198.51.100.1, 198.51.100.1]",
	 "t.yaml:22: listeners[0].addresses[1]: 198.51.100.1 with port 4433 stands in "
	 "listeners[0].addresses[0] too; expected another address or port\n"},
	{"backends:\n",
	 "  - {name: a, addresses: [2001:db8:1::1, 198.51.100.1], port: 4433, backend: b, "
	 "certificates: [{certificate: a, key: b}]}\nbackends:\n",
	 "t.yaml:28: listeners[1].name: \"a\" is the name of listeners[0] too; expected a name of "
	 "its own\n"
	 "t.yaml:28: listeners[1].addresses[1]: 198.51.100.1 with port 4433 stands in "
	 "listeners[0].addresses[0] too; expected another address or port\n"},
	{"limits:\n", "  - {name: b, address: 192.0.2.3, port: 8}\nlimits:\n",
	 "t.yaml:30: backends[1].name: \"b\" is the name of backends[0] too; expected a name of "
	 "its "
	 "own\n"},
	{"address: 192.0.2.2", "address: \"2001:db8:2::2\"",
	 "t.yaml:29: backends[0].address: no inside port leads to 2001:db8:2::2; expected an "
	 "inside "
	 "IPv6 prefix that holds it, or a gateway\n"},
	{"address: 192.0.2.2", "address: 203.0.113.9",
	 "t.yaml:29: backends[0].address: no inside port leads to 203.0.113.9; expected an inside "
	 "IPv4 prefix that holds it, or a gateway\n"},
	{"replay_window: 64", "neighbours: 2",
	 "t.yaml:31: limits.neighbours: 2 is too few for the backends and gateways; expected 3 or "
	 "more\n"},
	{"address: 192.0.2.2", "address: 192.0.2.1",
	 "t.yaml:29: backends[0].address: 192.0.2.1 is an address of this gateway; expected the "
	 "backend's\n"},
};

static void check_rows(const struct row *rows, size_t nb)
{
	for (size_t i = 0; i < nb; i++) {
		char *text = edit(&rows[i]);
		char *lines = errors(text, strlen(text));

		print_message("%s", lines);
		assert_string_equal(lines, rows[i].lines);
		free(lines);
		free(text);
	}
}

static void test_bad_syntax(void **state)
{
	(void)state;
	check_rows(bad_syntax, UNIT_NB(bad_syntax));
}

static void test_bad_structure(void **state)
{
	(void)state;
	check_rows(bad_structure, UNIT_NB(bad_structure));
}

static void test_bad_value(void **state)
{
	(void)state;
	check_rows(bad_value, UNIT_NB(bad_value));
}

static void test_bad_meaning(void **state)
{
	(void)state;
	check_rows(bad_meaning, UNIT_NB(bad_meaning));
}

static void test_no_mapping(void **state)
{
	static const struct {
		const char *text;
		const char *lines;
	} rows[] = {
		{"", "t.yaml:1: document: empty; expected the keys of config/dtlsgw.yaml\n"},
		{"# nothing\n",
		 "t.yaml:1: document: empty; expected the keys of config/dtlsgw.yaml\n"},
		{"a\n",
		 "t.yaml:1: document: a single value stands here; expected a mapping of keys\n"},
		{"\n- a\n", "t.yaml:2: document: a list stands here; expected a mapping of keys\n"},
		{"{}\n", "t.yaml:1: ports: missing; expected this key, it has no default\n"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		char *lines = errors(rows[i].text, strlen(rows[i].text));

		assert_string_equal(lines, rows[i].lines);
		free(lines);
	}
}

static const char *const good_changes[][2] = {
	{"[198.51.100.254]", "[198.51.100.254, \"fe80::254\"]"}, // the port has IPv6
	{"192.0.2.1/24", "192.0.2.3/31"},			 // no broadcast address
};

static void test_good_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_NB(good_changes); i++) {
		char *text = edit(
			&(struct row){.find = good_changes[i][0], .replace = good_changes[i][1]});
		char *lines = errors(text, strlen(text));

		assert_string_equal(lines, "");
		free(lines);
		free(text);
	}
}

static void test_good(void **state)
{
	struct config_doc doc;
	struct config *c;
	char text[IP_TEXT_LEN];

	(void)state;
	c = config_text_load(&doc, "dir/t.yaml", good, strlen(good), stderr);
	assert_non_null(c);
	config_doc_fini(&doc);
	assert_int_equal(c->lcore_nb, 2);
	assert_int_equal(c->lcore_cpu[1], 1);
	assert_int_equal(c->handshake_nb, 1);
	assert_int_equal(c->handshake_cpu[0], 0);
	assert_false(c->poll_adaptive);
	assert_false(c->huge_pages);
	assert_int_equal(c->memory_mb, 512);
	assert_string_equal(c->file_prefix, "t");
	assert_int_equal(c->eal_arg_nb, 1);
	assert_string_equal(c->eal_arg[0], "--no-telemetry");
	assert_int_equal(c->port_nb, 2);
	assert_int_equal(c->port[0].line, 10);
	assert_int_equal(c->port[0].mtu, 1400);
	assert_int_equal(c->port[1].mtu, 1500);
	assert_string_equal(c->port[1].device, "net_null1,copy=1");
	assert_int_equal(c->port[1].role, CONFIG_INSIDE);
	assert_int_equal(c->port[1].line, 16);
	assert_int_equal(c->port[0].addr[1].prefix_len, 64);
	assert_string_equal(ip_format(&c->port[0].addr[1].addr, text), "2001:db8:1::1");
	assert_string_equal(ip_format(&c->port[0].gateway_v4, text), "198.51.100.254");
	assert_false(ip_is_set(&c->port[0].gateway_v6));
	assert_int_equal(c->listener[0].port, 4433);
	assert_int_equal(c->listener[0].backend, 0);
	assert_string_equal(c->listener[0].certificate[0].key, "dir/ecdsa.key");
	assert_string_equal(c->listener[0].suites, SUITES_DEFAULT);
	assert_int_equal(c->backend[0].port, 7);
	assert_int_equal(c->replay_window, 64);
	assert_int_equal(c->idle_timeout_s, 300);
	assert_int_equal(c->retransmit_ms, 1000);
	assert_int_equal(c->fragments, 64);
	assert_int_equal(c->fragment_bytes, 8192);
	assert_int_equal(c->fragment_timeout_ms, 1000);
	assert_int_equal(c->seal_records + c->seal_blocks + c->forged_records, 0);
	assert_string_equal(c->log_level, "err");
	assert_null(c->keylog);
	config_destroy(c);
}

static void test_handshakes(void **state)
{
	static const struct {
		const char *replace;
		uint16_t cpu[3];
		uint16_t nb;
	} rows[] = {
		{"control: 3", {3}, 1},
		{"control: 3\n  handshakes: [0]", {0}, 1},
		{"control: 3\n  handshakes: [3, 4, 3]", {3, 4, 3}, 3},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		char *text = edit(&(struct row){.find = "control: 0", .replace = rows[i].replace});
		struct config_doc doc;
		struct config *c = config_text_load(&doc, "t.yaml", text, strlen(text), stderr);

		assert_non_null(c);
		config_doc_fini(&doc);
		unit_check(i, c->handshake_nb == rows[i].nb);
		for (uint16_t k = 0; k < rows[i].nb; k++)
			unit_check(i, c->handshake_cpu[k] == rows[i].cpu[k]);
		config_destroy(c);
		free(text);
	}
}

// Where nothing is said, half of all, whatever that is.
static void test_per_address(void **state)
{
	static const struct {
		const char *limits;
		uint32_t half_open, sessions;
	} rows[] = {
		{"replay_window: 64", 500, 5000},
		{"half_open: 1\n  sessions: 1", 1, 1},
		{"sessions: 33\n  half_open: 20", 10, 17},
		{"half_open_per_address: 0\n  sessions_per_address: 0", 0, 0},
		{"half_open_per_address: 100000\n  sessions_per_address: 1000000", 100000, 1000000},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(rows); i++) {
		char *text =
			edit(&(struct row){.find = "replay_window: 64", .replace = rows[i].limits});
		struct config_doc doc;
		struct config *c = config_text_load(&doc, "t.yaml", text, strlen(text), stderr);

		assert_non_null(c);
		config_doc_fini(&doc);
		unit_check(i, c->half_open_per_address == rows[i].half_open);
		unit_check(i, c->sessions_per_address == rows[i].sessions);
		config_destroy(c);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_syntax),   cmocka_unit_test(test_bad_structure),
		cmocka_unit_test(test_bad_value),    cmocka_unit_test(test_bad_meaning),
		cmocka_unit_test(test_no_mapping),   cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_per_address),  cmocka_unit_test(test_good),
		cmocka_unit_test(test_good_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
