/* Runs statements as PostgreSQL wrote them, translated, on SQLite, and compares names, types, rows and errors with what
 * PostgreSQL 15 answered (store_sql_cases.tsv, made by store_sql_cases.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgwire/format.h"
#include "sql/functions.h"
#include "sql/operators.h"
#include "sql/casts.h"
#include "sql/translate.h"
#include "store/store.h"

/* ---- the schema ---- */

static const struct column t_columns[] = {
	{ .name = "id", .type = OID_INT4, .typmod = -1, .attnum = 1, .not_null = true, .is_rowid = true },
	{ .name = "a", .type = OID_INT4, .typmod = -1, .attnum = 2 },
	{ .name = "b", .type = OID_TEXT, .typmod = -1, .attnum = 3, .not_null = true },
	{ .name = "c", .type = OID_NUMERIC, .typmod = ((10 << 16) | 2) + 4, .attnum = 4 },
	{ .name = "d", .type = OID_FLOAT8, .typmod = -1, .attnum = 5 },
	{ .name = "e", .type = OID_BOOL, .typmod = -1, .attnum = 6 },
	{ .name = "ts", .type = OID_TIMESTAMP, .typmod = -1, .attnum = 7 },
	{ .name = "big", .type = OID_INT8, .typmod = -1, .attnum = 8 },
	{ .name = "small", .type = OID_INT2, .typmod = -1, .attnum = 9 },
	{ .name = "v", .type = OID_VARCHAR, .typmod = 14, .attnum = 10 },
};
static const struct column u_columns[] = {
	{ .name = "id", .type = OID_INT4, .typmod = -1, .attnum = 1, .not_null = true, .is_rowid = true },
	{ .name = "t_id", .type = OID_INT4, .typmod = -1, .attnum = 2 },
	{ .name = "name", .type = OID_TEXT, .typmod = -1, .attnum = 3 },
};
static const int16_t key_attnums[] = { 1 };
static const struct constraint key = {
	.name = "pkey", .oid = 1, .kind = 'p', .attnums = key_attnums, .nattnums = 1
};
static const struct relation relations[] = {
	{ .oid = 16384,
	    .schema = "public",
	    .name = "t",
	    .sqlite_name = "t",
	    .kind = 'r',
	    .columns = t_columns,
	    .ncolumns = 10,
	    .constraints = &key,
	    .nconstraints = 1 },
	{ .oid = 16385,
	    .schema = "public",
	    .name = "u",
	    .sqlite_name = "u",
	    .kind = 'r',
	    .columns = u_columns,
	    .ncolumns = 3,
	    .constraints = &key,
	    .nconstraints = 1 },
};

static const struct relation *find_relation(const struct schema *s, const char *schema, const char *name)
{
	(void)s;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(relations[i].name, name) == 0 && (schema == NULL || strcmp(schema, "public") == 0))
			return &relations[i];
	return NULL;
}

static const struct relation *find_by_oid(const struct schema *s, oid_t oid)
{
	(void)s;
	return oid == 16384 || oid == 16385 ? &relations[oid - 16384] : NULL;
}

static bool has_schema(const struct schema *s, const char *name)
{
	(void)s;
	return strcmp(name, "public") == 0 || strcmp(name, "pg_catalog") == 0;
}

static const struct constraint *find_index(
    const struct schema *s, const char *schema, const char *name, const struct relation **table)
{
	(void)s, (void)schema, (void)name, (void)table;
	return NULL;
}

static const struct schema schema = { .version = 1,
	.find_relation = find_relation,
	.find_relation_by_oid = find_by_oid,
	.has_schema = has_schema,
	.find_index = find_index };

static const char *const tables[] = {
	"CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT NOT NULL, c TEXT COLLATE nq_numeric, d "
	"REAL, e INTEGER, ts TEXT, "
	"big INTEGER, small INTEGER, v TEXT)",
	"INSERT INTO t VALUES (1, 10, 'one', '1.50', 0.5, 1, '2024-01-02 03:04:05', 9007199254740993, 1, "
	"'x'),"
	"(2, 5, 'two', '10.25', 2.0, 0, '2024-05-06 07:08:09.5', -5, NULL, 'y'),"
	"(3, NULL, 'three', '9.00', NULL, 1, NULL, 7, 3, NULL),"
	"(4, 5, 'four', NULL, 1e10, NULL, '2023-12-31 23:59:59', NULL, -4, 'z')",
	"CREATE TABLE u (id INTEGER PRIMARY KEY, t_id INTEGER, name TEXT)",
	"INSERT INTO u VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, NULL), (4, NULL, 'd')",
	"CREATE INDEX t_b ON t (b)",
	"CREATE INDEX t_a ON t (a)",
	NULL,
};

/* ---- a statement, run ---- */

struct fixture {
	struct store *store;
	struct conn *writer;
	struct translator *translator;
};

struct answer {
	struct row_sink sink; /* first */
	const struct translation *translation;
	struct buf text;
	size_t nrows;
};

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct answer *a = (struct answer *)sink;
	const struct format_settings settings = { 0 };

	if (n != a->translation->ncolumns) {
		err_set(err, SQLSTATE_INTERNAL, "%zu columns instead of %zu", n, a->translation->ncolumns);
		return ROW_FAIL;
	}
	if (a->nrows++ > 0)
		buf_put_text(&a->text, " ; ");
	for (size_t i = 0; i < n; i++) {
		const struct result_column *c = &a->translation->columns[i];

		if (i > 0)
			buf_put_byte(&a->text, '|');
		if (values[i].kind == VALUE_NULL)
			buf_put_text(&a->text, "<null>");
		else if (format_put_text(&a->text, &values[i], c->type, c->typmod, &settings, err) != 0)
			return ROW_FAIL;
	}
	return ROW_NEXT;
}

static struct value slot_value(const struct slot *slot, const struct translated *t)
{
	if (slot->source == SLOT_LITERAL)
		return t->literals[slot->index];
	if (slot->source == SLOT_SESSION) {
		switch (slot->index) {
		case FACT_SCHEMA: return value_str("public");
		case FACT_SCHEMAS: return value_str("[\"public\"]");
		case FACT_SCHEMAS_ALL: return value_str("[\"pg_catalog\",\"public\"]");
		case FACT_BACKEND_PID: return value_int(42);
		default: return value_str("postgres");
		}
	}
	return value_null();
}

static void put_columns(struct buf *b, const struct translation *t)
{
	char space[TYPE_DISPLAY_MAX];

	for (size_t i = 0; i < t->ncolumns; i++)
		buf_printf(b, "%s%s:%s", i > 0 ? " " : "", t->columns[i].name,
		    type_display(t->columns[i].type, t->columns[i].typmod, space));
	buf_put_text(b, " => ");
}

/* "ok\t.." or "error\t..", as in the file. */
static void run(struct fixture *f, struct conn *conn, const char *sql, bool literals_stay, struct buf *out,
    char **emitted)
{
	struct arena arena;
	struct translated t;
	struct err err;
	struct answer a = { .sink = { on_row } };
	struct value params[256];
	const struct translate_request request = {
		.text = sql, .len = strlen(sql), .schema = &schema, .literals_stay = literals_stay
	};

	arena_init(&arena, 1 << 24);
	buf_init(&a.text, 1 << 20);
	err_clear(&err);
	*emitted = NULL;
	if (translator_get(f->translator, &request, &arena, &t, &err) == 0) {
		const struct step *step = &t.translation->steps[0];
		struct query q = {
			.sql = step->sql, .sql_len = step->sql_len, .params = params, .nparams = step->nslots
		};

		assert_true(step->nslots < 256);
		for (size_t i = 0; i < step->nslots; i++)
			params[i] = slot_value(&step->slots[i], &t);
		*emitted = strdup(step->sql);
		a.translation = t.translation;
		put_columns(&a.text, t.translation);
		conn_run(conn, &q, &a.sink, NULL, &err);
		translation_unref(t.translation);
	}
	if (err.sqlstate[0] != '\0')
		buf_printf(out, "error\t%s %s @%d", err.sqlstate, err.message, err.position);
	else
		buf_printf(out, "ok\t%s", buf_text(&a.text));
	buf_release(&a.text);
	arena_release(&arena);
}

/* ---- the file ---- */

static void unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0') {
			text++;
			*to++ = *text == 'n' ? '\n' : *text == 't' ? '\t' : *text;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static size_t run_cases(struct fixture *f, struct conn *conn, bool literals_stay)
{
	FILE *file = fopen("tests/unit/store_sql_cases.tsv", "r");
	char line[16384];
	size_t wrong = 0, n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		char *expected = strchr(line, '\t'), *emitted;
		struct buf got;

		line[strcspn(line, "\n")] = '\0';
		*expected++ = '\0';
		unescape(expected);
		buf_init(&got, 1 << 20);
		run(f, conn, line, literals_stay, &got, &emitted);
		if (strncmp(expected, "error", 5) == 0 && strstr(expected, " @") == NULL)
			buf_truncate(&got, (size_t)(strstr(buf_text(&got), " @") - buf_text(&got)));
		if (strcmp(buf_text(&got), expected) != 0) {
			wrong++;
			print_error("%s\n   expected %s\n   got      %s\n   by       %s\n", line, expected,
			    buf_text(&got), emitted != NULL ? emitted : "-");
		}
		free(emitted);
		buf_release(&got);
		n++;
	}
	fclose(file);
	assert_true(n > 200);
	return wrong;
}

static int set_up(void **state)
{
	static struct fixture f;
	struct err err;
	const struct store_options options = { .path = ":memory:" };

	err_clear(&err);
	if (store_open(&f.store, &options, &err) != 0 || store_open_writer(f.store, &f.writer, &err) != 0)
		return -1;
	for (size_t i = 0; tables[i] != NULL; i++) {
		if (conn_exec(f.writer, tables[i], &err) != 0) {
			print_error("%s\n", err.message);
			return -1;
		}
	}
	f.translator = translator_new(1000, 100000);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	translator_free(f->translator);
	conn_close(f->writer);
	store_close(f->store);
	return 0;
}

static struct conn *take_reader(struct fixture *f)
{
	struct conn *conn;
	struct err err;
	const struct environment environment = { .now_us = INT64_C(1795361880000000), .seed = 7 };

	assert_int_equal(store_take_reader(f->store, &conn, &err), 0);
	conn_set_environment(conn, &environment);
	return conn;
}

static void queries_answer_as_postgresql_does(void **state)
{
	struct fixture *f = *state;
	struct conn *conn = take_reader(f);

	assert_int_equal(run_cases(f, conn, true), 0);
	store_give_reader(f->store, conn);
}

static void literals_as_parameters_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct conn *conn = take_reader(f);

	assert_int_equal(run_cases(f, conn, false), 0);
	store_give_reader(f->store, conn);
}

/* ---- plans ---- */

static enum row_verdict on_plan(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct answer *a = (struct answer *)sink;

	(void)n, (void)err;
	buf_put(&a->text, values[3].text, values[3].len);
	buf_put_text(&a->text, "; ");
	return ROW_NEXT;
}

static void check_plan(struct fixture *f, struct conn *conn, const char *sql, const char *expected)
{
	struct arena arena;
	struct translated t;
	struct err err;
	struct answer a = { .sink = { on_plan } };
	struct value params[16];
	struct buf explain;
	const struct translate_request request = { .text = sql, .len = strlen(sql), .schema = &schema };

	arena_init(&arena, 1 << 24);
	buf_init(&explain, 1 << 20);
	buf_init(&a.text, 1 << 20);
	assert_int_equal(translator_get(f->translator, &request, &arena, &t, &err), 0);
	buf_printf(&explain, "EXPLAIN QUERY PLAN %s", t.translation->steps[0].sql);
	for (size_t i = 0; i < t.translation->steps[0].nslots; i++)
		params[i] = slot_value(&t.translation->steps[0].slots[i], &t);
	struct query q = { .sql = buf_text(&explain),
		.sql_len = explain.len,
		.params = params,
		.nparams = t.translation->steps[0].nslots };
	assert_int_equal(conn_run(conn, &q, &a.sink, NULL, &err), 0);
	if (strcmp(buf_text(&a.text), expected) != 0)
		print_error("%s\n   by %s\n", sql, buf_text(&explain));
	assert_string_equal(buf_text(&a.text), expected);
	translation_unref(t.translation);
	buf_release(&a.text);
	buf_release(&explain);
	arena_release(&arena);
}

static void indexes_serve_translated_queries(void **state)
{
	static const char *const plans[][2] = {
		{ "SELECT a FROM t WHERE id = 1", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?); " },
		{ "SELECT a FROM t WHERE id = '1'", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?); " },
		{ "SELECT a FROM t WHERE id BETWEEN 1 AND 5",
		    "SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?); " },
		{ "SELECT a FROM t WHERE id > 5 ORDER BY id LIMIT 10",
		    "SEARCH t USING INTEGER PRIMARY KEY (rowid>?); " },
		{ "SELECT * FROM t ORDER BY id DESC LIMIT 3", "SCAN t; " },
		{ "SELECT id FROM t ORDER BY b LIMIT 3", "SCAN t USING COVERING INDEX t_b; " },
		{ "SELECT id FROM t ORDER BY b DESC LIMIT 3", "SCAN t USING COVERING INDEX t_b; " },
		{ "SELECT d FROM t WHERE b = 'x'", "SEARCH t USING INDEX t_b (b=?); " },
		{ "SELECT d FROM t WHERE b LIKE 'x%'", "SEARCH t USING INDEX t_b (b>? AND b<?); " },
		{ "SELECT d FROM t WHERE id IN (1, 2)", "SEARCH t USING INTEGER PRIMARY KEY (rowid=?); " },
		{ "SELECT max(id) FROM t", "SEARCH t; " },
		{ "SELECT d FROM t JOIN u ON u.t_id = t.id WHERE u.id = 7",
		    "SEARCH u USING INTEGER PRIMARY KEY (rowid=?); SEARCH t USING INTEGER PRIMARY KEY "
		    "(rowid=?); " },
		{ "SELECT id FROM t WHERE a = 5 ORDER BY a", "SEARCH t USING COVERING INDEX t_a (a=?); " },
		{ "SELECT id FROM t ORDER BY a LIMIT 2", "SCAN t USING COVERING INDEX t_a; " },
	};
	struct fixture *f = *state;
	struct conn *conn = take_reader(f);

	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
		check_plan(f, conn, plans[i][0], plans[i][1]);
	store_give_reader(f->store, conn);
}

/* ---- the tables name nothing that isn't there ---- */

/* Does every function "nq_.." in the form exist, with any number of arguments? */
static void check_form(struct conn *conn, const char *form)
{
	for (const char *at = strstr(form, "nq_"); at != NULL; at = strstr(at + 1, "nq_")) {
		size_t len = 0;
		char sql[400];
		struct err err;

		while (isalnum((unsigned char)at[len]) || at[len] == '_')
			len++;
		if (at[len] != '(')
			continue;
		snprintf(sql, sizeof sql,
		    "SELECT 1 WHERE EXISTS (SELECT 1 FROM pragma_function_list WHERE name = '%.*s') OR "
		    "EXISTS (SELECT 1 FROM "
		    "pragma_module_list WHERE name = '%.*s')",
		    (int)len, at, (int)len, at);
		struct answer a = { .sink = { on_row } };
		const struct translation one = { .columns = &(struct result_column){ .type = OID_INT4 },
			.ncolumns = 1 };
		a.translation = &one;
		buf_init(&a.text, 1000);
		struct query q = { .sql = sql, .sql_len = strlen(sql), .is_internal = true };
		if (conn_run(conn, &q, &a.sink, NULL, &err) != 0)
			fail_msg("%s", err.message);
		if (a.nrows != 1)
			fail_msg("no function %.*s", (int)len, at);
		buf_release(&a.text);
	}
}

static void every_function_of_the_tables_exists(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sql_nfunctions; i++)
		check_form(f->writer, sql_functions[i].form);
	for (size_t i = 0; i < sql_noperators; i++)
		if (sql_operators[i].form != NULL)
			check_form(f->writer, sql_operators[i].form);
	for (size_t i = 0; i < sql_ncasts; i++)
		if (sql_casts[i].form != NULL)
			check_form(f->writer, sql_casts[i].form);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_answer_as_postgresql_does),
		cmocka_unit_test(literals_as_parameters_change_nothing),
		cmocka_unit_test(indexes_serve_translated_queries),
		cmocka_unit_test(every_function_of_the_tables_exists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
