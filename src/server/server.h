/* server.h - the object graph of one process: databases, loops, workers, listeners.
 *
 * Owns:     everything; it is built in one order and taken down in the other.
 * Runs on:  the main thread, which waits for signals meanwhile.
 * Promises: when server_run has returned 0 nothing is left behind: threads joined, files closed.
 * Fails by: one line that says what is wrong. */
#ifndef NQLITE_SERVER_SERVER_H
#define NQLITE_SERVER_SERVER_H

#include "server/config.h"

/* Serves until SIGINT or SIGTERM. 0, or -1 with err when it couldn't start. */
int server_run(const struct config *config, struct err *err);

#endif
