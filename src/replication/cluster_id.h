/* cluster_id.h - the name of a log: a random UUID (RFC 4122, 4.4).
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: no two are equal.
 * Fails by: saying that the system has no random bytes. */
#ifndef NQLITE_REPLICATION_CLUSTER_ID_H
#define NQLITE_REPLICATION_CLUSTER_ID_H

#include "base/err.h"

enum { CLUSTER_ID_SIZE = 37 }; /* with its NUL */

int cluster_id_make(char out[CLUSTER_ID_SIZE], struct err *err);

#endif
