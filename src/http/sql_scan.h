/* sql_scan.h - where a statement ends and which parameters it has, when SQLite can't be asked: it refers to what an earlier
 * statement of the same request has yet to make.
 *
 * Owns:     nothing; names borrow from the text.
 * Runs on:  any thread.
 * Promises: SQLite's own rules for tokens, for the end of a trigger (sqlite.org/c3ref/complete.html) and for the numbers of
 *           parameters (sqlite.org/lang_expr.html, "Parameters"). Any bytes are read without harm.
 * Fails by: it can't; a text that isn't SQL is one statement. */
#ifndef NQLITE_HTTP_SQL_SCAN_H
#define NQLITE_HTTP_SQL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct sql_scan {
	size_t used;   /* bytes of the first statement, with its semicolon and the blanks after it */
	bool is_empty; /* blanks, comments and semicolons only */
	bool is_ddl;   /* begins with CREATE, DROP, ALTER, REINDEX or ANALYZE */
};

void sql_scan_statement(const char *sql, size_t len, struct sql_scan *scan);

struct sql_param {
	size_t number;    /* from 1 */
	const char *name; /* with its prefix; NULL: a plain ? */
	size_t name_len;
};

/* Calls on_param for each parameter in the text's first `len` bytes, a name as often as it stands there; returns the largest number. */
size_t sql_scan_params(
    const char *sql, size_t len, void (*on_param)(void *arg, const struct sql_param *param), void *arg);

#endif
