/* Running one portal: reads here; writes, COPY, transactions and settings in their own files. */
#include <stdio.h>
#include <stdlib.h>

#include "session/state.h"

/* ---- what a statement's parameters are ---- */

static int fact(
    struct session *s, struct portal *p, enum session_fact which, struct value *out, struct err *err)
{
	switch (which) {
	case FACT_USER: *out = value_str(s->user); return 0;
	case FACT_DATABASE: *out = value_str("nqlite"); return 0;
	case FACT_BACKEND_PID: *out = value_int(s->pid); return 0;
	case FACT_SCHEMA: *out = value_str("public"); return 0;
	case FACT_SCHEMAS: *out = value_str("[\"public\"]"); return 0;
	case FACT_SCHEMAS_ALL: *out = value_str("[\"pg_catalog\",\"public\"]"); return 0;
	case FACT_CLIENT_ADDR:
		*out = s->client_addr[0] == '\0' ? value_null() : value_str(s->client_addr);
		return 0;
	case FACT_CLIENT_PORT:
		*out = s->client_port == 0 ? value_null() : value_int(s->client_port);
		return 0;
	}
	(void)p;
	return err_set(err, SQLSTATE_INTERNAL, "unknown session fact");
}

static int slot_value(
    struct session *s, struct portal *p, const struct slot *slot, struct value *out, struct err *err)
{
	const char *text;

	switch (slot->source) {
	case SLOT_PARAM:
		if (slot->index >= p->nparams)
			return err_set(
			    err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%u", slot->index + 1);
		*out = p->params[slot->index];
		return 0;
	case SLOT_LITERAL: *out = p->literals[slot->index]; return 0;
	case SLOT_SESSION: return fact(s, p, (enum session_fact)slot->index, out, err);
	case SLOT_SETTING:
		text = settings_show(&s->settings, slot->setting, NULL, err);
		if (text == NULL)
			return -1;
		text = arena_strdup(&p->arena, text);
		if (text == NULL)
			return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		*out = value_str(text);
		return 0;
	}
	return err_set(err, SQLSTATE_INTERNAL, "unknown slot");
}

bool execute_slots(
    struct session *s, struct portal *p, const struct step *step, struct value **out, struct err *err)
{
	*out = arena_alloc(&p->arena, (step->nslots + 1) * sizeof(**out));
	if (*out == NULL) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return false;
	}
	for (size_t i = 0; i < step->nslots; i++) {
		if (slot_value(s, p, &step->slots[i], &(*out)[i], err) != 0)
			return false;
	}
	return true;
}

/* ---- answers ---- */

void execute_complete(struct session *s, const struct translation *t, int64_t count)
{
	char tag[128];

	if (!t->tag_has_count || count < 0) {
		wire_put_complete(&s->out, t->tag);
		return;
	}
	snprintf(tag, sizeof(tag), "%s %lld", t->tag, (long long)count);
	wire_put_complete(&s->out, tag);
}

static enum row_form row_form(const struct translation *t)
{
	return t->kind == STATEMENT_COPY_TO ? ROW_COPY : t->is_explain ? ROW_EXPLAIN : ROW_DATA;
}

static struct copy_options copy_options(const struct translation *t)
{
	return (struct copy_options){ t->copy.delimiter, t->copy.null_text };
}

static void complete_read(struct session *s, struct portal *p, uint64_t rows)
{
	if (p->translation->kind == STATEMENT_COPY_TO)
		wire_put_bare(&s->out, 'c');
	execute_complete(s, p->translation, (int64_t)rows);
	p->is_done = true;
}

/* ---- reads on the loop's own thread ---- */

static enum progress fail(struct session *s, struct err *err)
{
	catalog_explain_error(transaction_catalog(s), err);
	session_fail(s, err);
	return PROGRESS_FAILED;
}

/* Tries the whole read here, within the loop's budget. WAIT: it takes more, and nothing was answered. */
static enum progress read_inline(struct session *s, struct portal *p, struct conn *conn, struct value *params)
{
	const struct step *step = &p->translation->steps[0];
	const struct query query = { .sql = step->sql,
		.sql_len = step->sql_len,
		.params = params,
		.nparams = step->nslots,
		.params_outlive = true };
	const struct run_limits limits = { .ops_max = s->host->limits->inline_ops_max };
	const struct format_settings settings = session_formats(s);
	const struct copy_options copy = copy_options(p->translation);
	struct environment env;
	struct row_writer writer;
	struct cursor cursor;
	struct err err;
	size_t mark = s->out.len;

	session_environment(s, &env);
	conn_set_environment(conn, &env);
	conn_set_tables_context(conn, transaction_catalog(s));
	row_writer_init(
	    &writer, row_form(p->translation), &s->out, p->formats, p->translation->ncolumns, &settings);
	writer.copy = &copy;
	writer.pause_bytes = mark + s->host->limits->output_pause_bytes;
	if (cursor_open(&cursor, conn, &query, &err) != 0)
		return fail(s, &err);
	enum cursor_result result = cursor_run(&cursor, &writer.sink, &limits, &err);
	cursor_close(&cursor);
	switch (result) {
	case CURSOR_DONE: complete_read(s, p, writer.rows); return PROGRESS_DONE;
	case CURSOR_FAILED: return fail(s, &err);
	case CURSOR_PAUSED:
	case CURSOR_OVER_BUDGET: break;
	}
	buf_truncate(&s->out, mark);
	return PROGRESS_WAIT;
}

/* ---- reads elsewhere ---- */

void read_free(struct read *r)
{
	if (r->is_open)
		cursor_close(&r->cursor);
	if (r->conn != NULL)
		conn_clear_interrupt(r->conn);
	if (r->conn != NULL && r->is_pooled)
		store_give_reader(r->session->host->store, r->conn);
	catalog_unref(r->catalog);
	buf_release(&r->rows);
	free(r);
}

/* Worker: one slice. */
static void read_run(struct task *task)
{
	struct read *r = (struct read *)(void *)task;
	const struct run_limits limits = { .rows_max = r->rows_max == 0 ? 0 : r->rows_max - r->rows_done };
	uint64_t before = r->writer.rows;

	r->result = CURSOR_FAILED;
	if (r->is_open) /* setting it starts the random numbers anew */
		r->env.seed = entry_statement_seed(r->env.seed, 1);
	conn_set_environment(r->conn, &r->env);
	conn_set_tables_context(r->conn, r->catalog);
	if (!r->is_open && cursor_open(&r->cursor, r->conn, &r->query, &r->err) != 0)
		return;
	r->is_open = true;
	r->result = cursor_run(&r->cursor, &r->writer.sink, &limits, &r->err);
	r->rows_done += r->writer.rows - before;
	if (r->result != CURSOR_PAUSED) {
		cursor_close(&r->cursor);
		r->is_open = false;
	}
}

static void read_done(struct task *task)
{
	session_work_done(((struct read *)(void *)task)->session);
}

static struct read *read_new(struct session *s, struct portal *p, struct value *params, struct err *err)
{
	const struct step *step = &p->translation->steps[0];
	const struct format_settings settings = session_formats(s);
	struct read *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	r->task = (struct task){ .run = read_run, .done = read_done, .host = s->host };
	r->session = s;
	r->portal = p;
	r->query = (struct query){ .sql = step->sql,
		.sql_len = step->sql_len,
		.params = params,
		.nparams = step->nslots,
		.params_outlive = true };
	buf_init(&r->rows, (size_t)1100 << 20);
	session_environment(s, &r->env);
	r->catalog = catalog_ref(transaction_catalog(s));
	r->copy = copy_options(p->translation);
	row_writer_init(
	    &r->writer, row_form(p->translation), &r->rows, p->formats, p->translation->ncolumns, &settings);
	r->writer.copy = &r->copy;
	r->writer.pause_bytes = s->host->limits->output_pause_bytes;
	if (s->transaction.speculation != NULL) {
		r->conn = speculation_conn(s->transaction.speculation);
	} else if (store_take_reader(s->host->store, &r->conn, err) == 0) {
		r->is_pooled = true;
	} else {
		read_free(r);
		return NULL;
	}
	conn_clear_interrupt(r->conn);
	return r;
}

static enum progress run_slice(struct session *s, struct read *r)
{
	s->resume = RESUME_READ;
	s->reading = r;
	session_move(s, SESSION_BUSY);
	s->host->run_elsewhere(s->host->arg, &r->task);
	return PROGRESS_WAIT;
}

static enum progress read_elsewhere(
    struct session *s, struct portal *p, struct value *params, uint64_t rows_max)
{
	struct err err;

	if (p->read == NULL)
		p->read = read_new(s, p, params, &err);
	if (p->read == NULL)
		return fail(s, &err);
	p->read->rows_max = rows_max;
	p->read->rows_done = 0;
	return run_slice(s, p->read);
}

/* The slice's rows become the session's output. */
static void take_rows(struct session *s, struct read *r)
{
	if (s->out.len == 0) {
		struct buf empty = s->out;
		s->out = r->rows;
		s->out.max = empty.max;
		r->rows = empty;
	} else {
		buf_put(&s->out, r->rows.data, r->rows.len);
	}
	buf_clear(&r->rows);
}

enum progress execute_resume_read(struct session *s)
{
	struct read *r = s->reading;
	struct portal *p = r->portal;

	take_rows(s, r);
	switch (r->result) {
	case CURSOR_PAUSED:
		if (r->rows_max > 0 && r->rows_done >= r->rows_max) {
			wire_put_bare(&s->out, 's');
			return PROGRESS_DONE;
		}
		s->resume = RESUME_READ;
		s->is_waiting_drain = true;
		return PROGRESS_WAIT;
	case CURSOR_DONE: complete_read(s, p, r->rows_done); break;
	case CURSOR_OVER_BUDGET:
	case CURSOR_FAILED: break;
	}
	struct err err = r->err;
	bool failed = r->result != CURSOR_DONE;
	p->read = NULL;
	read_free(r);
	return failed ? fail(s, &err) : PROGRESS_DONE;
}

void execute_drained(struct session *s)
{
	run_slice(s, s->reading);
}

/* ---- any statement ---- */

static enum progress execute_read(struct session *s, struct portal *p, uint64_t rows_max)
{
	struct err err;
	struct value *params;
	struct conn *conn;

	if (p->read != NULL) /* suspended: goes on where it was */
		return read_elsewhere(s, p, NULL, rows_max);
	if (!execute_slots(s, p, &p->translation->steps[0], &params, &err))
		return fail(s, &err);
	if (p->translation->kind == STATEMENT_COPY_TO) {
		wire_put_copy_response(&s->out, 'H', 0, p->translation->ncolumns);
		rows_max = 0;
	}
	if (rows_max == 0 && !p->translation->is_slow) {
		conn = s->transaction.speculation != NULL ? speculation_conn(s->transaction.speculation)
							  : host_reader(s->host, &err);
		if (conn == NULL)
			return fail(s, &err);
		enum progress progress = read_inline(s, p, conn, params);
		if (progress != PROGRESS_WAIT)
			return progress;
	}
	return read_elsewhere(s, p, params, rows_max);
}

static void put_notices(struct session *s, const struct translation *t)
{
	struct err notice;

	for (size_t i = 0; i < t->nnotices; i++) {
		err_set(&notice, "00000", "%s", t->notices[i]);
		session_notice(s, "NOTICE", &notice);
	}
}

static bool is_read(const struct session *s, const struct translation *t)
{
	if (t->kind == STATEMENT_COPY_TO)
		return true;
	/* Rows that are locked in a transaction are verified when it commits, like those that it wrote. */
	return t->kind == STATEMENT_READ &&
	       !(t->is_for_update && s->transaction.kind == TRANSACTION_EXPLICIT);
}

/* Must what is deferred be run, and answered, before this statement? Then it runs in a speculation, and we come back. So nothing is
 * deferred in an explicit transaction. */
static bool needs_answers_first(const struct session *s, const struct translation *t)
{
	if (!transaction_needs_speculation(s))
		return false;
	return is_read(s, t) || t->kind == STATEMENT_COPY_FROM || t->kind == STATEMENT_ROLLBACK ||
	       t->kind == STATEMENT_BEGIN;
}

static enum progress dispatch(struct session *s, struct portal *p, uint64_t rows_max)
{
	const struct translation *t = p->translation;

	if (needs_answers_first(s, t)) {
		p->refs++;
		s->after_speculation = p;
		s->after_speculation_rows_max = rows_max;
		return transaction_materialise(s);
	}
	put_notices(s, t);
	if (is_read(s, t))
		return execute_read(s, p, rows_max);
	switch (t->kind) {
	case STATEMENT_READ:
	case STATEMENT_WRITE: return transaction_write(s, p);
	case STATEMENT_COPY_FROM: return copy_in_start(s, p);
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
	case STATEMENT_SAVEPOINT:
	case STATEMENT_RELEASE:
	case STATEMENT_ROLLBACK_TO:
	case STATEMENT_SET_TRANSACTION: return transaction_statement(s, p);
	default: return utility_execute(s, p, rows_max);
	}
}

enum progress execute_portal(struct session *s, struct portal *p, uint64_t rows_max)
{
	struct err err;

	if (p->translation == NULL) {
		wire_put_bare(&s->out, 'I');
		return PROGRESS_DONE;
	}
	if (transaction_check(s, p->translation, &err) != 0 ||
	    (!p->is_done && p->read == NULL && portal_refresh(s, p, &err) != 0)) {
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	if (p->is_done && p->translation->kind == STATEMENT_WRITE) {
		err_set(&err, "55000", "portal \"%s\" cannot be run", p->name == NULL ? "" : p->name);
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	if (p->is_done) { /* no more rows: an Execute after the last */
		execute_complete(s, p->translation, 0);
		return PROGRESS_DONE;
	}
	/* What runs may drop the portal: EXECUTE has one of its own. */
	p->refs++;
	enum progress progress = dispatch(s, p, rows_max);
	portal_unref(s, p);
	return progress;
}
