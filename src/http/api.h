/* api.h - the HTTP API without HTTP: requests in, answers out.
 *
 * Owns:     calls that are under way, and counts of them.
 * Runs on:  the loop's thread. SQLite's work runs elsewhere (struct task), writes go through the log; all comes back to the loop.
 * Promises: on_answer exactly once for each call; all reads of a request see one state; a write is answered after it is applied here.
 * Fails by: HTTP status and a JSON error.
 *
 *   start -> [waiting for the log] -> planning (elsewhere: parse, inspect, run reads) -> [writing] -> [finishing: rows to JSON] -> answer */
#ifndef NQLITE_HTTP_API_H
#define NQLITE_HTTP_API_H

#include "base/buf.h"
#include "http/answer.h"
#include "session/session.h"

struct api;
struct api_call;

enum api_method { API_GET, API_HEAD, API_POST, API_OPTIONS, API_OTHER };

/* The texts must hold during api_start, the body until on_answer. */
struct api_request {
	enum api_method method;
	const char *path;
	const char *query;        /* behind the '?', not decoded, or NULL */
	const char *content_type; /* or NULL */
	const void *body;
	size_t body_len;
};

struct api_answer {
	int status;
	const char *content_type;
	const char *allow; /* of a 405, or NULL */
	struct buf body;   /* whoever is answered takes it, and releases it */
};

struct api_options {
	struct session_host *host;
	enum http_shape shape;
	size_t answer_bytes_max; /* of one answer; default 64 MiB */
	size_t calls_max;        /* under way at a time; default 10,000 */
};

/* NULL: out of memory. */
struct api *api_new(const struct api_options *options);
/* No call may be under way. */
void api_free(struct api *api);

/* NULL: it has been answered already. */
struct api_call *api_start(struct api *api, const struct api_request *request,
    void (*on_answer)(void *arg, struct api_answer *answer), void *arg);

/* The client has gone: what is being read for it stops. A write goes on. The answer still comes. */
void api_abandon(struct api_call *call);
/* The server stops: also a write that isn't in the log yet is taken back. */
void api_cancel(struct api_call *call);

#endif
