// SPDX-License-Identifier: BSD-3-Clause
// One association that takes its session from a file, if that is there, and leaves the session it
// had in it.  Prints "resumed" or "new", once a datagram was echoed.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "association.h"
#include "options.h"

#define TYPE_ALERT 21
#define PATIENCE   10000 // ms

static const char *host, *port, *file;
static struct association_options association_options = {.mtu = 1500};
static bool no_ticket, hold, fatal;
static struct association a;

static const struct option_line lines[] = {
	{.name = "host", .text = &host},
	{.name = "port", .text = &port},
	{.name = "session", .text = &file},
	{.name = "ca", .text = &association_options.ca},
	{.name = "certificate", .text = &association_options.certificate},
	{.name = "key", .text = &association_options.key},
	{.name = "no-ticket", .flag = &no_ticket}, // by session id
	{.name = "hold", .flag = &hold},	   // after the echo, until SIGTERM
	{.name = "fatal", .flag = &fatal},	   // end with a fatal alert, not with close_notify
};

static void session_load(void)
{
	FILE *f = fopen(file, "r");
	SSL_SESSION *session = f != NULL ? PEM_read_SSL_SESSION(f, NULL, NULL, NULL) : NULL;

	if (session != NULL)
		SSL_set_session(a.ssl, session);
	SSL_SESSION_free(session);
	if (f != NULL)
		fclose(f);
	ERR_clear_error();
}

static bool session_save(void)
{
	FILE *f = fopen(file, "w");
	bool ok = f != NULL && PEM_write_SSL_SESSION(f, SSL_get0_session(a.ssl)) == 1;

	if (f != NULL)
		ok &= fclose(f) == 0;
	return ok;
}

static bool echo(void)
{
	static uint8_t data[ASSOCIATION_DATAGRAM_MAX];
	uint64_t deadline = endpoint_now_ms() + PATIENCE;
	int len;

	if (!association_send(&a, (const uint8_t *)"echo", 4))
		return false;
	while ((len = association_receive(&a, data, sizeof(data))) < 0) {
		if (a.closed || endpoint_now_ms() >= deadline)
			return false;
		association_wait(&a, 100);
	}
	return len == 4 && memcmp(data, "echo", 4) == 0;
}

static bool end(void)
{
	static const uint8_t alert[] = {2, 80}; // internal_error

	return !fatal || (association_seal(&a, TYPE_ALERT, alert, sizeof(alert)) &&
			  association_send_raw(&a, a.last, a.last_len));
}

int main(int argc, char **argv)
{
	struct endpoint peer;
	SSL_CTX *context;
	sigset_t sigterm;
	int signal_nb;
	bool ok;

	sigemptyset(&sigterm);
	sigaddset(&sigterm, SIGTERM);
	options_read(argc, argv, lines, sizeof(lines) / sizeof(lines[0]));
	if (host == NULL || port == NULL || file == NULL)
		options_usage(argv[0], lines, sizeof(lines) / sizeof(lines[0]));
	context = association_context(&association_options);
	if (context == NULL || !endpoint_parse(&peer, host, port) ||
	    !association_open(&a, context, &peer, 0, association_options.mtu))
		return 2;
	if (hold)
		sigprocmask(SIG_BLOCK, &sigterm, NULL);
	if (no_ticket)
		SSL_set_options(a.ssl, SSL_OP_NO_TICKET);
	session_load();
	ok = association_handshake_wait(&a, endpoint_now_ms() + PATIENCE) && echo() &&
	     session_save();
	if (ok)
		puts(SSL_session_reused(a.ssl) == 1 ? "resumed" : "new");
	fflush(stdout);
	if (ok && hold)
		sigwait(&sigterm, &signal_nb);
	ok = ok && end();
	association_close(&a, fatal);
	SSL_CTX_free(context);
	return ok ? 0 : 1;
}
