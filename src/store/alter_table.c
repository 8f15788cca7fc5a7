#include "store/alter_table.h"

#include <stdarg.h>
#include <stdio.h>

#include "store/conn_internal.h"
#include "store/table_text.h"

#define TEXT_MAX ((size_t)1 << 28)
#define NEW_NAME "_nqlite_rebuild"

/* One call of nq_alter_table. */
struct alter {
	struct conn *conn;
	const char *table, *operation, *first, *second; /* the arguments, NULL where NULL */
	struct buf old_text, new_text;                  /* CREATE TABLE */
	struct buf parts;            /* SQL of the indexes and triggers, each ended by a NUL */
	struct buf targets, sources; /* column lists of INSERT .. SELECT */
	struct err *err;
};

/* ---- running statements inside the one that called ---- */

struct text_sink {
	struct row_sink sink; /* first */
	struct buf *out;
	size_t nrows;
	int64_t number; /* of the last row, when it is one */
};

/* Texts are put one after the other, each with a NUL. */
static enum row_verdict on_text(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct text_sink *s = (struct text_sink *)(void *)sink;

	(void)err;
	s->nrows++;
	s->number = n > 0 && values[0].kind == VALUE_INT ? values[0].i : 0;
	if (n > 0 && values[0].kind == VALUE_TEXT && s->out != NULL) {
		buf_put(s->out, values[0].text, values[0].len);
		buf_put_byte(s->out, '\0');
	}
	return ROW_NEXT;
}

static int run(
    struct alter *a, const char *sql, const char *const *params, size_t nparams, struct text_sink *out)
{
	struct value values[3];
	struct query query = { .sql = sql,
		.sql_len = strlen(sql),
		.params = values,
		.nparams = nparams,
		.params_outlive = true,
		.is_internal = true };

	for (size_t i = 0; i < nparams; i++)
		values[i] = value_str(params[i]);
	return conn_run(a->conn, &query, out == NULL ? NULL : &out->sink, NULL, a->err);
}

/* A statement put together from pieces, in sqlite3_mprintf's manner: %w doubles the quotes in a name. */
static int run_text(struct alter *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sql == NULL)
		return err_set(a->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	int rc = conn_exec(a->conn, sql, a->err);
	sqlite3_free(sql);
	return rc;
}

static int read_old_text(struct alter *a)
{
	struct text_sink text = { { on_text }, &a->old_text, 0, 0 };

	if (run(a, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", &a->table, 1, &text) !=
	    0)
		return -1;
	if (a->old_text.failed || text.nrows != 1)
		return err_set(a->err, SQLSTATE_NO_SUCH_TABLE, "relation \"%s\" does not exist", a->table);
	return 0;
}

/* ---- the text alone ---- */

/* The schema as it is kept is edited, and then read again: the connection sees by the changed version that it must. */
static int replace_text(struct alter *a)
{
	struct text_sink version = { { on_text }, NULL, 0, 0 };
	const char *params[] = { (const char *)a->new_text.data, a->table };

	if (run(a, "PRAGMA schema_version", NULL, 0, &version) != 0 ||
	    run_text(a, "PRAGMA writable_schema = ON") != 0)
		return -1;
	int rc =
	    run(a, "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = ?2", params, 2, NULL);
	if (rc == 0)
		rc = run_text(a, "PRAGMA schema_version = %lld", (long long)version.number + 1);
	struct err ignored;
	if (conn_exec(a->conn, "PRAGMA writable_schema = OFF", rc == 0 ? a->err : &ignored) != 0)
		rc = -1;
	return rc;
}

static int check_references(struct alter *a)
{
	struct text_sink violations = { { on_text }, NULL, 0, 0 };

	if (run(a, "SELECT 1 FROM pragma_foreign_key_check(?1) LIMIT 1", &a->table, 1, &violations) != 0)
		return -1;
	if (violations.nrows > 0)
		return err_set(a->err, SQLSTATE_FOREIGN_KEY,
		    "insert or update on table \"%s\" violates foreign key constraint \"%s\"", a->table,
		    a->second);
	return 0;
}

static int edit_in_place(struct alter *a)
{
	sqlite3 *db = conn_sqlite(a->conn);

	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	int rc = replace_text(a);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Reads the schema again: a text that is no good fails here, and is rolled back. */
	if (rc == 0)
		rc = run_text(a, "SELECT 1 FROM \"%w\" LIMIT 0", a->table);
	if (rc == 0 && strcmp(a->operation, "add foreign key") == 0)
		rc = check_references(a);
	return rc;
}

/* ---- a new table in place of the old one ---- */

static int read_parts(struct alter *a)
{
	struct text_sink texts = { { on_text }, &a->parts, 0, 0 };
	const char *params[] = { a->table, a->first };

	/* The indexes of a column that goes, go with it. */
	if (strcmp(a->operation, "drop column") == 0)
		return run(a,
		    "SELECT sql FROM sqlite_schema AS s WHERE tbl_name = ?1 AND sql IS NOT NULL AND type IN "
		    "('index', 'trigger') "
		    "AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(s.name) AS x "
		    "WHERE s.type = 'index' AND x.name = ?2 COLLATE NOCASE)",
		    params, 2, &texts);
	return run(a,
	    "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL AND type IN ('index', "
	    "'trigger')",
	    params, 1, &texts);
}

/* The catalog's rows of those indexes. */
static int forget_indexes(struct alter *a)
{
	const char *params[] = { a->table, a->first };

	return run(a,
	    "DELETE FROM _nqlite_class WHERE kind = 'i' AND sqlite_name IN (SELECT s.name FROM sqlite_schema "
	    "AS s, "
	    "pragma_index_xinfo(s.name) AS x WHERE s.type = 'index' AND s.tbl_name = ?1 AND x.name = ?2 "
	    "COLLATE NOCASE)",
	    params, 2, NULL);
}

/* What the rows of the new table are made from. */
struct column_sink {
	struct row_sink sink; /* first */
	struct alter *alter;
};

static enum row_verdict on_column(
    struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct alter *a = ((struct column_sink *)(void *)sink)->alter;
	bool is_named = values[0].len == strlen(a->first) &&
			sqlite3_strnicmp(values[0].text, a->first, (int)values[0].len) == 0;
	bool is_typed = is_named && strcmp(a->operation, "set type") == 0;

	(void)n, (void)err;
	if (is_named && strcmp(a->operation, "drop column") == 0)
		return ROW_NEXT;
	char *name = sqlite3_mprintf("\"%.*w\"", (int)values[0].len, values[0].text);
	const char *separator = a->targets.len > 0 ? ", " : "";
	buf_printf(&a->targets, "%s%s", separator, name == NULL ? "" : name);
	buf_printf(&a->sources, "%s%s", separator,
	    is_typed       ? strchr(a->second, '|') + 1
	    : name == NULL ? ""
			   : name);
	sqlite3_free(name);
	return ROW_NEXT;
}

static int read_columns(struct alter *a)
{
	struct column_sink sink = { { on_column }, a };
	struct value table = value_str(a->table);
	static const char sql[] = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
	struct query query = {
		.sql = sql, .sql_len = sizeof(sql) - 1, .params = &table, .nparams = 1, .is_internal = true
	};

	return conn_run(a->conn, &query, &sink.sink, NULL, a->err);
}

static int fill(struct alter *a)
{
	bool is_key = strcmp(a->operation, "make rowid") == 0;
	const char *targets = buf_text(&a->targets), *sources = buf_text(&a->sources);

	if (targets == NULL || sources == NULL)
		return err_set(a->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	if (run_text(a, "INSERT INTO " NEW_NAME " (%s) SELECT %s FROM \"%w\"%s%s%s", targets, sources,
		a->table, is_key ? " ORDER BY \"" : "", is_key ? a->first : "", is_key ? "\"" : "") == 0)
		return 0;
	if (is_key && strncmp(a->err->sqlstate, "23505", 5) == 0) {
		err_set(a->err, SQLSTATE_UNIQUE, "could not create unique index \"%s\"", a->second);
		err_detail(a->err, "Key (%s) is duplicated.", a->first);
	}
	return -1;
}

static int make_parts(struct alter *a)
{
	for (size_t at = 0; at < a->parts.len; at += strlen((char *)a->parts.data + at) + 1) {
		if (conn_exec(a->conn, (char *)a->parts.data + at, a->err) != 0)
			return -1;
	}
	return 0;
}

static int replace_table(struct alter *a)
{
	struct buf create;

	buf_init(&create, TEXT_MAX);
	bool is_good = table_text_rename(&create, (const char *)a->new_text.data, NEW_NAME);
	const char *text = is_good ? buf_text(&create) : NULL;
	int rc = text == NULL ? err_set(a->err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
			      : conn_exec(a->conn, text, a->err);
	buf_release(&create);
	if (rc != 0 || fill(a) != 0)
		return -1;
	if (run_text(a, "DROP TABLE \"%w\"", a->table) != 0)
		return -1;
	return run_text(a, "ALTER TABLE " NEW_NAME " RENAME TO \"%w\"", a->table);
}

/* Foreign keys are looked away from meanwhile, since DROP TABLE would act on the rows that refer to the table; and with the old
 * way of renaming, what refers to the table by its name is left as it is. */
static int rebuild(struct alter *a)
{
	sqlite3 *db = conn_sqlite(a->conn);

	if (read_parts(a) != 0 || read_columns(a) != 0)
		return -1;
	if (strcmp(a->operation, "drop column") == 0 && forget_indexes(a) != 0)
		return -1;
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, NULL);
	int rc = replace_table(a);
	sqlite3_db_config(db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	return rc != 0 ? rc : make_parts(a);
}

/* ---- foreign keys of others ---- */

/* Edits the texts of the tables that refer to this one, each as a table that is altered itself. */
static int drop_references(struct alter *a)
{
	static const char sql[] =
	    "SELECT DISTINCT m.name FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
	    "WHERE m.type = 'table' AND m.name <> ?1 AND f.\"table\" = ?1 COLLATE NOCASE";
	struct text_sink names = { { on_text }, &a->parts, 0, 0 };
	const char *table = a->table;
	int rc = run(a, sql, &table, 1, &names);

	for (size_t at = 0; rc == 0 && at < a->parts.len; at += strlen((char *)a->parts.data + at) + 1) {
		a->table = (const char *)a->parts.data + at;
		buf_clear(&a->old_text);
		buf_clear(&a->new_text);
		rc = read_old_text(a);
		if (rc == 0 &&
		    (!table_text_drop_references(&a->new_text, (const char *)a->old_text.data, table) ||
			buf_text(&a->new_text) == NULL))
			rc = err_set(a->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "dropping the foreign keys of a table as \"%s\" was made is not supported",
			    a->table);
		if (rc == 0)
			rc = edit_in_place(a);
	}
	a->table = table;
	return rc;
}

/* ---- operations ---- */

static bool set_not_null(struct alter *a, const char *sql)
{
	return table_text_set_not_null(&a->new_text, sql, a->first, true);
}

static bool drop_not_null(struct alter *a, const char *sql)
{
	return table_text_set_not_null(&a->new_text, sql, a->first, false);
}

static bool set_default(struct alter *a, const char *sql)
{
	return table_text_set_default(&a->new_text, sql, a->first, a->second);
}

static bool add_constraint(struct alter *a, const char *sql)
{
	return table_text_add(&a->new_text, sql, a->first);
}

static bool drop_constraint(struct alter *a, const char *sql)
{
	return table_text_drop_constraint(&a->new_text, sql, a->first);
}

static bool make_rowid(struct alter *a, const char *sql)
{
	return table_text_set_rowid(&a->new_text, sql, a->first, true);
}

static bool unmake_rowid(struct alter *a, const char *sql)
{
	return table_text_set_rowid(&a->new_text, sql, a->first, false);
}

static bool drop_column(struct alter *a, const char *sql)
{
	return table_text_drop_column(&a->new_text, sql, a->first);
}

static bool set_type(struct alter *a, const char *sql)
{
	const char *end = a->second == NULL ? NULL : strchr(a->second, '|');
	char *type = end == NULL ? NULL : sqlite3_mprintf("%.*s", (int)(end - a->second), a->second);
	bool done = type != NULL && table_text_set_type(&a->new_text, sql, a->first, type);

	sqlite3_free(type);
	return done;
}

static const struct operation {
	const char *name;
	bool (*edit)(struct alter *a, const char *sql);
	int (*carry_out)(struct alter *a);
} operations[] = {
	{ "set not null", set_not_null, edit_in_place },
	{ "drop not null", drop_not_null, edit_in_place },
	{ "set default", set_default, edit_in_place },
	{ "add constraint", add_constraint, edit_in_place },
	{ "add foreign key", add_constraint, edit_in_place },
	{ "drop constraint", drop_constraint, edit_in_place },
	{ "make rowid", make_rowid, rebuild },
	{ "unmake rowid", unmake_rowid, rebuild },
	{ "drop column", drop_column, rebuild },
	{ "set type", set_type, rebuild },
};

static int alter(struct alter *a)
{
	if (strcmp(a->operation, "drop references") == 0)
		return drop_references(a);
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operations[i].name, a->operation) != 0)
			continue;
		if (read_old_text(a) != 0)
			return -1;
		if (a->first == NULL || !operations[i].edit(a, (const char *)a->old_text.data) ||
		    buf_text(&a->new_text) == NULL)
			return err_set(a->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "ALTER TABLE (%s) of a table as \"%s\" was made is not supported", a->operation,
			    a->table);
		return operations[i].carry_out(a);
	}
	return err_set(a->err, SQLSTATE_INTERNAL, "nq_alter_table: unknown operation \"%s\"", a->operation);
}

static const char *argument(sqlite3_value *value)
{
	return sqlite3_value_type(value) == SQLITE_NULL ? NULL : (const char *)sqlite3_value_text(value);
}

static void fn_alter_table(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	struct conn *conn = function_conn(ctx);
	struct err err;
	struct alter a = { .conn = conn,
		.table = argument(args[0]),
		.operation = argument(args[1]),
		.first = argument(args[2]),
		.second = argument(args[3]),
		.err = &err };
	bool is_internal = conn->run.statement != NULL && conn->run.statement->is_internal;

	(void)nargs;
	if (!is_internal || a.table == NULL || a.operation == NULL) {
		function_fail(ctx, "42501", "not authorized to use function: nq_alter_table");
		return;
	}
	buf_init(&a.old_text, TEXT_MAX);
	buf_init(&a.new_text, TEXT_MAX);
	buf_init(&a.parts, TEXT_MAX);
	buf_init(&a.targets, TEXT_MAX);
	buf_init(&a.sources, TEXT_MAX);
	/* Whatever was prepared knows the old table. */
	conn->schema_generation++;
	conn->schema_is_dirty = true;
	if (alter(&a) != 0)
		function_fail_with(ctx, &err);
	buf_release(&a.old_text);
	buf_release(&a.new_text);
	buf_release(&a.parts);
	buf_release(&a.targets);
	buf_release(&a.sources);
}

static void fn_fail(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	(void)nargs;
	function_fail(
	    ctx, (const char *)sqlite3_value_text(args[0]), "%s", (const char *)sqlite3_value_text(args[1]));
}

static void fn_notnull(sqlite3_context *ctx, int nargs, sqlite3_value **args)
{
	const char *table = (const char *)sqlite3_value_text(args[1]);
	const char *column = (const char *)sqlite3_value_text(args[2]);

	(void)nargs;
	if (sqlite3_value_type(args[0]) != SQLITE_NULL) {
		sqlite3_result_value(ctx, args[0]);
		return;
	}
	struct err *err = function_fail(ctx, SQLSTATE_NOT_NULL,
	    "null value in column \"%s\" of relation \"%s\" violates not-null constraint", column, table);
	snprintf(err->table, sizeof(err->table), "%s", table);
	snprintf(err->column, sizeof(err->column), "%s", column);
}

const struct sql_function functions_alter_table[] = {
	{ .name = "nq_alter_table", .nargs = 4, .flags = SQLITE_DIRECTONLY, .function = fn_alter_table },
	{ .name = "nq_fail", .nargs = 2, .flags = SQLITE_DIRECTONLY, .function = fn_fail },
	{ .name = "nq_notnull", .nargs = 3, .flags = SQLITE_DETERMINISTIC, .function = fn_notnull },
	{ .name = NULL },
};
