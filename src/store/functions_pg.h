/* functions_pg.h - the SQL functions, aggregates and collations that translated PostgreSQL statements call.
 *
 * Owns:     two constant tables.
 * Runs on:  the thread that runs the statement.
 * Promises: every connection has all of them, so they may also stand in defaults, checks, indexes and triggers.
 * Fails by: function_fail. */
#ifndef NQLITE_STORE_FUNCTIONS_PG_H
#define NQLITE_STORE_FUNCTIONS_PG_H

#include "store/functions.h"

extern const struct sql_function functions_pg[];
extern const struct sql_collation collations_pg[];

/* The table-valued ones: nq_generate_series(start, stop [, step]). */
int functions_pg_register_tables(struct conn *conn, struct err *err);

#endif
