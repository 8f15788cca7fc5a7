/* applier.h - turn the replicated log into committed SQLite transactions, in order.
 *
 * Owns:     the only write connection, the last applied seq and running hash, messages that wait to be applied, the newest catalog.
 * Runs on:  applier_open, _step and _close: the applier's thread. The on_ functions and those that only look: any thread.
 * Promises: a message's effects, its seq, the running hash and the origin's window commit in one SQLite transaction; many messages
 *           share one. After the commit the new state can be seen, and only then the writes are answered. A batch is applied
 *           once, however often it is delivered.
 * Fails by: stopping with a reason (PHASE_STOPPED). It never skips an entry. When the machine fails (disk full, memory), nothing
 *           of the transaction stays, and it is tried again until it works. */
#ifndef NQLITE_REPLICATION_APPLIER_H
#define NQLITE_REPLICATION_APPLIER_H

#include "replication/apply.h"
#include "replication/publisher.h"
#include "replication/replication.h"

struct applier;

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
	uint64_t origin_keep_seqs;       /* 0: ORIGIN_KEEP_SEQS; only tests differ */
	const struct apply_probe *probe; /* NULL */
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

#endif
