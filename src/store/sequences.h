/* sequences.h - the SQL functions that count: sequences, and the oids of new objects.
 *
 * Owns:     a constant table of functions.
 * Runs on:  the thread that runs the statement.
 * Promises: they count in the database itself, within the statement's transaction: the same numbers on every node.
 * Fails by: function_fail: 42P01, 2200H. */
#ifndef NQLITE_STORE_SEQUENCES_H
#define NQLITE_STORE_SEQUENCES_H

#include "store/functions.h"

/* nq_nextval(name), nq_nextval(name, table): passes over rowids of the table that SQLite gave out by itself; nq_new_oid() */
extern const struct sql_function functions_sequences[];

#endif
