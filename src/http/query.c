/* What a call does: reads on a worker, writes through the log, and the answers of both. */
#include "http/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LARGE "the answer is larger than %zu bytes: ask for less at a time (LIMIT)"

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

static struct conn *take_reader(struct api_call *call, const struct catalog **catalog, struct err *err)
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

static void give_reader(struct api_call *call, struct conn *reader, const struct catalog *catalog)
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
	err_set(err, SQLSTATE_LIMIT_EXCEEDED, TOO_LARGE, s->rows.out->max);
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

static void end_answer(struct api_call *call)
{
	const struct answer_tail tail = { .us = call->status >= 400 ? -1 : call_elapsed_us(call),
		.with_seq = call->options.raft_index,
		.seq = call->seq,
		.is_queued = call->options.queue && call_is_rqlite(call) && call->is_in_log };

	answer_end(&call->out, &call->style, &tail);
	if (call->out.failed) {
		struct err err;
		err_set(&err, SQLSTATE_LIMIT_EXCEEDED, TOO_LARGE, call->out.max);
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
	end_answer(call);
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
	end_answer(call);
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
	struct conn *reader = take_reader(call, &catalog, &err);
	if (reader == NULL) {
		call_fail(call, 503, err.message);
		return;
	}
	if (plan_make(&call->plan, &call->body, reader, dialect, &err) == 0)
		go_by_plan(call, reader);
	else
		call_fail(call, 503, err.message);
	give_reader(call, reader, catalog);
}

/* ---- writes ---- */

/* Applier's thread. */
static enum row_verdict on_written_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct write_rows *s = (struct write_rows *)(void *)sink;
	struct api_call *call = s->call;
	struct item *item = s->item;

	if (item->rows == NULL) {
		item->rows = arena_alloc(&call->plan.arena, sizeof(*item->rows));
		if (item->rows == NULL) {
			err_set(
			    err, SQLSTATE_OUT_OF_MEMORY, "the write is done, but memory is out for its rows");
			return ROW_FAIL;
		}
		buf_init(item->rows, call->out.max);
	}
	size_t before = item->rows->len;
	entry_put_row(item->rows, values, n);
	call->rows_bytes += item->rows->len - before;
	item->row_size = n;
	item->nrows++;
	if (!item->rows->failed && call->rows_bytes <= call->out.max)
		return ROW_NEXT;
	err_set(err, SQLSTATE_LIMIT_EXCEEDED, "the write is done, but " TOO_LARGE, call->out.max);
	return ROW_FAIL;
}

/* Applier's thread. It may run again: what it gave before is void. */
static struct row_sink *write_sink(struct write *w, uint32_t statement)
{
	struct api_call *call = w->owner;
	struct item *item = &call->plan.items[call->item_of[statement]];

	item->error = NULL;
	if (item->rows != NULL) {
		call->rows_bytes -= item->rows->len;
		buf_clear(item->rows);
		item->nrows = 0;
	}
	if (item->columns == NULL && !item->is_columns_unknown)
		return NULL;
	call->sink = (struct write_rows){ .sink = { on_written_row }, .call = call, .item = item };
	return &call->sink.sink;
}

/* Applier's thread: a statement that failed alone. */
static void write_failed(struct write *w, uint32_t statement, const struct err *err)
{
	struct api_call *call = w->owner;
	struct item *item = &call->plan.items[call->item_of[statement]];

	item->error = arena_strdup(&call->plan.arena, err->message);
	if (item->error == NULL)
		item->error = "out of memory";
}

void call_submit(struct api_call *call, void (*on_done)(struct write *w))
{
	struct write *w = &call->write;

	w->sink = write_sink;
	w->on_error = write_failed;
	w->on_done = on_done;
	w->owner = call;
	call->is_in_log = true;
	replication_submit(call->api->o.host->replication, w);
}

/* ---- the answer of a write ---- */

bool call_has_rows(const struct api_call *call)
{
	if (call->write.outcome != WRITE_APPLIED && call->write.outcome != WRITE_FAILED)
		return false;
	for (size_t i = 0; i < call->plan.n; i++) {
		const struct item *item = &call->plan.items[i];
		if (item->columns != NULL || item->is_columns_unknown)
			return true;
	}
	return false;
}

static void name_written_columns(struct rows *rows, const struct item *item, size_t n)
{
	char name[32];

	for (size_t i = 0; i < n; i++) {
		bool is_known = item->columns != NULL && item->ncolumns == n;

		snprintf(name, sizeof(name), "column%zu", i + 1);
		rows_name_column(rows, i, is_known ? item->columns[i].name : name,
		    is_known ? item->columns[i].decltype : NULL);
	}
}

static int put_rows(struct api_call *call, const struct item *item, struct err *err)
{
	size_t n = item->nrows > 0 ? item->row_size : item->ncolumns;
	struct value *values = calloc(n + 1, sizeof(*values));
	struct entry_reader reader;
	struct rows rows;
	int rc = 0;

	rows_init(&rows, &call->style, &call->out);
	if (values == NULL || !rows_columns(&rows, n)) {
		rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	} else {
		name_written_columns(&rows, item, n);
		if (item->nrows > 0)
			entry_reader_init(&reader, item->rows->data, item->rows->len);
		for (uint64_t i = 0; rc == 0 && i < item->nrows; i++) {
			rc = entry_read_row(&reader, values, n, err);
			if (rc == 0 && !rows_put(&rows, values, n))
				rc = err_set(err, SQLSTATE_LIMIT_EXCEEDED,
				    "the write is done, but " TOO_LARGE, call->out.max);
		}
		rows_end(&rows);
	}
	rows_release(&rows);
	free(values);
	return rc;
}

static void put_applied_item(
    struct api_call *call, const struct item *item, const struct write_result *result)
{
	bool with_rows = item->columns != NULL || item->nrows > 0;
	const struct written written = { .seq = call->write.seq,
		.last_insert_id = result->last_insert_rowid,
		.rows_affected = result->changes };
	size_t at = call->out.len;
	struct err err;

	if (item->kind != ITEM_READ)
		answer_result_written(&call->out, &call->style, &written, with_rows);
	if (with_rows && put_rows(call, item, &err) != 0) {
		buf_truncate(&call->out, at);
		answer_result_error(&call->out, err.message);
		if (!call_is_rqlite(call))
			call->status = 400;
	}
}

/* In the original a bulk is one message, and has one result. */
static bool is_one_result(const struct api_call *call)
{
	for (size_t i = 0; i < call->plan.n; i++) {
		const struct item *item = &call->plan.items[i];
		if (item->columns != NULL || item->nrows > 0)
			return false;
	}
	return call->style.shape == SHAPE_NQLITE;
}

/* Items up to, and without, the `end`th. */
static void put_items(struct api_call *call, size_t end)
{
	int64_t us = call_elapsed_us(call);
	uint32_t statement = 0;

	for (size_t i = 0; i < end; i++) {
		const struct item *item = &call->plan.items[i];

		answer_result(&call->out);
		if (item->error != NULL)
			answer_result_error(&call->out, item->error);
		else if (item_is_in_entry(item))
			put_applied_item(call, item, &call->write.results[statement]);
		statement += item_is_in_entry(item);
		answer_result_end(&call->out, &call->style, us);
	}
}

static void answer_applied(struct api_call *call)
{
	const struct write *w = &call->write;

	if (w->err.sqlstate[0] != '\0') { /* the sink's */
		call_fail(call, 400, w->err.message);
		return;
	}
	answer_begin(&call->out);
	if (!(call->options.queue && call_is_rqlite(call)))
		put_items(call, is_one_result(call) ? 1 : call->plan.n);
	end_answer(call);
}

static void answer_failed(struct api_call *call)
{
	const struct write *w = &call->write;

	if (!call_is_rqlite(call)) {
		call_fail(call, 400, w->err.message);
		return;
	}
	answer_begin(&call->out);
	put_items(call, call->item_of[w->failed_statement]);
	answer_result(&call->out);
	answer_result_error(&call->out, w->err.message);
	answer_result_end(&call->out, &call->style, call_elapsed_us(call));
	end_answer(call);
}

/* What DDL in the same request made, or changed, can be asked for now. */
static void learn_columns(struct api_call *call)
{
	const struct catalog *catalog = NULL;
	struct conn *reader = NULL;
	struct err err;

	for (size_t i = 0; i < call->plan.n; i++) {
		struct item *item = &call->plan.items[i];
		if (!item->is_columns_unknown)
			continue;
		if (reader == NULL)
			reader = take_reader(call, &catalog, &err);
		if (reader == NULL)
			return;
		item_learn_columns(item, &call->plan, reader);
	}
	if (reader != NULL)
		give_reader(call, reader, catalog);
}

void call_write_answer(struct api_call *call)
{
	const struct write *w = &call->write;

	switch (w->outcome) {
	case WRITE_APPLIED:
		learn_columns(call);
		call->seq = w->seq;
		answer_applied(call);
		break;
	case WRITE_FAILED:
		call->seq = w->seq;
		answer_failed(call);
		break;
	case WRITE_REFUSED:
		call_fail(
		    call, strcmp(w->err.sqlstate, SQLSTATE_LIMIT_EXCEEDED) == 0 ? 400 : 503, w->err.message);
		break;
	case WRITE_UNKNOWN: call_fail(call, 503, w->err.message); break;
	case WRITE_RETRY: call_fail(call, 503, "the schema is changing: try again"); break;
	}
}
