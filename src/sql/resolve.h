/* resolve.h - which of several signatures is meant (PostgreSQL 15, sections 10.2 and 10.3).
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the choice that PostgreSQL makes for the same candidates.
 * Fails by: RESOLVE_NONE, RESOLVE_MANY. */
#ifndef NQLITE_SQL_RESOLVE_H
#define NQLITE_SQL_RESOLVE_H

#include "sql/types.h"

#define RESOLVE_CANDIDATES_MAX 128
#define RESOLVE_ARGS_MAX       100 /* FUNC_MAX_ARGS */

struct candidate {
	const void *row;   /* of the caller's table */
	const oid_t *args; /* declared types */
	size_t nargs;      /* declared; a variadic one takes more */
	bool is_variadic;  /* the last repeats */
};

enum resolve_result { RESOLVE_NONE, RESOLVE_ONE, RESOLVE_MANY };

/* Leaves the chosen one in *chosen. `candidates` is worked on. OID_UNKNOWN in types: not known yet. */
enum resolve_result resolve_candidates(struct candidate *candidates, size_t n, const oid_t *types,
    size_t ntypes, bool is_operator, const struct candidate **chosen);

/* The type that all of them become (section 10.5): OID_NONE when there is none. OID_TEXT when all are unknown. */
oid_t resolve_common_type(const oid_t *types, size_t n);

#endif
