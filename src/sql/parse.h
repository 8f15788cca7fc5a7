/* parse.h - a text through PostgreSQL's own grammar (libpg_query) into a tree.
 *
 * Owns:     nothing: the tree lies in the arena that was handed in.
 * Runs on:  any thread; libpg_query keeps a memory context for each, and none of it outlives the call.
 * Promises: no text crashes it: what would nest deeper than the stack bears is refused before libpg_query sees it.
 * Fails by: 42601 with PostgreSQL's sentence and position, 22021 for what isn't UTF-8, 54001, 53200. */
#ifndef NQLITE_SQL_PARSE_H
#define NQLITE_SQL_PARSE_H

#include <pg_query/pg_query.pb-c.h>

#include "base/arena.h"
#include "base/err.h"

/* 22021 unless all of the text is UTF-8 without NUL bytes. 0 or -1. */
int parse_check_encoding(const char *text, size_t len, struct err *err);

/* The text's statements. `text` ends with a NUL after `len`. Positions in err count from the text's first character, 1-based.
 * 0 or -1. */
int parse_text(
    const char *text, size_t len, struct arena *arena, const PgQuery__ParseResult **out, struct err *err);

#endif
