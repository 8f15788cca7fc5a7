#include <string.h>

#include "sql/ddl.h"

struct drop_kind {
	PgQuery__ObjectType object;
	char relkind;
	const char *word, *article, *tag;
};

static const struct drop_kind kinds[] = {
	{ PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, 'r', "table", "a table", "DROP TABLE" },
	{ PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, 'v', "view", "a view", "DROP VIEW" },
	{ PG_QUERY__OBJECT_TYPE__OBJECT_INDEX, 'i', "index", "an index", "DROP INDEX" },
};

/* What else may be named there, for the hint. */
static const struct drop_kind *kind_of(char relkind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].relkind == relkind)
			return &kinds[i];
	}
	return NULL;
}

static const struct drop_kind *find_kind(struct pass *p, const PgQuery__DropStmt *s)
{
	static const struct {
		PgQuery__ObjectType object;
		const char *construct;
	} refused[] = {
		{ PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, "DROP SEQUENCE" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA, "DROP SCHEMA" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, "DROP FUNCTION" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, "DROP TYPE" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER, "DROP TRIGGER" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION, "DROP EXTENSION" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, "DROP MATERIALIZED VIEW" },
		{ PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, "DROP DOMAIN" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].object == s->remove_type)
			return &kinds[i];
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (refused[i].object == s->remove_type)
			pass_refuse(p, -1, refused[i].construct);
	}
	pass_refuse(p, -1, "DROP of this kind of object");
}

struct object_name {
	const char *schema; /* NULL: along the search path */
	const char *name;
};

static struct object_name name_of(struct pass *p, const PgQuery__Node *object)
{
	const PgQuery__List *list = object->list;
	size_t n = list->n_items;

	if (n > 2)
		pass_refuse(p, -1, "a reference to another database");
	return (struct object_name){ n == 2 ? node_string(list->items[0]) : NULL,
		node_string(list->items[n - 1]) };
}

/* 42809 for something else of that name. */
static noreturn void fail_kind(struct pass *p, const struct drop_kind *kind, const char *name, char found)
{
	const struct drop_kind *other = kind_of(found);
	const char *hint =
	    other == NULL ? NULL : pass_printf(p, "Use %s to remove %s.", other->tag, other->article);

	pass_fail_hint(
	    p, -1, SQLSTATE_WRONG_OBJECT_TYPE, NULL, hint, "\"%s\" is not %s", name, kind->article);
}

static void missing(struct pass *p, const PgQuery__DropStmt *s, const struct drop_kind *kind,
    const char *name, struct translation *t)
{
	if (s->missing_ok)
		add_notice(p, t, pass_printf(p, "%s \"%s\" does not exist, skipping", kind->word, name));
	else
		pass_fail(p, -1, kind->relkind == 'i' ? SQLSTATE_NO_SUCH_OBJECT : SQLSTATE_NO_SUCH_TABLE,
		    "%s \"%s\" does not exist", kind->word, name);
}

/* ---- tables and views ---- */

/* The relations that go, each once. */
struct dropped {
	const struct relation **relations;
	const char **names; /* in SQLite */
	size_t n;
};

static void add_dropped(struct dropped *d, const struct relation *r)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->relations[i] == r)
			return;
	}
	d->names[d->n] = r->sqlite_name;
	d->relations[d->n++] = r;
}

static struct dropped find_relations(
    struct pass *p, const PgQuery__DropStmt *s, const struct drop_kind *kind, struct translation *t)
{
	struct dropped d = { pass_alloc(p, s->n_objects * sizeof(struct relation *)),
		pass_alloc(p, s->n_objects * sizeof(char *)), 0 };

	for (size_t i = 0; i < s->n_objects; i++) {
		struct object_name o = name_of(p, s->objects[i]);
		const struct relation *r = p->schema->find_relation(p->schema, o.schema, o.name), *table;

		if (r == NULL && p->schema->find_index(p->schema, o.schema, o.name, &table) != NULL)
			fail_kind(p, kind, o.name, 'i');
		if (r == NULL) {
			missing(p, s, kind, o.name, t);
			continue;
		}
		if (r->kind != kind->relkind)
			fail_kind(p, kind, o.name, r->kind);
		if (r->is_system)
			pass_fail(p, -1, "42501", "permission denied: \"%s\" is a system catalog", r->name);
		add_dropped(&d, r);
	}
	return d;
}

/* Foreign keys of tables other than those that go, that refer to one of `names`. */
static const char *references_to(struct pass *p, const struct dropped *d, const char *const *names, size_t n)
{
	return pass_printf(p,
	    "sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND m.name NOT "
	    "IN (%s) "
	    "AND f.\"table\" COLLATE NOCASE IN (%s)",
	    ddl_string_list(p, d->names, d->n), ddl_string_list(p, names, n));
}

/* SQLite would drop a table that is referred to, and only complain of the rows. CASCADE drops the foreign keys, not their tables. */
static void release_references(struct pass *p, struct translation *t, const struct dropped *d, bool cascades)
{
	for (size_t i = 0; i < d->n; i++) {
		const char *name = d->relations[i]->name;

		if (!cascades) {
			ddl_step_guard(p, t, "2BP01",
			    pass_printf(p, "cannot drop table %s because other objects depend on it", name),
			    references_to(p, d, &d->names[i], 1));
			continue;
		}
		ddl_step(p, t,
		    "DELETE FROM _nqlite_constraint WHERE kind = 'f' AND instr(definition, %s) > 0",
		    ddl_string(p, pass_printf(p, " REFERENCES %s(", ddl_quoted(p, name))));
		ddl_step(p, t, "SELECT nq_alter_table(%s, 'drop references', NULL, NULL)",
		    ddl_string(p, d->names[i]));
	}
}

static void drop_relations(
    struct pass *p, const PgQuery__DropStmt *s, const struct drop_kind *kind, struct translation *t)
{
	struct dropped d = find_relations(p, s, kind, t);
	bool is_table = kind->relkind == 'r';

	if (is_table)
		release_references(p, t, &d, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE);
	/* Tables that refer to each other go in any order. */
	if (is_table && d.n > 1)
		ddl_step(p, t, "PRAGMA defer_foreign_keys = ON");
	for (size_t i = 0; i < d.n; i++) {
		ddl_step_forget(p, t, d.relations[i]);
		ddl_step(p, t, "DROP %s %s", is_table ? "TABLE" : "VIEW", ddl_name(p, d.names[i]));
	}
	if (is_table && d.n > 1)
		ddl_step(p, t, "PRAGMA defer_foreign_keys = OFF");
}

/* ---- indexes ---- */

static void drop_index(struct pass *p, const PgQuery__DropStmt *s, const struct drop_kind *kind,
    struct object_name o, struct translation *t)
{
	const struct relation *table, *r;
	const struct constraint *index = p->schema->find_index(p->schema, o.schema, o.name, &table);

	if (index == NULL) {
		r = p->schema->find_relation(p->schema, o.schema, o.name);
		if (r != NULL)
			fail_kind(p, kind, o.name, r->kind);
		missing(p, s, kind, o.name, t);
		return;
	}
	if (index->kind == 'p' || index->kind == 'u')
		pass_fail_hint(p, -1, "2BP01", NULL,
		    pass_printf(
			p, "You can drop constraint %s on table %s instead.", index->name, table->name),
		    "cannot drop index %s because constraint %s on table %s requires it", index->name,
		    index->name, table->name);
	ddl_step_drop_index(p, t, o.name);
}

void translate_drop(struct pass *p, const PgQuery__DropStmt *s, struct translation *t)
{
	const struct drop_kind *kind = find_kind(p, s);

	t->tag = kind->tag;
	if (kind->relkind != 'i')
		drop_relations(p, s, kind, t);
	for (size_t i = 0; kind->relkind == 'i' && i < s->n_objects; i++)
		drop_index(p, s, kind, name_of(p, s->objects[i]), t);
	t->kind = t->nsteps > 0 ? STATEMENT_WRITE : STATEMENT_NOTHING;
	t->is_ddl = t->nsteps > 0;
}

/* ---- TRUNCATE ---- */

static void restart_sequences(struct pass *p, struct translation *t, const struct relation *r)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		const char *sequence = ddl_sequence_of(p, r->columns[i].default_sql);

		if (sequence != NULL)
			ddl_step(p, t,
			    "UPDATE _nqlite_sequence SET last_value = start, is_called = 0 WHERE name = %s",
			    ddl_string(p, sequence));
	}
}

/* A table that others refer to is emptied together with them or not at all, as in PostgreSQL. */
void translate_truncate(struct pass *p, const PgQuery__TruncateStmt *s, struct translation *t)
{
	bool cascades = s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
	struct dropped d = { pass_alloc(p, s->n_relations * sizeof(struct relation *)),
		pass_alloc(p, s->n_relations * sizeof(char *)), 0 };

	for (size_t i = 0; i < s->n_relations; i++) {
		const struct relation *r = qualify_relation(p, s->relations[i]->range_var);

		if (r->is_system)
			pass_fail(p, -1, "42501", "permission denied: \"%s\" is a system catalog", r->name);
		if (r->kind != 'r')
			pass_fail(p, -1, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a table", r->name);
		add_dropped(&d, r);
	}
	if (d.n > 0)
		ddl_step_guard(p, t, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    cascades ? "TRUNCATE .. CASCADE to tables that are not listed is not supported"
			     : "cannot truncate a table referenced in a foreign key constraint",
		    references_to(p, &d, d.names, d.n));
	if (d.n > 1)
		ddl_step(p, t, "PRAGMA defer_foreign_keys = ON");
	for (size_t i = 0; i < d.n; i++) {
		ddl_step(p, t, "DELETE FROM %s", ddl_name(p, d.names[i]));
		if (s->restart_seqs)
			restart_sequences(p, t, d.relations[i]);
	}
	if (d.n > 1)
		ddl_step(p, t, "PRAGMA defer_foreign_keys = OFF");
	t->kind = STATEMENT_WRITE;
	t->tag = "TRUNCATE TABLE";
}
