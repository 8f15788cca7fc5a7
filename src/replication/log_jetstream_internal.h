/* log_jetstream_internal.h - what the files of the JetStream log share: its state, and who may touch what.
 *
 *   log_jetstream.c           options, life and death
 *   log_jetstream_requests.c  publishes and asks for the head, and their answers
 *   log_jetstream_session.c   the thread: connections, the stream, messages
 *   log_jetstream_stream.c    JetStream's API
 *   log_jetstream_wire.c      what JetStream says in subjects and JSON
 *   log_jetstream_pending.c   who waits for an answer
 *
 * Owns:     everything of one log.
 * Runs on:  the caller's threads, the log's own and those of nats.c; each field says whose it is.
 * Promises: no callback is called with a mutex held; session_mu is taken before any other.
 * Fails by: see log.h. */
#ifndef NQLITE_REPLICATION_LOG_JETSTREAM_INTERNAL_H
#define NQLITE_REPLICATION_LOG_JETSTREAM_INTERNAL_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "replication/log.h"
#include "replication/log_jetstream_pending.h"

#define HEADER_FORMAT "Nqlite-Format"
#define FORMAT        "1"

enum {
	SLICE_MS = 250,    /* how long the thread waits before it looks at deadlines */
	HEADERS_MAX = 256, /* of a publish; they count as payload */
	URLS_MAX = 64,
	NAME_MAX_LEN = 128,
	MESSAGE_COST = 512, /* what nats.c needs around the bytes of a message */
	UNRELEASED_MAX = 64 << 20,
};

struct log_jetstream {
	struct log log;
	/* Set before the thread starts. */
	char *urls[URLS_MAX];
	size_t nurls;
	char *creds, *token, *stream, *subject;
	int64_t publish_timeout_ms, reconnect_wait_ms;
	const struct logger *logger;
	struct log_callbacks callbacks;
	pthread_t thread;
	bool has_thread;

	/* Who uses the connection, or makes or ends it, holds session_mu. */
	pthread_mutex_t session_mu;
	pthread_cond_t session_changed;
	natsConnection *nc; /* NULL: there is none */
	char inbox[64];     /* of answers, new with each connection; a request's number follows */
	bool is_ready;      /* the stream was seen: publishing may begin */
	bool is_stopping;
	struct err why_away; /* while it isn't ready */

	pthread_mutex_t pending_mu;
	struct pending pending;

	pthread_mutex_t identity_mu;
	struct log_identity identity;
	bool has_identity;

	pthread_mutex_t flow_mu;
	pthread_cond_t flow_changed;
	size_t unreleased; /* MESSAGE_COST and bytes of messages handed over and not given back */

	_Atomic size_t message_max;

	/* The thread's alone. */
	uint64_t next_seq;       /* to deliver */
	int64_t create_since_us; /* when it first tried to make the stream; 0: never */
	int64_t doubt_since_us;  /* when a cluster first said what can't be true for long; 0: it doesn't */
	int64_t next_expiry_us;  /* when to look at deadlines again */
	enum log_state state;
	char *discovered[URLS_MAX]; /* servers of the same cluster that a connection told of */
	size_t ndiscovered;
};

static inline int64_t jetstream_now_us(void)
{
	return clock_mono_us(&clock_system);
}

/* A condition that waits by the monotonic clock. */
void jetstream_cond_init(pthread_cond_t *cond);
/* Waits at most `ms`, or until the condition is signalled. The mutex is held. */
void jetstream_wait(pthread_cond_t *cond, pthread_mutex_t *mu, int64_t ms);
bool jetstream_is_stopping(struct log_jetstream *l);

/* log_jetstream_session.c: the thread. */
void *jetstream_run(void *arg);

/* log_jetstream_requests.c */
void jetstream_publish(struct log *log, uint64_t token, const char *id, const void *data, size_t len);
void jetstream_request_head(struct log *log, uint64_t token);
/* An answer on the inbox; called by a thread of nats.c's with the log as arg. */
void jetstream_on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *arg);
/* Ends the requests whose time is over, LOG_UNKNOWN. Cheap, to be called often. The thread only. */
void jetstream_expire_requests(struct log_jetstream *l);
/* Ends all of them: nobody will answer. */
void jetstream_end_requests(struct log_jetstream *l, const struct err *err);

#endif
