// SPDX-License-Identifier: BSD-3-Clause
#include "options.h"
#include "unit.h"

#define ARGS_MAX 64
#define BASE	 "--outside net_null0 --server 192.0.2.1:4433 --source 192.0.2.2"
#define BASE_6	 "--outside net_null0 --server [2001:db8::1]:4433 --source 2001:db8::2"

static struct options o;
static char text[4096], message[4096];

// Reads a command line of words; message is what was printed.
static int read_line(const char *words)
{
	static char *argv[ARGS_MAX + 1];
	FILE *f = fmemopen(message, sizeof(message), "w");
	int argc = 1, rc;

	assert_non_null(f);
	memset(argv, 0, sizeof(argv));
	argv[0] = (char[]){"dtlsgw-gen"};
	snprintf(text, sizeof(text), "%s", words);
	for (char *at = text, *word; (word = strsep(&at, " ")) != NULL && argc < ARGS_MAX;)
		if (*word != '\0')
			argv[argc++] = word;
	rc = options_read(argc, argv, &o, f, f);
	fclose(f);
	return rc;
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_line(BASE), 0);
	assert_string_equal(o.outside, "net_null0");
	assert_int_equal(o.server_port, 4433);
	assert_int_equal(o.sessions, 256);
	assert_int_equal(o.direction_nb, 1);
	assert_int_equal(o.direction[0], DIRECTION_ECHO);
	assert_int_equal(o.sizes_nb, 1);
	assert_int_equal(o.sizes[0].len[0], 64);
	assert_int_equal(o.rate_kind, RATE_MAX);
	assert_true(o.loss == 1e-5);
	assert_int_equal(o.eal_nb, 0);
}

static void test_all(void **state)
{
	(void)state;
	assert_int_equal(
		read_line(BASE_6
			  " --inside net_null1 --backend [2001:db8:2::2]:7 --next-hop "
			  "2001:db8::fe --sources 4 --source-port 1024 --mtu 9000 "
			  "--sessions 1000 --handshakes 8 --handshake-timeout 5 --suites "
			  "PSK --ca ca.pem --name a.example --psk me:00ff10 --direction "
			  "both,down --size imix --size 64,128:2 --rate 12345 --burst 16 --seconds "
			  "0.5 --loss 1 --resolution 5 --tries 3 --quiet 50 --json - "
			  "--label x --cpu 3 --huge --linger -- --log-level=debug -v"),
		0);
	assert_int_equal(o.source_nb, 4);
	assert_int_equal(o.mtu, 9000);
	assert_int_equal(o.psk_len, 3);
	assert_memory_equal(o.psk, "\x00\xff\x10", 3);
	assert_string_equal(o.psk_identity, "me");
	assert_int_equal(o.direction_nb, 2);
	assert_int_equal(o.direction[0], DIRECTION_BOTH);
	assert_int_equal(o.direction[1], DIRECTION_DOWN);
	assert_int_equal(o.sizes_nb, 2);
	assert_int_equal(o.sizes[1].step_nb, 3);
	assert_int_equal(o.rate_kind, RATE_FIXED);
	assert_int_equal(o.rate, 12345);
	assert_int_equal(o.burst, 16);
	assert_true(o.seconds == 0.5 && o.loss == 0.01 && o.resolution == 0.05);
	assert_int_equal(o.tries, 3);
	assert_int_equal(o.cpu, 3);
	assert_true(o.huge && o.linger);
	assert_int_equal(o.eal_nb, 2);
	assert_string_equal(o.eal[1], "-v");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(read_line("--help"), 1);
	assert_non_null(strstr(message, "--direction LIST"));
}

// Each is refused with a line that names what is wrong.
static void test_bad(void **state)
{
	static const struct {
		const char *words, *told;
	} bad[] = {
		{"", "--outside"},
		{"--outside x --server 192.0.2.1:1", "--source"},
		{"--server 192.0.2.1:1 --source 192.0.2.2", "--outside"},
		{BASE " --source 2001:db8::2", "family"},
		{BASE " --nothing", "--nothing: no such option"},
		{BASE " --sessions", "--sessions: expected a value"},
		{BASE " word", "word: unexpected"},
		{BASE " --server 192.0.2.1", "--server"},
		{BASE " --server 192.0.2.1:0", "--server"},
		{BASE " --server 192.0.2.1:65536", "--server"},
		{BASE " --server 192.0.2.1:x", "--server"},
		{BASE " --server 2001:db8::1:4433", "brackets"},
		{BASE " --server [2001:db8::1:4433", "--server"},
		{BASE " --server []:4433", "--server"},
		{BASE " --server 1111111111111111111111111111111111111111111111111:1", "--server"},
		{BASE " --source 192.0.2", "--source"},
		{BASE " --next-hop x", "--next-hop"},
		{BASE " --sources 0", "--sources: \"0\": expected 1 to 65536"},
		{BASE " --sources 65537", "--sources"},
		{BASE " --source-port 65536", "--source-port"},
		{BASE " --sessions 100000", "--sources"},
		{BASE " --mtu 1279", "--mtu"},
		{BASE " --sessions 0", "--sessions"},
		{BASE " --sessions -1", "--sessions"},
		{BASE " --sessions 1x", "--sessions"},
		{BASE " --sessions 99999999999999999999999", "--sessions"},
		{BASE " --psk abc", "--psk"},
		{BASE " --psk :00", "--psk"},
		{BASE " --psk a:", "--psk"},
		{BASE " --psk a:0", "--psk"},
		{BASE " --psk a:0g", "--psk"},
		{BASE " --direction up", "--inside"},
		{BASE " --direction sideways", "--direction"},
		{BASE " --direction ,", "--direction"},
		{BASE " --direction echo,echo,echo,echo,echo", "--direction"},
		{BASE " --inside net_null1", "--backend"},
		{BASE " --backend 192.0.2.9:7", "--inside"},
		{BASE " --size 15", "--size"},
		{BASE " --size 64:0", "--size"},
		{BASE " --size 1501", "--mtu"},
		{BASE " --rate 0", "--rate"},
		{BASE " --rate fast", "--rate"},
		{BASE " --burst 33", "--burst: \"33\": expected 1 to 32"},
		{BASE " --seconds 0", "--seconds"},
		{BASE " --seconds nan", "--seconds"},
		{BASE " --loss 101", "--loss"},
		{BASE " --loss -1", "--loss"},
		{BASE " --resolution 0", "--resolution"},
		{BASE " --tries 0", "--tries"},
		{BASE " --quiet 0", "--quiet"},
		{BASE " --cpu 1024", "--cpu"},
		{BASE " --huge=yes", "--huge=yes"},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_NB(bad); i++) {
		unit_check(i, read_line(bad[i].words) < 0);
		unit_check(i, strstr(message, bad[i].told) != NULL);
		unit_check(i, strchr(message, '\n') == message + strlen(message) - 1);
	}
}

// A key does not come back in a message.
static void test_psk_is_secret(void **state)
{
	(void)state;
	assert_true(read_line(BASE " --psk me:0123456789abcdex") < 0);
	assert_null(strstr(message, "0123456789"));
}

static void test_too_many_sizes(void **state)
{
	char words[1024] = BASE;

	(void)state;
	for (int i = 0; i < OPTIONS_SIZES_MAX; i++)
		strcat(words, " --size 64");
	assert_int_equal(read_line(words), 0);
	strcat(words, " --size 64");
	assert_true(read_line(words) < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),      cmocka_unit_test(test_all),
		cmocka_unit_test(test_help),	      cmocka_unit_test(test_bad),
		cmocka_unit_test(test_psk_is_secret), cmocka_unit_test(test_too_many_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
