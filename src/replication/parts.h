/* parts.h - batches too large for one message: their parts wait in the database until the last one is there.
 *
 * Owns:     the rows of _nqlite_part.
 * Runs on:  the applier's thread, in the writer's open transaction.
 * Promises: a part is stored in the transaction that counts its seq as applied, so a restart forgets none; the batch is complete at the
 *           same seq on every node. What will never be complete is dropped, at the same seq on every node.
 * Fails by: struct err; such failures are this machine's. */
#ifndef NQLITE_REPLICATION_PARTS_H
#define NQLITE_REPLICATION_PARTS_H

#include "replication/entry.h"
#include "store/conn.h"

struct parts {
	struct conn *conn;
	int64_t nrows; /* parts that wait, of all batches */
};

int parts_open(struct parts *p, struct conn *conn, struct err *err);

/* Stores a part (a repeated one changes nothing). When it was the last one missing, *is_complete is true, `bytes` holds the
 * whole batch, and its parts are gone. */
int parts_add(struct parts *p, const struct part_header *h, uint64_t seq, struct buf *bytes,
    bool *is_complete, struct err *err);

/* Drops those of an origin's batches up to `number`, which were decided otherwise. */
int parts_drop(struct parts *p, const struct origin *origin, uint64_t number, struct err *err);
/* Drops those that came before `seq`. */
int parts_drop_before(struct parts *p, uint64_t seq, struct err *err);

#endif
