#include "replication/execute.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/violations.h"

#define OUTCOMES_MAX (256 << 20)

struct known_failure {
	struct place place;
	struct err err;
};

void executor_init(struct executor *x, struct conn *conn)
{
	*x = (struct executor){ .conn = conn };
	buf_init(&x->outcomes, OUTCOMES_MAX);
}

void executor_release(struct executor *x)
{
	buf_release(&x->outcomes);
	free(x->values);
	free(x->known);
	*x = (struct executor){ 0 };
}

void executor_forget(struct executor *x)
{
	x->nknown = 0;
}

/* Failures that took the transaction with them. */

static const struct known_failure *find_known(const struct executor *x, const struct place *at)
{
	for (size_t i = 0; i < x->nknown; i++) {
		const struct place *p = &x->known[i].place;

		if (p->seq == at->seq && p->entry == at->entry && p->statement == at->statement &&
		    p->row == at->row)
			return &x->known[i];
	}
	return NULL;
}

static bool remember(struct executor *x, const struct place *at, const struct err *err)
{
	if (x->nknown == x->known_cap) {
		size_t cap = x->known_cap == 0 ? 4 : x->known_cap * 2;
		struct known_failure *known = realloc(x->known, cap * sizeof(*known));

		if (known == NULL)
			return false;
		x->known = known;
		x->known_cap = cap;
	}
	x->known[x->nknown++] = (struct known_failure){ .place = *at, .err = *err };
	return true;
}

enum verdict executor_run_query(struct executor *x, const struct place *at, const struct query *query,
    struct row_sink *sink, int64_t *changes, struct err *err)
{
	const struct known_failure *known = x->nknown > 0 ? find_known(x, at) : NULL;

	if (known != NULL) {
		*err = known->err;
		return VERDICT_FAILED;
	}
	if (conn_run(x->conn, query, sink, changes, err) == 0)
		return VERDICT_APPLIED;
	if (conn_failure_is_local(x->conn))
		return VERDICT_LOCAL;
	if (conn_in_transaction(x->conn))
		return VERDICT_FAILED;
	return remember(x, at, err) ? VERDICT_LOST : VERDICT_LOCAL;
}

enum verdict executor_check_violations(
    struct executor *x, const struct place *at, bool has_savepoint, struct err *err)
{
	if (!conn_has_violations(x->conn))
		return VERDICT_APPLIED;
	err_set(err, SQLSTATE_FOREIGN_KEY, "a deferred foreign key constraint is violated");
	err_detail(err, "A row refers to a key that doesn't exist at the end of the transaction.");
	if (has_savepoint)
		return VERDICT_FAILED;
	return remember(x, at, err) ? VERDICT_LOST : VERDICT_LOCAL;
}

/* Rows on their way to the session. What becomes of them there must not change what becomes of the entry. */
struct told_sink {
	struct row_sink sink;
	struct row_sink *inner;
	bool is_hashed;
	uint64_t hash;
	struct err err; /* the inner sink's */
};

static enum row_verdict on_told_row(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct told_sink *s = (struct told_sink *)(void *)sink;

	(void)err;
	if (s->is_hashed)
		s->hash = row_hash(s->hash, values, n);
	if (s->inner != NULL && s->inner->on_row(s->inner, values, n, &s->err) == ROW_FAIL)
		s->inner = NULL;
	return ROW_NEXT;
}

/* One entry in the making. */
struct run {
	struct executor *x;
	struct entry_reader *r;
	struct write *w;
	struct place at;
	struct entry_header header;
	bool has_savepoint;
	bool is_ddl;
	struct err *err;
};

static void put_outcome(struct run *run, uint8_t kind, uint64_t number)
{
	struct buf *o = &run->x->outcomes;

	number = htole64(number);
	buf_put_byte(o, kind);
	buf_put(o, &number, sizeof(number));
}

enum { OUTCOME_CHANGES = 'c', OUTCOME_SEPARATE_FAILURE = 's', OUTCOME_ENTRY = 'e', OUTCOME_FAILURE = 'f' };

static enum verdict savepoint(struct run *run, const char *sql)
{
	if (conn_exec(run->x->conn, sql, run->err) == 0)
		return VERDICT_APPLIED;
	return VERDICT_LOCAL; /* nothing in an entry can make these fail */
}

static bool reserve_values(struct executor *x, size_t n)
{
	if (n <= x->values_cap)
		return true;
	struct value *values = realloc(x->values, n * sizeof(*values));

	if (values == NULL)
		return false;
	x->values = values;
	x->values_cap = n;
	return true;
}

static int skip_rows(struct run *run, const struct statement_header *h, uint32_t nrows)
{
	for (uint32_t i = 0; i < nrows; i++) {
		if (entry_read_row(run->r, run->x->values, h->ncolumns, run->err) != 0)
			return -1;
	}
	return 0;
}

static enum verdict run_rows(
    struct run *run, const struct statement_header *h, struct row_sink *sink, int64_t *changes)
{
	struct query query = { .sql = h->sql,
		.sql_len = h->sql_len,
		.params = run->x->values,
		.nparams = h->ncolumns,
		.params_outlive = true,
		.is_internal = (h->flags & STATEMENT_INTERNAL) != 0 };

	*changes = 0;
	for (uint32_t i = 0; i < h->nrows; i++) {
		int64_t n = 0;

		if (entry_read_row(run->r, run->x->values, h->ncolumns, run->err) != 0)
			return VERDICT_BAD;
		run->at.row = i;
		enum verdict v = executor_run_query(run->x, &run->at, &query, sink, &n, run->err);
		if (v == VERDICT_FAILED) {
			/* The reader must come to the statement's end; a failure to read outweighs this one. */
			struct err first = *run->err;
			if (skip_rows(run, h, h->nrows - i - 1) != 0)
				return VERDICT_BAD;
			*run->err = first;
		}
		if (v != VERDICT_APPLIED)
			return v;
		*changes += n;
	}
	return VERDICT_APPLIED;
}

static enum verdict check_told(
    struct run *run, const struct statement_header *h, int64_t changes, uint64_t rows_hash)
{
	if ((run->header.flags & ENTRY_VERIFY) == 0 || !h->has_told ||
	    (changes == h->told_changes && rows_hash == h->told_rows_hash))
		return VERDICT_APPLIED;
	err_set(run->err, SQLSTATE_SERIALIZATION, "could not serialize access due to concurrent update");
	return VERDICT_FAILED;
}

static void tell_result(struct run *run, int64_t changes, bool has_failed)
{
	struct write *w = run->w;

	if (w == NULL || run->at.statement >= w->nstatements || w->results == NULL)
		return;
	w->results[run->at.statement] = (struct write_result){ .changes = has_failed ? 0 : changes,
		.last_insert_rowid = conn_last_insert_rowid(run->x->conn),
		.has_failed = has_failed };
}

/* Runs all rows of a statement; rows go to the write's sink. */
static enum verdict run_told(struct run *run, const struct statement_header *h, int64_t *changes)
{
	bool is_hashed = (run->header.flags & ENTRY_VERIFY) != 0 && h->has_told;
	struct row_sink *inner =
	    run->w != NULL && run->w->sink != NULL ? run->w->sink(run->w, run->at.statement) : NULL;

	if (inner == NULL && !is_hashed)
		return run_rows(run, h, NULL, changes);

	struct told_sink s = { .sink = { on_told_row }, .inner = inner, .is_hashed = is_hashed };
	enum verdict v = run_rows(run, h, &s.sink, changes);
	if (inner != NULL && s.inner == NULL)
		run->w->err = s.err;
	return v == VERDICT_APPLIED ? check_told(run, h, *changes, s.hash) : v;
}

static enum verdict end_savepoint(struct run *run, const char *name, bool has_failed)
{
	struct err failure = *run->err;
	char sql[64];
	enum verdict v = VERDICT_APPLIED;

	if (has_failed) {
		snprintf(sql, sizeof(sql), "ROLLBACK TO %s", name);
		v = savepoint(run, sql);
	}
	if (v == VERDICT_APPLIED) {
		snprintf(sql, sizeof(sql), "RELEASE %s", name);
		v = savepoint(run, sql);
	}
	if (v == VERDICT_APPLIED)
		*run->err = failure;
	return v;
}

/* HTTP without a transaction: a failure leaves the other statements alone. */
static void tell_separate_failure(struct run *run)
{
	struct write *w = run->w;

	buf_put_text(&run->x->outcomes, run->err->sqlstate);
	put_outcome(run, OUTCOME_SEPARATE_FAILURE, run->at.statement);
	tell_result(run, 0, true);
	if (w != NULL && w->on_error != NULL)
		w->on_error(w, run->at.statement, run->err);
}

static enum verdict run_statement(struct run *run, const struct statement_header *h)
{
	bool is_separate = (h->flags & STATEMENT_SEPARATE) != 0;
	bool has_savepoint = is_separate && h->nrows > 1;
	int64_t changes = 0;

	if (has_savepoint && savepoint(run, "SAVEPOINT nqlite_statement") != VERDICT_APPLIED)
		return VERDICT_LOCAL;
	enum verdict v = run_told(run, h, &changes);
	if (v == VERDICT_APPLIED && is_separate)
		v = executor_check_violations(run->x, &run->at, has_savepoint, run->err);
	if (has_savepoint && (v == VERDICT_APPLIED || v == VERDICT_FAILED) &&
	    end_savepoint(run, "nqlite_statement", v == VERDICT_FAILED) != VERDICT_APPLIED)
		return VERDICT_LOCAL;
	if (v == VERDICT_FAILED && is_separate) {
		tell_separate_failure(run);
		return VERDICT_APPLIED;
	}
	if (v != VERDICT_APPLIED)
		return v;
	run->is_ddl |= (h->flags & STATEMENT_DDL) != 0;
	put_outcome(run, OUTCOME_CHANGES, (uint64_t)changes);
	tell_result(run, changes, false);
	return VERDICT_APPLIED;
}

static enum verdict begin_entry(struct run *run, const struct statement_header *first)
{
	/* One statement run once is atomic by itself. */
	if (run->header.nstatements == 1 && first->nrows <= 1 && (run->header.flags & ENTRY_VERIFY) == 0)
		return VERDICT_APPLIED;
	run->has_savepoint = true;
	return savepoint(run, "SAVEPOINT nqlite_entry");
}

static void set_environment(struct run *run)
{
	const struct entry_header *h = &run->header;
	struct environment env = { .now_us = h->now_us, .seed = h->seed, .ops_max = EXECUTE_OPS_MAX };

	memcpy(env.role, h->role, sizeof(env.role));
	memcpy(env.timezone, h->timezone, sizeof(env.timezone));
	conn_set_environment(run->x->conn, &env);
}

/* Reads all statements, and runs them until one fails; after that they are only read. */
static enum verdict run_statements(struct run *run, enum verdict v)
{
	for (uint32_t i = 0; i < run->header.nstatements; i++) {
		struct statement_header h;
		struct err failure;

		if (v != VERDICT_APPLIED)
			failure = *run->err;
		if (entry_read_statement(run->r, &h, run->err) != 0)
			return VERDICT_BAD;
		if (!reserve_values(run->x, h.ncolumns)) {
			err_set(
			    run->err, SQLSTATE_OUT_OF_MEMORY, "out of memory for %u parameters", h.ncolumns);
			return VERDICT_LOCAL;
		}
		if (v != VERDICT_APPLIED) {
			if (skip_rows(run, &h, h.nrows) != 0)
				return VERDICT_BAD;
			*run->err = failure;
			continue;
		}
		run->at.statement = i;
		if (i == 0) {
			set_environment(run);
			v = begin_entry(run, &h);
		}
		if (v == VERDICT_APPLIED) {
			conn_set_seed(run->x->conn, entry_statement_seed(run->header.seed, i));
			v = run_statement(run, &h);
		}
		if (v != VERDICT_APPLIED && v != VERDICT_FAILED)
			return v;
	}
	return v;
}

static void tell_outcome(struct run *run, enum verdict v)
{
	struct write *w = run->w;

	if (w == NULL)
		return;
	w->seq = run->at.seq;
	w->outcome = v == VERDICT_APPLIED ? WRITE_APPLIED : v == VERDICT_STALE ? WRITE_RETRY : WRITE_FAILED;
	w->failed_statement = v == VERDICT_FAILED ? run->at.statement : 0;
	if (v == VERDICT_FAILED || v == VERDICT_BAD)
		w->err = *run->err;
}

static enum verdict finish_entry(struct run *run, enum verdict v, uint64_t *schema_version)
{
	if (run->has_savepoint && end_savepoint(run, "nqlite_entry", v != VERDICT_APPLIED) != VERDICT_APPLIED)
		return VERDICT_LOCAL;
	if (v == VERDICT_APPLIED && run->is_ddl)
		++*schema_version;
	if (v == VERDICT_FAILED) {
		buf_put_text(&run->x->outcomes, run->err->sqlstate);
		put_outcome(run, OUTCOME_FAILURE, run->at.statement);
	}
	put_outcome(run, OUTCOME_ENTRY, (uint64_t)v);
	tell_outcome(run, v);
	return v;
}

enum verdict executor_run(struct executor *x, struct entry_reader *r, uint64_t seq, uint32_t entry,
    struct write *w, uint64_t *schema_version, struct err *err)
{
	struct run run = { .x = x, .r = r, .w = w, .at = { .seq = seq, .entry = entry }, .err = err };

	err_clear(err);
	if (w != NULL)
		err_clear(&w->err);
	if (entry_read_entry(r, &run.header, err) != 0)
		return finish_entry(&run, VERDICT_BAD, schema_version);

	const struct entry_header *h = &run.header;
	bool is_stale = h->schema_version != 0 && h->schema_version != *schema_version;
	enum verdict v = run_statements(&run, is_stale ? VERDICT_STALE : VERDICT_APPLIED);
	if (v == VERDICT_APPLIED)
		v = executor_check_violations(x, &run.at, run.has_savepoint, err);
	if (v == VERDICT_LOCAL || v == VERDICT_LOST)
		return v;
	return finish_entry(&run, v, schema_version);
}
