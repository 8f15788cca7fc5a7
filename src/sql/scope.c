#include "sql/scope.h"

#include "sql/expr.h"

struct scope *scope_new(struct pass *p, struct scope *outer)
{
	struct scope *s = pass_alloc(p, sizeof *s);

	s->outer = outer;
	return s;
}

void names_add_column(struct pass *p, struct names *names, struct visible_column column)
{
	names->columns =
	    pass_grow(p, names->columns, names->ncolumns, &names->columns_cap, sizeof names->columns[0]);
	names->columns[names->ncolumns++] = column;
}

/* A name may stand once at a level (but tables of different schemas may share one, which SQLite can't tell apart). */
static void check_alias(struct pass *p, const struct names *names, const char *alias, int location)
{
	for (size_t i = 0; i < names->nentries; i++) {
		const char *other = names->entries[i]->alias;

		if (other != NULL && strcmp(other, alias) == 0)
			pass_fail(p, location, "42712", "table name \"%s\" specified more than once", alias);
	}
}

void names_add_entry(struct pass *p, struct names *names, struct range_entry *entry, int location)
{
	if (entry->alias != NULL)
		check_alias(p, names, entry->alias, location);
	names->entries =
	    pass_grow(p, names->entries, names->nentries, &names->entries_cap, sizeof names->entries[0]);
	names->entries[names->nentries++] = entry;
	for (size_t i = 0; i < entry->ncolumns; i++)
		names_add_column(p, names,
		    (struct visible_column){ .name = entry->columns[i].name, .entry = entry, .column = i });
}

struct range_entry *entry_new(struct pass *p, struct scope *s, const char *alias, size_t ncolumns)
{
	struct range_entry *entry = pass_alloc(p, sizeof *entry);

	entry->alias = entry->sqlite_alias = alias;
	entry->columns = pass_alloc(p, (ncolumns + 1) * sizeof entry->columns[0]);
	entry->ncolumns = ncolumns;
	entry->scope = s;
	return entry;
}

struct range_entry *entry_of_relation(
    struct pass *p, struct scope *s, const struct relation *r, const char *alias)
{
	struct range_entry *entry = entry_new(p, s, alias != NULL ? alias : r->name, r->ncolumns);

	entry->relation = r;
	entry->sqlite_alias = alias != NULL ? alias : r->sqlite_name;
	for (size_t i = 0; i < r->ncolumns; i++) {
		const struct column *c = &r->columns[i];

		entry->columns[i] = (struct range_column){ .name = c->name,
			.sqlite_name = c->name,
			.type = c->type,
			.typmod = c->typmod,
			.is_nullable = !c->not_null && !c->is_rowid,
			.table_oid = r->oid,
			.attnum = c->attnum };
	}
	return entry;
}

void scope_add_relation(struct pass *p, struct scope *s, const struct relation *r, const char *alias)
{
	names_add_entry(p, &s->names, entry_of_relation(p, s, r, alias), -1);
}

const struct cte *scope_find_cte(const struct scope *s, const char *name)
{
	for (; s != NULL; s = s->outer)
		for (size_t i = s->nctes; i > 0; i--)
			if (strcmp(s->ctes[i - 1]->name, name) == 0)
				return s->ctes[i - 1];
	return NULL;
}

struct expr *column_expr(struct pass *p, struct range_entry *entry, size_t column, int location)
{
	const struct range_column *c = &entry->columns[column];

	if (c->inlined != NULL)
		return c->inlined;

	struct expr *e = expr_new(p, NODE_COLUMN, c->type, location);
	e->typmod = c->typmod;
	e->is_nullable = c->is_nullable || entry->is_null_padded;
	e->table_oid = c->table_oid;
	e->attnum = c->attnum;
	e->node->column.entry = entry;
	e->node->column.index = column;
	return e;
}

static void note_sibling(struct scope *s)
{
	if (s->is_siblings)
		s->is_sibling_used = true;
}

static struct expr *find_unqualified(struct pass *p, struct scope *from, const char *name, int location)
{
	for (struct scope *s = from; s != NULL; s = s->outer) {
		const struct visible_column *found = NULL;

		for (size_t i = 0; i < s->names.ncolumns; i++) {
			if (strcmp(s->names.columns[i].name, name) != 0)
				continue;
			if (found != NULL)
				pass_fail(p, location, SQLSTATE_AMBIGUOUS_COLUMN,
				    "column reference \"%s\" is ambiguous", name);
			found = &s->names.columns[i];
		}
		if (found == NULL)
			continue;
		note_sibling(s);
		return found->merged != NULL ? found->merged
					     : column_expr(p, found->entry, found->column, location);
	}
	for (struct scope *s = from; s != NULL; s = s->outer)
		for (size_t i = 0; i < s->names.nentries; i++)
			if (s->names.entries[i]->alias != NULL &&
			    strcmp(s->names.entries[i]->alias, name) == 0)
				pass_refuse(p, location, "a whole row as a value");
	pass_fail(p, location, SQLSTATE_NO_SUCH_COLUMN, "column \"%s\" does not exist", name);
}

struct range_entry *scope_find_entry(
    struct pass *p, struct scope *s, const char *schema, const char *name, int location)
{
	for (; s != NULL; s = s->outer) {
		for (size_t i = 0; i < s->names.nentries; i++) {
			struct range_entry *entry = s->names.entries[i];

			if (entry->alias == NULL || strcmp(entry->alias, name) != 0)
				continue;
			if (schema != NULL &&
			    (entry->relation == NULL || strcmp(entry->relation->schema, schema) != 0))
				continue;
			note_sibling(s);
			return entry;
		}
	}
	pass_fail(p, location, SQLSTATE_NO_SUCH_TABLE, "missing FROM-clause entry for table \"%s\"", name);
}

static struct expr *find_qualified(
    struct pass *p, struct scope *s, const char *schema, const char *table, const char *name, int location)
{
	struct range_entry *entry = scope_find_entry(p, s, schema, table, location);
	size_t found = entry->ncolumns;

	for (size_t i = 0; i < entry->ncolumns; i++) {
		if (strcmp(entry->columns[i].name, name) != 0)
			continue;
		if (found < entry->ncolumns)
			pass_fail(p, location, SQLSTATE_AMBIGUOUS_COLUMN,
			    "column reference \"%s\" is ambiguous", name);
		found = i;
	}
	if (found == entry->ncolumns)
		pass_fail(p, location, SQLSTATE_NO_SUCH_COLUMN, "column %s.%s does not exist", table, name);
	return column_expr(p, entry, found, location);
}

struct expr *qualify_column(struct pass *p, struct scope *s, const PgQuery__ColumnRef *ref)
{
	const char *names[4];

	if (ref->n_fields > 4)
		pass_fail(
		    p, ref->location, SQLSTATE_SYNTAX, "improper qualified name (too many dotted names)");
	for (size_t i = 0; i < ref->n_fields; i++) {
		names[i] = node_string(ref->fields[i]);
		if (names[i] == NULL)
			pass_refuse(p, ref->location, "a row of all columns (.*) here");
	}
	switch (ref->n_fields) {
	case 1: return find_unqualified(p, s, names[0], ref->location);
	case 2: return find_qualified(p, s, NULL, names[0], names[1], ref->location);
	case 3: return find_qualified(p, s, names[0], names[1], names[2], ref->location);
	default: return find_qualified(p, s, names[1], names[2], names[3], ref->location);
	}
}
