#include "store/sequences.h"

#include "store/conn_internal.h"

/* Takes the one integer of the one row. */
struct number_sink {
	struct row_sink sink; /* first */
	bool has_number;
	int64_t number;
};

static enum row_verdict on_number(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct number_sink *s = (struct number_sink *)(void *)sink;

	(void)err;
	s->has_number = n > 0 && values[0].kind == VALUE_INT;
	s->number = s->has_number ? values[0].i : 0;
	return ROW_NEXT;
}

/* Runs a statement of ours inside the one that called the function. */
static int ask_number(struct conn *conn, const char *sql, const struct value *params, size_t nparams,
    struct number_sink *answer, struct err *err)
{
	struct query query = { .sql = sql,
		.sql_len = strlen(sql),
		.params = params,
		.nparams = nparams,
		.params_outlive = true,
		.is_internal = true };

	*answer = (struct number_sink){ .sink = { on_number } };
	return conn_run(conn, &query, &answer->sink, NULL, err);
}

/* The next number, unless that would pass the bound: then no row changes. */
static const char next_sql[] =
    "UPDATE _nqlite_sequence SET is_called = 1, last_value = CASE "
    "WHEN NOT is_called THEN last_value "
    "WHEN increment > 0 AND last_value > max - increment THEN min "
    "WHEN increment < 0 AND last_value < min - increment THEN max "
    "ELSE last_value + increment END "
    "WHERE name = ?1 AND (cycle OR NOT is_called OR "
    "CASE WHEN increment > 0 THEN last_value <= max - increment ELSE last_value >= min - increment END) "
    "RETURNING last_value";

static const char bound_sql[] =
    "SELECT CASE WHEN increment > 0 THEN max ELSE min END FROM _nqlite_sequence WHERE name = ?1";
static const char direction_sql[] = "SELECT increment > 0 FROM _nqlite_sequence WHERE name = ?1";

static void fail_exhausted(sqlite3_context *ctx, struct conn *conn, const struct value *name)
{
	struct number_sink bound, ascends;
	struct err err;

	if (ask_number(conn, bound_sql, name, 1, &bound, &err) != 0 ||
	    ask_number(conn, direction_sql, name, 1, &ascends, &err) != 0)
		function_fail_with(ctx, &err);
	else if (!bound.has_number)
		function_fail(ctx, SQLSTATE_NO_SUCH_TABLE, "relation \"%.*s\" does not exist", (int)name->len,
		    name->text);
	else
		function_fail(ctx, "2200H", "nextval: reached %s value of sequence \"%.*s\" (%lld)",
		    ascends.number ? "maximum" : "minimum", (int)name->len, name->text,
		    (long long)bound.number);
}

/* The same, passing over rowids that SQLite has given out by itself. */
static const char taken_sql[] = "SELECT 1 FROM \"%w\" WHERE rowid = ?1";
static const char last_sql[] = "SELECT max(rowid) FROM \"%w\"";
static const char pass_sql[] =
    "UPDATE _nqlite_sequence SET last_value = last_value + increment * ((?2 - last_value) / increment) "
    "WHERE name = ?1 AND increment > 0 AND ?2 > last_value";

static int ask_table(struct conn *conn, const char *format, const char *table, const struct value *params,
    size_t nparams, struct number_sink *answer, struct err *err)
{
	char *sql = sqlite3_mprintf(format, table);

	if (sql == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	int rc = ask_number(conn, sql, params, nparams, answer, err);
	sqlite3_free(sql);
	return rc;
}

static int draw(struct conn *conn, const struct value *name, struct number_sink *next, struct err *err)
{
	return ask_number(conn, next_sql, name, 1, next, err);
}

static int draw_free(
    struct conn *conn, const struct value *name, const char *table, struct number_sink *next, struct err *err)
{
	struct number_sink answer;

	if (draw(conn, name, next, err) != 0)
		return -1;
	const struct value number = value_int(next->number);
	if (!next->has_number)
		return 0;
	if (ask_table(conn, taken_sql, table, &number, 1, &answer, err) != 0)
		return -1;
	if (!answer.has_number)
		return 0;
	if (ask_table(conn, last_sql, table, NULL, 0, &answer, err) != 0)
		return -1;
	const struct value params[2] = { *name, value_int(answer.number) };
	return ask_number(conn, pass_sql, params, 2, &answer, err) != 0 ? -1 : draw(conn, name, next, err);
}

static void fn_nextval(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct conn *conn = function_conn(ctx);
	struct number_sink next;
	struct err err;

	if (sqlite3_value_type(args[0]) != SQLITE_TEXT)
		return; /* NULL: NULL, as PostgreSQL's strict functions do */

	const char *text = (const char *)sqlite3_value_text(args[0]);
	struct value name = value_text(text, (size_t)sqlite3_value_bytes(args[0]));
	const char *table = nargs > 1 ? (const char *)sqlite3_value_text(args[1]) : NULL;
	if ((table == NULL ? draw(conn, &name, &next, &err) : draw_free(conn, &name, table, &next, &err)) !=
	    0)
		function_fail_with(ctx, &err);
	else if (next.has_number)
		sqlite3_result_int64(ctx, next.number);
	else
		fail_exhausted(ctx, conn, &name);
}

/* 16384 is PostgreSQL's first oid for objects of users. */
static const char oid_sql[] = "INSERT INTO _nqlite_state (key, value) VALUES ('next_oid', 16385) "
			      "ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value - 1";

static void fn_new_oid(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct number_sink oid;
	struct err err;

	(void)nargs, (void)args;
	if (ask_number(function_conn(ctx), oid_sql, NULL, 0, &oid, &err) != 0)
		function_fail_with(ctx, &err);
	else
		sqlite3_result_int64(ctx, oid.number);
}

const struct sql_function functions_sequences[] = {
	{ .name = "nq_nextval", .nargs = 1, .function = fn_nextval },
	{ .name = "nq_nextval", .nargs = 2, .function = fn_nextval },
	{ .name = "nq_new_oid", .nargs = 0, .flags = SQLITE_DIRECTONLY, .function = fn_new_oid },
	{ .name = NULL },
};
