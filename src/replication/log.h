/* log.h - the seam to the totally ordered sequence of messages: JetStream, or the local log, or a simulation.
 *
 * Owns:     the connection to wherever the log is, and messages not yet delivered.
 * Runs on:  publish and request_head: the publisher's thread; the rest: any. Callbacks: any thread of the log's, or the caller's
 *           within publish and request_head; they must not block.
 * Promises: delivers every message from `start_seq` on, once each and in seq order, as long as the connection stands; after a
 *           reconnection it goes on where it was. It may deliver what was published twice as two messages: batches are
 *           recognised by (origin, number).
 * Fails by: telling `on_state`. A publish whose fate is unknown is reported as LOG_UNKNOWN, never guessed. */
#ifndef NQLITE_REPLICATION_LOG_H
#define NQLITE_REPLICATION_LOG_H

#include "base/err.h"
#include "base/logger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_message {
	uint64_t seq;
	int64_t time_us; /* when the log took it */
	bool is_ours;    /* header Nqlite-Format: 1; else an original nqlite's JSON array */
	const void *data;
	size_t len;
	void *lease; /* gives data back: log->release_message */
};

enum log_publish {
	LOG_STORED,  /* at seq */
	LOG_REFUSED, /* certainly not stored: err says why */
	LOG_UNKNOWN, /* may or may not be stored: publish the same bytes again, or wait for the delivery */
};

enum log_state { LOG_CONNECTING, LOG_CONNECTED, LOG_DISCONNECTED, LOG_STOPPED /* for good: err */ };

struct log_identity {
	char cluster_id[40]; /* a UUID, made with the stream */
	int64_t created_us;  /* of the stream */
	uint64_t first_seq, last_seq;
};

struct log_callbacks {
	void *arg;
	/* Hands the message over: the receiver releases it. */
	void (*on_message)(void *arg, const struct log_message *m);
	/* The fate of one publish, by the token that was given with it. */
	void (*on_published)(
	    void *arg, uint64_t token, enum log_publish fate, uint64_t seq, const struct err *err);
	void (*on_state)(void *arg, enum log_state state, const struct err *err);
	/* The answer to request_head. */
	void (*on_head)(void *arg, uint64_t token, bool ok, uint64_t seq);
};

struct log {
	const struct log_ops *ops;
};

struct log_ops {
	/* Connects in the background, makes the stream if need be, tells the identity (on_state CONNECTED comes after it can be
	 * read, and before the first message), and begins to deliver from start_seq. 0 or -1 (a wrong option; the log being away is
	 * no failure). */
	int (*start)(
	    struct log *log, uint64_t start_seq, const struct log_callbacks *callbacks, struct err *err);
	/* Publishes in the background; the bytes are copied. May call back before it returns. `id` (at most 63 bytes) is the same for the same bytes: the log may
	 * drop a repetition. Fate comes by on_published, always, once. */
	void (*publish)(struct log *log, uint64_t token, const char *id, const void *data, size_t len);
	void (*request_head)(struct log *log, uint64_t token);
	bool (*identity)(struct log *log, struct log_identity *out); /* false: not known yet */
	size_t (*message_max)(struct log *log); /* bytes in one message; SIZE_MAX: no limit */
	/* Gives a message back, in any order and on any thread; a log may deliver no more while too much is kept. Allowed until free. */
	void (*release_message)(struct log *log, const struct log_message *m);
	/* Answers what is under way (LOG_UNKNOWN). No callback after it returns. */
	void (*stop)(struct log *log);
	void (*free)(struct log *log);
};

/* The log of one embedded node: SQLite is the log, so a message lives only until it is applied. publish calls on_published
 * (LOG_STORED) and then on_message before it returns, on the publisher's thread; start calls on_state (LOG_CONNECTED).
 * Its cluster id is a new random UUID each time, offered for a database that has none yet: whoever starts the log stores
 * it with the applied seq at the first start, and from then on the stored one is the identity and this one is ignored.
 * NULL: no memory. */
struct log *log_local_new(void);

/* The log of a cluster: a JetStream stream, docs/log-format.md. LOG_CONNECTED comes after each (re)connection, LOG_DISCONNECTED with the
 * reason after each loss; it goes on trying for ever. While it is away a publish is LOG_REFUSED. LOG_STOPPED comes when the stream
 * is not the one that this log began with, ends before start_seq - 1 or what was delivered, lacks messages that are next,
 * or has one of a newer format; a stream that is missing is made only if start_seq is 1. The identity can be read before
 * LOG_STOPPED comes, if there was a stream. About 64 MiB are handed over and not released at most, as much waits before. */
struct log_jetstream_options {
	const char *urls;           /* nats://host:port[,..] */
	const char *creds;          /* file, or NULL */
	const char *token;          /* or NULL */
	const char *stream;         /* default "nqlite"; the subject is STREAM.push */
	int64_t publish_timeout_ms; /* until a missing acknowledgement is LOG_UNKNOWN, default 2000 */
	int64_t reconnect_wait_ms;  /* default 250 */
	const struct logger *logger;
};
int log_jetstream_new(struct log **out, const struct log_jetstream_options *options, struct err *err);

#endif
