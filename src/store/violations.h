/* violations.h - deferred foreign keys: would COMMIT be refused now?
 *
 * Owns:     nothing.
 * Runs on:  the connection's thread.
 * Promises: true as long as the open transaction has left a foreign key unsatisfied whose check is deferred. Costs a few instructions.
 * Fails by: it can't. */
#ifndef NQLITE_STORE_VIOLATIONS_H
#define NQLITE_STORE_VIOLATIONS_H

#include <stdbool.h>

#include "store/conn.h"

bool conn_has_violations(struct conn *conn);

#endif
