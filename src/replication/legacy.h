/* legacy.h - messages of the original nqlite: a JSON array of statements.
 *
 * Owns:     nothing.
 * Runs on:  the applier's thread, in the writer's open transaction.
 * Promises: each statement runs on its own, in order, as the original ran it; one that fails is passed over, and so is what isn't a
 *           statement. now() is the time at which the log took the message, random numbers are seeded by its seq: every node
 *           has the same.
 * Fails by: a verdict: APPLIED, LOCAL or LOST.
 *
 *   ["SQL", "SQL", ..]   [["SQL", p1, p2, ..], ..]   [["SQL", [p1, p2]], ..]   [["SQL", {"name": v, ..}], ..]
 *
 * What the original let through and should not have (transaction control, ATTACH, pragmas that write, _nqlite_ tables) fails
 * here. */
#ifndef NQLITE_REPLICATION_LEGACY_H
#define NQLITE_REPLICATION_LEGACY_H

#include "replication/execute.h"
#include "replication/log.h"

/* Counts *schema_version up when the message changed the schema; adds up statements run and failed. */
enum verdict legacy_apply(struct executor *x, const struct log_message *m, uint64_t *schema_version,
    uint64_t *nrun, uint64_t *nfailed, struct err *err);

#endif
