/* connection.h - a PostgreSQL client's socket and its session.
 *
 * Owns:     the fd, the bytes that were read and not yet taken, the session.
 * Runs on:  its loop's thread.
 * Promises: reads no more than the session takes; writes as the socket takes it.
 * Fails by: closing; work under way is waited for first. */
#ifndef NQLITE_SERVER_CONNECTION_H
#define NQLITE_SERVER_CONNECTION_H

#include "server/loop.h"

struct connection;

/* What a loop's connections share. */
struct connection_context {
	struct event_base *base;
	struct session_host *host;
	const struct server_limits *limits;
	uint8_t *scratch; /* SCRATCH_SIZE bytes for one recv */
	/* The connection is gone, its memory too. */
	void (*on_closed)(void *arg, struct connection *c);
	void *arg;
};

#define SCRATCH_SIZE 65536

/* NULL: out of memory; the fd is closed then. */
struct connection *connection_new(struct connection_context *context, int fd, uint32_t pid);
/* What the session says of itself (session_host.on_output). */
void connection_on_output(void *connection);
/* FATAL, then closed as soon as it can be. */
void connection_stop(struct connection *c, const struct err *err);
struct session *connection_session(struct connection *c);

/* The list that the loop keeps. */
struct connection *connection_next(struct connection *c);
void connection_link(struct connection **list, struct connection *c);
void connection_unlink(struct connection **list, struct connection *c);

#endif
