/* virtual_table.h - read-only tables whose rows are computed: how pg_class and its like exist in SQLite.
 *
 * Owns:     nothing: a source is constant and belongs to whoever defines it.
 * Runs on:  the thread that runs the statement; `context` is the connection's (conn_set_tables_context).
 * Promises: SQLite can join, filter and sort them as any table.
 * Fails by: what the source's functions say. */
#ifndef NQLITE_STORE_VIRTUAL_TABLE_H
#define NQLITE_STORE_VIRTUAL_TABLE_H

#include "base/err.h"
#include "base/value.h"

struct table_source {
	const char *name;    /* in SQLite: pg_class, "information_schema.tables" .. */
	const char *columns; /* as in CREATE TABLE: "oid INTEGER, relname TEXT" */
	size_t ncolumns;
	const void *arg; /* of the source */
	/* Begins a scan: *scan is the source's own (NULL allowed). */
	int (*open)(const struct table_source *source, const void *context, void **scan, struct err *err);
	/* The next row's values (ncolumns), lent until the next call: 1 a row, 0 the end, -1 err. */
	int (*next)(void *scan, struct value *row, struct err *err);
	void (*close)(void *scan);
};

#endif
