#include "store/conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/alter_table.h"
#include "store/conn_internal.h"
#include "store/errors.h"
#include "store/functions_pg.h"
#include "store/sequences.h"
#include "store/sql_text.h"
#include "store/virtual_table.h"

#define PROGRESS_OPS 1000

/* Limits that SQLite's builders may have set otherwise; the same everywhere, so that the same statement fails everywhere. */
static const struct {
	int limit, value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 1000000000 },
	{ SQLITE_LIMIT_SQL_LENGTH, 1000000000 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_COLUMN, 2000 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 1000 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 500 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 127 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 65535 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50000 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 1000 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

/* DQS: rqlite's and nqlite's clients write string literals in double quotes, and a connection can't change its mind without
 * expiring every prepared statement; what nqlite itself prints qualifies columns by their table, where it makes no difference.
 * QPSG: a plan must not depend on the values bound when it was made.
 * TRUSTED_SCHEMA: else FTS5 tables couldn't be kept up to date by triggers, which is how its manual does it. A restored file can't
 * do harm by it: what could isn't there (load_extension, fts3_tokenizer) or is refused by the authorizer. */
static const struct {
	int option, value;
} options[] = {
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_QPSG, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1 },
	{ SQLITE_DBCONFIG_DQS_DML, 1 },
	{ SQLITE_DBCONFIG_DQS_DDL, 1 },
};

/* Non-zero stops the statement. What SQLite runs by itself while ours is halted (to read the schema) doesn't count. */
static int on_progress(void *arg)
{
	struct conn *conn = arg;
	struct run *run = &conn->run;

	if (atomic_load_explicit(&conn->is_interrupted, memory_order_relaxed)) {
		run->stopped = STOP_INTERRUPT;
		return 1;
	}
	if (run->statement == NULL || !sqlite3_stmt_busy(run->statement->stmt))
		return 0;
	run->thousands++;
	run->statement->thousands++;
	if (run->thousands_limit != 0 && run->statement->thousands >= run->thousands_limit)
		run->stopped = STOP_LIMIT;
	else if (run->thousands_budget != 0 && run->thousands >= run->thousands_budget)
		run->stopped = STOP_BUDGET;
	return run->stopped != STOP_NONE;
}

static int on_wal_commit(void *arg, sqlite3 *db, const char *database, int frames)
{
	struct conn *conn = arg;

	(void)db, (void)database;
	if (frames < conn->wal_frames_checked)
		conn->wal_frames_checked = 0; /* the WAL began anew */
	conn->wal_frames = frames;
	return SQLITE_OK;
}

static int open_handle(struct conn *conn, const char *path, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
		    (conn->kind == CONN_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	int rc = sqlite3_open_v2(path, &conn->db, flags, conn->vfs.name);

	if (rc != SQLITE_OK)
		return errors_of_handle(conn->db, rc, path, err);
	sqlite3_extended_result_codes(conn->db, 1);
	sqlite3_busy_timeout(conn->db, BUSY_TIMEOUT_MS);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(conn->db, limits[i].limit, limits[i].value);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		sqlite3_db_config(conn->db, options[i].option, options[i].value, NULL);
	if (conn->kind == CONN_SPECULATIVE)
		sqlite3_db_config(conn->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_wal_autocheckpoint(conn->db, 0);
	return 0;
}

/* synchronous: the writer's matters; a speculation's writes are never synced. */
static int set_pragmas(struct conn *conn, const struct store_options *settings, struct err *err)
{
	const char *synchronous = conn->kind == CONN_SPECULATIVE ? "OFF"
				  : settings->is_durable         ? "FULL"
								 : "NORMAL";
	char sql[256];

	snprintf(sql, sizeof(sql),
	    "PRAGMA cache_size = -%zu; PRAGMA synchronous = %s; PRAGMA journal_size_limit = %lld;"
	    "PRAGMA recursive_triggers = OFF; PRAGMA secure_delete = OFF",
	    settings->cache_bytes / 1024, synchronous, (long long)settings->wal_bytes_max);
	int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return errors_of_handle(conn->db, rc, settings->path, err);
	return 0;
}

static int add_functions_and_tables(struct conn *conn, const struct store_options *settings, struct err *err)
{
	static const struct sql_function *const functions[] = { functions_deterministic, functions_pg,
		functions_sequences, functions_alter_table, NULL };
	static const struct sql_collation *const collations[] = { collations_pg, NULL };

	if (functions_register(conn, functions, collations, err) != 0 ||
	    functions_pg_register_tables(conn, err) != 0)
		return -1;
	for (size_t i = 0; settings->tables != NULL && settings->tables[i] != NULL; i++)
		if (virtual_table_register(conn, settings->tables[i], err) != 0)
			return -1;
	return 0;
}

int conn_open(
    struct conn **out, struct store *store, enum conn_kind kind, const char *base_vfs, struct err *err)
{
	const struct store_options *settings = store_settings(store);
	struct conn *conn = calloc(1, sizeof(*conn));

	*out = NULL;
	if (conn == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	conn->store = store;
	conn->kind = kind;
	atomic_init(&conn->is_interrupted, false);
	atomic_init(&conn->is_running, false);
	if (env_vfs_register(&conn->vfs, base_vfs, err) != 0) {
		free(conn);
		return -1;
	}
	if (statement_cache_init(&conn->statements, settings->statements_max, err) != 0 ||
	    open_handle(conn, settings->path, err) != 0 || set_pragmas(conn, settings, err) != 0 ||
	    add_functions_and_tables(conn, settings, err) != 0) {
		conn_close(conn);
		return -1;
	}
	if (kind == CONN_WRITER)
		sqlite3_wal_hook(conn->db, on_wal_commit, conn);
	authorizer_install(conn);
	sqlite3_progress_handler(conn->db, PROGRESS_OPS, on_progress, conn);
	conn_set_environment(conn, NULL);
	*out = conn;
	return 0;
}

void conn_close(struct conn *conn)
{
	if (conn == NULL)
		return;
	if (conn->holds_snapshot)
		conn_release_snapshot(conn);
	if (conn->inspected != NULL)
		conn_statement_unref(conn->inspected);
	if (conn->statements.buckets != NULL)
		statement_cache_release(&conn->statements);
	int rc = sqlite3_close(conn->db);
	assert(rc == SQLITE_OK); /* else a cursor is still open */
	(void)rc;
	env_vfs_unregister(&conn->vfs);
	for (size_t i = 0; i < conn->nfunctions; i++)
		free(conn->functions[i]);
	free(conn->functions);
	if (conn->kind == CONN_WRITER)
		store_writer_closed(conn->store);
	free(conn);
}

sqlite3 *conn_sqlite(struct conn *conn)
{
	return conn->db;
}

struct err *conn_raise(struct conn *conn)
{
	conn->has_raised = true;
	return &conn->raised;
}

/* VACUUM is the one statement that doesn't ask the authorizer. */
static int check_text(const char *sql, size_t sql_len, bool is_internal, struct err *err)
{
	if (sql_len >= 1000000000)
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "string or blob too big");
	if (!is_internal && sql_text_begins_with(sql, sql_len, "VACUUM"))
		return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "not authorized: VACUUM");
	return 0;
}

static int prepare_new(struct conn *conn, struct conn_statement *s, size_t *tail, struct err *err)
{
	struct authorizer outer = conn->authorizer;
	const char *end = s->sql;

	conn->has_raised = false;
	authorizer_begin(conn, s->sql, s->is_internal);
	int rc = sqlite3_prepare_v3(
	    conn->db, s->sql, (int)s->sql_len + 1, SQLITE_PREPARE_PERSISTENT, &s->stmt, &end);
	s->changes_schema = conn->authorizer.changes_schema;
	s->rolls_back = conn->authorizer.rolls_back;
	s->local_function = conn->authorizer.local_function;
	s->schema_generation = conn->schema_generation;
	conn->authorizer = outer;
	if (rc != SQLITE_OK)
		return errors_translate(conn, rc, err);

	*tail = (size_t)(end - s->sql);
	if (*tail < s->sql_len && *end == '\0')
		return err_set(err, SQLSTATE_SYNTAX, "unrecognized token: a NUL byte");
	if (*tail + sql_text_blank(end, s->sql_len - *tail) == s->sql_len)
		*tail = s->sql_len;
	return 0;
}

/* One that may be used right now. The writer's must also have been prepared for the schema in force. */
static struct conn_statement *find_usable(
    struct conn *conn, const char *sql, size_t sql_len, bool is_internal)
{
	struct conn_statement *s = statement_cache_find(&conn->statements, sql, sql_len, is_internal);

	if (s == NULL || s->is_open)
		return NULL;
	if (conn->kind == CONN_WRITER && s->schema_generation != conn->schema_generation) {
		statement_cache_drop(&conn->statements, s);
		return NULL;
	}
	conn_statement_ref(s);
	return s;
}

int conn_prepare(struct conn *conn, const char *sql, size_t sql_len, bool is_internal,
    struct conn_statement **out, size_t *tail, struct err *err)
{
	*tail = sql_len;
	*out = find_usable(conn, sql, sql_len, is_internal);
	if (*out != NULL)
		return 0;

	conn->failure_is_local = false;
	if (check_text(sql, sql_len, is_internal, err) != 0)
		return -1;
	struct conn_statement *s = conn_statement_new(sql, sql_len, is_internal);
	if (s == NULL) {
		conn->failure_is_local = true;
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	if (prepare_new(conn, s, tail, err) != 0) {
		conn_statement_unref(s);
		return -1;
	}
	if (s->stmt == NULL) {
		conn_statement_unref(s);
		return 0;
	}
	s->sql_len = *tail; /* a text of several is known by its first */
	if (statement_cache_find(&conn->statements, s->sql, s->sql_len, is_internal) == NULL)
		statement_cache_put(&conn->statements, s);
	*out = s;
	return 0;
}

void conn_set_environment(struct conn *conn, const struct environment *env)
{
	conn->has_environment = env != NULL;
	conn->draws = 0;
	if (env != NULL) {
		conn->environment = *env;
		env_vfs_set_clock(&conn->vfs, env->now_us);
		/* So that last_insert_rowid() doesn't remember what this node happened to run before. */
		sqlite3_set_last_insert_rowid(conn->db, 0);
	} else {
		conn->environment = (struct environment){ 0 };
		sqlite3_randomness(sizeof(conn->environment.seed), &conn->environment.seed);
		env_vfs_unset_clock(&conn->vfs);
	}
}

void conn_set_seed(struct conn *conn, uint64_t seed)
{
	conn->environment.seed = seed;
	conn->draws = 0;
}

void conn_set_tables_context(struct conn *conn, const void *context)
{
	conn->tables_context = context;
}

const void *conn_tables_context(const struct conn *conn)
{
	return conn->tables_context;
}

bool conn_failure_is_local(const struct conn *conn)
{
	return conn->failure_is_local;
}

int64_t conn_last_insert_rowid(const struct conn *conn)
{
	return sqlite3_last_insert_rowid(conn->db);
}

bool conn_in_transaction(const struct conn *conn)
{
	return sqlite3_get_autocommit(conn->db) == 0;
}

void conn_interrupt(struct conn *conn)
{
	/* The flag is seen before each step and by the progress handler. SQLite's own mark is for the few operations that are long
	 * by themselves, such as counting a table; it can't be taken back, so it isn't made while nothing runs. */
	atomic_store(&conn->is_interrupted, true);
	if (atomic_load(&conn->is_running))
		sqlite3_interrupt(conn->db);
}

void conn_clear_interrupt(struct conn *conn)
{
	atomic_store(&conn->is_interrupted, false);
}

int conn_hold_snapshot(struct conn *conn, struct err *err)
{
	if (conn->holds_snapshot)
		return 0;
	if (conn_exec(conn, "BEGIN", err) != 0)
		return -1;
	/* BEGIN alone takes no snapshot; the first read does. */
	if (conn_exec(conn, "SELECT 1 FROM sqlite_schema LIMIT 1", err) != 0) {
		conn_rollback(conn);
		return -1;
	}
	conn->holds_snapshot = true;
	return 0;
}

void conn_rollback(struct conn *conn)
{
	bool was_interrupted = false;
	struct err err;

	while (conn_in_transaction(conn)) {
		was_interrupted = atomic_exchange(&conn->is_interrupted, false) || was_interrupted;
		if (conn_exec(conn, "ROLLBACK", &err) != 0 &&
		    strcmp(err.sqlstate, SQLSTATE_QUERY_CANCELED) != 0)
			break;
	}
	if (was_interrupted)
		atomic_store(&conn->is_interrupted, true);
}

void conn_release_snapshot(struct conn *conn)
{
	if (conn->holds_snapshot)
		conn_rollback(conn); /* nothing was written; COMMIT could be refused while a cursor is open */
	conn->holds_snapshot = false;
}

/* A text for all nodes may not call what differs by node; a reader prepares it all the same. */
static int check_replicable(const struct conn_statement *s, struct err *err)
{
	if (s->local_function == NULL || sqlite3_stmt_readonly(s->stmt) != 0)
		return 0;
	err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "not authorized to use function: %s", s->local_function);
	err_detail(err, "Its result differs from node to node.");
	return -1;
}

int conn_inspect(
    struct conn *conn, const char *sql, size_t sql_len, struct statement_info *info, struct err *err)
{
	struct conn_statement *s;

	*info = (struct statement_info){ 0 };
	if (conn->inspected != NULL)
		conn_statement_unref(conn->inspected);
	conn->inspected = NULL;
	if (conn_prepare(conn, sql, sql_len, false, &s, &info->used, err) != 0)
		return -1;
	conn->inspected = s;
	if (s == NULL) {
		info->is_empty = true;
		info->is_readonly = true;
		return 0;
	}
	info->is_explain = sqlite3_stmt_isexplain(s->stmt) != 0;
	/* A pragma that users may run only reads, though SQLite takes some for writes. */
	info->is_readonly = info->is_explain || sqlite3_stmt_readonly(s->stmt) != 0 ||
			    sql_text_begins_with(s->sql, s->sql_len, "PRAGMA");
	info->changes_schema = !info->is_explain && s->changes_schema;
	info->nparams = (size_t)sqlite3_bind_parameter_count(s->stmt);
	info->ncolumns = (size_t)sqlite3_column_count(s->stmt);
	/* SQLite prepares anew when a statement runs, and one that writes doesn't run here: kept, it would go on naming the columns
	 * of an old schema. */
	if (info->ncolumns > 0 && !info->is_readonly)
		statement_cache_drop(&conn->statements, s);
	return info->is_explain ? 0 : check_replicable(s, err);
}

const char *conn_inspected_param(struct conn *conn, size_t i)
{
	return conn->inspected != NULL ? sqlite3_bind_parameter_name(conn->inspected->stmt, (int)i) : NULL;
}

const char *conn_inspected_column(struct conn *conn, size_t i)
{
	return conn->inspected != NULL ? sqlite3_column_name(conn->inspected->stmt, (int)i) : NULL;
}

const char *conn_inspected_decltype(struct conn *conn, size_t i)
{
	return conn->inspected != NULL ? sqlite3_column_decltype(conn->inspected->stmt, (int)i) : NULL;
}
