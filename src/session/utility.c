/* Statements that the session answers by itself: settings, prepared statements in SQL, DISCARD. */
#include <stdio.h>

#include "session/state.h"

static enum progress fail(struct session *s, const struct err *err)
{
	session_fail(s, err);
	return PROGRESS_FAILED;
}

static enum progress complete(struct session *s, struct portal *p, int64_t count)
{
	execute_complete(s, p->translation, count);
	p->is_done = true;
	return PROGRESS_DONE;
}

/* ---- settings ---- */

static enum progress set(struct session *s, struct portal *p)
{
	const struct translation *t = p->translation;
	bool in_transaction = s->transaction.kind == TRANSACTION_EXPLICIT;
	struct err err;
	int rc;

	if (t->setting.name == NULL)
		rc = settings_reset_all(&s->settings, in_transaction, &err);
	else
		rc = settings_set(&s->settings, t->setting.name,
		    t->kind == STATEMENT_RESET ? NULL : t->setting.value, SET_BY_CLIENT, t->setting.is_local,
		    in_transaction, &err);
	if (rc != 0)
		return fail(s, &err);
	if (t->setting.is_local && !in_transaction) {
		err_set(
		    &err, SQLSTATE_NO_ACTIVE_TRANSACTION, "SET LOCAL can only be used in transaction blocks");
		session_notice(s, "WARNING", &err);
	}
	return complete(s, p, -1);
}

static void put_row(struct session *s, struct portal *p, const char *const *texts, size_t n)
{
	const struct format_settings settings = session_formats(s);
	size_t at = wire_begin(&s->out, 'D');
	struct err err;

	wire_put_int16(&s->out, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		struct value v = value_str(texts[i]);
		format_put_field(&s->out, &v, &p->formats[i], &settings, &err);
	}
	wire_end(&s->out, at);
}

static enum progress show(struct session *s, struct portal *p)
{
	const struct translation *t = p->translation;
	const char *texts[3];
	struct err err;

	if (t->setting.name != NULL) {
		texts[0] = settings_show(&s->settings, t->setting.name, NULL, &err);
		if (texts[0] == NULL)
			return fail(s, &err);
		put_row(s, p, texts, 1);
		return complete(s, p, -1);
	}
	for (size_t i = 0; settings_row(&s->settings, i, &texts[0], &texts[1], &texts[2]); i++)
		put_row(s, p, texts, 3);
	return complete(s, p, -1);
}

/* ---- PREPARE, EXECUTE, DEALLOCATE ---- */

static enum progress prepare(struct session *s, struct portal *p)
{
	const struct translation *t = p->translation;
	struct err err;

	if (prepared_add(s, t->prepare.name, t->prepare.text, strlen(t->prepare.text), t->prepare.types,
		t->prepare.ntypes, &err) != 0)
		return fail(s, &err);
	return complete(s, p, -1);
}

static int read_args(struct portal *inner, const struct translation *t, struct err *err)
{
	const struct translation *target = inner->translation;

	if (t->prepare.nargs != target->nparams) {
		err_set(err, SQLSTATE_SYNTAX, "wrong number of parameters for prepared statement \"%s\"",
		    t->prepare.name);
		err_detail(err, "Expected %zu parameters but got %zu.", target->nparams, t->prepare.nargs);
		return -1;
	}
	inner->nparams = t->prepare.nargs;
	inner->params = arena_zalloc(&inner->arena, (inner->nparams + 1) * sizeof(*inner->params));
	if (inner->params == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; i < inner->nparams; i++) {
		const struct value *arg = &t->prepare.args[i];
		struct value *out = &inner->params[i];
		struct buf scratch;
		int rc = 0;

		buf_init(&scratch, (size_t)1 << 30);
		if (arg->kind == VALUE_TEXT)
			rc = format_read_text(
			    target->param_types[i], -1, arg->text, arg->len, &scratch, out, err);
		if (rc == 0 && (out->kind == VALUE_TEXT || out->kind == VALUE_BLOB)) {
			out->text = arena_memdup(&inner->arena, out->text, out->len);
			rc = out->text == NULL ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
		}
		buf_release(&scratch);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int fill_from_prepared(
    struct session *s, struct portal *inner, const struct translation *t, struct err *err)
{
	struct prepared *from = prepared_find(s, t->prepare.name);

	if (from == NULL)
		return err_set(err, SQLSTATE_INVALID_STATEMENT_NAME,
		    "prepared statement \"%s\" does not exist", t->prepare.name);
	inner->text = arena_strndup(&inner->arena, from->text, from->text_len);
	inner->text_len = from->text_len;
	inner->declared =
	    arena_memdup(&inner->arena, from->declared, from->ndeclared * sizeof(*from->declared));
	inner->ndeclared = from->ndeclared;
	inner->literals_stay = true;
	if (inner->text == NULL || inner->declared == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	if (from->translation != NULL) {
		translation_ref(from->translation);
		inner->translation = from->translation;
		if (portal_refresh(s, inner, err) != 0)
			return -1;
		if (s->is_extended && inner->translation->ncolumns > 0)
			return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "EXECUTE of a statement that returns rows is not supported in the extended "
			    "protocol");
		return read_args(inner, t, err) != 0 ? -1 : portal_set_formats(s, inner, 0, NULL, err);
	}
	return 0;
}

static enum progress execute(struct session *s, struct portal *p, uint64_t rows_max)
{
	struct portal *inner = portal_new(s);
	struct err err;

	if (inner == NULL) {
		err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		return fail(s, &err);
	}
	if (fill_from_prepared(s, inner, p->translation, &err) != 0) {
		portal_unref(s, inner);
		return fail(s, &err);
	}
	/* From here the unnamed portal is the inner one; `p` may be gone. */
	portal_add(s, "", inner, &err);
	if (inner->translation != NULL && inner->translation->ncolumns > 0 &&
	    inner->translation->kind != STATEMENT_COPY_TO)
		portal_put_row_description(s, inner->translation, inner->formats);
	return execute_portal(s, inner, rows_max);
}

static enum progress deallocate(struct session *s, struct portal *p)
{
	const char *name = p->translation->name;
	struct err err;

	if (name == NULL) {
		prepared_drop_all(s);
		return complete(s, p, -1);
	}
	struct prepared *found = prepared_find(s, name);
	if (found == NULL) {
		err_set(
		    &err, SQLSTATE_INVALID_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
		return fail(s, &err);
	}
	prepared_drop(s, found);
	return complete(s, p, -1);
}

static enum progress discard(struct session *s, struct portal *p)
{
	struct err err;

	if (strcmp(p->translation->name, "all") == 0) {
		if (s->transaction.kind == TRANSACTION_EXPLICIT) {
			err_set(&err, SQLSTATE_ACTIVE_TRANSACTION,
			    "DISCARD ALL cannot run inside a transaction block");
			return fail(s, &err);
		}
		prepared_drop_all(s);
		settings_reset_all(&s->settings, false, &err);
	}
	return complete(s, p, -1);
}

enum progress utility_execute(struct session *s, struct portal *p, uint64_t rows_max)
{
	struct err err;

	switch (p->translation->kind) {
	case STATEMENT_SET:
	case STATEMENT_RESET: return set(s, p);
	case STATEMENT_SHOW: return show(s, p);
	case STATEMENT_PREPARE: return prepare(s, p);
	case STATEMENT_EXECUTE: return execute(s, p, rows_max);
	case STATEMENT_DEALLOCATE: return deallocate(s, p);
	case STATEMENT_DISCARD: return discard(s, p);
	case STATEMENT_NOTHING: return complete(s, p, -1);
	default: err_set(&err, SQLSTATE_INTERNAL, "unexpected kind of statement"); return fail(s, &err);
	}
}
