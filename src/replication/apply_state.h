/* apply_state.h - what the applier writes beside the data: how far it has come, and whom it has heard.
 *
 * Owns:     the rows applied_seq, applied_hash, schema_version, cluster_id and stream_created_us of _nqlite_state, and the tables
 *             _nqlite_origin (origin BLOB PRIMARY KEY, number INTEGER, seen INTEGER, seq INTEGER, time INTEGER)
 *             _nqlite_part   (origin BLOB, number INTEGER, part INTEGER, bytes BLOB, seq INTEGER)
 * Runs on:  the applier's thread, in the writer's open transaction.
 * Promises: the same rows on every node that has applied the same seq.
 * Fails by: struct err. */
#ifndef NQLITE_REPLICATION_APPLY_STATE_H
#define NQLITE_REPLICATION_APPLY_STATE_H

#include "replication/origin_window.h"
#include "store/conn.h"

struct apply_state {
	uint64_t applied_seq;
	uint64_t applied_hash; /* the running hash */
	uint64_t schema_version;
	char cluster_id[40]; /* "": no log was seen yet */
	int64_t created_us;  /* of the stream */
};

int apply_state_create_tables(struct conn *conn, struct err *err);
int apply_state_load(struct conn *conn, struct apply_state *state, struct err *err);
/* Writes the rows in which `now` differs from `before`. */
int apply_state_save(
    struct conn *conn, const struct apply_state *before, const struct apply_state *now, struct err *err);

/* In place of what `t` holds. */
int apply_state_load_windows(struct conn *conn, struct origin_windows *t, struct err *err);
/* Writes the dirty ones, and deletes those whose last batch lies before `forget_seq`. */
int apply_state_save_windows(
    struct conn *conn, struct origin_windows *t, uint64_t forget_seq, struct err *err);

/* Runs a text of ours with parameters. */
int apply_state_run(struct conn *conn, const char *sql, const struct value *params, size_t nparams,
    struct row_sink *sink, struct err *err);
/* The same, for the integer that it selects; *out stays as it is when there is no row. */
int apply_state_get_int(struct conn *conn, const char *sql, const struct value *params, size_t nparams,
    int64_t *out, struct err *err);

#endif
