/* SAVEPOINT, RELEASE, ROLLBACK TO: marks in the entry, in the settings, and on the speculation if there is one. */
#include <stdio.h>
#include <stdlib.h>

#include "session/state.h"

void savepoint_drop(struct transaction *x)
{
	struct savepoint *p = x->savepoints;

	x->savepoints = p->outer;
	free(p->name);
	free(p);
}

static int run_on_speculation(struct session *s, const char *verb, unsigned id, struct err *err)
{
	char sql[64];

	if (s->transaction.speculation == NULL)
		return 0;
	snprintf(sql, sizeof(sql), "%s s%u", verb, id);
	return conn_exec(speculation_conn(s->transaction.speculation), sql, err);
}

static int savepoint_set(struct session *s, const char *name, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct savepoint *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->name = strdup(name)) == NULL) {
		free(p);
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	p->id = ++x->savepoint_id;
	p->entry = entry_builder_mark(&x->entry);
	p->nentry = x->nentry;
	p->settings = settings_mark(&s->settings);
	p->outer = x->savepoints;
	x->savepoints = p;
	return run_on_speculation(s, "SAVEPOINT", p->id, err);
}

static struct savepoint *savepoint_find(struct session *s, const char *name, struct err *err)
{
	for (struct savepoint *p = s->transaction.savepoints; p != NULL; p = p->outer) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	err_set(err, SQLSTATE_NO_SUCH_SAVEPOINT, "savepoint \"%s\" does not exist", name);
	return NULL;
}

static int savepoint_release(struct session *s, const char *name, struct err *err)
{
	struct savepoint *p = savepoint_find(s, name, err);

	if (p == NULL)
		return -1;
	unsigned id = p->id;
	while (s->transaction.savepoints->id != id)
		savepoint_drop(&s->transaction);
	savepoint_drop(&s->transaction);
	return run_on_speculation(s, "RELEASE", id, err);
}

static int savepoint_rollback(struct session *s, const char *name, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct savepoint *p = savepoint_find(s, name, err);

	if (p == NULL)
		return -1;
	while (x->savepoints != p)
		savepoint_drop(x);
	settings_rewind(&s->settings, p->settings);
	if (x->speculation != NULL) {
		conn_clear_interrupt(speculation_conn(x->speculation));
		/* The statement that failed stands there too, uncounted. */
		if (p->nentry == 0)
			entry_builder_clear(&x->entry);
		else
			entry_builder_rewind(&x->entry, p->entry);
		x->nentry = p->nentry;
	}
	x->has_failed = false;
	if (run_on_speculation(s, "ROLLBACK TO", p->id, err) != 0)
		return -1;
	return x->is_ddl_done ? speculate_reload_catalog(s, err) : 0;
}

enum progress savepoint_statement(struct session *s, const struct translation *t)
{
	struct err err;
	int rc;

	if (s->transaction.kind != TRANSACTION_EXPLICIT)
		rc =
		    err_set(&err, SQLSTATE_NO_ACTIVE_TRANSACTION, "%s can only be used in transaction blocks",
			t->kind == STATEMENT_ROLLBACK_TO ? "ROLLBACK TO SAVEPOINT"
			: t->kind == STATEMENT_RELEASE   ? "RELEASE SAVEPOINT"
							 : "SAVEPOINT");
	else if (t->kind == STATEMENT_SAVEPOINT)
		rc = savepoint_set(s, t->name, &err);
	else if (t->kind == STATEMENT_RELEASE)
		rc = savepoint_release(s, t->name, &err);
	else
		rc = savepoint_rollback(s, t->name, &err);
	if (rc != 0)
		session_fail(s, &err);
	if (rc != 0)
		return PROGRESS_FAILED;
	wire_put_complete(&s->out, t->tag);
	return PROGRESS_DONE;
}
