#include "store/conn.h"

#include <stdlib.h>

#include "store/conn_internal.h"
#include "store/errors.h"

static int bind_value(sqlite3_stmt *stmt, int i, const struct value *v, sqlite3_destructor_type lifetime)
{
	switch (v->kind) {
	case VALUE_INT: return sqlite3_bind_int64(stmt, i, v->i);
	case VALUE_FLOAT: return sqlite3_bind_double(stmt, i, v->f);
	case VALUE_TEXT: /* SQLite takes a NULL pointer for NULL */
		return sqlite3_bind_text64(stmt, i, v->len > 0 ? v->text : "", v->len, lifetime, SQLITE_UTF8);
	case VALUE_BLOB:
		return sqlite3_bind_blob64(
		    stmt, i, v->len > 0 ? (const void *)v->blob : (const void *)"", v->len, lifetime);
	case VALUE_NULL: break;
	}
	return sqlite3_bind_null(stmt, i);
}

static int bind_params(
    struct conn *conn, struct conn_statement *s, const struct query *query, struct err *err)
{
	sqlite3_destructor_type lifetime = query->params_outlive ? SQLITE_STATIC : SQLITE_TRANSIENT;

	for (size_t i = 0; i < query->nparams; i++) {
		int rc = bind_value(s->stmt, (int)i + 1, &query->params[i], lifetime);

		if (rc != SQLITE_OK)
			return errors_translate(conn, rc, err);
	}
	return 0;
}

/* Room for a row. SELECT * may have more columns after the schema changed: then it is called again. */
static int make_row(struct conn_statement *s, struct err *err)
{
	s->ncolumns = (size_t)sqlite3_column_count(s->stmt);
	if (s->ncolumns <= s->row_size)
		return 0;

	struct value *row = realloc(s->row, s->ncolumns * sizeof(*row));
	if (row == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	s->row = row;
	s->row_size = s->ncolumns;
	return 0;
}

int cursor_open(struct cursor *c, struct conn *conn, const struct query *query, struct err *err)
{
	struct conn_statement *s;
	size_t tail;

	*c = (struct cursor){ .conn = conn };
	if (conn_prepare(conn, query->sql, query->sql_len, query->is_internal, &s, &tail, err) != 0)
		return -1;
	if (s == NULL)
		return err_set(err, SQLSTATE_SYNTAX, "the text holds no statement");
	if (tail < query->sql_len) {
		conn_statement_unref(s);
		return err_set(err, SQLSTATE_SYNTAX, "the text holds more than one statement");
	}
	if (make_row(s, err) != 0 || bind_params(conn, s, query, err) != 0) {
		sqlite3_clear_bindings(s->stmt);
		conn_statement_unref(s);
		return -1;
	}
	s->is_open = true;
	s->thousands = 0;
	/* The progress handler comes by this counter, which goes on from run to run otherwise. */
	if (conn->environment.ops_max != 0)
		sqlite3_stmt_status(s->stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	c->statement = s;
	c->ncolumns = s->ncolumns;
	return 0;
}

/* The bytes are SQLite's own: a text is taken as it lies in the page, without the NUL that sqlite3_column_text would add by
 * copying it (the database's encoding is UTF-8: store_open). */
static void read_row(sqlite3_stmt *stmt, struct value *row, size_t ncolumns)
{
	for (size_t i = 0; i < ncolumns; i++) {
		int column = (int)i;

		switch (sqlite3_column_type(stmt, column)) {
		case SQLITE_INTEGER: row[i] = value_int(sqlite3_column_int64(stmt, column)); break;
		case SQLITE_FLOAT: row[i] = value_float(sqlite3_column_double(stmt, column)); break;
		case SQLITE_TEXT: {
			const void *bytes = sqlite3_column_blob(stmt, column);

			row[i] = value_text(
			    bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
			break;
		}
		case SQLITE_BLOB: {
			const void *bytes = sqlite3_column_blob(stmt, column);

			row[i] = value_blob(
			    bytes != NULL ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
			break;
		}
		default: row[i] = value_null(); break;
		}
	}
}

static uint64_t thousands_of(uint64_t ops)
{
	return ops / 1000 + (ops % 1000 != 0);
}

/* Schema changes and their undoing make the writer's prepared statements stale. */
static void note_schema(struct conn *conn, const struct conn_statement *s, bool failed)
{
	if (s->changes_schema || (conn->schema_is_dirty && (s->rolls_back || failed)))
		conn->schema_generation++;
	conn->schema_is_dirty =
	    sqlite3_get_autocommit(conn->db) == 0 && (conn->schema_is_dirty || s->changes_schema);
}

static enum cursor_result finish(struct cursor *c)
{
	sqlite3 *db = c->conn->db;

	/* changes() keeps its value over statements that can't change rows. */
	c->changes = sqlite3_total_changes64(db) != c->changes_before ? sqlite3_changes64(db) : 0;
	note_schema(c->conn, c->statement, false);
	sqlite3_reset(c->statement->stmt);
	return CURSOR_DONE;
}

static enum cursor_result fail(struct cursor *c, int rc, struct err *err)
{
	struct conn *conn = c->conn;
	bool over_budget = (rc & 0xff) == SQLITE_INTERRUPT && conn->run.stopped == STOP_BUDGET;

	if (!over_budget)
		errors_translate(conn, rc, err);
	sqlite3_reset(c->statement->stmt);
	note_schema(conn, c->statement, true);
	return over_budget ? CURSOR_OVER_BUDGET : CURSOR_FAILED;
}

/* One row to the sink. CURSOR_DONE here means: go on. */
static enum cursor_result give_row(struct cursor *c, struct row_sink *sink, struct err *err)
{
	struct conn_statement *s = c->statement;

	if (sink == NULL)
		return CURSOR_DONE;
	if ((size_t)sqlite3_column_count(s->stmt) != s->ncolumns) {
		if (make_row(s, err) != 0)
			return CURSOR_FAILED;
		c->ncolumns = s->ncolumns;
	}
	read_row(s->stmt, s->row, s->ncolumns);
	switch (sink->on_row(sink, s->row, s->ncolumns, err)) {
	case ROW_NEXT: return CURSOR_DONE;
	case ROW_PAUSE: return CURSOR_PAUSED;
	case ROW_FAIL: break;
	}
	c->conn->failure_is_local = false;
	return CURSOR_FAILED;
}

static enum cursor_result step_rows(
    struct cursor *c, struct row_sink *sink, const struct run_limits *limits, struct err *err)
{
	struct conn *conn = c->conn;
	uint64_t rows_left = limits != NULL && limits->rows_max != 0 ? limits->rows_max : UINT64_MAX;

	for (;;) {
		/* SQLite forgets an interrupt that comes while nothing runs. */
		if (atomic_load_explicit(&conn->is_interrupted, memory_order_relaxed)) {
			conn->run.stopped = STOP_INTERRUPT;
			return fail(c, SQLITE_INTERRUPT, err);
		}

		int rc = sqlite3_step(c->statement->stmt);
		if (rc == SQLITE_DONE)
			return finish(c);
		if (rc != SQLITE_ROW)
			return fail(c, rc, err);

		enum cursor_result result = give_row(c, sink, err);
		if (result == CURSOR_FAILED)
			sqlite3_reset(c->statement->stmt);
		if (result != CURSOR_DONE)
			return result;
		if (--rows_left == 0)
			return CURSOR_PAUSED;
	}
}

enum cursor_result cursor_run(
    struct cursor *c, struct row_sink *sink, const struct run_limits *limits, struct err *err)
{
	struct conn *conn = c->conn;
	struct run outer_run = conn->run; /* a function of ours may run statements inside a statement */
	struct authorizer outer_authorizer = conn->authorizer;

	conn->run = (struct run){
		.statement = c->statement,
		.thousands_budget = limits != NULL ? thousands_of(limits->ops_max) : 0,
		.thousands_limit = thousands_of(conn->environment.ops_max),
	};
	authorizer_begin(
	    conn, c->statement->sql, c->statement->is_internal); /* SQLite may prepare it again */
	conn->has_raised = false;
	if (!sqlite3_stmt_busy(c->statement->stmt))
		c->changes_before = sqlite3_total_changes64(conn->db);

	atomic_store_explicit(&conn->is_running, true, memory_order_release);
	enum cursor_result result = step_rows(c, sink, limits, err);
	atomic_store_explicit(&conn->is_running, outer_run.statement != NULL, memory_order_release);

	conn->run = outer_run;
	conn->authorizer = outer_authorizer;
	return result;
}

size_t cursor_columns(const struct cursor *c)
{
	return c->ncolumns;
}

const char *cursor_column_name(const struct cursor *c, size_t i)
{
	return sqlite3_column_name(c->statement->stmt, (int)i);
}

const char *cursor_column_decltype(const struct cursor *c, size_t i)
{
	return sqlite3_column_decltype(c->statement->stmt, (int)i);
}

int64_t cursor_changes(const struct cursor *c)
{
	return c->changes;
}

void cursor_close(struct cursor *c)
{
	struct conn_statement *s = c->statement;

	if (s == NULL)
		return;
	sqlite3_reset(s->stmt);
	/* What was bound belongs to the caller or is a copy of no more use, and a parameter that isn't bound next time is NULL. */
	sqlite3_clear_bindings(s->stmt);
	s->is_open = false;
	conn_statement_unref(s);
	c->statement = NULL;
}

int conn_run(
    struct conn *conn, const struct query *query, struct row_sink *sink, int64_t *changes, struct err *err)
{
	struct cursor c;
	enum cursor_result result;

	if (cursor_open(&c, conn, query, err) != 0)
		return -1;
	do
		result = cursor_run(&c, sink, NULL, err);
	while (result == CURSOR_PAUSED);
	if (changes != NULL)
		*changes = cursor_changes(&c);
	cursor_close(&c);
	return result == CURSOR_DONE ? 0 : -1;
}

int conn_exec(struct conn *conn, const char *sql, struct err *err)
{
	struct query query = { .sql = sql, .sql_len = strlen(sql), .is_internal = true };

	return conn_run(conn, &query, NULL, NULL, err);
}
