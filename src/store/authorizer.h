/* authorizer.h - what a text may do when it is prepared.
 *
 * A user's text may not control transactions, attach files, set pragmas, make temporary tables, or change what belongs to
 * nqlite (the _nqlite_ tables). What is to be replicated may not call a function whose result differs from node to node. A
 * text of nqlite's own (query.is_internal) may do all of it, but not by way of a user's trigger.
 *
 * Owns:     nothing; its state is a part of the connection.
 * Runs on:  the thread of the connection, inside sqlite3_prepare.
 * Promises: the same text is refused on every node alike.
 * Fails by: 0A000 or 42501, as the connection's raised err. */
#ifndef NQLITE_STORE_AUTHORIZER_H
#define NQLITE_STORE_AUTHORIZER_H

#include <stdbool.h>

struct conn;

struct authorizer {
	bool is_internal; /* whose text is being prepared or runs */
	const char *sql;  /* it */
	/* What it saw since authorizer_begin. */
	bool changes_schema;
	bool rolls_back;
	const char *local_function;
};

/* From here on SQLite asks. */
void authorizer_install(struct conn *conn);

/* The text that is about to be prepared. */
void authorizer_begin(struct conn *conn, const char *sql, bool is_internal);

#endif
