/* replication.h - one database's way through the log: publisher, applier and log, put together.
 *
 * Owns:     the publisher (group commit), the applier (the only writer of the file), the log, and their threads.
 * Runs on:  replication_submit, _cancel, _status: any thread.
 * Promises: an entry's effects, the seq and the origin's window commit in one SQLite transaction; an entry is applied exactly once;
 *           an answer is given after it is applied here.
 * Fails by: refusing writes with a reason while it can't publish; stopping with a reason when it can't apply. */
#ifndef NQLITE_REPLICATION_REPLICATION_H
#define NQLITE_REPLICATION_REPLICATION_H

#include "base/clock.h"
#include "base/logger.h"
#include "catalog/catalog.h"
#include "replication/log.h"
#include "replication/write.h"
#include "store/store.h"

struct replication;

struct replication_options {
	struct store *store;
	struct log *log; /* replication owns it from here */
	bool is_local;   /* publisher and applier share a thread: there is no network between them */
	int64_t
	    write_wait_ms; /* how long a write waits for a log that is away: then 08006 if it was never published, 08007 if it may have been. Default 10 s */
	size_t batch_bytes_max;       /* default 512 KiB, and never more than the log's message_max */
	size_t batches_in_flight_max; /* default 8, at most 32: the origin's window is 64 batches */
	size_t
	    pending_bytes_max; /* entries waiting to be published; past it a write is refused with 53200. Default 256 MiB */
	const struct clock *clock;
	const struct logger *logger;
};

int replication_start(struct replication **out, const struct replication_options *options, struct err *err);
/* Finishes what is in the log's hands (at most `wait_ms`), answers the rest (57P01), joins the threads. No submit, cancel or
 * wait may come after it was called. */
void replication_stop(struct replication *r, int64_t wait_ms);

/* Takes the write; w->on_done follows. No order is promised between two writes that are under way at the same time. */
void replication_submit(struct replication *r, struct write *w);
/* Asks for it to be refused (57014) if it isn't published yet. The caller still owns it and has on_done to come. */
void replication_cancel(struct replication *r, struct write *w);

/* The newest catalog; one reference for the caller. Published before the writes that made it are answered. */
const struct catalog *replication_catalog(struct replication *r);
uint64_t replication_schema_version(struct replication *r); /* cheap: has it moved? */

/* Grows whenever something was committed: a reader whose snapshot is older than it takes a new one. */
uint64_t replication_applied_generation(struct replication *r);

enum replication_phase {
	PHASE_CONNECTING,
	PHASE_CATCHING_UP,
	PHASE_READY,
	PHASE_DISCONNECTED,
	PHASE_STOPPED
};
struct replication_status {
	enum replication_phase phase;
	uint64_t applied_seq, head_seq; /* head: the newest known */
	uint64_t applied_hash;          /* running hash */
	uint64_t entries, failures, duplicates;
	struct err err; /* PHASE_STOPPED, PHASE_DISCONNECTED: why */
	char cluster_id[40];
};
void replication_status(struct replication *r, struct replication_status *out);

/* Calls on_reached(arg, ok) on some thread once the head of the log, asked now, is applied here (linearizable reads), or
 * `seq` is (seq != 0); not ok after wait_ms. */
void replication_wait(
    struct replication *r, uint64_t seq, int64_t wait_ms, void (*on_reached)(void *arg, bool ok), void *arg);

#endif
