/* Transactions: what is deferred, what is speculated, and the entry that they become (docs/architecture.md, section 5). */
#include <stdio.h>
#include <stdlib.h>

#include "session/state.h"

#define RETRIES_MAX 10 /* of translations that DDL overtook */

/* ---- state ---- */

char transaction_status(const struct session *s)
{
	if (s->transaction.kind != TRANSACTION_EXPLICIT)
		return 'I';
	return s->transaction.has_failed ? 'E' : 'T';
}

/* At read committed each statement sees the newest schema, until the first write binds the transaction to one. */
static bool is_bound(const struct transaction *x)
{
	return x->kind == TRANSACTION_IMPLICIT || x->is_snapshot || x->speculation != NULL ||
	       x->pending.bytes.len > 0;
}

const struct catalog *transaction_catalog(struct session *s)
{
	struct transaction *x = &s->transaction;

	if (x->catalog != NULL && is_bound(x))
		return x->catalog;
	host_refresh_catalog(s->host);
	if (x->catalog == NULL)
		return s->host->catalog;
	if (x->catalog != s->host->catalog) {
		catalog_unref(x->catalog);
		x->catalog = catalog_ref(s->host->catalog);
		x->schema_version = x->catalog->schema.version;
	}
	return x->catalog;
}

void transaction_explain(const struct session *s, struct err *err)
{
	if (s->transaction.has_failed && strcmp(err->sqlstate, SQLSTATE_SYNTAX) != 0)
		err_set(err, SQLSTATE_IN_FAILED_TRANSACTION,
		    "current transaction is aborted, commands ignored until end of transaction block");
}

static bool ends_failure(enum statement_kind kind)
{
	return kind == STATEMENT_ROLLBACK || kind == STATEMENT_COMMIT || kind == STATEMENT_ROLLBACK_TO;
}

static bool writes(const struct translation *t)
{
	return t->kind == STATEMENT_WRITE || t->kind == STATEMENT_COPY_FROM;
}

static int refuse_write(const struct translation *t, struct err *err)
{
	char command[64];

	/* The tag without the oid that INSERT's has. */
	snprintf(command, sizeof(command), "%s", t->tag);
	if (strcmp(command, "INSERT 0") == 0)
		command[6] = '\0';
	return err_set(
	    err, SQLSTATE_READ_ONLY_TRANSACTION, "cannot execute %s in a read-only transaction", command);
}

int transaction_check(struct session *s, const struct translation *t, struct err *err)
{
	struct transaction *x = &s->transaction;

	if (x->has_failed && !ends_failure(t->kind))
		return err_set(err, SQLSTATE_IN_FAILED_TRANSACTION,
		    "current transaction is aborted, commands ignored until end of transaction block");
	if (!writes(t))
		return 0;
	if (x->kind == TRANSACTION_EXPLICIT
		? x->is_read_only
		: settings_get(&s->settings, SETTING_DEFAULT_TRANSACTION_READ_ONLY)[1] == 'n')
		return refuse_write(t, err);
	if (x->isolation > 0)
		return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "writing in a transaction at isolation level %s is not supported",
		    x->isolation == 1 ? "repeatable read" : "serializable");
	return 0;
}

/* ---- beginning ---- */

static void begin(struct session *s, enum transaction_kind kind)
{
	struct transaction *x = &s->transaction;

	if (x->kind == TRANSACTION_NONE) {
		x->start_us = s->now_us;
		x->catalog = catalog_ref(transaction_catalog(s));
		x->schema_version = x->catalog->schema.version;
	}
	x->kind = kind;
}

void transaction_begin_entry(struct session *s, struct entry_builder *b, uint8_t flags)
{
	struct entry_header h = { .schema_version = s->transaction.schema_version,
		.isolation = s->transaction.isolation,
		.flags = flags };
	struct environment env;

	session_environment(s, &env);
	h.now_us = env.now_us;
	h.seed = env.seed;
	memcpy(h.role, env.role, sizeof(h.role));
	memcpy(h.timezone, env.timezone, sizeof(h.timezone));
	entry_builder_begin(b, &h);
}

void transaction_begin_write(struct session *s)
{
	if (s->transaction.kind == TRANSACTION_NONE)
		begin(s, TRANSACTION_IMPLICIT);
	if (s->transaction.pending.bytes.len == 0)
		transaction_begin_entry(s, &s->transaction.pending, 0);
	s->transaction.has_written = true;
}

/* ---- statements that write ---- */

bool transaction_needs_speculation(const struct session *s)
{
	const struct transaction *x = &s->transaction;

	return x->ndeferred > 0 ||
	       (x->is_snapshot && x->kind == TRANSACTION_EXPLICIT && x->speculation == NULL);
}

enum progress transaction_materialise(struct session *s)
{
	return speculate_pending(s);
}

enum progress transaction_write(struct session *s, struct portal *p)
{
	struct err err;

	if (deferred_add(s, p, -1, &err) != 0) {
		session_fail(s, &err);
		return PROGRESS_FAILED;
	}
	return s->transaction.kind == TRANSACTION_EXPLICIT || s->transaction.speculation != NULL
		   ? speculate_pending(s)
		   : PROGRESS_DONE;
}

/* ---- commit ---- */

static struct row_sink *write_sink(struct write *w, uint32_t statement)
{
	struct transaction *x = &((struct session *)w->owner)->transaction;

	/* In a speculation the client has its rows already. */
	for (size_t i = 0; i < x->ndeferred; i++) {
		struct deferred *d = &x->deferred[i];
		if (d->result_statement != statement || d->portal->translation->ncolumns == 0)
			continue;
		/* It may run again: what it gave before is void. */
		buf_clear(&d->rows);
		d->writer.rows = 0;
		d->writer.has_failed = false;
		return &d->writer.sink;
	}
	return NULL;
}

/* On a thread of replication's. */
static void write_done(struct write *w)
{
	struct session *s = w->owner;

	s->host->bring_back(&s->transaction.write_back);
}

static void write_back(struct task *task)
{
	struct transaction *x = QUEUE_OBJECT(task, struct transaction, write_back);

	session_write_done(x->write.owner);
}

static int prepare_write(struct session *s, struct entry_builder *from, uint32_t n, struct err *err)
{
	struct transaction *x = &s->transaction;
	struct write *w = &x->write;

	if (!entry_builder_end(from))
		return deferred_too_large(s, err);
	if (x->results_cap < n) {
		struct write_result *grown = realloc(x->results, n * sizeof(*grown));
		if (grown == NULL)
			return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		x->results = grown;
		x->results_cap = n;
	}
	memset(w, 0, sizeof(*w));
	memset(x->results, 0, n * sizeof(*x->results));
	w->entry = from->bytes;
	w->nstatements = n;
	w->results = x->results;
	w->sink = write_sink;
	w->on_done = write_done;
	w->owner = s;
	x->write_back = (struct task){ .done = write_back, .host = s->host };
	return 0;
}

enum progress transaction_commit(struct session *s, enum after_commit after)
{
	struct transaction *x = &s->transaction;
	struct err err;

	if (x->kind == TRANSACTION_NONE)
		return PROGRESS_DONE;
	if (x->kind == TRANSACTION_EXPLICIT && after != AFTER_COMMIT_STATEMENT)
		return PROGRESS_DONE;
	struct entry_builder *from = x->speculation != NULL ? &x->entry : &x->pending;
	uint32_t n = x->speculation != NULL ? x->nentry : x->npending;
	if (n == 0) {
		transaction_end(s, true);
		return PROGRESS_DONE;
	}
	if (prepare_write(s, from, n, &err) != 0) {
		deferred_answer(s, 0, &err, NULL);
		transaction_end(s, false);
		return PROGRESS_FAILED;
	}
	/* The pin would keep the WAL from being reset while we wait. */
	if (x->speculation != NULL) {
		portal_end_reads(s);
		speculation_end(x->speculation);
		x->speculation = NULL;
	}
	s->after_commit = after;
	s->resume = RESUME_COMMIT;
	x->is_write_under_way = true;
	session_move(s, SESSION_BUSY);
	replication_submit(s->host->replication, &x->write);
	return PROGRESS_WAIT;
}

/* Gives the entry's memory back to the builder that it came from. */
static struct entry_builder *take_back(struct transaction *x)
{
	struct entry_builder *from = x->ndeferred > 0 ? &x->pending : &x->entry;

	from->bytes = x->write.entry;
	return from;
}

/* COPY's rows are there for one translation only, and what ran in a speculation was told. */
static bool can_retry(const struct transaction *x)
{
	for (size_t i = 0; i < x->ndeferred; i++) {
		if (x->deferred[i].count_known >= 0)
			return false;
	}
	return x->ndeferred > 0 && x->retries < RETRIES_MAX;
}

/* The schema has moved between translation and apply, and nothing was done or told: the same statements, translated again. */
static int translate_again(struct session *s, struct err *err)
{
	struct transaction *x = &s->transaction;
	size_t n = x->ndeferred;

	x->retries++;
	catalog_unref(x->catalog);
	x->catalog = NULL;
	x->catalog = catalog_ref(transaction_catalog(s));
	x->schema_version = x->catalog->schema.version;
	x->ndeferred = x->npending = 0;
	entry_builder_clear(&x->pending);
	for (size_t i = 0; i < n; i++) {
		struct deferred old = x->deferred[i];
		size_t end = s->out.len;
		s->out.len = old.output_at;
		bool ok =
		    portal_refresh(s, old.portal, err) == 0 && deferred_add(s, old.portal, -1, err) == 0;
		s->out.len = end;
		if (!ok) {
			x->ndeferred = n; /* all references are still held; deferred_drop lets them go */
			return -1;
		}
		portal_unref(s, old.portal);
	}
	return 0;
}

static void say_outcome(const struct write *w, struct err *err)
{
	if (w->outcome == WRITE_RETRY) {
		err_set(err, SQLSTATE_SERIALIZATION,
		    "could not serialize access due to a concurrent schema change");
		err_hint(err, "The transaction might succeed if retried.");
	} else {
		*err = w->err;
	}
}

static size_t deferred_of(const struct transaction *x, uint32_t statement)
{
	for (size_t i = 0; i < x->ndeferred; i++) {
		if (statement < x->deferred[i].first_statement + x->deferred[i].nstatements)
			return i;
	}
	return 0;
}

/* The rest of what ended with the commit. */
static void finish(struct session *s, bool committed)
{
	bool in_query = s->query.is_active;

	if (s->after_commit == AFTER_COMMIT_STATEMENT) {
		if (committed)
			wire_put_complete(&s->out, "COMMIT");
		session_resume(s, committed ? PROGRESS_DONE : PROGRESS_FAILED);
		return;
	}
	if (s->state != SESSION_BUSY) /* session_fail has moved it: Sync is here already */
		session_move(s, SESSION_READY);
	s->is_cancelled = false;
	if (in_query) {
		query_end(s);
		return;
	}
	session_ready(s);
}

/* Rows of RETURNING that found no room: the write itself is done, and can't be undone. */
static size_t first_without_room(const struct transaction *x, struct err *err)
{
	if (x->write.err.sqlstate[0] == '\0')
		return SIZE_MAX;
	*err = x->write.err;
	err_hint(err, "The transaction is committed all the same.");
	for (size_t i = 0; i < x->ndeferred; i++) {
		if (x->deferred[i].writer.has_failed)
			return i;
	}
	return 0;
}

/* All or nothing: what stands before the failed statement in the same entry isn't done either, but PostgreSQL would have answered it
 * before it met the error, and so do we. Without a statement to blame the error stands in the first's place. */
static size_t first_failed(const struct transaction *x)
{
	return x->write.outcome == WRITE_FAILED ? deferred_of(x, x->write.failed_statement) : 0;
}

/* `err` NULL: all is well. */
static void commit_end(struct session *s, size_t failed, struct err *err, bool committed)
{
	struct transaction *x = &s->transaction;
	int64_t few[16], *changes = few;

	if (err != NULL)
		catalog_explain_error(transaction_catalog(s), err);
	if (x->ndeferred > sizeof(few) / sizeof(few[0]))
		changes = malloc(x->ndeferred * sizeof(*changes));
	for (size_t i = 0; changes != NULL && i < x->ndeferred; i++) {
		uint32_t statement = x->deferred[i].result_statement;
		changes[i] = statement == UINT32_MAX ? -1 : x->write.results[statement].changes;
	}
	if (changes == NULL) /* the answers have no room: the connection can't go on */
		s->out.failed = true;
	else if (x->ndeferred > 0)
		deferred_answer(s, failed, err, changes);
	else if (err != NULL)
		session_fail(s, err);
	if (changes != few)
		free(changes);
	transaction_end(s, committed);
	finish(s, committed && err == NULL);
}

void transaction_commit_done(struct session *s)
{
	struct transaction *x = &s->transaction;
	struct write *w = &x->write;
	struct err err;

	take_back(x);
	if (w->outcome == WRITE_APPLIED) {
		size_t failed = first_without_room(x, &err);
		commit_end(s, failed, failed == SIZE_MAX ? NULL : &err, true);
		return;
	}
	say_outcome(w, &err);
	if (w->outcome == WRITE_RETRY && can_retry(x) && translate_again(s, &err) == 0) {
		session_move(s, SESSION_READY);
		if (transaction_commit(s, s->after_commit) == PROGRESS_FAILED)
			finish(s, false);
		return;
	}
	commit_end(s, first_failed(x), &err, false);
}

/* ---- the end ---- */

void transaction_abort(struct session *s)
{
	struct transaction *x = &s->transaction;

	if (x->is_write_under_way)
		return;
	if (x->kind == TRANSACTION_EXPLICIT) {
		x->has_failed = true;
		deferred_drop(s);
	} else {
		transaction_end(s, false);
	}
}

void transaction_end(struct session *s, bool committed)
{
	struct transaction *x = &s->transaction;

	deferred_drop(s);
	if (x->speculation != NULL) {
		conn_clear_interrupt(speculation_conn(x->speculation));
		portal_end_reads(s);
		speculation_end(x->speculation);
		x->speculation = NULL;
	}
	if (x->entry.bytes.cap > 65536) {
		entry_builder_release(&x->entry);
		entry_builder_init(&x->entry, s->host->limits->entry_bytes_max);
	}
	entry_builder_clear(&x->entry);
	while (x->savepoints != NULL)
		savepoint_drop(x);
	catalog_unref(x->catalog);
	x->catalog = NULL;
	if (x->kind == TRANSACTION_EXPLICIT)
		settings_end_transaction(&s->settings, committed);
	x->kind = TRANSACTION_NONE;
	x->has_failed = x->has_written = x->is_read_only = x->is_snapshot = x->is_ddl_done = false;
	x->isolation = 0;
	x->nentry = 0;
	x->retries = 0;
}

void transaction_release(struct session *s)
{
	struct transaction *x = &s->transaction;

	for (size_t i = 0; i < x->deferred_cap; i++)
		buf_release(&x->deferred[i].rows);
	free(x->deferred);
	free(x->results);
	entry_builder_release(&x->pending);
	entry_builder_release(&x->entry);
}

/* ---- BEGIN, COMMIT, SAVEPOINT .. ---- */

static void warn(struct session *s, const char *sqlstate, const char *text)
{
	struct err warning;

	err_set(&warning, sqlstate, "%s", text);
	session_notice(s, "WARNING", &warning);
}

static void set_modes(struct session *s, const struct translation *t)
{
	struct transaction *x = &s->transaction;
	const char *isolation = t->transaction.isolation;

	if (isolation == NULL)
		isolation = settings_get(&s->settings, t->kind == STATEMENT_BEGIN
							   ? SETTING_DEFAULT_TRANSACTION_ISOLATION
							   : SETTING_TRANSACTION_ISOLATION);
	x->isolation = isolation[0] == 's' ? 2 : strcmp(isolation, "repeatable read") == 0 ? 1 : 0;
	x->is_snapshot = x->isolation > 0;
	if (t->transaction.read_only >= 0)
		x->is_read_only = t->transaction.read_only == 1;
	else if (t->kind == STATEMENT_BEGIN)
		x->is_read_only = settings_get(&s->settings, SETTING_DEFAULT_TRANSACTION_READ_ONLY)[1] == 'n';
	settings_set(&s->settings, "transaction_isolation", isolation, SET_BY_SERVER, true, true, NULL);
	settings_set(&s->settings, "transaction_read_only", x->is_read_only ? "on" : "off", SET_BY_SERVER,
	    true, true, NULL);
}

static enum progress statement_begin(struct session *s, const struct translation *t)
{
	if (s->transaction.kind == TRANSACTION_EXPLICIT) {
		warn(s, SQLSTATE_ACTIVE_TRANSACTION, "there is already a transaction in progress");
	} else {
		begin(s, TRANSACTION_EXPLICIT);
		set_modes(s, t);
	}
	wire_put_complete(&s->out, t->tag);
	return PROGRESS_DONE;
}

static enum progress fail(struct session *s, struct err *err)
{
	session_fail(s, err);
	return PROGRESS_FAILED;
}

static enum progress set_transaction(struct session *s, const struct translation *t)
{
	struct err err;

	if (t->transaction.is_session_default) {
		if (t->transaction.isolation != NULL)
			settings_put(
			    &s->settings, SETTING_DEFAULT_TRANSACTION_ISOLATION, t->transaction.isolation);
		if (t->transaction.read_only >= 0)
			settings_put(&s->settings, SETTING_DEFAULT_TRANSACTION_READ_ONLY,
			    t->transaction.read_only ? "on" : "off");
	} else if (s->transaction.kind != TRANSACTION_EXPLICIT) {
		warn(s, SQLSTATE_NO_ACTIVE_TRANSACTION,
		    "SET TRANSACTION can only be used in transaction blocks");
	} else if (t->transaction.isolation != NULL &&
		   (s->transaction.has_written || s->transaction.speculation != NULL)) {
		err_set(&err, SQLSTATE_ACTIVE_TRANSACTION,
		    "SET TRANSACTION ISOLATION LEVEL must be called before any query");
		return fail(s, &err);
	} else {
		set_modes(s, t);
	}
	wire_put_complete(&s->out, t->tag);
	return PROGRESS_DONE;
}

static void chain(struct session *s, const struct translation *t, uint8_t isolation, bool is_read_only)
{
	if (!t->transaction.chain)
		return;
	begin(s, TRANSACTION_EXPLICIT);
	s->transaction.isolation = isolation;
	s->transaction.is_snapshot = isolation > 0;
	s->transaction.is_read_only = is_read_only;
}

static enum progress statement_commit(struct session *s, const struct translation *t)
{
	struct transaction *x = &s->transaction;
	bool failed = x->has_failed;

	if (x->kind != TRANSACTION_EXPLICIT)
		warn(s, SQLSTATE_NO_ACTIVE_TRANSACTION, "there is no transaction in progress");
	if (failed) {
		transaction_end(s, false);
		wire_put_complete(&s->out, "ROLLBACK");
		return PROGRESS_DONE;
	}
	if (t->transaction.chain && x->nentry > 0) {
		struct err err;
		err_set(
		    &err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COMMIT AND CHAIN after a write is not supported");
		return fail(s, &err);
	}
	uint8_t isolation = x->isolation;
	bool is_read_only = x->is_read_only;
	enum progress progress = transaction_commit(s, AFTER_COMMIT_STATEMENT);
	if (progress == PROGRESS_DONE) {
		chain(s, t, isolation, is_read_only);
		wire_put_complete(&s->out, "COMMIT");
	}
	return progress;
}

static enum progress statement_rollback(struct session *s, const struct translation *t)
{
	struct transaction *x = &s->transaction;
	uint8_t isolation = x->isolation;
	bool is_read_only = x->is_read_only;

	if (x->kind != TRANSACTION_EXPLICIT)
		warn(s, SQLSTATE_NO_ACTIVE_TRANSACTION, "there is no transaction in progress");
	transaction_end(s, false);
	chain(s, t, isolation, is_read_only);
	wire_put_complete(&s->out, "ROLLBACK");
	return PROGRESS_DONE;
}

enum progress transaction_statement(struct session *s, struct portal *p)
{
	const struct translation *t = p->translation;

	switch (t->kind) {
	case STATEMENT_BEGIN: return statement_begin(s, t);
	case STATEMENT_COMMIT: return statement_commit(s, t);
	case STATEMENT_ROLLBACK: return statement_rollback(s, t);
	case STATEMENT_SET_TRANSACTION: return set_transaction(s, t);
	default: return savepoint_statement(s, t);
	}
}
