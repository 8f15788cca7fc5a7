/* COPY .. FROM STDIN: the client's rows become the parameter rows of one statement (chapter 55.2.6). */
#include <stdlib.h>

#include "session/state.h"

#define COPY_ROW_MAX ((size_t)1 << 30)

void copy_in_free(struct session *s)
{
	struct copy_run *c = s->copy;

	if (c == NULL)
		return;
	s->copy = NULL;
	for (size_t i = 0; c->scratch != NULL && i < c->ntargets; i++)
		buf_release(&c->scratch[i]);
	copy_reader_release(&c->reader);
	portal_unref(s, c->portal);
	free(c->scratch);
	free(c->row);
	free(c);
}

static int start(struct session *s, struct portal *p, struct err *err)
{
	const struct translation *t = p->translation;
	const struct step *step = &t->steps[0];
	struct copy_run *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	s->copy = c;
	c->portal = p;
	p->refs++;
	c->ntargets = t->copy.ntargets;
	c->table = t->copy.table;
	c->options = (struct copy_options){ t->copy.delimiter, t->copy.null_text };
	c->row = calloc(c->ntargets + 1, sizeof(*c->row));
	c->scratch = calloc(c->ntargets + 1, sizeof(*c->scratch));
	if (c->row == NULL || c->scratch == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < c->ntargets; i++)
		buf_init(&c->scratch[i], COPY_ROW_MAX);
	if (copy_reader_init(&c->reader, &c->options, c->ntargets, COPY_ROW_MAX, err) != 0)
		return -1;
	transaction_begin_write(s);
	const struct statement_header h = {
		.sql = step->sql, .sql_len = (uint32_t)step->sql_len, .ncolumns = (uint32_t)step->nslots
	};
	entry_builder_statement(&s->transaction.pending, &h);
	return 0;
}

enum progress copy_in_start(struct session *s, struct portal *p)
{
	struct err err;

	if (start(s, p, &err) != 0) {
		copy_in_free(s);
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	wire_put_copy_response(&s->out, 'G', 0, p->translation->copy.ntargets);
	session_move(s, SESSION_COPY);
	return PROGRESS_WAIT;
}

/* ---- rows ---- */

static int wrong_count(struct copy_run *c, size_t n, struct err *err)
{
	if (n > c->ntargets)
		return err_set(err, SQLSTATE_BAD_COPY, "extra data after last expected column");
	return err_set(err, SQLSTATE_BAD_COPY, "missing data for column \"%s\"",
	    c->portal->translation->copy.targets[n]->name);
}

static int read_row(
    struct copy_run *c, const struct copy_field *fields, size_t n, const char **column, struct err *err)
{
	*column = NULL;
	if (n != c->ntargets)
		return wrong_count(c, n, err);
	for (size_t i = 0; i < n; i++) {
		const struct column *target = c->portal->translation->copy.targets[i];
		buf_clear(&c->scratch[i]);
		if (fields[i].text == NULL) {
			c->row[i] = value_null();
		} else if (format_read_text(target->type, target->typmod, fields[i].text, fields[i].len,
			       &c->scratch[i], &c->row[i], err) != 0) {
			*column = target->name;
			err_where(err, "COPY %s, line %zu, column %s: \"%.*s\"", c->table, c->reader.line,
			    target->name, (int)(fields[i].len > 100 ? 100 : fields[i].len), fields[i].text);
			return -1;
		}
	}
	return 0;
}

static int take_rows(struct session *s, const char *bytes, size_t len, bool last, struct err *err)
{
	struct copy_run *c = s->copy;
	const struct copy_field *fields;
	const char *column;
	size_t n;

	for (;;) {
		switch (copy_read_row(&c->reader, &bytes, &len, last, &fields, &n, err)) {
		case COPY_MORE:
		case COPY_END: return 0;
		case COPY_FAILED: err_where(err, "COPY %s, line %zu", c->table, c->reader.line); return -1;
		case COPY_ROW: break;
		}
		if (read_row(c, fields, n, &column, err) != 0) {
			if (column == NULL)
				err_where(err, "COPY %s, line %zu", c->table, c->reader.line);
			return -1;
		}
		entry_builder_row(&s->transaction.pending, c->row, c->ntargets);
		c->rows++;
		if (s->transaction.pending.bytes.failed) {
			err_set(err, SQLSTATE_LIMIT_EXCEEDED, "COPY is larger than %zu bytes",
			    s->host->limits->entry_bytes_max);
			err_hint(err, "Copy the data in several parts, or raise entry_bytes_max.");
			return -1;
		}
	}
}

/* ---- messages ---- */

static void fail(struct session *s, struct err *err)
{
	copy_in_free(s);
	session_move(s, SESSION_READY);
	session_fail(s, err);
	session_resume(s, PROGRESS_FAILED);
}

static enum progress finish(struct session *s, struct err *err)
{
	struct copy_run *c = s->copy;

	if (take_rows(s, "", 0, true, err) != 0 || deferred_add(s, c->portal, c->rows, err) != 0)
		return PROGRESS_FAILED;
	copy_in_free(s);
	session_move(s, SESSION_READY);
	return s->transaction.kind == TRANSACTION_EXPLICIT || s->transaction.speculation != NULL
		   ? speculate_pending(s)
		   : PROGRESS_DONE;
}

static void copy_done(struct session *s)
{
	struct err err;
	enum progress progress = finish(s, &err);

	if (progress == PROGRESS_FAILED && s->copy != NULL)
		fail(s, &err);
	else if (progress != PROGRESS_WAIT)
		session_resume(s, progress);
}

static void copy_fail(struct session *s, const struct message *m)
{
	struct err err;
	const char *text;
	size_t len;

	if (wire_parse_text(m, &text, &len, &err) == 0)
		err_set(&err, SQLSTATE_QUERY_CANCELED, "COPY from stdin failed: %s", text);
	fail(s, &err);
}

void copy_in_message(struct session *s, const struct message *m)
{
	struct err err;

	switch (m->type) {
	case 'd':
		if (take_rows(s, (const char *)m->body, m->len, false, &err) != 0)
			fail(s, &err);
		break;
	case 'c': copy_done(s); break;
	case 'f': copy_fail(s, m); break;
	case 'H':
	case 'S': break; /* ignored while data comes in (chapter 55.2.6) */
	case 'X': session_move(s, SESSION_CLOSING); break;
	default:
		err_set(&err, SQLSTATE_PROTOCOL_VIOLATION,
		    "unexpected message type 0x%02X during COPY from stdin", m->type);
		fail(s, &err);
	}
}
