/* loop.h - one event loop: a thread, its connections, and what other threads hand to it.
 *
 * Owns:     the libevent base, the loop's reader and translator, its connections.
 * Runs on:  its own thread; loop_new and loop_free: the main thread, while it doesn't run. The loop_post_.. functions: any thread.
 * Promises: nothing on it blocks: sockets don't, and SQLite runs here only within a budget.
 * Fails by: loop_new with err; afterwards only connections fail. */
#ifndef NQLITE_SERVER_LOOP_H
#define NQLITE_SERVER_LOOP_H

#include <event2/event.h>

#include "server/workers.h"

struct loop;
struct server_limits {
	size_t connections_max; /* of one loop */
	int64_t stall_timeout_ms;
	int64_t startup_timeout_ms;
};

struct loop_options {
	struct store *store;
	struct replication *replication;
	struct workers *workers;
	const struct session_limits *session_limits;
	const struct server_limits *limits;
	const struct logger *logger;
	_Atomic uint32_t *next_pid; /* shared by all loops */
	/* Asks every loop to cancel; any thread. */
	void (*cancel_everywhere)(void *arg, uint32_t pid, uint32_t secret);
	void *arg;
};

int loop_new(struct loop **out, const struct loop_options *options, struct err *err);
int loop_start(struct loop *loop, struct err *err); /* its thread */

/* A new client; the loop owns the fd from here. */
void loop_post_client(struct loop *loop, int fd);
void loop_post_cancel(struct loop *loop, uint32_t pid, uint32_t secret);
/* A finished task of a session, or of whoever made it, on the host's loop. */
void loop_post_task(struct task *task);
/* Tells the clients (57P01), lets work under way finish, ends the thread. loop_join waits for it,
 * at most wait_ms: false when it is still running then. */
void loop_post_stop(struct loop *loop);
bool loop_join(struct loop *loop, int64_t wait_ms);
void loop_free(struct loop *loop);

/* Loop thread: something is under way that will come back (a task, a write), so the thread must not end yet. */
void loop_hold(struct loop *loop);
void loop_release(struct loop *loop);
bool loop_is_stopping(const struct loop *loop);

struct event_base *loop_base(struct loop *loop);
struct session_host *loop_host(struct loop *loop);

#endif
