/* A call that writes: its entry goes through the log, and what came of it into the answer. */
#include "http/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- on its way ---- */

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
	err_set(err, SQLSTATE_LIMIT_EXCEEDED, "the write is done, but " ANSWER_TOO_LARGE, call->out.max);
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
				    "the write is done, but " ANSWER_TOO_LARGE, call->out.max);
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
	call_end_answer(call);
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
	call_end_answer(call);
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
			reader = call_take_reader(call, &catalog, &err);
		if (reader == NULL)
			return;
		item_learn_columns(item, &call->plan, reader);
	}
	if (reader != NULL)
		call_give_reader(call, reader, catalog);
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
