/* A call on its worker: its body is read, its statements are looked at, and what only reads runs. */
#include "http/call.h"

#include <stdlib.h>
#include <string.h>

/* ---- a reader ---- */

/* From here on api_abandon interrupts it. */
static void expose_reader(struct api_call *call, struct conn *reader)
{
	pthread_mutex_lock(&call->lock);
	call->running = reader;
	if (call->is_abandoned)
		conn_interrupt(reader);
	pthread_mutex_unlock(&call->lock);
}

static const struct catalog *lend_catalog(struct api_call *call, struct conn *reader)
{
	const struct catalog *catalog = replication_catalog(call->api->o.host->replication);

	conn_set_tables_context(reader, catalog);
	return catalog;
}

struct conn *call_take_reader(struct api_call *call, const struct catalog **catalog, struct err *err)
{
	struct session_host *host = call->api->o.host;
	struct replication_status status;
	struct conn *reader;

	/* Asked before the snapshot is taken, so that it holds at least that. */
	replication_status(host->replication, &status);
	call->seq = status.applied_seq;
	*catalog = NULL;
	if (store_take_reader(host->store, &reader, err) != 0)
		return NULL;
	*catalog = lend_catalog(call, reader);
	conn_set_environment(reader, NULL);
	if (conn_hold_snapshot(reader, err) != 0) {
		catalog_unref(*catalog);
		store_give_reader(host->store, reader);
		return NULL;
	}
	expose_reader(call, reader);
	return reader;
}

void call_give_reader(struct api_call *call, struct conn *reader, const struct catalog *catalog)
{
	pthread_mutex_lock(&call->lock);
	call->running = NULL;
	pthread_mutex_unlock(&call->lock);
	store_give_reader(call->api->o.host->store, reader);
	catalog_unref(catalog);
}

/* ---- reads ---- */

struct read_sink {
	struct row_sink sink;
	struct rows rows;
	const struct cursor *cursor;
};

/* After the first step: only then does SQLite have looked whether the schema is still the one it prepared for. */
static bool name_columns(struct read_sink *s)
{
	size_t n = cursor_columns(s->cursor);

	if (!rows_columns(&s->rows, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *name = cursor_column_name(s->cursor, i);
		rows_name_column(&s->rows, i, name != NULL ? name : "", cursor_column_decltype(s->cursor, i));
	}
	return true;
}

static enum row_verdict on_read_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct read_sink *s = (struct read_sink *)(void *)sink;

	if (!rows_have_columns(&s->rows) && !name_columns(s)) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return ROW_FAIL;
	}
	if (rows_put(&s->rows, values, n))
		return ROW_NEXT;
	err_set(err, SQLSTATE_LIMIT_EXCEEDED, ANSWER_TOO_LARGE, s->rows.out->max);
	return ROW_FAIL;
}

static int run_read(struct api_call *call, const struct item *item, struct conn *reader, struct err *err)
{
	struct query query = { .sql = item->sql,
		.sql_len = item->sql_len,
		.params = item->params,
		.nparams = item->nparams,
		.params_outlive = true };
	struct cursor cursor;
	struct read_sink sink = { .sink = { on_read_row }, .cursor = &cursor };
	int rc = -1;

	if (cursor_open(&cursor, reader, &query, err) != 0)
		return -1;
	rows_init(&sink.rows, &call->style, &call->out);
	if (cursor_run(&cursor, &sink.sink, NULL, err) == CURSOR_DONE) {
		if (rows_have_columns(&sink.rows) || name_columns(&sink)) {
			rows_end(&sink.rows);
			rc = 0;
		} else {
			err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		}
	}
	rows_release(&sink.rows);
	cursor_close(&cursor);
	return rc;
}

static int run_item(struct api_call *call, const struct item *item, struct conn *reader, struct err *err)
{
	switch (item->kind) {
	case ITEM_READ: return run_read(call, item, reader, err);
	case ITEM_ERROR: return err_set(err, SQLSTATE_INTERNAL, "%s", item->error);
	case ITEM_WRITE:
	case ITEM_UNSEEN: /* a path that only reads: refused before, except in rqlite's own shape */
		return err_set(
		    err, SQLSTATE_READ_ONLY_TRANSACTION, "attempt to change database via query operation");
	case ITEM_EMPTY: break;
	}
	return 0;
}

void call_end_answer(struct api_call *call)
{
	const struct answer_tail tail = { .us = call->status >= 400 ? -1 : call_elapsed_us(call),
		.with_seq = call->options.raft_index,
		.seq = call->seq,
		.is_queued = call->options.queue && call_is_rqlite(call) && call->is_in_log };

	answer_end(&call->out, &call->style, &tail);
	if (call->out.failed) {
		struct err err;
		err_set(&err, SQLSTATE_LIMIT_EXCEEDED, ANSWER_TOO_LARGE, call->out.max);
		call_fail(call, 400, err.message);
	}
}

/* A statement that failed stands in its place; in a transaction it is the last. */
static void run_reads(struct api_call *call, struct conn *reader)
{
	struct buf *o = &call->out;

	answer_begin(o);
	for (size_t i = 0; i < call->plan.n; i++) {
		int64_t from = clock_mono_us(call->api->o.host->clock);
		struct err err;

		answer_result(o);
		size_t at = o->len;
		bool has_failed = run_item(call, &call->plan.items[i], reader, &err) != 0;
		if (has_failed) {
			buf_truncate(o, at);
			answer_result_error(o, err.message);
			if (!call_is_rqlite(call))
				call->status = 400;
		}
		answer_result_end(o, &call->style, clock_mono_us(call->api->o.host->clock) - from);
		if (has_failed && call->options.transaction)
			break;
	}
	call_end_answer(call);
}

/* ---- planning ---- */

static int read_body(struct api_call *call, struct err *err)
{
	if (!call->is_post)
		return body_read_text(&call->body, call->options.q, call->options.q_len, err);
	if (call->is_plain_text)
		return body_read_text(&call->body, call->request_body, call->request_body_len, err);
	return body_read_json(&call->body, call->request_body, call->request_body_len, err);
}

static int build_entry(struct api_call *call, struct err *err)
{
	const struct session_host *host = call->api->o.host;
	struct entry_header header = { .now_us = call->now_us, .seed = call->seed, .role = "http" };
	struct entry_builder builder;
	size_t n = 0;

	call->write.results = calloc(call->plan.n + 1, sizeof(*call->write.results));
	call->item_of = calloc(call->plan.n + 1, sizeof(*call->item_of));
	if (call->write.results == NULL || call->item_of == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < call->plan.n; i++) {
		if (item_is_in_entry(&call->plan.items[i]))
			call->item_of[n++] = i;
	}
	call->write.nstatements = (uint32_t)n;
	entry_builder_init(&builder, host->limits->entry_bytes_max);
	if (plan_build_entry(&call->plan, &header, call_is_atomic(call), &builder, err) != 0) {
		entry_builder_release(&builder);
		return -1;
	}
	call->write.entry = builder.bytes;
	return 0;
}

/* Refused whole: before the error all would have been rolled back. */
static void answer_refused(struct api_call *call)
{
	const struct plan *p = &call->plan;

	answer_begin(&call->out);
	for (size_t i = call_is_rqlite(call) ? 0 : p->first_error; i <= p->first_error; i++) {
		answer_result(&call->out);
		if (i == p->first_error)
			answer_result_error(&call->out, p->items[i].error);
		answer_result_end(&call->out, &call->style, 0);
	}
	call->status = call_is_rqlite(call) ? 200 : 400;
	call_end_answer(call);
}

static void go_by_plan(struct api_call *call, struct conn *reader)
{
	struct plan *p = &call->plan;
	bool only_reads = call->kind == CALL_GET || call->kind == CALL_RQLITE_QUERY;
	struct err err;

	if (call->kind == CALL_GET && p->nwrites > 0 && !call_is_rqlite(call)) {
		call_fail(call, 400, "GET only reads: send what writes with POST");
		return;
	}
	if (p->nwrites == 0 || only_reads) {
		run_reads(call, reader);
		return;
	}
	if (p->nerrors > 0 && call_is_atomic(call)) {
		answer_refused(call);
		return;
	}
	if (build_entry(call, &err) != 0)
		call_fail(call, 400, err.message);
}

void call_plan(struct api_call *call)
{
	const struct catalog *catalog;
	struct err err;
	enum params_dialect dialect = call->style.shape == SHAPE_NQLITE ? PARAMS_NQLITE
				      : call_is_rqlite(call)            ? PARAMS_RQLITE
									: PARAMS_BOTH;

	if (read_body(call, &err) != 0) {
		call_fail(call, 400, err.message);
		return;
	}
	struct conn *reader = call_take_reader(call, &catalog, &err);
	if (reader == NULL) {
		call_fail(call, 503, err.message);
		return;
	}
	if (plan_make(&call->plan, &call->body, reader, dialect, &err) == 0)
		go_by_plan(call, reader);
	else
		call_fail(call, 503, err.message);
	call_give_reader(call, reader, catalog);
}
