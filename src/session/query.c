/* The simple query: a text of statements, one after the other, in one implicit transaction (chapter 55.2.2). */
#include "session/state.h"

void query_start(struct session *s, const char *text, size_t len)
{
	struct query_run *q = &s->query;
	struct err err;

	/* A simple query destroys the unnamed statement and portal. */
	if (s->portal_unnamed != NULL)
		portal_drop(s, s->portal_unnamed);
	if (s->prepared_unnamed != NULL)
		prepared_drop(s, s->prepared_unnamed);
	arena_reset(&q->arena);
	q->next = q->n = 0;
	q->is_active = true;
	q->text = arena_strndup(&q->arena, text, len);
	if (q->text == NULL) {
		err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	} else if (translator_split(s->host->translator, q->text, len, &q->arena, &q->pieces, &q->n, &err) ==
		   0) {
		if (q->n == 0)
			wire_put_bare(&s->out, 'I');
		query_step(s);
		return;
	}
	query_fail(s, &err);
}

void query_fail(struct session *s, const struct err *err)
{
	s->query.is_active = true;
	session_fail(s, err);
	query_end(s);
}

static struct portal *make_portal(struct session *s, const struct piece *piece, struct err *err)
{
	struct query_run *q = &s->query;
	struct portal *p = portal_new(s);

	if (p == NULL) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	/* A piece in the middle is ended by its semicolon; the translator wants a NUL. */
	p->text = q->n == 1 ? q->text + piece->offset
			    : arena_strndup(&p->arena, q->text + piece->offset, piece->len);
	p->text_len = piece->len;
	p->position_base = utf8_chars(q->text, piece->offset);
	if (p->text == NULL || (q->n == 1 && p->text[piece->len] != '\0' &&
				   (p->text = arena_strndup(&p->arena, p->text, piece->len)) == NULL)) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		portal_unref(s, p);
		return NULL;
	}
	if (portal_translate(s, p, err) != 0 || portal_set_formats(s, p, 0, NULL, err) != 0) {
		portal_unref(s, p);
		return NULL;
	}
	return p;
}

static bool describes_rows(const struct translation *t)
{
	return t->ncolumns > 0 && t->kind != STATEMENT_COPY_TO && t->kind != STATEMENT_COPY_FROM &&
	       t->kind != STATEMENT_EXECUTE;
}

/* One statement. The portal is the session's unnamed one while it runs. */
static enum progress run_piece(struct session *s, const struct piece *piece)
{
	struct err err;
	struct portal *p = make_portal(s, piece, &err);

	if (p == NULL) {
		transaction_explain(s, &err);
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	portal_add(s, "", p, &err);
	if (describes_rows(p->translation) && !(s->transaction.has_failed))
		portal_put_row_description(s, p->translation, p->formats);
	return execute_portal(s, p, 0);
}

void query_step(struct session *s)
{
	struct query_run *q = &s->query;

	while (q->next < q->n) {
		/* DDL that is deferred changes what the next statement means: it must have run. */
		if (s->transaction.is_ddl_deferred) {
			enum progress progress = transaction_materialise(s);
			if (progress == PROGRESS_WAIT)
				return;
			if (progress == PROGRESS_FAILED) {
				query_end(s);
				return;
			}
		}
		enum progress progress = run_piece(s, &q->pieces[q->next++]);
		if (progress == PROGRESS_WAIT)
			return;
		if (progress == PROGRESS_FAILED) {
			query_end(s);
			return;
		}
	}
	enum progress progress = transaction_commit(s, AFTER_QUERY);
	if (progress != PROGRESS_WAIT)
		query_end(s);
}

void query_end(struct session *s)
{
	if (s->failure != NULL) /* what is deferred is answered first, then we are called again */
		return;
	if (s->portal_unnamed != NULL)
		portal_drop(s, s->portal_unnamed);
	s->query.is_active = false;
	arena_reset(&s->query.arena);
	session_ready(s);
}
