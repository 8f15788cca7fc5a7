/* build.h - joining the rows that were read: what build.c and build_constraints.c share.
 *
 * Owns:     a struct build lives on load_build's stack.
 * Runs on:  the loading thread.
 * Promises: the same rows give the same names and oids on every node.
 * Fails by: load->failed. Private to src/catalog. */
#ifndef NQLITE_CATALOG_BUILD_H
#define NQLITE_CATALOG_BUILD_H

#include "catalog/load.h"

struct oid_set {
	struct rows oids; /* const oid_t * */
	struct lookup lookup;
	size_t room;
};

struct build {
	struct load *load;
	struct oid_set class_oids, constraint_oids;
	struct rows indexes; /* const struct catalog_index *, of all relations */
};

/* An oid for what has no row in the _nqlite_ tables; texts that name it, NULL-terminated. */
oid_t build_oid(struct build *b, struct oid_set *set, const char *kind, const char *table, const char *name);

/* The class row of that SQLite object and kind, or NULL. */
struct class_row *build_find_class(const struct load *l, const char *sqlite_name, const char *kind);

/* Indexes and constraints of one table, whose columns stand; all relations stand. */
void build_constraints(struct build *b, struct object_row *o);

#endif
