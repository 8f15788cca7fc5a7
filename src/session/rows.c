#include "session/rows.h"

#include "pgwire/wire.h"
#include "replication/entry.h"

static int put_data(struct row_writer *w, const struct value *values, size_t n, struct err *err)
{
	size_t at = wire_begin(w->out, 'D');

	wire_put_int16(w->out, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		if (format_put_field(w->out, &values[i], &w->columns[i], &w->settings, err) != 0)
			return -1;
	}
	wire_end(w->out, at);
	return 0;
}

static int put_copy(struct row_writer *w, const struct value *values, size_t n, struct err *err)
{
	struct buf text;
	int rc = 0;
	size_t at = wire_begin(w->out, 'd');

	buf_init(&text, w->out->max);
	for (size_t i = 0; i < n && rc == 0; i++) {
		bool is_null = values[i].kind == VALUE_NULL;
		buf_clear(&text);
		rc = format_put_text(
		    &text, &values[i], w->columns[i].type, w->columns[i].typmod, &w->settings, err);
		if (i > 0)
			buf_put_byte(w->out, (uint8_t)w->copy->delimiter);
		copy_put_field(w->out, w->copy,
		    is_null        ? NULL
		    : text.len > 0 ? (const char *)text.data
				   : "",
		    text.len);
	}
	buf_put_byte(w->out, '\n');
	wire_end(w->out, at);
	buf_release(&text);
	return rc;
}

/* EXPLAIN QUERY PLAN's rows are (id, parent, unused, detail): a node stands two blanks right of its parent. */
static int put_explain(struct row_writer *w, const struct value *values, size_t n, struct err *err)
{
	int depth = 0;

	if (n < 4 || values[3].kind != VALUE_TEXT)
		return err_set(err, SQLSTATE_INTERNAL, "unexpected row of a query plan");
	for (size_t i = 0; i < w->nnodes; i++) {
		if (w->nodes[i].id == values[1].i)
			depth = w->nodes[i].depth + 1;
	}
	if (w->nnodes < EXPLAIN_NODES_MAX) {
		w->nodes[w->nnodes].id = values[0].i;
		w->nodes[w->nnodes++].depth = depth;
	}
	size_t at = wire_begin(w->out, 'D');
	wire_put_int16(w->out, 1);
	wire_put_int32(w->out, (uint32_t)(2 * depth) + values[3].len);
	for (int i = 0; i < 2 * depth; i++)
		buf_put_byte(w->out, ' ');
	buf_put(w->out, values[3].text, values[3].len);
	wire_end(w->out, at);
	return 0;
}

static int put_row(struct row_writer *w, const struct value *values, size_t n, struct err *err)
{
	switch (w->form) {
	case ROW_COPY: return put_copy(w, values, n, err);
	case ROW_EXPLAIN: return put_explain(w, values, n, err);
	case ROW_DATA: break;
	}
	return put_data(w, values, n, err);
}

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct row_writer *w = (struct row_writer *)(void *)sink;
	size_t at = w->out->len;

	if (w->is_hashed)
		w->hash = row_hash(w->hash, values, n);
	/* A statement may give more than the client asked for: a sort key that it needs. */
	if (w->form != ROW_EXPLAIN && n > w->ncolumns)
		n = w->ncolumns;
	if (put_row(w, values, n, err) != 0) {
		w->has_failed = true;
		buf_truncate(w->out, at);
		return ROW_FAIL;
	}
	if (w->out->failed) {
		w->has_failed = true;
		buf_truncate(w->out, at);
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		err_detail(err, "A result row, or the rows of one statement, did not fit into memory.");
		return ROW_FAIL;
	}
	w->rows++;
	return w->pause_bytes > 0 && w->out->len >= w->pause_bytes ? ROW_PAUSE : ROW_NEXT;
}

void row_writer_init(struct row_writer *w, enum row_form form, struct buf *out,
    const struct format_column *columns, size_t ncolumns, const struct format_settings *settings)
{
	w->sink.on_row = on_row;
	w->out = out;
	w->columns = columns;
	w->ncolumns = ncolumns;
	w->settings = *settings;
	w->form = form;
	w->copy = NULL;
	w->pause_bytes = 0;
	w->rows = 0;
	w->has_failed = false;
	w->is_hashed = false;
	w->hash = 0;
	w->nnodes = 0;
}
