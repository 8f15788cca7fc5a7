/* http_listener.h - the HTTP API's server: libevent's evhttp on a loop, requests to src/http, answers back.
 *
 * Owns:     the evhttp server and requests that are under way.
 * Runs on:  the loop's thread; http_listener_new: the main thread, before the loop starts; _free: after it has ended.
 * Promises: a request is answered once; a client that has gone doesn't stop the others.
 * Fails by: err when it can't listen; afterwards by HTTP status. */
#ifndef NQLITE_SERVER_HTTP_LISTENER_H
#define NQLITE_SERVER_HTTP_LISTENER_H

#include "server/config.h"
#include "server/loop.h"

struct http_listener;

struct http_listener_options {
	const struct address *address;
	struct loop *loop;
	const char *shape; /* both, nqlite, rqlite */
	const struct logger *logger;
};

int http_listener_new(
    struct http_listener **out, const struct http_listener_options *options, struct err *err);
uint16_t http_listener_port(const struct http_listener *l);
void http_listener_free(struct http_listener *l);

#endif
