/* speculation.h - a private, writable view of the database: what an open transaction works on (docs/architecture.md, section 5).
 *
 * Owns:     a pin (a read transaction that keeps the snapshot's WAL frames in place), a private copy of the wal-index, the
 *           private tail of the WAL, and the speculative connection that sees them through a VFS of its own.
 * Runs on:  one thread at a time.
 * Promises: it sees the snapshot that it forked from, plus its own writes, and nothing else; nobody sees it; the file, the WAL
 *           and the real wal-index are never written; nothing is left behind, however it ends.
 * Fails by: struct err: 53400 when its private pages pass the limit, 53300 when too many are open. */
#ifndef NQLITE_STORE_SPECULATION_H
#define NQLITE_STORE_SPECULATION_H

#include "store/store.h"

struct speculation;

/* Forks the newest committed state: takes an idle speculation from the store's pool or makes one, and begins a transaction
 * in it. */
int speculation_begin(struct store *store, struct speculation **out, struct err *err);

/* The connection to run statements on; CONN_SPECULATIVE. Savepoints are run on it as SQL. */
struct conn *speculation_conn(struct speculation *s);

/* ROLLBACK, always; back into the pool. */
void speculation_end(struct speculation *s);

/* Private bytes written so far: pages that don't fit the page cache. */
int64_t speculation_bytes(const struct speculation *s);

#endif
