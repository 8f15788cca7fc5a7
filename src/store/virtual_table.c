#include "store/virtual_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "base/hash.h"
#include "store/conn_internal.h"

/* A scan streams from its source the first time. When SQLite scans again with the same cursor, as the inner side of a join does for
 * each outer row, all rows are kept, and found by a hash of the column that the join asks for. */

#define NO_COLUMN    (-1)
#define ROWS_GUESSED 1000
#define KEPT_MAX     ((size_t)256 * 1024 * 1024)

struct vtab {
	sqlite3_vtab base; /* first */
	struct conn *conn;
	const struct table_source *source;
};

struct kept_row {
	struct value *values;
	struct kept_row *next;  /* in the order of the source */
	struct kept_row *chain; /* in its bucket, in the order of the source */
};

struct scan {
	sqlite3_vtab_cursor base; /* first */
	void *source_scan;
	bool is_streaming; /* source_scan is open */
	bool is_at_end;
	int64_t rowid;
	struct value *row; /* the current one: lent by the source, or a kept row's */
	struct value *buffer;
	int nfilters;
	int column; /* that must equal key, or NO_COLUMN. SQLite checks again: this only has to let all equal ones through */
	struct value key;
	sqlite3_value *key_owner;

	bool has_kept;
	struct arena arena;
	struct kept_row *kept, **kept_end, *at;
	size_t nkept;
	struct kept_row **buckets;
	size_t nbuckets; /* 0: there is no index */
	int index_column;
	enum value_kind index_kind; /* of all keys in it */
	bool by_index;
};

static struct value value_of(sqlite3_value *from)
{
	switch (sqlite3_value_type(from)) {
	case SQLITE_INTEGER: return value_int(sqlite3_value_int64(from));
	case SQLITE_FLOAT: return value_float(sqlite3_value_double(from));
	case SQLITE_TEXT: {
		const void *bytes = sqlite3_value_text(from);

		return value_text(bytes, (size_t)sqlite3_value_bytes(from));
	}
	case SQLITE_BLOB: {
		const void *bytes = sqlite3_value_blob(from);

		return value_blob(bytes, (size_t)sqlite3_value_bytes(from));
	}
	default: return value_null();
	}
}

/* Only integers and texts of the same kind are surely unequal here; what affinity does to the rest is SQLite's business. */
static bool may_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return true;
	switch (a->kind) {
	case VALUE_INT: return a->i == b->i;
	case VALUE_TEXT: return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	default: return true;
	}
}

static uint64_t hash_of(const struct value *v)
{
	return v->kind == VALUE_INT ? hash_bytes64(&v->i, sizeof(v->i)) : hash_bytes64(v->text, v->len);
}

static int fail(struct vtab *t, const struct err *err)
{
	*conn_raise(t->conn) = *err;
	sqlite3_free(t->base.zErrMsg);
	t->base.zErrMsg = sqlite3_mprintf("%s", err->message);
	return SQLITE_ERROR;
}

static int on_connect(
    sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	const struct vtab *template = arg;

	(void)argc, (void)argv, (void)message;
	char *sql = sqlite3_mprintf("CREATE TABLE x(%s)", template->source->columns);
	struct vtab *t = sqlite3_malloc(sizeof(*t));
	int rc = sql != NULL && t != NULL ? sqlite3_declare_vtab(db, sql) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (rc != SQLITE_OK) {
		sqlite3_free(t);
		return rc;
	}
	sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	*t = *template;
	*out = &t->base;
	return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* One equality is handed to xFilter, in idxNum its column + 1. */
static int on_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	(void)base;
	info->estimatedCost = ROWS_GUESSED * 10;
	info->estimatedRows = ROWS_GUESSED;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];

		if (!c->usable || c->op != SQLITE_INDEX_CONSTRAINT_EQ || c->iColumn < 0)
			continue;
		if (strcasecmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
			continue;
		info->aConstraintUsage[i].argvIndex = 1;
		info->idxNum = c->iColumn + 1;
		info->estimatedCost = ROWS_GUESSED / 10;
		info->estimatedRows = ROWS_GUESSED / 100;
		break;
	}
	return SQLITE_OK;
}

static int on_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	struct vtab *t = (struct vtab *)(void *)base;
	struct scan *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return SQLITE_NOMEM;
	s->buffer = calloc(t->source->ncolumns, sizeof(*s->buffer));
	if (s->buffer == NULL) {
		free(s);
		return SQLITE_NOMEM;
	}
	arena_init(&s->arena, KEPT_MAX);
	s->kept_end = &s->kept;
	*out = &s->base;
	return SQLITE_OK;
}

static struct vtab *table_of(struct scan *s)
{
	return (struct vtab *)(void *)s->base.pVtab;
}

static void end_stream(struct scan *s)
{
	const struct table_source *source = table_of(s)->source;

	if (s->is_streaming && source->close != NULL)
		source->close(s->source_scan);
	s->is_streaming = false;
	s->source_scan = NULL;
}

static int on_close(sqlite3_vtab_cursor *base)
{
	struct scan *s = (struct scan *)(void *)base;

	end_stream(s);
	sqlite3_value_free(s->key_owner);
	arena_release(&s->arena);
	free(s->buckets);
	free(s->buffer);
	free(s);
	return SQLITE_OK;
}

static int begin_stream(struct scan *s)
{
	struct vtab *t = table_of(s);
	struct err err;

	end_stream(s);
	err_clear(&err);
	if (t->source->open(t->source, conn_tables_context(t->conn), &s->source_scan, &err) != 0)
		return fail(t, &err);
	s->is_streaming = true;
	return SQLITE_OK;
}

/* SQLITE_ROW, SQLITE_DONE or an error. */
static int next_of_source(struct scan *s)
{
	struct vtab *t = table_of(s);
	struct err err;

	err_clear(&err);
	int rc = t->source->next(s->source_scan, s->buffer, &err);
	if (rc < 0)
		return fail(t, &err);
	return rc > 0 ? SQLITE_ROW : SQLITE_DONE;
}

static int keep_row(struct scan *s)
{
	size_t n = table_of(s)->source->ncolumns;
	struct kept_row *row = arena_zalloc(&s->arena, sizeof(*row));
	struct value *values = arena_memdup(&s->arena, s->buffer, n * sizeof(*values));

	if (row == NULL || values == NULL)
		return SQLITE_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (values[i].kind != VALUE_TEXT && values[i].kind != VALUE_BLOB)
			continue;
		values[i].text =
		    arena_strndup(&s->arena, values[i].len > 0 ? values[i].text : "", values[i].len);
		if (values[i].text == NULL)
			return SQLITE_NOMEM;
	}
	row->values = values;
	*s->kept_end = row;
	s->kept_end = &row->next;
	s->nkept++;
	return SQLITE_OK;
}

static int keep_all(struct scan *s)
{
	int rc = begin_stream(s);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = next_of_source(s)) == SQLITE_ROW) {
		rc = keep_row(s);
		if (rc != SQLITE_OK)
			return rc;
	}
	end_stream(s);
	s->has_kept = rc == SQLITE_DONE;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Are all the column's values that aren't NULL of one kind that can be hashed? */
static bool column_is_uniform(const struct scan *s, int column, enum value_kind *kind)
{
	*kind = VALUE_NULL;
	for (const struct kept_row *row = s->kept; row != NULL; row = row->next) {
		enum value_kind k = row->values[column].kind;

		if (k == VALUE_NULL)
			continue;
		if ((k != VALUE_INT && k != VALUE_TEXT) || (*kind != VALUE_NULL && k != *kind))
			return false;
		*kind = k;
	}
	return *kind != VALUE_NULL;
}

/* Rows of one key stay in the order of the source: each chain is appended to at its end. */
static void make_index(struct scan *s)
{
	if (!column_is_uniform(s, s->column, &s->index_kind))
		return;

	size_t n = 16;
	while (n < s->nkept)
		n *= 2;
	struct kept_row **buckets = calloc(n, sizeof(struct kept_row *));
	struct kept_row **ends = calloc(n, sizeof(struct kept_row *));
	if (buckets == NULL || ends == NULL) { /* it goes without */
		free(buckets);
		free(ends);
		return;
	}
	for (struct kept_row *row = s->kept; row != NULL; row = row->next) {
		const struct value *key = &row->values[s->column];

		if (key->kind == VALUE_NULL) /* equals nothing */
			continue;
		size_t b = hash_of(key) & (n - 1);
		*(ends[b] != NULL ? &ends[b]->chain : &buckets[b]) = row;
		ends[b] = row;
	}
	free(ends);
	s->buckets = buckets;
	s->nbuckets = n;
	s->index_column = s->column;
}

static int on_next(sqlite3_vtab_cursor *base)
{
	struct scan *s = (struct scan *)(void *)base;

	for (;;) {
		if (s->is_streaming) {
			int rc = next_of_source(s);

			if (rc != SQLITE_ROW) {
				s->is_at_end = true;
				end_stream(s);
				return rc == SQLITE_DONE ? SQLITE_OK : rc;
			}
			s->row = s->buffer;
		} else {
			s->is_at_end = s->at == NULL;
			if (s->is_at_end)
				return SQLITE_OK;
			s->row = s->at->values;
			s->at = s->by_index ? s->at->chain : s->at->next;
		}
		s->rowid++;
		if (s->column == NO_COLUMN || may_equal(&s->row[s->column], &s->key))
			return SQLITE_OK;
	}
}

static int set_key(struct scan *s, int column, int argc, sqlite3_value **argv)
{
	sqlite3_value_free(s->key_owner);
	s->key_owner = NULL;
	s->column = NO_COLUMN;
	if (column == NO_COLUMN || argc < 1)
		return SQLITE_OK;
	s->key_owner = sqlite3_value_dup(argv[0]);
	if (s->key_owner == NULL)
		return SQLITE_NOMEM;
	s->column = column;
	s->key = value_of(s->key_owner);
	return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int plan, const char *unused, int argc, sqlite3_value **argv)
{
	struct scan *s = (struct scan *)(void *)base;
	int rc = set_key(s, plan - 1, argc, argv);

	(void)unused;
	s->is_at_end = false;
	s->rowid = 0;
	s->by_index = false;
	if (rc == SQLITE_OK && s->nfilters++ == 0) {
		rc = begin_stream(s);
		return rc == SQLITE_OK ? on_next(base) : rc;
	}
	if (rc == SQLITE_OK && !s->has_kept)
		rc = keep_all(s);
	if (rc != SQLITE_OK)
		return rc;
	if (s->column != NO_COLUMN && s->nbuckets == 0 && s->nfilters == 2)
		make_index(s);
	s->by_index = s->nbuckets != 0 && s->column == s->index_column && s->key.kind == s->index_kind;
	s->at = s->by_index ? s->buckets[hash_of(&s->key) & (s->nbuckets - 1)] : s->kept;
	return on_next(base);
}

static int on_eof(sqlite3_vtab_cursor *base)
{
	return ((struct scan *)(void *)base)->is_at_end;
}

/* Copied: SQLite may keep a value in a register while it moves on. */
static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
	const struct value *v = &((struct scan *)(void *)base)->row[i];

	switch (v->kind) {
	case VALUE_INT: sqlite3_result_int64(ctx, v->i); break;
	case VALUE_FLOAT: sqlite3_result_double(ctx, v->f); break;
	case VALUE_TEXT:
		sqlite3_result_text64(ctx, v->len > 0 ? v->text : "", v->len, SQLITE_TRANSIENT, SQLITE_UTF8);
		break;
	case VALUE_BLOB:
		sqlite3_result_blob64(
		    ctx, v->len > 0 ? (const void *)v->blob : (const void *)"", v->len, SQLITE_TRANSIENT);
		break;
	case VALUE_NULL: sqlite3_result_null(ctx); break;
	}
	return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = ((struct scan *)(void *)base)->rowid;
	return SQLITE_OK;
}

/* Without xCreate it can't be made by CREATE VIRTUAL TABLE: it is just there. Without xUpdate it can't be written. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = on_connect,
	.xBestIndex = on_best_index,
	.xDisconnect = on_disconnect,
	.xOpen = on_open,
	.xClose = on_close,
	.xFilter = on_filter,
	.xNext = on_next,
	.xEof = on_eof,
	.xColumn = on_column,
	.xRowid = on_rowid,
};

int virtual_table_register(struct conn *conn, const struct table_source *source, struct err *err)
{
	struct vtab *template = calloc(1, sizeof(*template));

	if (template == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	template->conn = conn;
	template->source = source;
	/* SQLite frees the template with the connection, and also when it refuses the module. */
	int rc = sqlite3_create_module_v2(conn->db, source->name, &module, template, free);
	if (rc != SQLITE_OK)
		return err_set(
		    err, SQLSTATE_INTERNAL, "cannot make table %s: %s", source->name, sqlite3_errstr(rc));
	return 0;
}
