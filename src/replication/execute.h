/* execute.h - run one entry at its place in the log, with nothing but the entry and the database to depend on.
 *
 * Owns:     the outcomes of the message at hand, and the failures that took the whole transaction with them.
 * Runs on:  the applier's thread, in the writer's open transaction.
 * Promises: an entry's effects are there whole or not at all; the same entry on the same state has the same outcome everywhere.
 * Fails by: a verdict. What a statement asks for itself stays as SQLite means it: INSERT OR FAIL, alone in its entry or separate,
 *           keeps the rows before the bad one.
 *
 * INSERT OR ROLLBACK, RAISE(ROLLBACK) and their like end SQLite's transaction, and with it all that was applied in it; a deferred
 * foreign key that an entry leaves unsatisfied would end it at COMMIT. Then the failure is remembered by its place, all messages of the transaction are applied again, and at that place the statement
 * fails without being run. */
#ifndef NQLITE_REPLICATION_EXECUTE_H
#define NQLITE_REPLICATION_EXECUTE_H

#include "replication/entry.h"
#include "replication/write.h"
#include "store/conn.h"

/* VM operations that a statement may take, some minute's worth: an UPDATE of fifty million rows. Part of ENTRY_LEVEL: it decides outcomes. */
#define EXECUTE_OPS_MAX UINT64_C(2000000000)

enum verdict {
	VERDICT_APPLIED,
	VERDICT_FAILED, /* rolled back alone: err */
	VERDICT_STALE,  /* translated for another schema version: nothing was done */
	VERDICT_BAD, /* the bytes are no entry: rolled back; what follows in the message can't be read. err */
	VERDICT_LOCAL, /* this machine failed, not the entry: roll the transaction back, apply it again later. err */
	VERDICT_LOST, /* the transaction is gone: apply it again from its beginning */
};

struct place { /* of a statement's run in the log */
	uint64_t seq;
	uint32_t entry, statement, row;
};

struct known_failure;

struct executor {
	struct conn *conn;
	struct buf outcomes; /* of the message at hand, for the running hash */
	/* private */
	struct value *values;
	size_t values_cap;
	struct known_failure *known;
	size_t nknown, known_cap;
};

void executor_init(struct executor *x, struct conn *conn);
void executor_release(struct executor *x);
/* The transaction was committed: its failures needn't be known any longer. */
void executor_forget(struct executor *x);

/* Reads the next entry from `r` and runs it. `w` is told rows, results and outcome, unless it is NULL. An entry that changes the
 * schema counts *schema_version up. */
enum verdict executor_run(struct executor *x, struct entry_reader *r, uint64_t seq, uint32_t entry,
    struct write *w, uint64_t *schema_version, struct err *err);

/* Runs one statement: APPLIED, FAILED (the statement alone left no effects), LOCAL or LOST. */
enum verdict executor_run_query(struct executor *x, const struct place *at, const struct query *query,
    struct row_sink *sink, int64_t *changes, struct err *err);

/* Has the statement or entry that ends here left a deferred foreign key unsatisfied? Then it must not become part of a transaction
 * that others share: FAILED when there is a savepoint to go back to, else LOST; APPLIED when all is well. */
enum verdict executor_check_violations(
    struct executor *x, const struct place *at, bool has_savepoint, struct err *err);

#endif
