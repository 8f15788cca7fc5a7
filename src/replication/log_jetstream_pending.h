/* log_jetstream_pending.h - requests that wait for their answer: publishes and asks for the head.
 *
 * Owns:     their tokens and deadlines.
 * Runs on:  one thread at a time; its owner locks.
 * Promises: a request is taken once, by whoever comes first: its answer, its deadline or the end of the connection.
 * Fails by: 0 instead of a number, when there is no memory. */
#ifndef NQLITE_REPLICATION_LOG_JETSTREAM_PENDING_H
#define NQLITE_REPLICATION_LOG_JETSTREAM_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request_kind { REQUEST_PUBLISH, REQUEST_HEAD };

struct request {
	enum request_kind kind;
	bool is_waiting;
	uint64_t token;
	int64_t deadline_us;
};

/* A ring: numbers are given in order, so are deadlines, and answers come nearly in order. */
struct pending {
	/* private */
	struct request *ring;
	size_t cap;           /* a power of two */
	uint64_t first, next; /* numbers; all below first are answered */
};

void pending_init(struct pending *p);
void pending_release(struct pending *p);

/* Its number, from 1, by which the answer finds it; deadlines must not go back. */
uint64_t pending_add(struct pending *p, enum request_kind kind, uint64_t token, int64_t deadline_us);

/* false: nobody waits for that number. */
bool pending_take(struct pending *p, uint64_t number, struct request *out);

/* The oldest, if its deadline is at or before now_us; with INT64_MAX whichever there is. */
bool pending_take_expired(struct pending *p, int64_t now_us, struct request *out);

#endif
