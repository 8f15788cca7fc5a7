/* log_jetstream_stream.h - the stream and its consumers, by JetStream's API.
 *
 * Owns:     nothing.
 * Runs on:  the log's thread: each call waits for the server.
 * Promises: a stream that exists is taken as it is, never changed.
 * Fails by: -1 and an err; the server may be tried again. */
#ifndef NQLITE_REPLICATION_LOG_JETSTREAM_STREAM_H
#define NQLITE_REPLICATION_LOG_JETSTREAM_STREAM_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replication/log.h"

/* Fills err with a sentence and what nats.c says of `status`; -1. */
int nats_failure(struct err *err, natsStatus status, const char *what);

struct stream_info {
	struct log_identity identity;
	size_t message_max; /* SIZE_MAX: the stream has no limit of its own */
};

/* is_missing: there is none of that name, and nothing is filled. */
int stream_read(jsCtx *js, const char *stream, struct stream_info *out, bool *is_missing, struct err *err);

/* Makes it with three replicas; with one on a server that stands alone, and, if one is enough, when a cluster can't have
 * three. That another node was faster is no failure. */
int stream_create(jsCtx *js, const char *stream, const char *subject, bool is_one_enough, struct err *err);

/* A consumer that pushes all from start_seq on to deliver_subject, without acknowledgements, with heartbeats and flow control.
 * It vanishes by itself when nobody listens any more. */
int consumer_create(jsCtx *js, const char *stream, const char *deliver_subject, uint64_t start_seq,
    int64_t heartbeat_ms, char *name, size_t name_size, struct err *err);

#endif
