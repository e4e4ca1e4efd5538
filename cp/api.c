// SPDX-License-Identifier: BSD-3-Clause
#include "api.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api_answer.h"
#include "api_request.h"
#include "api_socket.h"

#define BACKLOG 8

struct client {
	LIST_ENTRY(client) link;
	struct api *api;
	struct bufferevent *bev;
	bool watches;
	bool leaves; // once what it was sent is gone
};

// A line for everybody who watches.
struct news {
	STAILQ_ENTRY(news) link;
	char *text;
};

STAILQ_HEAD(news_list, news);

struct api {
	struct cp *cp;
	struct api_socket socket;
	struct evconnlistener *listener;
	LIST_HEAD(, client) clients;
	unsigned int client_nb;
	int wake_fd; // says that there are news
	struct event *wake;
	// Under cp->lock:
	unsigned int watch_nb; // clients that watch
	struct news_list news; // that they were not given yet
	size_t news_len;       // bytes
	bool news_lost;	       // there was no room or memory for some
};

static void set_watching(struct client *c, bool watches)
{
	if (c->watches == watches)
		return;
	c->watches = watches;
	cp_lock(c->api->cp);
	c->api->watch_nb += watches ? 1 : -1u;
	cp_unlock(c->api->cp);
}

static void destroy(struct client *c)
{
	set_watching(c, false);
	LIST_REMOVE(c, link);
	c->api->client_nb--;
	bufferevent_free(c->bev);
	free(c);
}

// evbuffer's cleanup callback.
static void text_sent(const void *text, size_t len, void *arg)
{
	(void)len;
	(void)arg;
	api_text_free((char *)(uintptr_t)text);
}

// Sends text, which it takes; NULL: there was no memory for it.  False: c has to be cut off.
static bool put(struct client *c, char *text)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	size_t len = text != NULL ? strlen(text) : 0;

	if (text != NULL && evbuffer_get_length(out) + len <= API_OUTPUT_MAX &&
	    evbuffer_add_reference(out, text, len, text_sent, NULL) == 0)
		return true;
	api_text_free(text);
	LOG_LIMITED(WARNING, "api: a client is cut off: it does not read what it asked for");
	return false;
}

// Reads no more of c and ends it once it has got everything.
static void leave(struct client *c)
{
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
		destroy(c);
		return;
	}
	c->leaves = true;
	set_watching(c, false);
	bufferevent_disable(c->bev, EV_READ);
}

static void watch(struct client *c)
{
	static const struct timeval write_wait = {.tv_sec = API_WRITE_S};

	set_watching(c, true);
	bufferevent_set_timeouts(c->bev, NULL, &write_wait);
}

// Answers one line.  False: c has to be cut off.
static bool take(struct client *c, const char *text, size_t len)
{
	struct api_request request;
	const char *wrong = api_request_parse(text, len, &request);

	if (wrong != NULL)
		return put(c, api_error(wrong));
	if (request.command == API_WATCH)
		watch(c);
	return put(c, api_answer(c->api->cp, &request));
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *c = arg;
	bool good = true;
	size_t len;
	char *text;

	while (good && (text = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		good = take(c, text, len);
		free(text);
	}
	if (!good) {
		destroy(c);
	} else if (evbuffer_get_length(in) > API_LINE_MAX) {
		put(c, api_error("line too long"));
		leave(c);
	}
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (c->leaves)
		destroy(c);
}

// The client has hung up, or was silent, or does not read.
static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (what == (BEV_EVENT_READING | BEV_EVENT_EOF))
		leave(c);
	else
		destroy(c);
}

static void log_peer(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	LOG_LIMITED(INFO, "api: user %d, process %d connected", (int)peer.uid, (int)peer.pid);
}

static void refuse(int fd)
{
	char *text = api_error("too many clients");

	if (text != NULL)
		send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	api_text_free(text);
	close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
		      int addr_len, void *arg)
{
	static const struct timeval read_wait = {.tv_sec = API_IDLE_S};
	static const struct timeval write_wait = {.tv_sec = API_WRITE_S};
	struct api *api = arg;
	struct client *c = api->client_nb < API_CLIENT_MAX ? calloc(1, sizeof(*c)) : NULL;

	(void)listener;
	(void)addr;
	(void)addr_len;
	log_peer(fd);
	if (c != NULL)
		c->bev = bufferevent_socket_new(api->cp->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		free(c);
		refuse(fd);
		return;
	}
	c->api = api;
	LIST_INSERT_HEAD(&api->clients, c, link);
	api->client_nb++;
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, API_LINE_MAX + 1);
	bufferevent_set_timeouts(c->bev, &read_wait, &write_wait);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	(void)arg;
	LOG_LIMITED(WARNING, "api: no connection: %s", strerror(errno));
}

static void free_news(struct news_list *list)
{
	struct news *news;

	while ((news = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		api_text_free(news->text);
		free(news);
	}
}

// Takes all news and what is known of them.  True if some are missing.
static bool take_news(struct api *api, struct news_list *list)
{
	bool lost;

	cp_lock(api->cp);
	STAILQ_CONCAT(list, &api->news);
	lost = api->news_lost;
	api->news_len = 0;
	api->news_lost = false;
	cp_unlock(api->cp);
	return lost;
}

static bool put_all(struct client *c, const struct news_list *list)
{
	const struct news *news;

	STAILQ_FOREACH(news, list, link)
	{
		if (!put(c, strdup(news->text)))
			return false;
	}
	return true;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct news_list list = STAILQ_HEAD_INITIALIZER(list);
	struct client *c, *next;
	struct api *api = arg;
	eventfd_t value;
	bool lost;

	(void)what;
	eventfd_read(fd, &value);
	lost = take_news(api, &list);
	for (c = LIST_FIRST(&api->clients); c != NULL; c = next) {
		next = LIST_NEXT(c, link);
		if (c->watches && (lost || !put_all(c, &list)))
			destroy(c);
	}
	free_news(&list);
}

// Returns 0 or -errno.
static int open_all(struct api *api)
{
	int fd;

	api->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (api->wake_fd < 0)
		return -errno;
	api->wake = event_new(api->cp->base, api->wake_fd, EV_READ | EV_PERSIST, on_wake, api);
	if (api->wake == NULL || event_add(api->wake, NULL) < 0)
		return -ENOMEM;
	fd = api_socket_open(&api->socket, api->cp->config);
	if (fd < 0)
		return fd;
	api->listener =
		evconnlistener_new(api->cp->base, on_accept, api,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (api->listener != NULL) {
		evconnlistener_set_error_cb(api->listener, on_accept_error);
		return 0;
	}
	close(fd);
	api_socket_remove(&api->socket);
	return -ENOMEM;
}

struct api *api_create(struct cp *cp)
{
	struct api *api = calloc(1, sizeof(*api));
	int ret;

	if (api == NULL)
		return NULL;
	api->cp = cp;
	LIST_INIT(&api->clients);
	STAILQ_INIT(&api->news);
	api_answer_init();
	ret = open_all(api);
	if (ret == 0)
		return api;
	LOG(ERR, "api: no control socket: %s", strerror(-ret));
	api_destroy(api);
	errno = -ret;
	return NULL;
}

void api_destroy(struct api *api)
{
	if (api == NULL)
		return;
	while (!LIST_EMPTY(&api->clients))
		destroy(LIST_FIRST(&api->clients));
	if (api->listener != NULL) {
		evconnlistener_free(api->listener);
		api_socket_remove(&api->socket);
	}
	if (api->wake != NULL)
		event_free(api->wake);
	if (api->wake_fd >= 0)
		close(api->wake_fd);
	free_news(&api->news);
	free(api);
}

// Adds news for those who watch.
static void tell(struct cp *cp, const struct session_entry *entry,
		 char *(*make)(const struct cp *cp, const struct session_entry *entry))
{
	struct api *api = cp->api;
	struct news *news;
	char *text;
	size_t len;

	if (api == NULL || api->watch_nb == 0)
		return;
	news = malloc(sizeof(*news));
	text = news != NULL ? make(cp, entry) : NULL;
	len = text != NULL ? strlen(text) : 0;
	if (len > 0 && api->news_len + len <= API_OUTPUT_MAX) {
		news->text = text;
		STAILQ_INSERT_TAIL(&api->news, news, link);
		api->news_len += len;
	} else {
		api_text_free(text);
		free(news);
		api->news_lost = true;
	}
	eventfd_write(api->wake_fd, 1);
}

void api_up(struct cp *cp, const struct session_entry *entry)
{
	tell(cp, entry, api_event_up);
}

void api_down(struct cp *cp, const struct session_entry *entry)
{
	tell(cp, entry, api_event_down);
}
