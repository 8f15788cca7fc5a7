#include "store/functions_pg.h"

#include <stdlib.h>

#include "store/conn_internal.h"

/* nq_generate_series(start, stop [, step]): a table-valued function (sqlite.org/vtab.html, section 2.1.2). It keeps nothing but the
 * next value, so that a long series streams. */

enum { COLUMN_VALUE, COLUMN_START, COLUMN_STOP, COLUMN_STEP };

struct series_table {
	sqlite3_vtab base; /* first */
	struct conn *conn;
};

struct series_cursor {
	sqlite3_vtab_cursor base; /* first */
	int64_t value, stop, step;
	int64_t rowid;
	bool is_at_end;
};

static int series_connect(
    sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	struct series_table *table = calloc(1, sizeof *table);

	(void)argc, (void)argv, (void)message;
	if (table == NULL)
		return SQLITE_NOMEM;
	table->conn = arg;
	*out = &table->base;
	int rc =
	    sqlite3_declare_vtab(db, "CREATE TABLE x(value INTEGER, start HIDDEN, stop HIDDEN, step HIDDEN)");
	if (rc != SQLITE_OK) {
		free(table);
		*out = NULL;
		return rc;
	}
	return sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
}

static int series_disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

/* idxNum has a bit for each argument that is given; they come to series_filter in the order of their columns. */
static int series_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	int at[3] = { -1, -1, -1 }, next = 1;

	(void)table;
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn - COLUMN_START;

		if (column < 0 || column > 2 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		at[column] = i;
	}
	info->idxNum = 0;
	for (int column = 0; column < 3; column++) {
		if (at[column] < 0)
			continue;
		info->idxNum |= 1 << column;
		info->aConstraintUsage[at[column]].argvIndex = next++;
		info->aConstraintUsage[at[column]].omit = 1;
	}
	if ((info->idxNum & 3) != 3)
		return SQLITE_CONSTRAINT;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int series_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct series_cursor *cursor = calloc(1, sizeof *cursor);

	(void)table;
	if (cursor == NULL)
		return SQLITE_NOMEM;
	*out = &cursor->base;
	return SQLITE_OK;
}

static int series_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static bool is_past(const struct series_cursor *c)
{
	return c->step > 0 ? c->value > c->stop : c->value < c->stop;
}

static int series_filter(
    sqlite3_vtab_cursor *base, int number, const char *text, int nargs, sqlite3_value **args)
{
	struct series_cursor *c = (struct series_cursor *)base;

	(void)text;
	c->rowid = 1;
	c->is_at_end = true;
	for (int i = 0; i < nargs; i++)
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			return SQLITE_OK;
	c->value = sqlite3_value_int64(args[0]);
	c->stop = sqlite3_value_int64(args[1]);
	c->step = number & 4 ? sqlite3_value_int64(args[2]) : 1;
	if (c->step == 0) {
		struct series_table *table = (struct series_table *)base->pVtab;

		err_set(conn_raise(table->conn), SQLSTATE_INVALID_PARAMETER, "step size cannot equal zero");
		return SQLITE_ERROR;
	}
	c->is_at_end = is_past(c);
	return SQLITE_OK;
}

static int series_next(sqlite3_vtab_cursor *base)
{
	struct series_cursor *c = (struct series_cursor *)base;

	c->rowid++;
	c->is_at_end = __builtin_add_overflow(c->value, c->step, &c->value) || is_past(c);
	return SQLITE_OK;
}

static int series_eof(sqlite3_vtab_cursor *base)
{
	return ((struct series_cursor *)base)->is_at_end;
}

static int series_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
	const struct series_cursor *c = (const struct series_cursor *)base;

	if (column == COLUMN_VALUE)
		sqlite3_result_int64(ctx, c->value);
	return SQLITE_OK;
}

static int series_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = ((struct series_cursor *)base)->rowid;
	return SQLITE_OK;
}

/* No xCreate: it is there without CREATE VIRTUAL TABLE, and can't be made with it. */
static const sqlite3_module series_module = {
	.xConnect = series_connect,
	.xDisconnect = series_disconnect,
	.xBestIndex = series_best_index,
	.xOpen = series_open,
	.xClose = series_close,
	.xFilter = series_filter,
	.xNext = series_next,
	.xEof = series_eof,
	.xColumn = series_column,
	.xRowid = series_rowid,
};

int functions_pg_register_tables(struct conn *conn, struct err *err)
{
	int rc = sqlite3_create_module(conn->db, "nq_generate_series", &series_module, conn);

	return rc == SQLITE_OK ? 0 : err_set(err, SQLSTATE_INTERNAL, "%s", sqlite3_errstr(rc));
}
