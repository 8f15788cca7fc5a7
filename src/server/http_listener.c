#include "server/http_listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

#include "http/api.h"
#include "server/listener.h"

#define HEADER_BYTES_MAX (128 << 10)
#define BODY_BYTES_MAX   (64 << 20)
#define IDLE_SECONDS     60
#define TICK_MS          50
#define GRACE_US \
	1000000 /* after a stop, for what is under way to end by itself; twice: for answers to be read */

/* One request, from evhttp's callback until its answer is written or its client gone, whichever comes last.
 *
 *   running -> writing -> freed          the usual way
 *   running -> deserted -> freed         the client went first: the answer is dropped when it comes */
struct http_request {
	struct http_listener *listener;
	struct evhttp_request *req; /* NULL: deserted */
	struct evhttp_connection *connection;
	struct api_call *call; /* NULL: answered */
	struct evbuffer *body;
	struct event on_gone; /* the client has closed its side */
	bool is_watching;
	struct http_request *next, **link;
};

struct http_listener {
	struct http_listener_options options;
	struct listener socket;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct api *api;
	struct http_request *requests;
	struct event on_tick; /* added while there are requests */
	int64_t stopping_us;  /* since when, 0: it doesn't */
	bool is_canceled;
};

/* ---- requests ---- */

static struct http_request *request_new(struct http_listener *l, struct evhttp_request *req)
{
	struct http_request *r = calloc(1, sizeof(*r));
	const struct timeval tick = { 0, TICK_MS * 1000 };

	if (r == NULL)
		return NULL;
	r->body = evbuffer_new();
	if (r->body == NULL) {
		free(r);
		return NULL;
	}
	r->listener = l;
	r->req = req;
	r->connection = evhttp_request_get_connection(req);
	if (l->requests == NULL)
		event_add(&l->on_tick, &tick);
	r->next = l->requests;
	r->link = &l->requests;
	if (r->next != NULL)
		r->next->link = &r->next;
	l->requests = r;
	loop_hold(l->options.loop);
	return r;
}

static void stop_watching(struct http_request *r)
{
	if (r->is_watching)
		event_del(&r->on_gone);
	r->is_watching = false;
}

static void request_free(struct http_request *r)
{
	struct http_listener *l = r->listener;

	stop_watching(r);
	*r->link = r->next;
	if (r->next != NULL)
		r->next->link = r->link;
	if (l->requests == NULL)
		event_del(&l->on_tick);
	evbuffer_free(r->body);
	free(r);
	loop_release(l->options.loop);
}

/* The connection goes, and evhttp frees the request with it, unless it has parted the two before (as it does when reading or writing
 * failed while we hadn't answered): then it is ours. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
	struct http_request *r = arg;

	evhttp_connection_set_closecb(connection, NULL, NULL);
	if (evhttp_request_get_connection(r->req) == NULL)
		evhttp_request_free(r->req);
	r->req = NULL;
	stop_watching(r);
	if (r->call != NULL)
		api_abandon(r->call);
	else
		request_free(r);
}

/* The answer is written. */
static void on_complete(struct evhttp_request *req, void *arg)
{
	struct http_request *r = arg;

	(void)req;
	evhttp_connection_set_closecb(r->connection, NULL, NULL);
	request_free(r);
}

/* evhttp doesn't read while a request waits for its answer, so it doesn't see its client go. */
static void on_gone(evutil_socket_t fd, short what, void *arg)
{
	struct http_request *r = arg;

	(void)fd, (void)what;
	r->is_watching = false;
	if (r->call != NULL)
		api_abandon(r->call);
}

static void watch(struct http_request *r)
{
	evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(r->connection));

	if (fd < 0 ||
	    (event_base_get_features(loop_base(r->listener->options.loop)) & EV_FEATURE_EARLY_CLOSE) == 0)
		return;
	event_assign(&r->on_gone, loop_base(r->listener->options.loop), fd, EV_CLOSED, on_gone, r);
	r->is_watching = event_add(&r->on_gone, NULL) == 0;
}

/* ---- answers ---- */

static void free_bytes(const void *bytes, size_t len, void *arg)
{
	(void)len, (void)arg;
	free((void *)(uintptr_t)bytes);
}

/* The buf's memory goes to evhttp as it is. */
static struct evbuffer *take_body(struct buf *body)
{
	struct evbuffer *out = evbuffer_new();

	if (out == NULL || body->len == 0 || body->failed) {
		buf_release(body);
		return out;
	}
	if (evbuffer_add_reference(out, body->data, body->len, free_bytes, NULL) != 0)
		buf_release(body);
	return out;
}

static const char *reason_of(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 503: return "Service Unavailable";
	default: return "Error";
	}
}

static void send_answer(struct evhttp_request *req, struct api_answer *answer)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct evbuffer *body = take_body(&answer->body);

	evhttp_add_header(headers, "Content-Type", answer->content_type);
	evhttp_add_header(headers, "X-RQLITE-VERSION", NQLITE_VERSION);
	if (answer->allow != NULL)
		evhttp_add_header(headers, "Allow", answer->allow);
	evhttp_send_reply(req, answer->status, reason_of(answer->status), body);
	if (body != NULL)
		evbuffer_free(body);
}

static void on_answer(void *arg, struct api_answer *answer)
{
	struct http_request *r = arg;

	r->call = NULL;
	stop_watching(r);
	if (r->req == NULL) {
		buf_release(&answer->body);
		request_free(r);
		return;
	}
	evhttp_request_set_on_complete_cb(r->req, on_complete, r);
	send_answer(r->req, answer);
}

/* ---- evhttp ---- */

static enum api_method method_of(struct evhttp_request *req)
{
	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_GET: return API_GET;
	case EVHTTP_REQ_HEAD: return API_HEAD;
	case EVHTTP_REQ_POST: return API_POST;
	case EVHTTP_REQ_OPTIONS: return API_OPTIONS;
	default: return API_OTHER;
	}
}

static void refuse(struct evhttp_request *req, const char *message)
{
	struct api_answer answer = { .status = 503, .content_type = "application/json; charset=utf-8" };

	buf_init(&answer.body, 4096);
	buf_printf(&answer.body, "{\"results\":[{\"error\":\"%s\"}],\"time\":0}", message);
	send_answer(req, &answer);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct http_listener *l = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	if (loop_is_stopping(l->options.loop)) {
		refuse(req, "the server is shutting down");
		return;
	}
	struct http_request *r = request_new(l, req);
	if (r == NULL) {
		refuse(req, "out of memory");
		return;
	}
	evbuffer_add_buffer(r->body, evhttp_request_get_input_buffer(req));
	evhttp_connection_set_closecb(r->connection, on_close, r);
	const struct api_request request = {
		.method = method_of(req),
		.path = path != NULL ? path : "",
		.query = uri != NULL ? evhttp_uri_get_query(uri) : NULL,
		.content_type = evhttp_find_header(evhttp_request_get_input_headers(req), "Content-Type"),
		.body_len = evbuffer_get_length(r->body),
		.body = evbuffer_pullup(r->body, -1),
	};
	struct api_call *call = api_start(l->api, &request, on_answer, r);
	if (call == NULL)
		return; /* answered: r may be gone */
	r->call = call;
	watch(r);
}

/* ---- stopping ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *l = arg;
	int64_t now = clock_mono_us(loop_host(l->options.loop)->clock);
	struct http_request *r, *next;

	(void)fd, (void)what;
	if (!loop_is_stopping(l->options.loop))
		return;
	if (l->stopping_us == 0)
		l->stopping_us = now;
	if (now - l->stopping_us < GRACE_US)
		return;
	for (r = l->requests; r != NULL && !l->is_canceled; r = r->next) {
		if (r->call != NULL)
			api_cancel(r->call);
	}
	l->is_canceled = true;
	if (now - l->stopping_us < 2 * GRACE_US)
		return;
	/* Answered, but nobody reads it. */
	for (r = l->requests; r != NULL; r = next) {
		next = r->next;
		if (r->call == NULL && r->req != NULL)
			evhttp_connection_free(r->connection);
	}
}

/* ---- life ---- */

static enum http_shape shape_of(const char *name)
{
	if (strcmp(name, "nqlite") == 0)
		return SHAPE_NQLITE;
	return strcmp(name, "rqlite") == 0 ? SHAPE_RQLITE : SHAPE_BOTH;
}

static int make_server(struct http_listener *l, struct err *err)
{
	const struct api_options options = { .host = loop_host(l->options.loop),
		.shape = shape_of(l->options.shape) };

	l->api = api_new(&options);
	l->http = evhttp_new(loop_base(l->options.loop));
	if (l->api == NULL || l->http == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	evhttp_set_max_headers_size(l->http, HEADER_BYTES_MAX);
	evhttp_set_max_body_size(l->http, BODY_BYTES_MAX);
	evhttp_set_timeout(l->http, IDLE_SECONDS);
	evhttp_set_flags(l->http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_allowed_methods(l->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
						EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
						EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH);
	evhttp_set_gencb(l->http, on_request, l);
	l->bound = evhttp_accept_socket_with_handle(l->http, l->socket.fd);
	if (l->bound == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	l->socket.fd = -1; /* evhttp closes it */
	return 0;
}

int http_listener_new(
    struct http_listener **out, const struct http_listener_options *options, struct err *err)
{
	struct http_listener *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	l->options = *options;
	event_assign(&l->on_tick, loop_base(options->loop), -1, EV_PERSIST, on_tick, l);
	if (listener_open(&l->socket, options->address, err) != 0) {
		free(l);
		return -1;
	}
	if (make_server(l, err) != 0) {
		http_listener_free(l);
		return -1;
	}
	*out = l;
	return 0;
}

uint16_t http_listener_port(const struct http_listener *l)
{
	return l->socket.port;
}

void http_listener_free(struct http_listener *l)
{
	if (l->http != NULL)
		evhttp_free(l->http);
	event_del(&l->on_tick);
	listener_close(&l->socket);
	if (l->api != NULL)
		api_free(l->api);
	free(l);
}
