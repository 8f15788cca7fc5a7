/* Running a transaction's statements privately, before they are in the log: on a worker, on the transaction's speculation. */
#include <stdio.h>
#include <stdlib.h>

#include "session/state.h"

#define ROW_VALUES_FEW 64

struct speculate {
	struct task task;
	struct session *session;
	struct store *store;
	struct speculation *speculation;     /* the transaction's, or made here */
	const struct catalog *catalog;       /* what virtual tables answer from: the transaction's */
	const struct catalog *catalog_after; /* loaded after DDL; one reference */
	uint64_t private_version;            /* names the speculation's schema: no other has it */
	struct environment env;              /* of the entry */
	struct entry_reader reader;          /* over `pending` */
	_Atomic(struct speculation *) begun; /* the speculation, for speculate_interrupt */
	_Atomic bool is_interrupted;         /* also before there is one */
	size_t at;                           /* the deferred statement that runs */
	bool ran_ddl;
	int64_t *changes; /* of each deferred statement */
	int rc;
	struct err err;
};

/* ---- on the worker ---- */

static int begin(struct speculate *w)
{
	const struct savepoint *list[256];
	size_t n = 0;
	char sql[64];

	if (w->speculation != NULL)
		return 0;
	if (speculation_begin(w->store, &w->speculation, &w->err) != 0)
		return -1;
	conn_clear_interrupt(speculation_conn(w->speculation));
	atomic_store(&w->begun, w->speculation);
	if (atomic_load(&w->is_interrupted))
		conn_interrupt(speculation_conn(w->speculation));
	for (const struct savepoint *p = w->session->transaction.savepoints; p != NULL; p = p->outer) {
		if (n == sizeof(list) / sizeof(list[0]))
			return err_set(
			    &w->err, SQLSTATE_LIMIT_EXCEEDED, "too many savepoints before the first write");
		list[n++] = p;
	}
	while (n > 0) {
		snprintf(sql, sizeof(sql), "SAVEPOINT s%u", list[--n]->id);
		if (conn_exec(speculation_conn(w->speculation), sql, &w->err) != 0)
			return -1;
	}
	return 0;
}

static int run_rows(
    struct speculate *w, const struct statement_header *h, struct row_sink *sink, int64_t *changes)
{
	struct entry_builder *entry = &w->session->transaction.entry;
	struct conn *conn = speculation_conn(w->speculation);
	struct value few[ROW_VALUES_FEW], *values = few;
	struct query query = { .sql = h->sql,
		.sql_len = h->sql_len,
		.nparams = h->ncolumns,
		.params_outlive = true,
		.is_internal = (h->flags & STATEMENT_INTERNAL) != 0 };
	int rc = 0;

	if (h->ncolumns > ROW_VALUES_FEW) {
		values = malloc(h->ncolumns * sizeof(*values));
		if (values == NULL)
			return err_set(&w->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	query.params = values;
	*changes = 0;
	for (uint32_t i = 0; i < h->nrows && rc == 0; i++) {
		int64_t n = 0;
		rc = entry_read_row(&w->reader, values, h->ncolumns, &w->err);
		if (rc == 0) {
			entry_builder_row(entry, values, h->ncolumns);
			rc = conn_run(conn, &query, sink, &n, &w->err);
			*changes += n;
		}
	}
	if (values != few)
		free(values);
	return rc;
}

/* One statement of the entry, under the seed that it will have when it is applied. */
static int run_statement(struct speculate *w, struct deferred *d, uint32_t statement, int64_t *changes)
{
	struct transaction *x = &w->session->transaction;
	struct environment env = w->env;
	struct statement_header h;
	bool gives_result = statement == d->result_statement;

	if (entry_read_statement(&w->reader, &h, &w->err) != 0)
		return -1;
	env.seed = entry_statement_seed(w->env.seed, x->nentry);
	conn_set_environment(speculation_conn(w->speculation), &env);
	entry_builder_statement(&x->entry, &h);
	if (run_rows(w, &h, gives_result ? &d->writer.sink : NULL, changes) != 0)
		return -1;
	if (x->entry.bytes.failed)
		return err_set(&w->err, SQLSTATE_LIMIT_EXCEEDED, "transaction is larger than %zu bytes",
		    w->session->host->limits->entry_bytes_max);
	if (h.flags & STATEMENT_DDL)
		w->ran_ddl = true;
	else
		entry_builder_told(&x->entry, *changes, gives_result ? d->writer.hash : 0);
	x->nentry++;
	return 0;
}

static int run_deferred(struct speculate *w, struct deferred *d)
{
	int64_t changes = 0;

	d->writer.is_hashed = true;
	w->changes[w->at] = d->result_statement == UINT32_MAX ? -1 : 0;
	for (uint32_t i = 0; i < d->nstatements; i++) {
		if (run_statement(w, d, d->first_statement + i, &changes) != 0)
			return -1;
		if (d->first_statement + i == d->result_statement)
			w->changes[w->at] = changes;
	}
	return 0;
}

static int load_catalog(struct speculate *w)
{
	struct conn *conn = speculation_conn(w->speculation);
	const struct value version[1] = { value_int((int64_t)w->private_version) };
	const struct query query = { .sql =
					 "UPDATE _nqlite_state SET value = ?1 WHERE key = 'schema_version'",
		.sql_len = 64,
		.params = version,
		.nparams = 1,
		.is_internal = true };

	if (conn_run(conn, &query, NULL, NULL, &w->err) != 0)
		return -1;
	return catalog_load(conn, &w->catalog_after, &w->err);
}

static void speculate_run(struct task *task)
{
	struct speculate *w = (struct speculate *)(void *)task;
	struct transaction *x = &w->session->transaction;
	struct entry_header h;

	w->rc = begin(w);
	if (w->rc != 0 || x->ndeferred == 0)
		return;
	conn_set_tables_context(speculation_conn(w->speculation), w->catalog);
	w->rc = entry_read_entry(&w->reader, &h, &w->err);
	for (w->at = 0; w->rc == 0 && w->at < x->ndeferred; w->at++) {
		w->rc = run_deferred(w, &x->deferred[w->at]);
		if (w->rc != 0)
			break;
	}
	if (w->rc == 0 && w->ran_ddl)
		w->rc = load_catalog(w);
}

/* ---- on the loop ---- */

static void speculate_done(struct task *task)
{
	session_work_done(((struct speculate *)(void *)task)->session);
}

/* The entry's environment is drawn once: when its first statement runs. */
static int begin_entry(struct session *s, struct environment *env, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct entry_reader r;
	struct entry_header h;

	if (x->entry.bytes.len == 0)
		transaction_begin_entry(s, &x->entry, ENTRY_VERIFY);
	entry_reader_init(&r, x->entry.bytes.data, x->entry.bytes.len);
	int rc = entry_read_entry(&r, &h, err);
	if (rc != 0)
		return rc;
	env->now_us = h.now_us;
	env->seed = h.seed;
	env->ops_max = 0;
	memcpy(env->role, h.role, sizeof(env->role));
	memcpy(env->timezone, h.timezone, sizeof(env->timezone));
	return 0;
}

static struct speculate *prepare(struct session *s, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct speculate *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->changes = calloc(x->ndeferred + 1, sizeof(*w->changes))) == NULL) {
		free(w);
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	w->task = (struct task){ .run = speculate_run, .done = speculate_done, .host = s->host };
	w->session = s;
	w->store = s->host->store;
	w->speculation = x->speculation;
	atomic_init(&w->begun, x->speculation);
	w->catalog = transaction_catalog(s);
	w->private_version =
	    UINT64_C(1) << 62 | (uint64_t)s->host->random(s->host->arg) << 24 | (x->nentry & 0xffffff);
	int rc = begin_entry(s, &w->env, err);
	if (rc == 0 && x->ndeferred > 0 && !entry_builder_end(&x->pending))
		rc = err_set(err, SQLSTATE_LIMIT_EXCEEDED, "transaction is larger than %zu bytes",
		    s->host->limits->entry_bytes_max);
	if (rc != 0) {
		free(w->changes);
		free(w);
		return NULL;
	}
	entry_reader_init(&w->reader, x->pending.bytes.data, x->pending.bytes.len);
	return w;
}

enum progress speculate_pending(struct session *s)
{
	struct err err;
	struct speculate *w = prepare(s, &err);

	if (w == NULL) {
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	s->speculate = w;
	s->resume = RESUME_SPECULATE;
	session_move(s, SESSION_BUSY);
	s->host->run_elsewhere(s->host->arg, &w->task);
	return PROGRESS_WAIT;
}

void speculate_interrupt(struct session *s)
{
	struct speculate *w = s->speculate;

	if (w == NULL)
		return;
	atomic_store(&w->is_interrupted, true);
	struct speculation *begun = atomic_load(&w->begun);
	if (begun != NULL)
		conn_interrupt(speculation_conn(begun));
}

void speculate_free(struct session *s)
{
	struct speculate *w = s->speculate;

	if (w == NULL)
		return;
	s->speculate = NULL;
	/* Made by the work, whether or not anybody still waits for it: the transaction ends it. */
	s->transaction.speculation = w->speculation;
	catalog_unref(w->catalog_after);
	free(w->changes);
	free(w);
}

static void take_catalog(struct session *s, struct speculate *w)
{
	struct transaction *x = &s->transaction;

	if (w->catalog_after == NULL)
		return;
	catalog_unref(x->catalog);
	x->catalog = w->catalog_after;
	w->catalog_after = NULL;
	x->is_ddl_done = true;
}

/* Answers what was run; then, or instead, the failure that waited for that. */
static enum progress answer(struct session *s, struct speculate *w)
{
	struct err *failure = s->failure;
	struct err err;

	s->failure = NULL;
	if (w->rc == 0) {
		take_catalog(s, w);
		deferred_answer(s, SIZE_MAX, NULL, w->changes);
		if (failure != NULL)
			session_fail(s, failure);
	} else {
		err = w->err;
		catalog_explain_error(transaction_catalog(s), &err);
		deferred_answer(s, w->at, &err, w->changes);
	}
	enum progress progress = w->rc == 0 && failure == NULL ? PROGRESS_DONE : PROGRESS_FAILED;
	free(failure);
	return progress;
}

enum progress speculate_resume(struct session *s)
{
	struct speculate *w = s->speculate;
	struct portal *next = s->after_speculation;

	s->after_speculation = NULL;
	session_move(s, SESSION_READY);
	s->transaction.speculation = w->speculation;
	/* A cancel that came too late is nobody's. */
	if (w->speculation != NULL)
		conn_clear_interrupt(speculation_conn(w->speculation));
	enum progress progress = answer(s, w);
	/* An implicit transaction that failed has ended, and its speculation with it. */
	w->speculation = s->transaction.speculation;
	speculate_free(s);
	if (next != NULL) {
		if (progress == PROGRESS_DONE)
			progress = execute_portal(s, next, s->after_speculation_rows_max);
		portal_unref(s, next);
	}
	return progress;
}

int speculate_reload_catalog(struct session *s, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct speculate w = { .session = s, .speculation = x->speculation };

	w.private_version =
	    UINT64_C(1) << 62 | (uint64_t)s->host->random(s->host->arg) << 24 | (x->nentry & 0xffffff);
	if (load_catalog(&w) != 0) {
		*err = w.err;
		return -1;
	}
	take_catalog(s, &w);
	return 0;
}
