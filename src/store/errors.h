/* errors.h - SQLite's result codes and sentences, as SQLSTATEs.
 *
 * Owns:     nothing.
 * Runs on:  the thread of the connection, right after the call that failed.
 * Promises: the sentence stays SQLite's own, since clients of the HTTP API match it; constraint failures name table and
 *           columns (joined by ", ") where SQLite does.
 * Fails by: XX000 for what it doesn't know. */
#ifndef NQLITE_STORE_ERRORS_H
#define NQLITE_STORE_ERRORS_H

struct conn;
struct err;

/* Fills `err` from what was raised in the connection, or else from SQLite's error; notes whether it is local. Returns -1. */
int errors_translate(struct conn *conn, int rc, struct err *err);

/* The same for a handle that isn't a connection yet; `what` is put before the sentence. Returns -1. */
struct sqlite3;
int errors_of_handle(struct sqlite3 *db, int rc, const char *what, struct err *err);

#endif
