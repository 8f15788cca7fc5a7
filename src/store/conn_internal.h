/* conn_internal.h - what a connection is made of; for this folder's own files.
 *
 * Owns:     see conn.h.
 * Runs on:  see conn.h.
 * Promises: see conn.h.
 * Fails by: see conn.h. */
#ifndef NQLITE_STORE_CONN_INTERNAL_H
#define NQLITE_STORE_CONN_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/authorizer.h"
#include "store/conn.h"
#include "store/env_vfs.h"
#include "store/functions.h"
#include "store/statement_cache.h"
#include "store/store.h"

#define BUSY_TIMEOUT_MS \
	5000 /* for somebody else's lock: a sqlite3 shell on the file, a recovery of the WAL */

/* A function as one connection has it: SQLite's user data. */
struct bound_function {
	struct conn *conn;
	const struct sql_function *function;
};

/* Why the progress handler stopped a statement. */
enum stop_reason {
	STOP_NONE,
	STOP_INTERRUPT,
	STOP_BUDGET /* run_limits */,
	STOP_LIMIT /* environment.ops_max */
};

/* The statement that runs. One at a time; a function that runs statements of its own saves and restores it. */
struct run {
	struct conn_statement *statement;
	uint64_t thousands;        /* VM operations in this cursor_run */
	uint64_t thousands_budget; /* 0: none */
	uint64_t thousands_limit;  /* of the statement's life since it was bound, 0: none */
	enum stop_reason stopped;
};

struct conn {
	sqlite3 *db;
	struct store *store;
	enum conn_kind kind;
	struct env_vfs vfs; /* of this handle alone: SQLite asks the VFS of a handle for the time */
	struct statement_cache statements;
	struct authorizer authorizer;

	struct environment environment;
	bool has_environment;
	uint64_t draws; /* random numbers drawn in this environment */
	const void *tables_context;

	atomic_bool is_interrupted; /* set by any thread, cleared by conn_clear_interrupt */
	atomic_bool is_running;     /* a cursor_run is under way */
	struct run run;
	struct err
	    raised; /* by function_fail, the authorizer or a virtual table: better than SQLite's sentence */
	bool has_raised;
	bool failure_is_local;
	bool holds_snapshot;

	struct conn_statement *inspected;  /* by conn_inspect last: one reference, or NULL */
	struct bound_function **functions; /* one array for each table registered */
	size_t nfunctions;

	/* The writer prepares anew what was prepared before the schema changed, rather than letting SQLite do it in the midst
	 * of sqlite3_step, where it would count against ops_max on one node and not on another. */
	uint64_t schema_generation;
	bool schema_is_dirty; /* changed in this transaction */

	int wal_frames;         /* in the WAL after the writer's last commit */
	int wal_frames_checked; /* of them, there when a checkpoint could not write all back */
	struct conn *next;      /* in the store's pool */
};

/* Opens the store's file through `base_vfs` (NULL: the default VFS) with everything that a connection has. A VFS of the
 * connection's own is laid over the base: it hands all calls on to it (with the base as their VFS) and answers for the clock. The base must serve
 * reads when this is called, since SQLite looks at the file at once, and stay registered until conn_close. */
int conn_open(
    struct conn **out, struct store *store, enum conn_kind kind, const char *base_vfs, struct err *err);

/* Prepares `sql`, or finds it in the cache; *out has one reference. *tail: bytes up to the end of the first statement and the
 * blanks after it. *out is NULL when there is no statement in it. */
int conn_prepare(struct conn *conn, const char *sql, size_t sql_len, bool is_internal,
    struct conn_statement **out, size_t *tail, struct err *err);

/* Makes the source a table of this connection. */
int virtual_table_register(struct conn *conn, const struct table_source *source, struct err *err);

/* The SQLite handle: file controls, transaction state. */
sqlite3 *conn_sqlite(struct conn *conn);

/* Ends the transaction, if there is one, whether or not the connection is interrupted. The interrupt stays. */
void conn_rollback(struct conn *conn);

/* Keeps an err for the statement that runs; it is returned instead of SQLite's own. */
struct err *conn_raise(struct conn *conn);

/* store.c, for speculation.c: the pool of idle speculations hangs off the store, under a mutex of its own. speculation.c
 * sets `free_pool` when it makes the pool; store_close calls it before anything else goes. */
struct speculation_pool;
struct speculation_slot {
	pthread_mutex_t mutex;
	struct speculation_pool *pool;
	void (*free_pool)(struct speculation_pool *pool);
};
struct speculation_slot *store_speculation_slot(struct store *store);
const struct store_options *store_settings(const struct store *store);
/* conn_close tells that the one writer is gone. */
void store_writer_closed(struct store *store);

#endif
