/* sql_text.h - the little that must be known of an SQL text before SQLite reads it.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: blanks and comments are what SQLite's tokenizer takes for them.
 * Fails by: it can't. */
#ifndef NQLITE_STORE_SQL_TEXT_H
#define NQLITE_STORE_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of blanks, comments and semicolons that the text begins with. */
size_t sql_text_blank(const char *sql, size_t len);

/* Is this the first word? `word` is in capitals; the text's case doesn't matter. */
bool sql_text_begins_with(const char *sql, size_t len, const char *word);

#endif
