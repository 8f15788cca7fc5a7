#include <string.h>

#include "sql/dml.h"

struct copy {
	const PgQuery__CopyStmt *stmt;
	char delimiter;
	const char *null_text;
};

static void refuse_format(struct pass *p, const PgQuery__DefElem *option, const char *format)
{
	if (strcmp(format, "csv") == 0)
		pass_refuse(p, option->location, "COPY in format csv");
	if (strcmp(format, "binary") == 0)
		pass_refuse(p, option->location, "COPY in format binary");
	pass_fail(
	    p, option->location, SQLSTATE_INVALID_PARAMETER, "COPY format \"%s\" not recognized", format);
}

static char read_delimiter(struct pass *p, const PgQuery__DefElem *option)
{
	const char *text = option_text(p, option);

	if (text == NULL || strlen(text) != 1)
		pass_fail(p, option->location, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "COPY delimiter must be a single one-byte character");
	if (*text == '\n' || *text == '\r')
		pass_fail(p, option->location, SQLSTATE_INVALID_PARAMETER,
		    "COPY delimiter cannot be newline or carriage return");
	if (strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", *text) != NULL)
		pass_fail(
		    p, option->location, SQLSTATE_INVALID_PARAMETER, "COPY delimiter cannot be \"%s\"", text);
	return *text;
}

static void read_option(struct pass *p, struct copy *c, const PgQuery__DefElem *option)
{
	const char *name = option->defname;

	if (strcmp(name, "format") == 0) {
		const char *format = option_text(p, option);

		if (format == NULL || strcmp(format, "text") != 0)
			refuse_format(p, option, format == NULL ? "" : format);
	} else if (strcmp(name, "delimiter") == 0) {
		c->delimiter = read_delimiter(p, option);
	} else if (strcmp(name, "null") == 0) {
		c->null_text = option_text(p, option);
		if (c->null_text == NULL || strpbrk(c->null_text, "\r\n") != NULL)
			pass_fail(p, option->location, SQLSTATE_INVALID_PARAMETER,
			    "COPY null representation cannot use newline or carriage return");
	} else if (strcmp(name, "encoding") == 0) {
		const char *encoding = option_text(p, option);

		if (encoding == NULL ||
		    (strcasecmp(encoding, "utf8") != 0 && strcasecmp(encoding, "utf-8") != 0))
			pass_refuse(p, option->location, "COPY in an encoding other than UTF8");
	} else if (strcmp(name, "freeze") == 0) {
		option_boolean(
		    p, option); /* rows are visible when they are committed: there is nothing to freeze */
	} else if (strcmp(name, "header") == 0 && !option_boolean(p, option)) {
		return;
	} else {
		pass_refuse(p, option->location, pass_printf(p, "COPY with option \"%s\"", name));
	}
}

static void read_options(struct pass *p, struct copy *c)
{
	for (size_t i = 0; i < c->stmt->n_options; i++)
		read_option(p, c, c->stmt->options[i]->def_elem);
	if (strchr(c->null_text, c->delimiter) != NULL)
		pass_fail(p, -1, SQLSTATE_INVALID_PARAMETER,
		    "COPY delimiter must not appear in the NULL specification");
}

static void check_place(struct pass *p, const PgQuery__CopyStmt *s)
{
	if (s->is_program)
		pass_refuse(p, -1, "COPY with PROGRAM");
	if (s->filename[0] != '\0')
		pass_fail_hint(p, -1, SQLSTATE_FEATURE_NOT_SUPPORTED, NULL,
		    s->is_from ? "Use COPY .. FROM STDIN; psql's \\copy does that with a file."
			       : "Use COPY .. TO STDOUT; psql's \\copy does that with a file.",
		    "COPY with a file on the server is not supported");
	if (s->where_clause != NULL)
		pass_refuse(p, -1, "COPY .. WHERE");
}

/* The columns named, or all that can be written. */
static const struct column **copied_columns(
    struct pass *p, const struct relation *r, const PgQuery__CopyStmt *s, size_t *n)
{
	const struct column **columns = pass_alloc(p, (r->ncolumns + s->n_attlist + 1) * sizeof(*columns));

	*n = 0;
	for (size_t i = 0; s->n_attlist == 0 && i < r->ncolumns; i++) {
		if (!r->columns[i].is_generated)
			columns[(*n)++] = &r->columns[i];
	}
	for (size_t i = 0; i < s->n_attlist; i++) {
		const struct column *column = target_column(p, r, node_string(s->attlist[i]), -1);

		if (column->is_generated)
			pass_fail_hint(p, -1, SQLSTATE_BAD_COLUMN_REFERENCE,
			    "Generated columns cannot be used in COPY.", NULL,
			    "column \"%s\" is a generated column", column->name);
		for (size_t j = 0; j < *n; j++) {
			if (columns[j] == column)
				pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN,
				    "column \"%s\" specified more than once", column->name);
		}
		columns[(*n)++] = column;
	}
	return columns;
}

/* The rowid's default where the fields don't give it: SQLite has none of its own. */
static const struct column *missing_default(
    const struct relation *r, const struct column *const *columns, size_t n)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		bool is_given = false;

		for (size_t j = 0; j < n; j++)
			is_given |= columns[j] == &r->columns[i];
		if (!is_given && needs_default(&r->columns[i]))
			return &r->columns[i];
	}
	return NULL;
}

static void emit_field(
    struct pass *p, struct buf *out, const struct relation *r, const struct column *column, size_t i)
{
	const char *separator = i > 0 ? ", " : "";

	buf_put_text(out, separator);
	if (column->is_rowid)
		buf_put_text(out, "nq_notnull(");
	emit_slot(p, out, (struct slot){ .source = SLOT_PARAM, .index = (uint32_t)i });
	if (!column->is_rowid)
		return;
	buf_put_text(out, ", ");
	emit_string(out, r->name);
	buf_put_text(out, ", ");
	emit_string(out, column->name);
	buf_put_byte(out, ')');
}

static void translate_copy_from(struct pass *p, const struct copy *c, struct translation *t)
{
	const struct target target = qualify_target(p, c->stmt->relation, TARGET_COPY);
	const struct relation *r = target.relation;
	size_t n;
	const struct column **columns = copied_columns(p, r, c->stmt, &n);
	const struct assignment missing = { .column = missing_default(r, columns, n) };
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "INSERT INTO ");
	emit_name(&sql, r->sqlite_name);
	for (size_t i = 0; i < n; i++) {
		buf_put_text(&sql, i > 0 ? ", " : " (");
		emit_name(&sql, columns[i]->name);
	}
	if (missing.column != NULL) {
		buf_put_text(&sql, n > 0 ? ", " : " (");
		emit_name(&sql, missing.column->name);
	}
	buf_put_text(&sql, ") VALUES (");
	for (size_t i = 0; i < n; i++)
		emit_field(p, &sql, r, columns[i], i);
	if (missing.column != NULL) {
		buf_put_text(&sql, n > 0 ? ", " : "");
		emit_assignment(p, &sql, r, &missing);
	}
	buf_put_byte(&sql, ')');
	pass_add_step(p, t, &sql, false, true);
	buf_release(&sql);
	t->kind = STATEMENT_COPY_FROM;
	t->copy.targets = columns;
	t->copy.ntargets = n;
}

static void translate_copy_table(struct pass *p, const struct copy *c, struct translation *t)
{
	const struct relation *r = qualify_relation(p, c->stmt->relation);
	size_t n;

	if (r->kind == 'v' && !r->is_system)
		pass_fail_hint(p, -1, SQLSTATE_WRONG_OBJECT_TYPE, NULL,
		    "Try the COPY (SELECT ...) TO variant.", "cannot copy from view \"%s\"", r->name);
	if (r->kind == 'S')
		pass_fail(p, -1, SQLSTATE_WRONG_OBJECT_TYPE, "cannot copy from sequence \"%s\"", r->name);

	const struct column **columns = copied_columns(p, r, c->stmt, &n);
	struct result_column *results = pass_alloc(p, (n + 1) * sizeof(*results));
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, n > 0 ? "SELECT " : "SELECT NULL");
	for (size_t i = 0; i < n; i++) {
		results[i] = (struct result_column){ columns[i]->name, columns[i]->type, columns[i]->typmod,
			r->oid, columns[i]->attnum };
		buf_put_text(&sql, i > 0 ? ", " : "");
		emit_name(&sql, r->sqlite_name);
		buf_put_byte(&sql, '.');
		emit_name(&sql, columns[i]->name);
	}
	buf_put_text(&sql, " FROM ");
	emit_name(&sql, r->sqlite_name);
	pass_add_step(p, t, &sql, false, true);
	buf_release(&sql);
	t->columns = results;
	t->ncolumns = n;
}

void translate_copy(struct pass *p, const PgQuery__CopyStmt *s, struct translation *t)
{
	struct copy c = { .stmt = s, .delimiter = '\t', .null_text = "\\N" };

	check_place(p, s);
	read_options(p, &c);
	if (s->is_from)
		translate_copy_from(p, &c, t);
	else if (s->query == NULL)
		translate_copy_table(p, &c, t);
	else if (s->query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT)
		translate_select(p, s->query->select_stmt, t);
	else
		pass_refuse(p, -1, "COPY of a statement other than SELECT");
	if (!s->is_from)
		t->kind = STATEMENT_COPY_TO;
	t->tag = "COPY";
	t->tag_has_count = true;
	t->copy.table = s->relation != NULL ? s->relation->relname : NULL;
	t->copy.delimiter = c.delimiter;
	t->copy.null_text = c.null_text;
}
