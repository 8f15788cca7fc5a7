/* Writes whose answers wait: they stand in the entry, their places in the output are kept, and the answers are put there later. */
#include <stdlib.h>

#include "session/state.h"

int deferred_too_large(struct session *s, struct err *err)
{
	err_set(err, SQLSTATE_LIMIT_EXCEEDED, "transaction is larger than %zu bytes",
	    s->host->limits->entry_bytes_max);
	err_hint(err, "Split it into several transactions, or raise entry_bytes_max.");
	return -1;
}

static int grow_deferred(struct transaction *x, struct err *err)
{
	if (x->ndeferred < x->deferred_cap)
		return 0;
	size_t cap = x->deferred_cap == 0 ? 1 : x->deferred_cap * 2;
	struct deferred *grown = realloc(x->deferred, cap * sizeof(*grown));
	if (grown == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	memset(grown + x->deferred_cap, 0, (cap - x->deferred_cap) * sizeof(*grown));
	/* They have moved, and the rows that they write with them. */
	for (size_t i = 0; i < x->ndeferred; i++)
		grown[i].writer.out = &grown[i].rows;
	x->deferred = grown;
	x->deferred_cap = cap;
	return 0;
}

/* The statements of a portal's steps; for COPY the rows are there already. */
static int put_steps(struct session *s, struct portal *p, struct err *err)
{
	const struct translation *t = p->translation;
	struct transaction *x = &s->transaction;

	for (size_t i = 0; i < t->nsteps; i++) {
		const struct step *step = &t->steps[i];
		struct value *values;
		if (!execute_slots(s, p, step, &values, err))
			return -1;
		const struct statement_header h = {
			.sql = step->sql,
			.sql_len = (uint32_t)step->sql_len,
			.flags =
			    (step->is_internal ? STATEMENT_INTERNAL : 0) | (t->is_ddl ? STATEMENT_DDL : 0),
			.ncolumns = (uint32_t)step->nslots,
		};
		entry_builder_statement(&x->pending, &h);
		entry_builder_row(&x->pending, values, step->nslots);
	}
	return x->pending.bytes.failed ? deferred_too_large(s, err) : 0;
}

static uint32_t result_step(const struct translation *t)
{
	for (uint32_t i = 0; i < t->nsteps; i++) {
		if (t->steps[i].gives_result)
			return i;
	}
	return UINT32_MAX;
}

int deferred_add(struct session *s, struct portal *p, int64_t count_known, struct err *err)
{
	struct transaction *x = &s->transaction;
	const struct translation *t = p->translation;
	const struct format_settings settings = session_formats(s);

	if (grow_deferred(x, err) != 0)
		return -1;
	transaction_begin_write(s);
	if (count_known < 0 && put_steps(s, p, err) != 0)
		return -1;

	struct deferred *d = &x->deferred[x->ndeferred];
	uint32_t step = result_step(t);
	if (d->rows.max == 0)
		buf_init(&d->rows, s->host->limits->entry_bytes_max);
	d->output_at = s->out.len;
	d->first_statement = x->npending;
	d->nstatements = (uint32_t)t->nsteps;
	d->result_statement = step == UINT32_MAX ? UINT32_MAX : x->npending + step;
	d->portal = p;
	p->refs++;
	p->is_done = true;
	x->is_ddl_deferred |= t->is_ddl;
	d->count_known = count_known;
	row_writer_init(&d->writer, ROW_DATA, &d->rows, p->formats, t->ncolumns, &settings);
	x->ndeferred++;
	x->npending += d->nstatements;
	return 0;
}

void deferred_drop(struct session *s)
{
	struct transaction *x = &s->transaction;

	for (size_t i = 0; i < x->ndeferred; i++) {
		struct deferred *d = &x->deferred[i];
		portal_unref(s, d->portal);
		if (d->rows.cap > 65536)
			buf_release(&d->rows);
		buf_clear(&d->rows);
	}
	x->ndeferred = 0;
	x->npending = 0;
	x->is_ddl_deferred = false;
	if (x->pending.bytes.cap > 65536) {
		entry_builder_release(&x->pending);
		entry_builder_init(&x->pending, s->host->limits->entry_bytes_max);
	}
	entry_builder_clear(&x->pending);
}

static void answer_one(struct session *s, const struct deferred *d, int64_t changes)
{
	const struct translation *t = d->portal->translation;

	buf_put(&s->out, d->rows.data, d->rows.len);
	if (t->kind == STATEMENT_READ)
		changes = (int64_t)d->writer.rows;
	execute_complete(s, t, d->count_known >= 0 ? d->count_known : changes);
}

void deferred_answer(struct session *s, size_t failed, const struct err *err, const int64_t *changes)
{
	struct transaction *x = &s->transaction;
	struct buf before = s->out;
	size_t taken = 0, n = failed < x->ndeferred ? failed : x->ndeferred;

	/* One answer, at the end of the output: nothing has to be moved. */
	if (x->ndeferred == 1 && err == NULL && x->deferred[0].output_at == s->out.len) {
		answer_one(s, &x->deferred[0], changes[0]);
		deferred_drop(s);
		return;
	}
	if (n == 0) {
		if (failed < x->ndeferred)
			buf_truncate(&s->out, x->deferred[0].output_at);
		deferred_drop(s);
		if (err != NULL)
			session_fail(s, err);
		return;
	}
	buf_init(&s->out, before.max);
	s->out.failed = before.failed;
	for (size_t i = 0; i < n; i++) {
		buf_put(&s->out, before.data + taken, x->deferred[i].output_at - taken);
		taken = x->deferred[i].output_at;
		answer_one(s, &x->deferred[i], changes[i]);
	}
	size_t end = failed < x->ndeferred ? x->deferred[failed].output_at : before.len;
	buf_put(&s->out, before.data + taken, end - taken);
	buf_release(&before);
	deferred_drop(s);
	if (err != NULL)
		session_fail(s, err);
}
