/* write.h - one entry on its way through the log, from the session that made it and back.
 *
 * Owns:     the entry's bytes and the room for its answer.
 * Runs on:  its owner's thread: the submitter's until replication_submit, then replication's, and from on_done the submitter's again.
 * Promises: on_done comes exactly once for a submitted write, on a thread of replication's.
 * Fails by: outcome and err. */
#ifndef NQLITE_REPLICATION_WRITE_H
#define NQLITE_REPLICATION_WRITE_H

#include "base/queue.h"
#include "replication/entry.h"
#include "store/conn.h"

enum write_outcome {
	WRITE_APPLIED, /* in the log and applied here */
	WRITE_FAILED,  /* in the log, rolled back on every node: err is the statement's */
	WRITE_RETRY, /* the schema is no longer the one it was translated for: nothing was done; translate again */
	WRITE_REFUSED, /* never got into the log: nothing was done (08006 the log is away, 57P03, 54000, 57014 canceled ..) */
	WRITE_UNKNOWN, /* may or may not be applied (08007) */
};

struct write_result { /* of one statement */
	int64_t changes;
	int64_t last_insert_rowid;
	bool has_failed; /* STATEMENT_SEPARATE: this one failed alone */
};

struct write {
	struct queue_node node; /* of whichever queue it is in */
	struct buf entry;       /* one whole encoded entry */
	uint32_t nstatements;
	struct write_result *results; /* nstatements, made by the submitter */
	/* Rows of statement i go here, on the applier's thread; NULL: dropped. The err of a failing separate statement goes to on_error.
	 * Both may come again for the same statement, when a transaction had to be run again: what came before is void then. A sink
	 * that fails undoes nothing: the rest of its rows is dropped, and the outcome WRITE_APPLIED comes with the sink's err. */
	struct row_sink *(*sink)(struct write *w, uint32_t statement);
	void (*on_error)(struct write *w, uint32_t statement, const struct err *err);
	void (*on_done)(struct write *w);
	void *owner; /* the submitter's */

	enum write_outcome outcome;
	struct err err;
	uint32_t failed_statement;
	uint64_t seq;

	/* private: replication's */
	uint64_t batch_number;
	int64_t submitted_us; /* monotonic */
	_Atomic bool cancel;
	struct write *next_in_batch;
};

#endif
