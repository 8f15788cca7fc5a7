/* load.h - the schema as it was read: rows of SQLite's schema and of the _nqlite_ tables, before they are joined.
 *
 * Owns:     a struct load lives on catalog_load's stack; the rows lie in `scratch`, the texts in the catalog's arena.
 * Runs on:  the loading thread.
 * Promises: rows are sorted as each array says.
 * Fails by: `failed` (sticky): out of memory. Private to src/catalog. */
#ifndef NQLITE_CATALOG_LOAD_H
#define NQLITE_CATALOG_LOAD_H

#include "catalog/data.h"
#include "catalog/ddl_scan.h"

/* A table, view or index of sqlite_schema. By name. */
struct object_row {
	const char *name;
	char kind; /* t table, u virtual table, v view, i index */
	const char *table;
	const char *sql;
	/* filled while building */
	size_t first_column, ncolumns;
	size_t first_index, nindexes; /* rows of index columns */
	size_t first_key, nkeys;
	const struct class_row *class;
	struct catalog_relation *relation;
	struct ddl_table ddl; /* of a table or view: what the CREATE text says beyond the pragmas */
};

/* By table, then position. */
struct column_row {
	const char *table, *name, *declared, *default_sql;
	bool is_not_null;
	int pk; /* place in the primary key, from 1 */
	int hidden;
};

/* A key column of an index. By table, index, place. */
struct index_row {
	const char *table, *index;
	bool is_unique, is_partial, is_descending;
	char origin; /* c CREATE INDEX, u UNIQUE, p PRIMARY KEY */
	int64_t cid; /* place of the column in its table, from 0; -1 rowid, -2 expression */
};

/* A column of a foreign key. By table, key, place. */
struct key_row {
	const char *table;
	int64_t id, place;
	const char *target, *from, *to, *on_update, *on_delete;
};

struct class_row { /* by sqlite_name */
	oid_t oid;
	const char *schema, *name, *kind, *sqlite_name;
	bool is_used;
};

struct attribute_row { /* by class, attnum */
	oid_t class;
	int16_t attnum;
	const char *name;
	oid_t type;
	int32_t typmod;
	bool is_not_null;
	const char *declared, *default_pg;
	char identity;
};

struct constraint_row { /* by class, oid */
	oid_t oid, class;
	const char *name;
	char kind;
	const char *attnums, *definition, *sqlite_index;
};

struct sequence_row {
	const char *name;
	oid_t class;
	int64_t start, increment, min, max;
	bool is_cyclic;
};

/* An array that grows in the scratch arena. */
struct rows {
	void *items;
	size_t n, cap;
};

struct load {
	struct arena *arena; /* the catalog's */
	struct arena scratch;
	bool failed;
	uint64_t version;
	struct rows objects, columns, indexes, keys, classes, attributes, constraints, sequences;
};

/* Reads all rows. 0 or -1. */
int load_read(struct load *l, struct conn *conn, struct err *err);

/* Joins them into *data. 0 or -1 (out of memory). */
int load_build(struct load *l, struct catalog_data *data);

/* Zeroed memory; NULL sets `failed`. */
void *load_alloc(struct load *l, size_t size);

/* Room for one more of `size` bytes, zeroed; NULL sets `failed`. */
void *rows_add(struct load *l, struct rows *rows, size_t size);

/* The rows from `i` on; NULL when there are none at all. */
static inline const void *rows_from(const struct rows *rows, size_t i, size_t size)
{
	return rows->items == NULL ? NULL : (const char *)rows->items + i * size;
}

/* By its name in SQLite, or NULL. */
struct object_row *load_find_object(const struct load *l, const char *name);

#endif
