#include "catalog/load.h"

#include <stdlib.h>
#include <string.h>

void *load_alloc(struct load *l, size_t size)
{
	void *p = arena_zalloc(l->arena, size == 0 ? 1 : size);

	l->failed |= p == NULL;
	return p;
}

void *rows_add(struct load *l, struct rows *rows, size_t size)
{
	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 64 : rows->cap * 2;
		void *items = arena_alloc(&l->scratch, cap * size);

		if (items == NULL) {
			l->failed = true;
			return NULL;
		}
		if (rows->n > 0)
			memcpy(items, rows->items, rows->n * size);
		rows->items = items;
		rows->cap = cap;
	}
	return memset((char *)rows->items + rows->n++ * size, 0, size);
}

static const char *text_of(struct load *l, const struct value *v)
{
	if (v->kind != VALUE_TEXT && v->kind != VALUE_BLOB)
		return NULL;
	const char *text = arena_strndup(l->arena, v->text, v->len);

	l->failed |= text == NULL;
	return text;
}

/* Rows of one table follow each other: the name is kept once. */
static const char *name_of(struct load *l, const struct value *v, const char *previous)
{
	if (previous != NULL && v->kind == VALUE_TEXT && strlen(previous) == v->len &&
	    memcmp(previous, v->text, v->len) == 0)
		return previous;
	return text_of(l, v);
}

static int64_t int_of(const struct value *v)
{
	return v->kind == VALUE_INT ? v->i : v->kind == VALUE_FLOAT ? (int64_t)v->f : 0;
}

static char char_of(const struct value *v)
{
	return v->kind == VALUE_TEXT && v->len > 0 ? v->text[0] : '\0';
}

static void take_state(struct load *l, const struct value *v)
{
	l->version = (uint64_t)int_of(&v[0]);
}

static void take_class(struct load *l, const struct value *v)
{
	struct class_row *r = rows_add(l, &l->classes, sizeof(*r));

	if (r == NULL)
		return;
	r->oid = (oid_t)int_of(&v[0]);
	r->schema = text_of(l, &v[1]);
	r->name = text_of(l, &v[2]);
	r->kind = text_of(l, &v[3]);
	r->sqlite_name = text_of(l, &v[4]);
	if (r->schema == NULL || r->name == NULL || r->kind == NULL || r->sqlite_name == NULL)
		l->classes.n--;
}

static void take_attribute(struct load *l, const struct value *v)
{
	struct attribute_row *r = rows_add(l, &l->attributes, sizeof(*r));

	if (r == NULL)
		return;
	r->class = (oid_t)int_of(&v[0]);
	r->attnum = (int16_t)int_of(&v[1]);
	r->name = text_of(l, &v[2]);
	r->type = (oid_t)int_of(&v[3]);
	r->typmod = v[4].kind == VALUE_NULL ? -1 : (int32_t)int_of(&v[4]);
	r->is_not_null = int_of(&v[5]) != 0;
	r->declared = text_of(l, &v[6]);
	r->default_pg = text_of(l, &v[7]);
	r->identity = char_of(&v[8]);
	if (r->name == NULL || r->attnum < 1)
		l->attributes.n--;
}

static void take_constraint(struct load *l, const struct value *v)
{
	struct constraint_row *r = rows_add(l, &l->constraints, sizeof(*r));

	if (r == NULL)
		return;
	r->oid = (oid_t)int_of(&v[0]);
	r->class = (oid_t)int_of(&v[1]);
	r->name = text_of(l, &v[2]);
	r->kind = char_of(&v[3]);
	r->attnums = text_of(l, &v[4]);
	r->definition = text_of(l, &v[5]);
	r->sqlite_index = text_of(l, &v[6]);
	if (r->name == NULL || r->kind == '\0')
		l->constraints.n--;
}

static void take_sequence(struct load *l, const struct value *v)
{
	struct sequence_row *r = rows_add(l, &l->sequences, sizeof(*r));

	if (r == NULL)
		return;
	r->name = text_of(l, &v[0]);
	r->class = (oid_t)int_of(&v[1]);
	r->start = int_of(&v[2]);
	r->increment = int_of(&v[3]);
	r->min = int_of(&v[4]);
	r->max = int_of(&v[5]);
	r->is_cyclic = int_of(&v[6]) != 0;
	if (r->name == NULL)
		l->sequences.n--;
}

static void take_object(struct load *l, const struct value *v)
{
	struct object_row *r = rows_add(l, &l->objects, sizeof(*r));

	if (r == NULL)
		return;
	r->kind = char_of(&v[0]);
	r->name = text_of(l, &v[1]);
	r->table = text_of(l, &v[2]);
	r->sql = text_of(l, &v[3]);
	if (r->name == NULL)
		l->objects.n--;
}

static void take_column(struct load *l, const struct value *v)
{
	struct column_row *columns = l->columns.items;
	const char *previous = l->columns.n == 0 ? NULL : columns[l->columns.n - 1].table;
	struct column_row *r = rows_add(l, &l->columns, sizeof(*r));

	if (r == NULL)
		return;
	r->table = name_of(l, &v[0], previous);
	r->name = text_of(l, &v[1]);
	r->declared = text_of(l, &v[2]);
	r->is_not_null = int_of(&v[3]) != 0;
	r->default_sql = text_of(l, &v[4]);
	r->pk = (int)int_of(&v[5]);
	r->hidden = (int)int_of(&v[6]);
}

static void take_index(struct load *l, const struct value *v)
{
	struct index_row *indexes = l->indexes.items;
	const struct index_row *previous = l->indexes.n == 0 ? NULL : &indexes[l->indexes.n - 1];
	const char *table = name_of(l, &v[0], previous == NULL ? NULL : previous->table);
	const char *index = name_of(l, &v[1], previous == NULL ? NULL : previous->index);
	struct index_row *r = rows_add(l, &l->indexes, sizeof(*r));

	if (r == NULL)
		return;
	r->table = table;
	r->index = index;
	r->is_unique = int_of(&v[2]) != 0;
	r->origin = char_of(&v[3]);
	r->is_partial = int_of(&v[4]) != 0;
	r->cid = int_of(&v[5]);
	r->is_descending = int_of(&v[6]) != 0;
}

static void take_key(struct load *l, const struct value *v)
{
	struct key_row *keys = l->keys.items;
	const char *previous = l->keys.n == 0 ? NULL : keys[l->keys.n - 1].table;
	struct key_row *r = rows_add(l, &l->keys, sizeof(*r));

	if (r == NULL)
		return;
	r->table = name_of(l, &v[0], previous);
	r->id = int_of(&v[1]);
	r->place = int_of(&v[2]);
	r->target = text_of(l, &v[3]);
	r->from = text_of(l, &v[4]);
	r->to = text_of(l, &v[5]);
	r->on_update = text_of(l, &v[6]);
	r->on_delete = text_of(l, &v[7]);
}

typedef void take_fn(struct load *l, const struct value *v);

#define IS_OURS(name) "(substr(" name ", 1, 8) = '_nqlite_' OR substr(" name ", 1, 7) = 'sqlite_')"
#define IS_VIRTUAL    "lower(substr(s.sql, 1, 14)) = 'create virtual'"
#define XINFO_COLUMNS "x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden"

/* What a PRAGMA says of all tables comes from one statement that joins its table-valued function: statements are what costs. */
static const struct {
	const char *sql;
	size_t ncolumns;
	take_fn *take;
} reads[] = {
	{ "SELECT value FROM _nqlite_state WHERE key = 'schema_version'", 1, take_state },
	{ "SELECT oid, schema, name, kind, coalesce(sqlite_name, '') FROM _nqlite_class ORDER BY 5, oid", 5,
	    take_class },
	{ "SELECT class, attnum, name, type, typmod, not_null, declared, default_pg, identity FROM "
	  "_nqlite_attribute "
	  "ORDER BY class, attnum",
	    9, take_attribute },
	{ "SELECT oid, class, name, kind, attnums, definition, sqlite_index FROM _nqlite_constraint ORDER BY "
	  "class, oid",
	    7, take_constraint },
	{ "SELECT name, class, start, increment, min, max, cycle FROM _nqlite_sequence ORDER BY name", 7,
	    take_sequence },
	{ "SELECT CASE WHEN s.type = 'table' AND " IS_VIRTUAL
	  " THEN 'u' ELSE s.type END, s.name, s.tbl_name, s.sql "
	  "FROM sqlite_schema s WHERE s.type IN ('table', 'view', 'index') AND NOT " IS_OURS(
	      "s.tbl_name") " ORDER BY s.name",
	    4, take_object },
	{ "SELECT s.name, " XINFO_COLUMNS
	  " FROM sqlite_schema s CROSS JOIN pragma_table_xinfo(s.name, 'main') x "
	  "WHERE s.type = 'table' AND NOT " IS_VIRTUAL " AND NOT " IS_OURS("s.name"),
	    7, take_column },
	{ "SELECT s.name, i.name, i.\"unique\", i.origin, i.partial, x.cid, x.\"desc\" FROM sqlite_schema s "
	  "CROSS JOIN pragma_index_list(s.name, 'main') i CROSS JOIN pragma_index_xinfo(i.name, 'main') x "
	  "WHERE s.type = 'table' AND NOT " IS_VIRTUAL
	  " AND NOT " IS_OURS("s.name") " AND x.key "
					"AND (s.name IN (SELECT tbl_name FROM sqlite_schema WHERE type = "
					"'index') OR s.sql LIKE '%without%rowid%')",
	    7, take_index },
	{ "SELECT s.name, k.id, k.seq, k.\"table\", k.\"from\", k.\"to\", k.on_update, k.on_delete FROM "
	  "sqlite_schema s "
	  "CROSS JOIN pragma_foreign_key_list(s.name, 'main') k WHERE s.type = 'table' AND s.sql LIKE "
	  "'%references%' "
	  "AND NOT " IS_VIRTUAL " AND NOT " IS_OURS("s.name"),
	    8, take_key },
};

struct read_sink {
	struct row_sink sink; /* first */
	struct load *load;
	take_fn *take;
};

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	struct read_sink *r = (struct read_sink *)(void *)sink;

	(void)n;
	r->take(r->load, values);
	if (!r->load->failed)
		return ROW_NEXT;
	err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory while the schema is read");
	return ROW_FAIL;
}

static int run(struct load *l, struct conn *conn, const struct query *query, take_fn *take, struct err *err)
{
	struct read_sink sink = { .sink = { .on_row = on_row }, .load = l, .take = take };

	return conn_run(conn, query, &sink.sink, NULL, err);
}

/* Columns of a view or virtual table. SQLite can't say them when what it is made of is gone or doesn't load: then it has none
 * here, and the error comes to whoever uses it. */
static int read_columns_alone(struct load *l, struct conn *conn, const struct object_row *o, struct err *err)
{
	static const char sql[] = "SELECT ?1, " XINFO_COLUMNS " FROM pragma_table_xinfo(?1, 'main') x";
	struct value name = value_str(o->name);
	struct query query = { .sql = sql,
		.sql_len = sizeof(sql) - 1,
		.params = &name,
		.nparams = 1,
		.params_outlive = true,
		.is_internal = true };
	size_t n = l->columns.n;

	if (run(l, conn, &query, take_column, err) == 0)
		return 0;
	if (l->failed || conn_failure_is_local(conn))
		return -1;
	l->columns.n = n;
	return 0;
}

int load_read(struct load *l, struct conn *conn, struct err *err)
{
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		struct query query = {
			.sql = reads[i].sql, .sql_len = strlen(reads[i].sql), .is_internal = true
		};

		if (run(l, conn, &query, reads[i].take, err) != 0)
			return err_prefix(err, "reading the schema");
	}
	struct object_row *objects = l->objects.items;

	for (size_t i = 0; i < l->objects.n; i++) {
		if ((objects[i].kind == 'v' || objects[i].kind == 'u') &&
		    read_columns_alone(l, conn, &objects[i], err) != 0)
			return err_prefix(err, "reading the columns of %s", objects[i].name);
	}
	return 0;
}

static int compare_object(const void *name, const void *object)
{
	return strcmp(name, ((const struct object_row *)object)->name);
}

struct object_row *load_find_object(const struct load *l, const char *name)
{
	if (l->objects.n == 0)
		return NULL;
	return bsearch(name, l->objects.items, l->objects.n, sizeof(struct object_row), compare_object);
}
