/* conn.h - an SQLite connection with its statement cache, environment and functions.
 *
 * Owns:     the sqlite3 handle, its prepared statements, and the cursors opened on it.
 * Runs on:  one thread at a time; it may move between threads between calls. conn_interrupt: any thread.
 * Promises: a reader can't write, the writer is the only one that writes the file, a speculative connection writes a private
 *           view; SQL functions see the environment that was set and nothing else of the machine.
 *           After 54000 by ops_max, 57014 and what conn_failure_is_local says, a write's whole transaction may be gone, not just
 *           the statement: that is SQLite's way; conn_in_transaction tells.
 * Fails by: struct err, with SQLite's error translated (SQLITE_CONSTRAINT_UNIQUE -> 23505 with table and columns ..);
 *           conn_failure_is_local says whether the machine failed (disk, memory) or the statement. */
#ifndef NQLITE_STORE_CONN_H
#define NQLITE_STORE_CONN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/value.h"

struct store;
struct conn;

enum conn_kind { CONN_READER, CONN_WRITER, CONN_SPECULATIVE };

/* What execution may depend on besides the database (docs/architecture.md, section 4). Copied by conn_set_environment. */
struct environment {
	int64_t now_us; /* now(), CURRENT_TIMESTAMP, 'now': microseconds since 1970-01-01 UTC */
	uint64_t seed;  /* of random(), randomblob(), gen_random_uuid() .. */
	/* VM operations that a statement may take, 0: no limit. Deterministic: the same entry fails everywhere, with 54000. */
	uint64_t ops_max;
	char role[64];     /* current_user */
	char timezone[64]; /* session TimeZone for functions; "" is UTC */
};

/* Where rows go. The values borrow from SQLite and hold during the call only. */
struct row_sink {
	enum row_verdict (*on_row)(
	    struct row_sink *sink, const struct value *values, size_t n, struct err *err);
};
enum row_verdict { ROW_NEXT, ROW_PAUSE /* taken; stop here for now */, ROW_FAIL /* err is set */ };

/* A text with its parameters. */
struct query {
	const char *sql;
	size_t sql_len;
	const struct value
	    *params; /* bytes are copied when binding unless they outlive the cursor: see cursor_open */
	size_t nparams;
	bool params_outlive; /* the bytes stay until cursor_close, so they needn't be copied */
	bool is_internal;    /* may write _nqlite_ tables */
};

struct cursor { /* embedded by its user */
	/* private */
	struct conn *conn;
	struct conn_statement *statement;
	size_t ncolumns;
	int64_t changes_before, changes;
};

enum cursor_result {
	CURSOR_DONE,        /* ran to its end */
	CURSOR_PAUSED,      /* the sink asked, or rows_max; call again for more */
	CURSOR_OVER_BUDGET, /* ops_max reached: it has been reset and would start from its beginning */
	CURSOR_FAILED,
};

struct run_limits {
	uint64_t rows_max; /* pause after so many, 0: no limit */
	uint64_t ops_max; /* VM operations (rounded to the thousand) before CURSOR_OVER_BUDGET, 0: no limit */
};

/* Prepares (or takes from the cache) and binds. A text with more than one statement is refused (42601). 0 or -1. */
int cursor_open(struct cursor *c, struct conn *conn, const struct query *query, struct err *err);
enum cursor_result cursor_run(
    struct cursor *c, struct row_sink *sink, const struct run_limits *limits, struct err *err);
/* Columns of the statement, their names as SQLite has them and declared types (NULL: an expression); lent until close. */
size_t cursor_columns(const struct cursor *c);
const char *cursor_column_name(const struct cursor *c, size_t i);
const char *cursor_column_decltype(const struct cursor *c, size_t i);
/* Rows that it inserted, updated or deleted; valid after CURSOR_DONE. */
int64_t cursor_changes(const struct cursor *c);
void cursor_close(struct cursor *c);

/* Opens, runs to the end, closes. `sink` and `changes` may be NULL. 0 or -1. */
int conn_run(
    struct conn *conn, const struct query *query, struct row_sink *sink, int64_t *changes, struct err *err);
/* The same for a constant text without parameters (BEGIN, SAVEPOINT ..), internal. */
int conn_exec(struct conn *conn, const char *sql, struct err *err);

/* Also starts the count of random numbers anew, and last_insert_rowid() at 0. NULL (readers): the machine's clock, a seed of
 * its own. */
void conn_set_environment(struct conn *conn, const struct environment *env);
/* Only the random numbers begin anew: the next statement of the same entry. */
void conn_set_seed(struct conn *conn, uint64_t seed);
/* What virtual tables (virtual_table.h) answer from: the catalog of the moment. Borrowed. */
void conn_set_tables_context(struct conn *conn, const void *context);
const void *conn_tables_context(const struct conn *conn);

bool conn_failure_is_local(const struct conn *conn); /* of the last failure */
int64_t conn_last_insert_rowid(const struct conn *conn);
bool conn_in_transaction(const struct conn *conn);
/* Makes the statement that runs now fail with 57014, on any thread; the flag stays until conn_clear_interrupt. */
void conn_interrupt(struct conn *conn);
void conn_clear_interrupt(struct conn *conn);

/* Readers: keeps one snapshot for all statements until conn_release_snapshot. Cheap; holding one keeps the WAL from being reset. */
int conn_hold_snapshot(struct conn *conn, struct err *err);
void conn_release_snapshot(struct conn *conn);

/* What SQLite says of a text without running it, for HTTP: the first statement in it. */
struct statement_info {
	size_t used;      /* bytes up to the end of the first statement; 0 statements: is_empty */
	bool is_empty;    /* blanks and comments only */
	bool is_readonly; /* sqlite3_stmt_readonly */
	bool is_explain;
	bool changes_schema; /* DDL, ANALYZE, REINDEX */
	size_t nparams;      /* the largest parameter index */
	size_t ncolumns;     /* of the rows that it gives, 0: none */
};
/* 0, or -1: it doesn't prepare (err as SQLite says it), or users may not run it (transaction control, ATTACH, VACUUM, writing
 * pragmas, _nqlite_ tables). */
int conn_inspect(
    struct conn *conn, const char *sql, size_t sql_len, struct statement_info *info, struct err *err);
/* Name of parameter i (from 1) of the statement inspected last, with its prefix, or NULL. */
const char *conn_inspected_param(struct conn *conn, size_t i);
/* Column i of the statement inspected last: its name (NULL: out of memory) and declared type (NULL: an expression). Of a write they are
 * those of the schema as this connection saw it last (conn_hold_snapshot looks); of a read the cursor knows better. */
const char *conn_inspected_column(struct conn *conn, size_t i);
const char *conn_inspected_decltype(struct conn *conn, size_t i);

#endif
