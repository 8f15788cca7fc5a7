/* store.h - one database file: who may open it, and how.
 *
 * Owns:     the file, its VFS (whose clock is the environment's), the pool of readers, the pool of speculations.
 * Runs on:  any thread, where not said otherwise.
 * Promises: WAL mode; one writer; readers never wait for it, nor it for them.
 * Fails by: struct err; a file that isn't a database or is corrupt is refused with XX001 and what to do. */
#ifndef NQLITE_STORE_STORE_H
#define NQLITE_STORE_STORE_H

#include "base/logger.h"
#include "store/conn.h"

struct table_source; /* virtual_table.h */

struct store_options {
	const char *path;      /* or ":memory:": a file in a private directory that store_close deletes */
	bool is_durable;       /* synchronous=FULL: embedded, the file is the log. Else NORMAL */
	size_t readers_max;    /* default 64 */
	size_t cache_bytes;    /* page cache of a connection, default 8 MiB */
	size_t statements_max; /* prepared statements cached in a connection, default 256 */
	int64_t wal_bytes_max; /* the writer checkpoints past this, default 16 MiB */
	int64_t mmap_bytes;    /* of the file, mapped by store_open_reader's; default 1 GiB, -1: none */
	const struct table_source *const *tables; /* NULL-terminated: virtual tables on every connection */
	const struct logger *logger;
};

int store_open(struct store **out, const struct store_options *options, struct err *err);
/* All connections must be back. */
void store_close(struct store *store);
const char *store_path(const struct store *store);

/* The one writer. Opened once, by the applier; closed with conn_close. */
int store_open_writer(struct store *store, struct conn **out, struct err *err);
/* A reader of one's own, outside the pool's count (loops keep one each). It maps the file: point reads are half as dear, and
 * the pages it touches show in the process's resident memory though they are the kernel's. Long scans belong to the pool. */
int store_open_reader(struct store *store, struct conn **out, struct err *err);
void conn_close(struct conn *conn);

/* A pooled reader; 53300 when readers_max are out. Given back with no cursor open; its snapshot is released. */
int store_take_reader(struct store *store, struct conn **out, struct err *err);
void store_give_reader(struct store *store, struct conn *conn);

/* After a commit: has the WAL grown past wal_bytes_max, so that it is time for store_checkpoint? Costs a comparison. */
bool store_needs_checkpoint(const struct store *store, const struct conn *writer);
/* Writes the WAL back into the file as far as readers let it. Past four times wal_bytes_max it also waits, 100 ms at most, for them
 * to leave the WAL, so that it begins anew. Writer's thread, outside a transaction. */
int store_checkpoint(struct store *store, struct conn *writer, struct err *err);

#endif
