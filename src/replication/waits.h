/* waits.h - readers that wait until a seq is applied here, or the head of the log as of now.
 *
 * Owns:     the waits not yet answered.
 * Runs on:  any thread, under a lock of its own; on_reached is called without it.
 * Promises: on_reached comes once for each wait. One question to the log serves all that wait for its head.
 * Fails by: on_reached(arg, false). */
#ifndef NQLITE_REPLICATION_WAITS_H
#define NQLITE_REPLICATION_WAITS_H

#include "replication/log.h"

#include <pthread.h>

struct wait;

struct waits {
	/* private */
	pthread_mutex_t lock; /* for all below */
	struct wait *first;
	uint64_t last_token;
};

#define WAITS_NEVER INT64_MAX

void waits_init(struct waits *w);
/* Those left get false. */
void waits_release(struct waits *w);

/* seq 0: the head. false: out of memory, on_reached doesn't follow. */
bool waits_add(
    struct waits *w, uint64_t seq, int64_t deadline_us, void (*on_reached)(void *arg, bool ok), void *arg);

/* Publisher's thread: asks for the head if somebody waits for it and it wasn't asked for him. */
void waits_ask(struct waits *w, struct log *log);
/* The log's answer. */
void waits_on_head(struct waits *w, uint64_t token, bool ok, uint64_t seq);
/* Answers those that have what they wait for, or waited too long; returns the next deadline. */
int64_t waits_answer(struct waits *w, uint64_t applied_seq, int64_t now_us);

#endif
