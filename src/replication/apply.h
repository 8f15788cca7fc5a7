/* apply.h - messages of the log, one after the other, in an open SQLite transaction.
 *
 * Owns:     the write connection, the origins' windows, parts that wait, the running hash, the catalog that the writer sees.
 * Runs on:  the applier's thread.
 * Promises: a message's effects and what is kept beside them (apply_state.h) commit together. What a message does depends on the
 *           message and the database alone: not on the messages that happen to share its transaction.
 * Fails by: enum applied, and struct err. After a failure apply_abandon undoes the whole transaction.
 *
 * A batch carries the seq that its origin had applied when it made it. One that is `origin_keep_seqs` older than its place in the log
 * is void: so that windows can be forgotten that long after an origin's last batch, and still no batch is applied twice.
 *
 * The running hash: hash(seq) = H(H(hash(seq - 1), message bytes), outcomes), with hash(0) = 0. */
#ifndef NQLITE_REPLICATION_APPLY_H
#define NQLITE_REPLICATION_APPLY_H

#include "base/logger.h"
#include "base/queue.h"
#include "catalog/catalog.h"
#include "replication/apply_state.h"
#include "replication/execute.h"
#include "replication/log.h"
#include "replication/parts.h"
#include "store/store.h"

#define ORIGIN_KEEP_SEQS UINT64_C(1000000) /* part of ENTRY_LEVEL */
#define APPLY_HASHES_MAX 4096              /* remembered */

/* A message that waits to be applied, or is. */
struct delivery {
	struct queue_node node;
	struct log_message m;
	bool is_claimed;       /* it is a batch of ours, and whoever waits for it is known: */
	struct write **writes; /* in the order of its entries, NULL where answered */
	size_t nwrites;
};

enum apply_point { APPLY_BEGIN, APPLY_ENTRY, APPLY_SAVE, APPLY_COMMIT, APPLY_COMMITTED };

/* Where tests make it fail: true at a point is a failure of the machine there. Nothing fails at APPLY_COMMITTED. */
struct apply_probe {
	bool (*fails)(void *arg, enum apply_point point);
	void *arg;
};

struct apply_options {
	struct store *store;
	struct origin origin; /* ours */
	/* The writes of a batch of ours, in the order of its entries; the array is ours to free. */
	struct write **(*claim)(void *arg, uint64_t number, size_t *n);
	void *claim_arg;
	uint64_t origin_keep_seqs; /* 0: ORIGIN_KEEP_SEQS; only tests differ */
	const struct logger *logger;
	const struct apply_probe *probe; /* NULL */
};

struct apply_counts {
	uint64_t entries, failures, duplicates;
};

struct apply { /* embedded by its user, who reads: */
	struct conn *conn;
	struct apply_state committed;
	struct apply_counts counts;
	const struct catalog *catalog; /* committed */
	/* private */
	struct apply_options o;
	struct executor executor;
	struct origin_windows windows;
	struct parts parts;
	struct buf batch; /* put together from parts */
	/* What will be committed; what of that is in its rows already. */
	struct apply_state working, saved;
	struct apply_counts working_counts;
	struct seq_hash {
		uint64_t seq, hash;
	} hashes[APPLY_HASHES_MAX];         /* by seq modulo APPLY_HASHES_MAX */
	const struct catalog *next_catalog; /* made by the open transaction, or NULL */
	bool must_reload;                   /* windows and parts: a transaction was rolled back */
};

/* Opens the writer, makes the tables that are missing, reads how far this file has come. */
int apply_open(struct apply *a, const struct apply_options *options, struct err *err);
void apply_close(struct apply *a);

enum applied {
	APPLIED_ONE,   /* it is part of the transaction now, or was applied before */
	APPLIED_LOCAL, /* this machine failed: abandon, and try again later. err */
	APPLIED_LOST,  /* a statement ended the transaction: abandon, and apply the same messages again */
	APPLIED_STOP,  /* it must not be applied here. Nothing was done. err */
};

int apply_begin(struct apply *a, struct err *err);
enum applied apply_message(struct apply *a, struct delivery *d, struct err *err);
int apply_commit(struct apply *a, struct err *err);
void apply_abandon(struct apply *a);

/* In a transaction of its own. */
int apply_save_identity(struct apply *a, const char *cluster_id, int64_t created_us, struct err *err);

/* The running hash after `seq`, while it is remembered. */
bool apply_hash_at(const struct apply *a, uint64_t seq, uint64_t *hash);

#endif
