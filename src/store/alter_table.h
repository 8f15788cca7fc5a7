/* alter_table.h - changes to a table that SQLite's own ALTER TABLE doesn't have, as SQL functions for the steps of an entry.
 *
 * Owns:     a constant table of functions.
 * Runs on:  the thread that runs the statement.
 * Promises: what changes no stored row (constraints, NOT NULL, defaults) edits the schema's text alone; the rest makes the table anew
 *           and fills it from the old one (both of sqlite.org/lang_altertable.html, section 7). Indexes, triggers, views and the
 *           foreign keys of other tables stay. A text that SQLite wouldn't read again is never left behind.
 * Fails by: function_fail; the entry is rolled back then. */
#ifndef NQLITE_STORE_ALTER_TABLE_H
#define NQLITE_STORE_ALTER_TABLE_H

#include "store/functions.h"

/* nq_alter_table(table, operation, argument, argument), for internal texts only:
 *
 *   'set not null'     column
 *   'drop not null'    column
 *   'set default'      column, expression or NULL
 *   'add constraint'   text, name
 *   'add foreign key'  text, name              fails when a row violates it (23503)
 *   'drop constraint'  name
 *   'make rowid'       column, constraint name fails when two rows are equal in it (23505)
 *   'unmake rowid'     column
 *   'drop column'      column
 *   'set type'         column, 'TYPE|expression'
 *   'drop references'  NULL, NULL              foreign keys of other tables that refer to this one
 *
 * nq_fail(sqlstate, message) fails with them.
 * nq_notnull(value, table, column) is the value; 23502 when that is NULL. */
extern const struct sql_function functions_alter_table[];

#endif
