/* operators.h - the table of operators: operand types, result and SQLite form, one row each.
 *
 * Owns:     the table, which is constant. It also feeds pg_operator.
 * Runs on:  any thread.
 * Promises: comparisons are SQLite's own, so that indexes serve them; arithmetic that can overflow is checked by a function.
 * Fails by: OPERATOR_NONE, OPERATOR_MANY. */
#ifndef NQLITE_SQL_OPERATORS_H
#define NQLITE_SQL_OPERATORS_H

#include "sql/resolve.h"

enum {
	OPERATOR_NULLABLE = 1, /* may give NULL for operands that aren't */
	OPERATOR_NATIVE = 2,   /* a comparison "(%1 op %2)": BETWEEN and IN may be used for it */
	OPERATOR_LIKE = 4,     /* see expr_operator.c: a constant pattern becomes GLOB */
};

struct pg_operator {
	const char *name;
	oid_t args[2]; /* of a prefix operator: one */
	uint8_t nargs;
	oid_t result;
	const char *form; /* %1, %2; NULL: PostgreSQL has it, this doesn't yet */
	unsigned flags;
};

extern const struct pg_operator sql_operators[];
extern const size_t sql_noperators;

/* The operator for operands of these types (1: prefix). */
enum resolve_result operator_find(
    const char *name, const oid_t *types, size_t ntypes, const struct pg_operator **out);

#endif
