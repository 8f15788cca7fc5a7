/* declared.h - what PostgreSQL type a column has that was declared in SQLite's dialect.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the same declared type gives the same type on every node; what isn't known is text, which every value has a form in.
 * Fails by: it can't. Private to src/catalog. */
#ifndef NQLITE_CATALOG_DECLARED_H
#define NQLITE_CATALOG_DECLARED_H

#include "pgwire/oid.h"

struct declared_type {
	oid_t oid;
	int32_t typmod;
};

/* `declared` as PRAGMA table_xinfo says it: "VARCHAR(10)"; NULL or "" is a column without a type. */
struct declared_type declared_type(const char *declared);

#endif
