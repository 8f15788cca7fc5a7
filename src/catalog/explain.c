#include "catalog/catalog.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/data.h"

/* Sets the sentence and leaves the other fields as they are. */
static void say(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
}

static void copy_field(char field[ERR_NAME_MAX], const char *text)
{
	snprintf(field, ERR_NAME_MAX, "%s", text);
}

static const struct catalog_relation *find_table(const struct catalog_data *d, const char *sqlite_name)
{
	for (size_t i = d->nsystem; i < d->nrelations; i++) {
		const char *name = d->relations[i]->sqlite_name;

		if (name != NULL && strcasecmp(name, sqlite_name) == 0)
			return catalog_relation_of(d->relations[i]);
	}
	return NULL;
}

static void name_relation(struct err *err, const struct relation *r)
{
	copy_field(err->schema, r->schema);
	copy_field(err->table, r->name);
}

static void name_constraint(struct err *err, const struct relation *r, const struct constraint *c)
{
	name_relation(err, r);
	copy_field(err->constraint, c->name);
}

/* What SQLite says after "failed: ", or "". */
static const char *sqlite_reason(const struct err *err)
{
	const char *found = strstr(err->message, " failed: ");

	return found == NULL ? "" : found + strlen(" failed: ");
}

/* ---- 23505 ---- */

/* Does the list "a, b" name just the columns of the constraint, in its order? */
static bool names_columns(const char *list, const struct relation *r, const struct constraint *c)
{
	for (size_t i = 0; i < c->nattnums; i++) {
		const struct column *column = NULL;

		for (size_t j = 0; j < r->ncolumns; j++) {
			if (r->columns[j].attnum == c->attnums[i])
				column = &r->columns[j];
		}
		size_t len = column == NULL ? 0 : strlen(column->name);

		if (column == NULL || strncasecmp(list, column->name, len) != 0)
			return false;
		list += len;
		if (i + 1 < c->nattnums && strncmp(list, ", ", 2) != 0)
			return false;
		if (i + 1 < c->nattnums)
			list += 2;
	}
	return *list == '\0';
}

static const struct constraint *find_key(const struct relation *r, const char *columns)
{
	for (size_t i = 0; r != NULL && i < r->nconstraints; i++) {
		const struct constraint *c = &r->constraints[i];

		if (strchr("pux", c->kind) != NULL && names_columns(columns, r, c))
			return c;
	}
	return NULL;
}

/* An index with expressions is all that SQLite names: the columns say nothing. */
static const struct catalog_index *find_index(const struct catalog_data *d, const char *sqlite_name)
{
	for (size_t i = 0; i < d->nindexes; i++) {
		const char *name = d->indexes[i]->sqlite_name;

		if (name != NULL && strcasecmp(name, sqlite_name) == 0)
			return d->indexes[i];
	}
	return NULL;
}

static void explain_unique(const struct catalog_data *d, struct err *err)
{
	const struct catalog_relation *table = find_table(d, err->table);
	const struct relation *r = table == NULL ? NULL : &table->relation;
	const struct constraint *c = find_key(r, err->column);
	const struct catalog_index *index = find_index(d, err->constraint);

	if (c == NULL && index != NULL) {
		c = &index->as_constraint;
		r = &index->table->relation;
	}
	err->column[0] = '\0';
	if (c == NULL) {
		say(err, "duplicate key value violates a unique constraint of \"%s\"",
		    r != NULL ? r->name : err->table);
		return;
	}
	name_constraint(err, r, c);
	say(err, "duplicate key value violates unique constraint \"%s\"", c->name);
}

/* ---- 23502 ---- */

static void explain_not_null(const struct catalog_data *d, struct err *err)
{
	const struct catalog_relation *table = find_table(d, err->table);

	if (table != NULL) {
		const struct relation *r = &table->relation;

		name_relation(err, r);
		for (size_t i = 0; i < r->ncolumns; i++) {
			if (strcasecmp(r->columns[i].name, err->column) == 0)
				copy_field(err->column, r->columns[i].name);
		}
	}
	say(err, "null value in column \"%s\" of relation \"%s\" violates not-null constraint", err->column,
	    err->table);
}

/* ---- 23514, 23503: SQLite doesn't say the table ---- */

struct found {
	const struct relation *relation;
	const struct constraint *constraint;
	size_t n;
};

/* Constraints of the kind, in the one table if it is known, that `reason` names or quotes; NULL: any. */
static struct found find_all(const struct catalog_data *d, const char *table, char kind, const char *reason)
{
	struct found found = { .n = 0 };

	for (size_t i = d->nsystem; i < d->nrelations; i++) {
		const struct relation *r = d->relations[i];

		if (table[0] != '\0' && (r->sqlite_name == NULL || strcasecmp(r->sqlite_name, table) != 0))
			continue;
		for (size_t j = 0; j < r->nconstraints; j++) {
			const struct constraint *c = &r->constraints[j];

			if (c->kind != kind)
				continue;
			if (reason != NULL && strcmp(c->name, reason) != 0 &&
			    (c->expression == NULL || strcmp(c->expression, reason) != 0))
				continue;
			found.relation = r;
			found.constraint = c;
			found.n++;
		}
	}
	return found;
}

static void explain_check(const struct catalog_data *d, struct err *err)
{
	char reason[sizeof(err->message)];

	snprintf(
	    reason, sizeof(reason), "%s", err->constraint[0] != '\0' ? err->constraint : sqlite_reason(err));
	struct found found = find_all(d, err->table, 'c', reason);

	if (found.n == 1) {
		name_constraint(err, found.relation, found.constraint);
		say(err, "new row for relation \"%s\" violates check constraint \"%s\"", found.relation->name,
		    found.constraint->name);
	} else if (err->table[0] != '\0') {
		say(err, "new row for relation \"%s\" violates check constraint \"%.400s\"", err->table,
		    reason);
	} else {
		say(err, "new row violates check constraint \"%.400s\"", reason);
	}
}

/* SQLite counts foreign keys that are broken and knows neither which nor by which table when the statement ends. */
static void explain_foreign_key(const struct catalog_data *d, struct err *err)
{
	struct found found = find_all(d, err->table, 'f', NULL);

	if (found.n == 1) {
		name_constraint(err, found.relation, found.constraint);
		say(err, "statement violates foreign key constraint \"%s\" on table \"%s\"",
		    found.constraint->name, found.relation->name);
	} else {
		say(err, "statement violates a foreign key constraint");
	}
}

/* ---- 42P01 ---- */

static void explain_no_table(struct err *err)
{
	static const char *const beginnings[] = { "no such table: ", "no such view: " };
	char name[sizeof(err->message)];

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		size_t len = strlen(beginnings[i]);

		if (strncmp(err->message, beginnings[i], len) != 0)
			continue;
		const char *text = err->message + len;

		snprintf(name, sizeof(name), "%s", strncmp(text, "main.", 5) == 0 ? text + 5 : text);
		say(err, "relation \"%.480s\" does not exist", name);
		return;
	}
}

void catalog_explain_error(const struct catalog *c, struct err *err)
{
	static const struct {
		const char *sqlstate,
		    *sqlite; /* how SQLite's own sentence begins: one that was explained or raised stays */
		void (*explain)(const struct catalog_data *d, struct err *err);
	} rows[] = {
		{ SQLSTATE_UNIQUE, "UNIQUE constraint failed", explain_unique },
		{ SQLSTATE_NOT_NULL, "NOT NULL constraint failed", explain_not_null },
		{ SQLSTATE_CHECK, "CHECK constraint failed", explain_check },
		{ SQLSTATE_FOREIGN_KEY, "FOREIGN KEY constraint failed", explain_foreign_key },
	};

	if (strcmp(err->sqlstate, SQLSTATE_NO_SUCH_TABLE) == 0)
		explain_no_table(err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(err->sqlstate, rows[i].sqlstate) == 0 &&
		    strncmp(err->message, rows[i].sqlite, strlen(rows[i].sqlite)) == 0) {
			rows[i].explain(c->data, err);
			return;
		}
	}
}
