#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/load.h"

enum { CATALOG_BYTES_MAX = 512 << 20 };

/* ---- the tables ---- */

static const char *const create_statements[] = {
	"CREATE TABLE IF NOT EXISTS _nqlite_class (oid INTEGER PRIMARY KEY, schema TEXT NOT NULL, name TEXT "
	"NOT NULL, "
	"kind TEXT NOT NULL, sqlite_name TEXT, UNIQUE (schema, name))",
	"CREATE TABLE IF NOT EXISTS _nqlite_attribute (class INTEGER NOT NULL, attnum INTEGER NOT NULL, "
	"name TEXT NOT NULL, type INTEGER NOT NULL, typmod INTEGER NOT NULL DEFAULT -1, "
	"not_null INTEGER NOT NULL DEFAULT 0, declared TEXT, default_pg TEXT, identity TEXT, "
	"PRIMARY KEY (class, attnum)) WITHOUT ROWID",
	"CREATE TABLE IF NOT EXISTS _nqlite_constraint (oid INTEGER PRIMARY KEY, class INTEGER NOT NULL, "
	"name TEXT NOT NULL, kind TEXT NOT NULL, attnums TEXT, definition TEXT, sqlite_index TEXT, "
	"UNIQUE (class, name))",
	"CREATE TABLE IF NOT EXISTS _nqlite_state (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
	"CREATE TABLE IF NOT EXISTS _nqlite_sequence (name TEXT PRIMARY KEY, class INTEGER, start INTEGER, "
	"increment INTEGER, min INTEGER, max INTEGER, last_value INTEGER, is_called INTEGER, cycle INTEGER) "
	"WITHOUT ROWID",
	"INSERT OR IGNORE INTO _nqlite_state (key, value) VALUES ('schema_version', 1), ('next_oid', 16384)",
};

int catalog_create_tables(struct conn *writer, struct err *err)
{
	for (size_t i = 0; i < sizeof(create_statements) / sizeof(create_statements[0]); i++) {
		if (conn_exec(writer, create_statements[i], err) != 0)
			return err_prefix(err, "creating the catalog's tables");
	}
	return 0;
}

/* ---- lookups ---- */

static const struct catalog_data *data_of(const struct schema *s)
{
	return ((const struct catalog *)(const void *)s)->data;
}

static const struct relation *find_in(const struct catalog_data *d, const char *schema_name, const char *name)
{
	uint64_t hash = lookup_hash_name(name);
	size_t cursor = 0;
	const struct relation *r;

	while ((r = lookup_next(&d->relation_names, hash, &cursor)) != NULL) {
		if (strcmp(r->name, name) == 0 && strcmp(r->schema, schema_name) == 0)
			return r;
	}
	return NULL;
}

static const struct relation *find_relation(const struct schema *s, const char *schema_name, const char *name)
{
	const struct catalog_data *d = data_of(s);

	if (schema_name != NULL)
		return find_in(d, schema_name, name);
	const struct relation *r = find_in(d, "pg_catalog", name);

	return r != NULL ? r : find_in(d, "public", name);
}

static const struct relation *find_relation_by_oid(const struct schema *s, oid_t oid)
{
	const struct catalog_data *d = data_of(s);
	size_t cursor = 0;
	const struct relation *r;

	do
		r = lookup_next(&d->relation_oids, lookup_hash_oid(oid), &cursor);
	while (r != NULL && r->oid != oid);
	return r;
}

static bool has_schema(const struct schema *s, const char *schema_name)
{
	const struct catalog_data *d = data_of(s);

	for (size_t i = 0; i < d->nschemas; i++) {
		if (strcmp(d->schemas[i], schema_name) == 0)
			return true;
	}
	return strcmp(schema_name, "pg_catalog") == 0 || strcmp(schema_name, "information_schema") == 0;
}

static const struct constraint *find_index(
    const struct schema *s, const char *schema_name, const char *name, const struct relation **table)
{
	const struct catalog_data *d = data_of(s);
	uint64_t hash = lookup_hash_name(name);
	size_t cursor = 0;
	const struct catalog_index *index;

	while ((index = lookup_next(&d->index_names, hash, &cursor)) != NULL) {
		if (strcmp(index->as_constraint.name, name) != 0 ||
		    strcmp(index->table->relation.schema, schema_name == NULL ? "public" : schema_name) != 0)
			continue;
		*table = &index->table->relation;
		return &index->as_constraint;
	}
	return NULL;
}

/* ---- one state ---- */

static struct catalog *catalog_new(void)
{
	struct arena arena;

	arena_init(&arena, CATALOG_BYTES_MAX);
	struct catalog *c = arena_zalloc(&arena, sizeof(*c));
	struct catalog_data *data = arena_zalloc(&arena, sizeof(*data));

	if (c == NULL || data == NULL) {
		arena_release(&arena);
		return NULL;
	}
	c->schema = (struct schema){ .find_relation = find_relation,
		.find_relation_by_oid = find_relation_by_oid,
		.has_schema = has_schema,
		.find_index = find_index };
	c->data = data;
	data->arena = arena;
	atomic_init(&data->references, 1);
	return c;
}

static void catalog_free(struct catalog_data *data)
{
	struct arena arena = data->arena; /* it holds `data` itself */

	arena_release(&arena);
}

/* On a reader all statements must see one state. Whoever is in a transaction already does; the writer is alone. */
static int read_all(struct load *l, struct conn *conn, struct err *err)
{
	bool holds = !conn_in_transaction(conn);

	if (holds && conn_hold_snapshot(conn, err) != 0)
		return -1;
	int rc = load_read(l, conn, err);

	if (holds)
		conn_release_snapshot(conn);
	return rc;
}

int catalog_load(struct conn *conn, const struct catalog **out, struct err *err)
{
	struct catalog *c = catalog_new();

	if (c == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	struct load load = { .arena = &c->data->arena };

	arena_init(&load.scratch, CATALOG_BYTES_MAX);
	int rc = read_all(&load, conn, err);

	if (rc == 0 && load_build(&load, c->data) != 0)
		rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory while the schema is read");
	c->schema.version = load.version;
	arena_release(&load.scratch);
	if (rc != 0) {
		catalog_free(c->data);
		return -1;
	}
	*out = c;
	return 0;
}

const struct catalog *catalog_ref(const struct catalog *c)
{
	atomic_fetch_add_explicit(&c->data->references, 1, memory_order_relaxed);
	return c;
}

void catalog_unref(const struct catalog *c)
{
	if (c == NULL)
		return;
	if (atomic_fetch_sub_explicit(&c->data->references, 1, memory_order_acq_rel) == 1)
		catalog_free(c->data);
}

size_t catalog_relations(const struct catalog *c, const struct relation *const **out)
{
	*out = c->data->relations;
	return c->data->nrelations;
}
