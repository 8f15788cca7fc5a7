/* data.h - what a catalog knows beyond what the translator asks for: indexes, foreign keys, sequences, texts.
 *
 * Owns:     struct catalog_data owns the arena in which all of it lies, itself included.
 * Runs on:  build: the loading thread. After that it never changes, but for the count of references.
 * Promises: arrays are sorted as said; texts end with NUL and live as long as the catalog.
 * Fails by: it is plain data. Private to src/catalog. */
#ifndef NQLITE_CATALOG_DATA_H
#define NQLITE_CATALOG_DATA_H

#include <stdatomic.h>

#include "base/arena.h"
#include "catalog/catalog.h"
#include "catalog/lookup.h"

enum {
	OID_SCHEMA_PG_CATALOG = 11,
	OID_SCHEMA_PUBLIC = 2200,
	OID_SCHEMA_INFORMATION = 13207,
	OID_ROLE_SUPERUSER = 10,
	OID_DATABASE_POSTGRES = 5,
	OID_DATABASE = 16383, /* the last that PostgreSQL never gives to a user's object */
	OID_AM_HEAP = 2,
	OID_AM_BTREE = 403,
	OID_COLLATION_DEFAULT = 100,
	OID_COLLATION_C = 950,
	OID_COLLATION_POSIX = 951,
	OID_TABLESPACE_DEFAULT = 1663,
	OID_TABLESPACE_GLOBAL = 1664,
	OID_FIRST_NORMAL = 16384, /* as PostgreSQL's FirstNormalObjectId */
	OID_FIRST_SYNTHETIC =
	    SCHEMA_SYNTHETIC_OID_MIN, /* oids of what has no row in the _nqlite_ tables: the hash of its name picks one */
	OID_SYNTHETIC_COUNT = 1000000000,
};

#define CATALOG_OWNER    "nqlite"
#define CATALOG_DATABASE "nqlite"

/* An index as pg_index has it. For every primary key and unique constraint there is one, as in PostgreSQL, also where SQLite
 * has none (the rowid). */
struct catalog_index {
	struct constraint
	    as_constraint; /* first; what find_index lends. kind: p, u, x, or 'i' for one that isn't unique */
	oid_t oid;
	const struct catalog_relation *table;
	const char *sqlite_name; /* NULL: the rowid */
	const char *sql;         /* CREATE INDEX as SQLite has it, or NULL */
	const bool *is_descending;
	bool has_expressions; /* their attnums are 0 */
};

/* What struct constraint doesn't say; details[i] belongs to constraints[i]. */
struct constraint_detail {
	const char *definition;                /* PostgreSQL's SQL after the name, or NULL */
	const struct catalog_index *index;     /* p, u, x: its own; f: the one referred to, or NULL */
	const struct catalog_relation *target; /* f: the table referred to, or NULL when it isn't there */
	const int16_t *target_attnums;         /* f: ntarget of them, as many as attnums */
	size_t ntarget;
	char on_update, on_delete; /* f: a no action, r restrict, c cascade, n set null, d set default */
};

struct catalog_sequence {
	const struct catalog_relation *relation;
	int64_t start, increment, min, max;
	bool is_cyclic;
};

struct catalog_relation {
	struct relation relation; /* first */
	const struct constraint_detail *details;
	const struct catalog_index *indexes;
	size_t nindexes;
	const char *sql;        /* CREATE .. as SQLite has it; NULL for a system relation or a sequence */
	bool is_made_in_sqlite; /* no row in _nqlite_class */
};

struct catalog_data {
	struct arena arena;
	atomic_size_t references;
	const char *const *schemas; /* of the user: public and others; sorted */
	const oid_t *schema_oids;
	size_t nschemas;
	const struct relation *const *relations; /* system ones first, then the user's by schema and name */
	size_t nrelations, nsystem;
	const struct catalog_index *const *indexes; /* by table, then name */
	size_t nindexes;
	const struct catalog_sequence *sequences;
	size_t nsequences;
	struct lookup relation_names, index_names; /* by name alone: the schema is compared */
	struct lookup relation_oids;
};

static inline const struct catalog_relation *catalog_relation_of(const struct relation *r)
{
	return (const struct catalog_relation *)(const void *)r;
}

#endif
