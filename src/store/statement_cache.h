/* statement_cache.h - the prepared statements of one connection, by text, least recently used out first.
 *
 * Owns:     one reference to each statement in it.
 * Runs on:  the thread of its connection.
 * Promises: finding one costs a hash and a comparison; a statement that a cursor holds stays valid when it is put out.
 * Fails by: 53200 when memory is out at init; a statement that can't be kept just isn't. */
#ifndef NQLITE_STORE_STATEMENT_CACHE_H
#define NQLITE_STORE_STATEMENT_CACHE_H

#include <sqlite3.h>

#include <stdbool.h>

#include "base/err.h"
#include "base/value.h"

/* Longer texts are prepared anew each time: they are bulk loads, seldom the same twice. */
#define STATEMENT_CACHE_TEXT_MAX 16384

struct conn_statement {
	sqlite3_stmt *stmt;
	char *sql; /* NUL-terminated copy */
	size_t sql_len;
	uint64_t hash;
	unsigned refs;
	bool is_internal;
	bool is_open;               /* by a cursor: another one needs its own */
	bool changes_schema;        /* DDL, ANALYZE, REINDEX */
	bool rolls_back;            /* ROLLBACK, ROLLBACK TO */
	const char *local_function; /* one that it calls and whose result differs by node, or NULL */
	uint64_t schema_generation; /* of the connection, when it was prepared */
	uint64_t thousands;         /* VM operations since it was bound */
	struct value *row;          /* room for row_size values */
	size_t ncolumns, row_size;

	/* private: of the cache */
	struct conn_statement *newer, *older, *chain;
	bool is_kept;
};

struct statement_cache {
	/* private */
	struct conn_statement **buckets;
	size_t nbuckets; /* a power of two */
	struct conn_statement *newest, *oldest;
	size_t count, count_max;
};

int statement_cache_init(struct statement_cache *c, size_t count_max, struct err *err);
void statement_cache_release(struct statement_cache *c);

/* The statement of this text, now the most recently used, or NULL. Lent: take a reference to keep it. */
struct conn_statement *statement_cache_find(
    struct statement_cache *c, const char *sql, size_t sql_len, bool is_internal);
/* Keeps it (one more reference), putting out the oldest when full. Its text must not be in the cache. */
void statement_cache_put(struct statement_cache *c, struct conn_statement *s);
/* Puts it out. */
void statement_cache_drop(struct statement_cache *c, struct conn_statement *s);

/* A statement with one reference, the caller's, and no sqlite3_stmt yet; NULL when memory is out. */
struct conn_statement *conn_statement_new(const char *sql, size_t sql_len, bool is_internal);
void conn_statement_ref(struct conn_statement *s);
void conn_statement_unref(struct conn_statement *s);

#endif
