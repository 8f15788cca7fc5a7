/* table_text.h - changes to the text of a CREATE TABLE statement, as SQLite keeps it.
 *
 * Owns:     nothing; the new text goes to the caller's buf.
 * Runs on:  any thread.
 * Promises: what isn't to change stays byte for byte, also in texts that somebody wrote by hand in SQLite's dialect.
 * Fails by: false where the text hasn't what is to be changed, or has it in a form that it doesn't know. */
#ifndef NQLITE_STORE_TABLE_TEXT_H
#define NQLITE_STORE_TABLE_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* A new item at the end: a constraint of the table. */
bool table_text_add(struct buf *out, const char *sql, const char *item);
/* Without the constraint of the table of this name. */
bool table_text_drop_constraint(struct buf *out, const char *sql, const char *name);
/* Without the foreign keys that refer to the table `target`, as constraints of the table or of columns. */
bool table_text_drop_references(struct buf *out, const char *sql, const char *target);
bool table_text_drop_column(struct buf *out, const char *sql, const char *column);
bool table_text_set_not_null(struct buf *out, const char *sql, const char *column, bool not_null);
/* NULL: without one. */
bool table_text_set_default(struct buf *out, const char *sql, const char *column, const char *expression);
/* Type and collation, e.g. "TEXT COLLATE nq_numeric". */
bool table_text_set_type(struct buf *out, const char *sql, const char *column, const char *type);
/* INTEGER PRIMARY KEY, or no longer that: then it is NOT NULL. */
bool table_text_set_rowid(struct buf *out, const char *sql, const char *column, bool is_rowid);
/* The same table under another name, quoted here. */
bool table_text_rename(struct buf *out, const char *sql, const char *name);

#endif
