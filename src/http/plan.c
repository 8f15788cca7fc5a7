#include "http/plan.h"

#include <stdlib.h>
#include <string.h>

#include "http/sql_scan.h"

#define NO_MEMORY "out of memory for the request's statements"

void plan_init(struct plan *p)
{
	*p = (struct plan){ 0 };
	arena_init(&p->arena, PLAN_BYTES_MAX);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].rows != NULL)
			buf_release(p->items[i].rows);
	}
	free(p->items);
	arena_release(&p->arena);
	*p = (struct plan){ 0 };
}

bool item_is_in_entry(const struct item *item)
{
	return item->kind == ITEM_READ || item->kind == ITEM_WRITE || item->kind == ITEM_UNSEEN;
}

static struct item *add_item(struct plan *p, struct err *err)
{
	if (p->n == p->cap) {
		size_t cap = p->cap == 0 ? 4 : p->cap * 2;
		struct item *items = realloc(p->items, cap * sizeof(*items));

		if (items == NULL) {
			err_set(err, SQLSTATE_OUT_OF_MEMORY, NO_MEMORY);
			return NULL;
		}
		p->items = items;
		p->cap = cap;
	}
	p->items[p->n] = (struct item){ 0 };
	return &p->items[p->n++];
}

static int fail_item(struct plan *p, struct item *item, const struct err *why, struct err *err)
{
	item->kind = ITEM_ERROR;
	item->error = arena_strdup(&p->arena, why->message);
	if (item->error == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, NO_MEMORY);
	if (p->nerrors++ == 0)
		p->first_error = (size_t)(item - p->items);
	return 0;
}

/* ---- columns ---- */

/* Those of the statement inspected last. */
static int copy_columns(struct plan *p, struct item *item, struct conn *reader, size_t n, struct err *err)
{
	struct item_column *columns = arena_zalloc(&p->arena, (n + 1) * sizeof(*columns));

	for (size_t i = 0; columns != NULL && i < n; i++) {
		const char *name = conn_inspected_column(reader, i),
			   *decltype = conn_inspected_decltype(reader, i);

		columns[i].name = arena_strdup(&p->arena, name != NULL ? name : "");
		columns[i].decltype = decltype != NULL ? arena_strdup(&p->arena, decltype) : NULL;
		if (columns[i].name == NULL)
			columns = NULL;
	}
	if (columns == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, NO_MEMORY);
	item->columns = columns;
	item->ncolumns = n;
	return 0;
}

void item_learn_columns(struct item *item, struct plan *p, struct conn *reader)
{
	struct statement_info info;
	struct err err;

	if (conn_inspect(reader, item->sql, item->sql_len, &info, &err) != 0)
		return;
	if (info.is_readonly)
		item->kind = ITEM_READ;
	if (info.ncolumns > 0)
		copy_columns(p, item, reader, info.ncolumns, &err);
}

/* ---- parameters ---- */

static const char *inspected_param(void *arg, size_t i)
{
	return conn_inspected_param(arg, i);
}

struct scanned_params {
	const char **names; /* of parameter i at i - 1 */
	size_t n;
	struct arena *arena;
};

static void note_param(void *arg, const struct sql_param *param)
{
	struct scanned_params *s = arg;

	if (s->names != NULL && param->number >= 1 && param->number <= s->n && param->name != NULL &&
	    s->names[param->number - 1] == NULL)
		s->names[param->number - 1] = arena_strndup(s->arena, param->name, param->name_len);
}

static const char *scanned_param(void *arg, size_t i)
{
	const struct scanned_params *s = arg;

	return s->names[i - 1];
}

/* `reader` NULL: the statement could not be inspected. */
static int fill_params(
    struct plan *p, struct item *item, struct params *params, struct conn *reader, struct err *err)
{
	struct scanned_params scanned = { .arena = &p->arena };

	if (reader == NULL)
		item->nparams = sql_scan_params(item->sql, item->sql_len, note_param, &scanned);
	if (item->nparams > ENTRY_COLUMNS_MAX)
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "too many SQL variables");
	item->params = arena_zalloc(&p->arena, (item->nparams + 1) * sizeof(*item->params));
	if (item->params == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, NO_MEMORY);
	if (reader != NULL)
		return params_take(
		    params, item->params, item->nparams, inspected_param, reader, &p->arena, err);

	scanned.n = item->nparams;
	scanned.names = arena_zalloc(&p->arena, (item->nparams + 1) * sizeof(*scanned.names));
	if (scanned.names == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, NO_MEMORY);
	sql_scan_params(item->sql, item->sql_len, note_param, &scanned);
	return params_take(params, item->params, item->nparams, scanned_param, &scanned, &p->arena, err);
}

/* ---- statements ---- */

static bool is_forbidden(const struct err *err)
{
	return strcmp(err->sqlstate, SQLSTATE_FEATURE_NOT_SUPPORTED) == 0 ||
	       strcmp(err->sqlstate, "42501") == 0 || strcmp(err->sqlstate, SQLSTATE_OUT_OF_MEMORY) == 0 ||
	       strcmp(err->sqlstate, SQLSTATE_LIMIT_EXCEEDED) == 0;
}

/* SQLite doesn't know the tables yet: what can be seen without it. */
static size_t look_without_sqlite(struct item *item, size_t len)
{
	struct sql_scan scan;

	sql_scan_statement(item->sql, len, &scan);
	item->kind = ITEM_UNSEEN;
	item->is_ddl = scan.is_ddl;
	item->is_columns_unknown = true;
	item->sql_len = scan.used;
	return scan.used;
}

static int look_at_inspected(struct plan *p, struct item *item, const struct statement_info *info,
    struct conn *reader, struct err *err)
{
	item->kind = info->is_empty ? ITEM_EMPTY : info->is_readonly ? ITEM_READ : ITEM_WRITE;
	item->is_ddl = info->changes_schema;
	item->sql_len = info->used;
	item->nparams = info->nparams;
	if (info->ncolumns == 0)
		return 0;
	/* What DDL before it will have made of its columns isn't known yet. */
	item->is_columns_unknown = p->has_ddl;
	return p->has_ddl ? 0 : copy_columns(p, item, reader, info->ncolumns, err);
}

/* The first statement of a text; its bytes, or 0 when the rest can't be told apart any more. -1: out of memory. */
static int64_t add_statement(
    struct plan *p, const char *sql, size_t len, struct params *params, struct conn *reader, struct err *err)
{
	struct item *item = add_item(p, err);
	struct statement_info info;
	struct err why;
	size_t used;

	if (item == NULL)
		return -1;
	item->sql = sql;
	bool is_seen = conn_inspect(reader, sql, len, &info, &why) == 0;
	if (!is_seen && (!p->has_ddl || is_forbidden(&why)))
		return fail_item(p, item, &why, err);
	if (is_seen) {
		if (look_at_inspected(p, item, &info, reader, err) != 0)
			return -1;
		used = info.used;
	} else {
		used = look_without_sqlite(item, len);
	}
	if (fill_params(p, item, params, is_seen ? reader : NULL, &why) != 0)
		return fail_item(p, item, &why, err);
	p->has_ddl |= item->is_ddl;
	p->nwrites += item->kind == ITEM_WRITE || item->kind == ITEM_UNSEEN;
	return (int64_t)used;
}

static int add_element(struct plan *p, const struct element *e, struct conn *reader,
    enum params_dialect dialect, struct err *err)
{
	struct params params;
	struct err why;
	size_t at = 0, first = p->n;

	if (params_init(&params, e, dialect, &why) != 0) {
		struct item *item = add_item(p, err);
		return item == NULL ? -1 : fail_item(p, item, &why, err);
	}
	do {
		int64_t used = add_statement(p, e->sql + at, e->sql_len - at, &params, reader, err);
		if (used < 0)
			return -1;
		if (p->items[p->n - 1].kind == ITEM_ERROR)
			return 0;
		at += (size_t)used;
	} while (at < e->sql_len);
	if (params_end(&params, &why) == 0)
		return 0;
	/* None of the text's statements may run with parameters that were meant otherwise. */
	for (; p->n > first + 1; p->n--) {
		const struct item *last = &p->items[p->n - 1];
		p->nwrites -= last->kind == ITEM_WRITE || last->kind == ITEM_UNSEEN;
	}
	struct item *item = &p->items[first];
	p->nwrites -= item->kind == ITEM_WRITE || item->kind == ITEM_UNSEEN;
	return fail_item(p, item, &why, err);
}

int plan_make(struct plan *p, const struct body *body, struct conn *reader, enum params_dialect dialect,
    struct err *err)
{
	for (size_t i = 0; i < body_count(body); i++) {
		struct element e = body_element(body, i);

		if (add_element(p, &e, reader, dialect, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- the entry ---- */

int plan_build_entry(const struct plan *p, const struct entry_header *header, bool is_atomic,
    struct entry_builder *b, struct err *err)
{
	entry_builder_begin(b, header);
	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = &p->items[i];
		if (!item_is_in_entry(item))
			continue;
		struct statement_header h = { .sql = item->sql,
			.sql_len = (uint32_t)item->sql_len,
			.flags = (uint8_t)((item->is_ddl ? STATEMENT_DDL : 0) |
					   (is_atomic ? 0 : STATEMENT_SEPARATE)),
			.ncolumns = (uint32_t)item->nparams };
		entry_builder_statement(b, &h);
		entry_builder_row(b, item->params, item->nparams);
	}
	if (entry_builder_end(b))
		return 0;
	return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "the request is larger than an entry may be, %zu bytes",
	    b->bytes.max);
}
