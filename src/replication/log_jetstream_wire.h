/* log_jetstream_wire.h - what JetStream says in subjects and JSON, as structs.
 *
 * Owns:     nothing.
 * Runs on:  any thread. No connection is needed, and no nats.c.
 * Promises: an answer is taken for a success only if it says so.
 * Fails by: answers of an unknown shape are WIRE_BAD.
 *
 * The shapes are NATS' ADR-1 (API answers), ADR-13 and ADR-15 (the subject of an acknowledgement tells where a message
 * stands). */
#ifndef NQLITE_REPLICATION_LOG_JETSTREAM_WIRE_H
#define NQLITE_REPLICATION_LOG_JETSTREAM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Where a delivered message stands, from its reply subject. */
struct wire_position {
	uint64_t seq;      /* in the stream */
	uint64_t delivery; /* from 1, of this consumer: no number is left out */
	int64_t time_us;   /* when the stream took it */
};

/* false: it is no subject of a delivered message (a heartbeat has none, flow control another). */
bool wire_position(const char *reply, struct wire_position *out);

enum wire_answer {
	WIRE_OK,
	WIRE_ERROR, /* the server says no: err has its sentence */
	WIRE_BAD,   /* neither: nothing is known */
};

/* The acknowledgement of a publish. */
enum wire_answer wire_publish_ack(const char *json, size_t len, uint64_t *seq, struct err *err);

/* The answer to STREAM.INFO. */
enum wire_answer wire_stream_info(
    const char *json, size_t len, uint64_t *first_seq, uint64_t *last_seq, struct err *err);

/* The cluster id that a stream's description holds ("nqlite <uuid>"), or, for one that an original nqlite or an operator
 * made, "created-<nanoseconds>". */
void wire_cluster_id(const char *description, int64_t created_ns, char *out, size_t size);

#endif
