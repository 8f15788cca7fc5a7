/* applier.h - turn the replicated log into committed SQLite transactions, in order.
 *
 * Owns:     the only write connection, the last applied seq and running hash, messages that wait to be applied, the newest catalog.
 * Runs on:  applier_open, _step and _close: the applier's thread. The on_ functions and those that only look: any thread.
 * Promises: a message's effects, its seq, the running hash and the origin's window commit in one SQLite transaction; many messages
 *           share one. After the commit the new state can be seen, and only then the writes are answered. A batch is applied
 *           once, however often it is delivered.
 * Fails by: stopping with a reason (PHASE_STOPPED). It never skips an entry. When the machine fails (disk full, memory), nothing
 *           of the transaction stays, and it is tried again until it works.
 *
 * A batch carries the seq that its origin had applied when it made it. One that is `origin_keep_seqs` older than its place in the log
 * is void: so that windows can be forgotten that long after an origin's last batch, and still no batch is applied twice.
 *
 * The running hash: hash(seq) = H(H(hash(seq - 1), message bytes), outcomes), with hash(0) = 0. docs/replication.md tells more. */
#ifndef NQLITE_REPLICATION_APPLIER_H
#define NQLITE_REPLICATION_APPLIER_H

#include "replication/publisher.h"
#include "replication/replication.h"

#define ORIGIN_KEEP_SEQS UINT64_C(1000000) /* part of ENTRY_LEVEL */

struct applier;

enum applier_point { APPLIER_BEGIN, APPLIER_ENTRY, APPLIER_SAVE, APPLIER_COMMIT, APPLIER_COMMITTED };

/* Where tests make it fail: true at a point is a failure of the machine there. Nothing fails after APPLIER_COMMITTED. */
struct applier_probe {
	bool (*fails)(void *arg, enum applier_point point);
	void *arg;
};

struct applier_options {
	struct store *store;
	struct log *log;             /* borrowed: identity, release_message */
	struct publisher *publisher; /* borrowed */
	struct origin origin;        /* ours */
	bool is_local;
	const struct clock *clock;
	const struct logger *logger;
	void (*wake)(void *arg); /* any thread: applier_step has something to do */
	void *wake_arg;
	uint64_t origin_keep_seqs;         /* 0: ORIGIN_KEEP_SEQS; only tests differ */
	const struct applier_probe *probe; /* NULL */
};

#define APPLIER_NEVER INT64_MAX

/* Opens the writer, makes the tables that are missing, reads how far this file has come. */
int applier_open(struct applier **out, const struct applier_options *options, struct err *err);
/* Answers writes that were delivered and not applied (08007), gives messages back. */
void applier_close(struct applier *a);

/* The log's callbacks of the same name. */
void applier_on_message(struct applier *a, const struct log_message *m);
void applier_on_state(struct applier *a, enum log_state state, const struct err *err);
/* The log reaches up to here at least. */
void applier_on_head(struct applier *a, uint64_t seq);

/* Applies a group of messages, commits it and answers; returns the monotonic time at which it wants to be called again though
 * nobody woke it (0: at once). */
int64_t applier_step(struct applier *a);

uint64_t applier_applied_seq(struct applier *a);
uint64_t applier_generation(struct applier *a);
uint64_t applier_schema_version(struct applier *a);
const struct catalog *applier_catalog(struct applier *a); /* a reference for the caller */
void applier_status(struct applier *a, struct replication_status *out);
/* Nothing waits to be applied. */
bool applier_is_idle(struct applier *a);
/* The running hash after `seq`, while it is remembered. Applier's thread. */
bool applier_hash_at(struct applier *a, uint64_t seq, uint64_t *hash);

#endif
