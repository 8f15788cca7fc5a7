/* log_identity.h - is the log that we are connected to the one that this database follows?
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: another stream, a stream that went back behind what is applied here, and one whose messages are gone before they were
 *           applied here are each told apart.
 * Fails by: struct err, with what was seen and what to do. */
#ifndef NQLITE_REPLICATION_LOG_IDENTITY_H
#define NQLITE_REPLICATION_LOG_IDENTITY_H

#include "replication/apply_state.h"
#include "replication/log.h"

/* state->cluster_id and created_us become the log's when the database follows none yet. */
int log_identity_check_stream(struct apply_state *state, const struct log_identity *id, struct err *err);
/* The local log has no identity of its own: it is made once, and kept with the database. */
int log_identity_check_local(struct apply_state *state, const struct log_identity *id, struct err *err);

#endif
