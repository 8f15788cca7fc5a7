#include "replication/apply_state.h"

#include <stdio.h>
#include <string.h>

int apply_state_run(struct conn *conn, const char *sql, const struct value *params, size_t nparams,
    struct row_sink *sink, struct err *err)
{
	struct query query = { .sql = sql,
		.sql_len = strlen(sql),
		.params = params,
		.nparams = nparams,
		.params_outlive = true,
		.is_internal = true };

	return conn_run(conn, &query, sink, NULL, err);
}

struct int_sink {
	struct row_sink sink;
	int64_t *out;
};

static enum row_verdict on_int_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct int_sink *s = (struct int_sink *)(void *)sink;

	(void)err;
	if (n > 0 && values[0].kind == VALUE_INT)
		*s->out = values[0].i;
	return ROW_NEXT;
}

int apply_state_get_int(struct conn *conn, const char *sql, const struct value *params, size_t nparams,
    int64_t *out, struct err *err)
{
	struct int_sink s = { .sink = { on_int_row }, .out = out };

	return apply_state_run(conn, sql, params, nparams, &s.sink, err);
}

int apply_state_create_tables(struct conn *conn, struct err *err)
{
	static const char *const texts[] = {
		"CREATE TABLE IF NOT EXISTS _nqlite_state (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
		"CREATE TABLE IF NOT EXISTS _nqlite_origin (origin BLOB PRIMARY KEY, number INTEGER, seen "
		"INTEGER,"
		" seq INTEGER, time INTEGER)",
		"CREATE TABLE IF NOT EXISTS _nqlite_part (origin BLOB, number INTEGER, part INTEGER, bytes "
		"BLOB,"
		" seq INTEGER)",
		"CREATE UNIQUE INDEX IF NOT EXISTS _nqlite_part_key ON _nqlite_part (origin, number, part)",
		"INSERT INTO _nqlite_state VALUES ('schema_version', 1) ON CONFLICT DO NOTHING",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (conn_exec(conn, texts[i], err) != 0)
			return -1;
	}
	return 0;
}

/* _nqlite_state, a row at a time. */

struct state_sink {
	struct row_sink sink;
	struct apply_state *state;
};

static enum row_verdict on_state_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct apply_state *state = ((struct state_sink *)(void *)sink)->state;
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {
		{ "applied_seq", &state->applied_seq },
		{ "applied_hash", &state->applied_hash },
		{ "schema_version", &state->schema_version },
	};

	if (n != 2 || values[0].kind != VALUE_TEXT) {
		err_set(err, SQLSTATE_CORRUPTED, "_nqlite_state has a row that is none of ours");
		return ROW_FAIL;
	}
	struct value key = values[0], v = values[1];
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (key.len == strlen(numbers[i].key) && memcmp(key.text, numbers[i].key, key.len) == 0)
			*numbers[i].number = (uint64_t)v.i;
	}
	if (key.len == strlen("cluster_id") && memcmp(key.text, "cluster_id", key.len) == 0)
		snprintf(state->cluster_id, sizeof(state->cluster_id), "%.*s", (int)v.len, v.text);
	if (key.len == strlen("stream_created_us") && memcmp(key.text, "stream_created_us", key.len) == 0)
		state->created_us = v.i;
	return ROW_NEXT;
}

int apply_state_load(struct conn *conn, struct apply_state *state, struct err *err)
{
	struct state_sink s = { .sink = { on_state_row }, .state = state };

	memset(state, 0, sizeof(*state));
	return apply_state_run(conn,
	    "SELECT key, value FROM _nqlite_state WHERE (key = 'cluster_id' AND typeof(value) = 'text') OR"
	    " (key IN ('applied_seq', 'applied_hash', 'schema_version', 'stream_created_us')"
	    " AND typeof(value) = 'integer')",
	    NULL, 0, &s.sink, err);
}

static int save_value(struct conn *conn, const char *key, struct value v, struct err *err)
{
	struct value params[] = { value_str(key), v };

	return apply_state_run(conn,
	    "INSERT INTO _nqlite_state (key, value) VALUES (?1, ?2)"
	    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	    params, 2, NULL, err);
}

static int save_number(struct conn *conn, const char *key, uint64_t before, uint64_t now, struct err *err)
{
	return before == now ? 0 : save_value(conn, key, value_int((int64_t)now), err);
}

int apply_state_save(
    struct conn *conn, const struct apply_state *before, const struct apply_state *now, struct err *err)
{
	if (save_number(conn, "applied_seq", before->applied_seq, now->applied_seq, err) != 0 ||
	    save_number(conn, "applied_hash", before->applied_hash, now->applied_hash, err) != 0 ||
	    save_number(conn, "schema_version", before->schema_version, now->schema_version, err) != 0 ||
	    save_number(
		conn, "stream_created_us", (uint64_t)before->created_us, (uint64_t)now->created_us, err) != 0)
		return -1;
	if (strcmp(before->cluster_id, now->cluster_id) != 0)
		return save_value(conn, "cluster_id", value_str(now->cluster_id), err);
	return 0;
}

/* _nqlite_origin. */

struct window_sink {
	struct row_sink sink;
	struct origin_windows *windows;
};

static enum row_verdict on_window_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct origin_windows *t = ((struct window_sink *)(void *)sink)->windows;
	struct origin origin;

	if (n != 5 || values[0].kind != VALUE_BLOB || values[0].len != ORIGIN_SIZE) {
		err_set(err, SQLSTATE_CORRUPTED, "_nqlite_origin has a row that is none of ours");
		return ROW_FAIL;
	}
	memcpy(origin.bytes, values[0].blob, ORIGIN_SIZE);
	struct origin_window *w = origin_windows_add(t, &origin, err);
	if (w == NULL)
		return ROW_FAIL;
	w->number = (uint64_t)values[1].i;
	w->seen = (uint64_t)values[2].i;
	w->seq = (uint64_t)values[3].i;
	w->time_us = values[4].i;
	return ROW_NEXT;
}

int apply_state_load_windows(struct conn *conn, struct origin_windows *t, struct err *err)
{
	struct window_sink s = { .sink = { on_window_row }, .windows = t };

	origin_windows_release(t);
	return apply_state_run(conn,
	    "SELECT origin, number, seen, seq, time FROM _nqlite_origin ORDER BY seq DESC", NULL, 0, &s.sink,
	    err);
}

static int save_window(struct conn *conn, const struct origin_window *w, struct err *err)
{
	struct value params[] = { value_blob(w->origin.bytes, ORIGIN_SIZE), value_int((int64_t)w->number),
		value_int((int64_t)w->seen), value_int((int64_t)w->seq), value_int(w->time_us) };

	return apply_state_run(conn,
	    "INSERT INTO _nqlite_origin (origin, number, seen, seq, time) VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (origin) DO UPDATE SET number = excluded.number, seen = excluded.seen,"
	    " seq = excluded.seq, time = excluded.time",
	    params, 5, NULL, err);
}

int apply_state_save_windows(
    struct conn *conn, struct origin_windows *t, uint64_t forget_seq, struct err *err)
{
	if (forget_seq > 0 && origin_windows_forget(t, forget_seq) > 0) {
		struct value before = value_int((int64_t)forget_seq);

		if (apply_state_run(
			conn, "DELETE FROM _nqlite_origin WHERE seq < ?1", &before, 1, NULL, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->items[i].is_dirty && save_window(conn, &t->items[i], err) != 0)
			return -1;
		t->items[i].is_dirty = false;
	}
	return 0;
}
