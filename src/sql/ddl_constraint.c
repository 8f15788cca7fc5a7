#include <string.h>

#include "sql/ddl.h"

static struct constraint_def *new_constraint(
    struct pass *p, struct table_def *def, char kind, const char *name)
{
	def->constraints = pass_grow(
	    p, def->constraints, def->nconstraints, &def->constraints_cap, sizeof(*def->constraints));

	struct constraint_def *c = &def->constraints[def->nconstraints++];
	*c = (struct constraint_def){ .kind = kind, .on_update = "", .on_delete = "" };
	c->name = name[0] != '\0' ? name : NULL;
	return c;
}

/* A name given by the user must be free on the table; an index must be free in the schema. */
static void check_given_name(
    struct pass *p, const struct table_def *def, const struct constraint_def *c, bool has_index)
{
	const struct relation *table;

	for (size_t i = 0; i < def->nconstraints; i++) {
		const struct constraint_def *other = &def->constraints[i];

		if (other != c && other->name != NULL && strcmp(other->name, c->name) == 0)
			pass_fail(p, -1, SQLSTATE_DUPLICATE_OBJECT,
			    "constraint \"%s\" for relation \"%s\" already exists", c->name, def->name);
	}
	for (size_t i = 0; def->existing != NULL && i < def->existing->nconstraints; i++) {
		if (strcmp(def->existing->constraints[i].name, c->name) == 0)
			pass_fail(p, -1, has_index ? SQLSTATE_DUPLICATE_TABLE : SQLSTATE_DUPLICATE_OBJECT,
			    has_index ? "relation \"%s\" already exists"
				      : "constraint \"%s\" for relation \"%s\" already exists",
			    c->name, def->name);
	}
	if (!has_index)
		return;
	ddl_check_name(p, c->name, -1);
	if (strcmp(c->name, def->name) == 0 ||
	    p->schema->find_relation(p->schema, def->schema, c->name) != NULL ||
	    p->schema->find_index(p->schema, def->schema, c->name, &table) != NULL)
		pass_fail(p, -1, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", c->name);
}

static void name_constraint(
    struct pass *p, struct table_def *def, struct constraint_def *c, const char *columns, const char *label)
{
	if (c->name == NULL)
		c->name = ddl_choose_name(p, def, columns, label);
	else
		check_given_name(p, def, c, c->kind == 'p' || c->kind == 'u');
}

/* ---- names in definitions, as pg_get_constraintdef prints them ---- */

const char *ddl_quoted(struct pass *p, const char *name)
{
	bool is_plain = (*name >= 'a' && *name <= 'z') || *name == '_';

	for (const char *c = name; *c != '\0'; c++)
		is_plain &= (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_';
	return is_plain ? name : ddl_name(p, name);
}

static const char *quoted_list(struct pass *p, const char *const *names, size_t n)
{
	const char *list = "";

	for (size_t i = 0; i < n; i++)
		list = pass_printf(p, "%s%s%s", list, i > 0 ? ", " : "", ddl_quoted(p, names[i]));
	return list;
}

/* ---- keys ---- */

/* The columns that a key names: 42703 'column "x" named in key does not exist'. */
static void read_key(struct pass *p, const struct table_def *def, struct constraint_def *c,
    PgQuery__Node *const *keys, size_t n, bool is_foreign)
{
	int16_t *attnums = pass_alloc(p, (n + 1) * sizeof(*attnums));

	c->columns = pass_alloc(p, (n + 1) * sizeof(*c->columns));
	for (size_t i = 0; i < n; i++) {
		const char *name = node_string(keys[i]);
		const struct column_def *column = ddl_find_column(def, name);

		if (column == NULL)
			pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN,
			    is_foreign ? "column \"%s\" referenced in foreign key constraint does not exist"
				       : "column \"%s\" named in key does not exist",
			    name);
		for (size_t j = 0; j < i && !is_foreign; j++) {
			if (strcmp(c->columns[j], name) == 0)
				pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN,
				    "column \"%s\" appears twice in %s constraint", name,
				    c->kind == 'p' ? "primary key" : "unique");
		}
		c->columns[i] = column->name;
		attnums[i] = column->attnum;
	}
	c->attnums = attnums;
	c->ncolumns = n;
}

static void key_of_column(struct pass *p, struct constraint_def *c, const struct column_def *column)
{
	int16_t *attnums = pass_alloc(p, sizeof(*attnums));

	c->columns = pass_alloc(p, sizeof(*c->columns));
	c->columns[0] = column->name;
	*attnums = column->attnum;
	c->attnums = attnums;
	c->ncolumns = 1;
}

static bool has_primary_key(const struct table_def *def)
{
	for (size_t i = 0; i < def->nconstraints; i++) {
		if (def->constraints[i].kind == 'p')
			return true;
	}
	for (size_t i = 0; def->existing != NULL && i < def->existing->nconstraints; i++) {
		if (def->existing->constraints[i].kind == 'p')
			return true;
	}
	return false;
}

static void refuse_key_options(struct pass *p, const PgQuery__Constraint *node)
{
	if (node->deferrable || node->initdeferred)
		pass_refuse(p, node->location, "a deferrable primary key or unique constraint");
	if (node->nulls_not_distinct)
		pass_refuse(p, node->location, "UNIQUE NULLS NOT DISTINCT");
	if (node->indexname[0] != '\0')
		pass_refuse(p, node->location, "a constraint USING INDEX");
}

static void add_key(struct pass *p, struct table_def *def, const PgQuery__Constraint *node,
    struct column_def *column, char kind)
{
	refuse_key_options(p, node);
	if (kind == 'p' && has_primary_key(def))
		pass_fail(p, node->location, "42P16",
		    "multiple primary keys for table \"%s\" are not allowed", def->name);

	struct constraint_def *c = new_constraint(p, def, kind, node->conname);
	if (column != NULL)
		key_of_column(p, c, column);
	else
		read_key(p, def, c, node->keys, node->n_keys, false);
	c->definition = pass_printf(
	    p, "%s (%s)", kind == 'p' ? "PRIMARY KEY" : "UNIQUE", quoted_list(p, c->columns, c->ncolumns));
}

static bool is_integer(oid_t type)
{
	return type == OID_INT2 || type == OID_INT4 || type == OID_INT8;
}

/* Names wait until all columns are known, since an index' name has to be free among sequences, too. */
void ddl_finish_keys(struct pass *p, struct table_def *def, size_t from)
{
	for (size_t i = from; i < def->nconstraints; i++) {
		struct constraint_def *c = &def->constraints[i];

		if (c->kind == 'p') {
			name_constraint(p, def, c, NULL, "pkey");
			for (size_t j = 0; j < c->ncolumns; j++) {
				struct column_def *column = ddl_find_column(def, c->columns[j]);

				if (column->null_is_said)
					pass_fail(p, column->location, SQLSTATE_SYNTAX,
					    "conflicting NULL/NOT NULL declarations for column \"%s\" of "
					    "table \"%s\"",
					    column->name, def->name);
				column->not_null = true;
				c->is_rowid = c->ncolumns == 1 && is_integer(column->type) &&
					      column->generated_sql == NULL;
				column->is_rowid = c->is_rowid;
			}
		} else if (c->kind == 'u') {
			name_constraint(p, def, c, ddl_join(p, c->columns, c->ncolumns), "key");
		}
	}
}

/* ---- CHECK ---- */

/* Which columns an expression names. */
static void mark_columns(const struct expr *e, bool *marks)
{
	if (e->node->kind == NODE_COLUMN)
		marks[e->node->column.index] = true;
	for (size_t i = 0; i < e->node->nargs; i++) {
		if (e->node->args[i] != NULL)
			mark_columns(e->node->args[i], marks);
	}
}

static void add_check(struct pass *p, struct table_def *def, const PgQuery__Constraint *node)
{
	bool *marks = pass_alloc(p, (def->ncolumns + 1) * sizeof(*marks));
	int16_t *attnums = pass_alloc(p, (def->ncolumns + 1) * sizeof(*attnums));
	struct constraint_def *c = new_constraint(p, def, 'c', node->conname);
	struct expr *e =
	    coerce_boolean(p, qualify_expr(p, ddl_scope(p, def), PLACE_CHECK, node->raw_expr), "CHECK");

	mark_columns(e, marks);
	c->columns = pass_alloc(p, (def->ncolumns + 1) * sizeof(*c->columns));
	for (size_t i = 0; i < def->ncolumns; i++) {
		if (marks[i]) {
			c->columns[c->ncolumns] = def->columns[i].name;
			attnums[c->ncolumns++] = def->columns[i].attnum;
		}
	}
	c->attnums = attnums;
	c->check_sql = ddl_expr_sql(p, e);
	c->definition = ddl_deparse(p, node->raw_expr);
	name_constraint(p, def, c, c->ncolumns == 1 ? c->columns[0] : NULL, "check");
}

/* ---- FOREIGN KEY ---- */

static const char *action_words(struct pass *p, const char *action)
{
	switch (action[0]) {
	case '\0':
	case 'a': return "";
	case 'r': return "RESTRICT";
	case 'c': return "CASCADE";
	case 'n': return "SET NULL";
	case 'd': return "SET DEFAULT";
	default: pass_refuse(p, -1, "this action of a foreign key");
	}
}

/* The table referred to: another one, or the one that is being made. */
struct referred {
	const char *name, *sqlite_name;
	const struct relation *relation; /* NULL: itself, which isn't there yet */
};

static struct referred find_referred(struct pass *p, const struct table_def *def, const PgQuery__RangeVar *rv)
{
	if (def->existing == NULL && strcmp(rv->relname, def->name) == 0)
		return (struct referred){ def->name, def->name, NULL };

	const struct relation *r = qualify_relation(p, rv);
	if (r->kind != 'r' || r->is_system)
		pass_fail(
		    p, -1, SQLSTATE_WRONG_OBJECT_TYPE, "referenced relation \"%s\" is not a table", r->name);
	return (struct referred){ r->name, r->sqlite_name, r };
}

static const char *referred_name(const struct relation *r, int16_t attnum)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (r->columns[i].attnum == attnum)
			return r->columns[i].name;
	}
	return "";
}

/* Columns of the primary key, for REFERENCES without columns. */
static size_t primary_columns(
    struct pass *p, const struct table_def *def, const struct referred *to, const char ***columns)
{
	for (size_t i = 0; to->relation == NULL && i < def->nconstraints; i++) {
		if (def->constraints[i].kind == 'p') {
			*columns = def->constraints[i].columns;
			return def->constraints[i].ncolumns;
		}
	}
	for (size_t i = 0; to->relation != NULL && i < to->relation->nconstraints; i++) {
		const struct constraint *key = &to->relation->constraints[i];

		if (key->kind != 'p')
			continue;
		*columns = pass_alloc(p, key->nattnums * sizeof(**columns));
		for (size_t j = 0; j < key->nattnums; j++)
			(*columns)[j] = referred_name(to->relation, key->attnums[j]);
		return key->nattnums;
	}
	pass_fail(
	    p, -1, SQLSTATE_NO_SUCH_OBJECT, "there is no primary key for referenced table \"%s\"", to->name);
}

static bool contains(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* Is there a key over just these columns? */
static bool is_unique(
    const struct table_def *def, const struct referred *to, const char *const *columns, size_t n)
{
	for (size_t i = 0; to->relation == NULL && i < def->nconstraints; i++) {
		const struct constraint_def *key = &def->constraints[i];
		size_t found = 0;

		for (size_t j = 0; j < key->ncolumns; j++)
			found += contains(columns, n, key->columns[j]);
		if ((key->kind == 'p' || key->kind == 'u') && key->ncolumns == n && found == n)
			return true;
	}
	for (size_t i = 0; to->relation != NULL && i < to->relation->nconstraints; i++) {
		const struct constraint *key = &to->relation->constraints[i];
		size_t found = 0;

		for (size_t j = 0; j < key->nattnums; j++)
			found += contains(columns, n, referred_name(to->relation, key->attnums[j]));
		if (key->kind != 'f' && key->kind != 'c' && key->predicate_sql == NULL &&
		    key->nattnums == n && found == n)
			return true;
	}
	return false;
}

static oid_t referred_type(
    struct pass *p, const struct table_def *def, const struct referred *to, const char *name)
{
	if (to->relation == NULL) {
		const struct column_def *own = ddl_find_column(def, name);

		if (own != NULL)
			return own->type;
	} else {
		const struct column *column = relation_column(to->relation, name);

		if (column != NULL)
			return column->type;
	}
	pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN,
	    "column \"%s\" referenced in foreign key constraint does not exist", name);
}

/* Both sides must be stored alike, or SQLite would never find them equal. */
static void check_types(
    struct pass *p, const struct table_def *def, const struct constraint_def *c, const struct referred *to)
{
	char from_space[TYPE_DISPLAY_MAX], to_space[TYPE_DISPLAY_MAX];

	for (size_t i = 0; i < c->ncolumns; i++) {
		oid_t from = ddl_find_column(def, c->columns[i])->type;
		oid_t target = referred_type(p, def, to, c->target_columns[i]);
		const struct type *a = type_find(from), *b = type_find(target);

		if (from == target || (a->category == b->category && strcmp(a->sqlite, b->sqlite) == 0))
			continue;
		pass_fail_hint(p, -1, SQLSTATE_TYPE_MISMATCH,
		    pass_printf(p, "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.",
			c->columns[i], c->target_columns[i], type_display(from, -1, from_space),
			type_display(target, -1, to_space)),
		    NULL, "foreign key constraint \"%s\" cannot be implemented", c->name);
	}
}

static const char *foreign_definition(struct pass *p, const struct constraint_def *c,
    const struct referred *to, const PgQuery__Constraint *node)
{
	const char *text =
	    pass_printf(p, "FOREIGN KEY (%s) REFERENCES %s(%s)", quoted_list(p, c->columns, c->ncolumns),
		ddl_quoted(p, to->name), quoted_list(p, c->target_columns, c->ncolumns));

	if (c->on_update[0] != '\0')
		text = pass_printf(p, "%s ON UPDATE %s", text, c->on_update);
	if (c->on_delete[0] != '\0')
		text = pass_printf(p, "%s ON DELETE %s", text, c->on_delete);
	return pass_printf(p, "%s%s%s", text, node->deferrable ? " DEFERRABLE" : "",
	    node->initdeferred ? " INITIALLY DEFERRED" : "");
}

static void add_foreign_key(
    struct pass *p, struct table_def *def, const PgQuery__Constraint *node, struct column_def *column)
{
	struct constraint_def *c = new_constraint(p, def, 'f', node->conname);
	struct referred to = find_referred(p, def, node->pktable);
	size_t n = node->n_pk_attrs;

	if (node->n_fk_del_set_cols > 0)
		pass_refuse(p, node->location, "ON DELETE SET with a list of columns");
	if (column != NULL)
		key_of_column(p, c, column);
	else
		read_key(p, def, c, node->fk_attrs, node->n_fk_attrs, true);
	if (node->fk_matchtype[0] == 'f' && c->ncolumns > 1)
		pass_refuse(p, node->location, "MATCH FULL");
	name_constraint(p, def, c, ddl_join(p, c->columns, c->ncolumns), "fkey");
	if (n == 0)
		n = primary_columns(p, def, &to, &c->target_columns);
	else
		c->target_columns = pass_alloc(p, n * sizeof(*c->target_columns));
	for (size_t i = 0; i < node->n_pk_attrs; i++) {
		c->target_columns[i] = node_string(node->pk_attrs[i]);
		referred_type(p, def, &to, c->target_columns[i]);
	}
	if (n != c->ncolumns)
		pass_fail(
		    p, -1, "42830", "number of referencing and referenced columns for foreign key disagree");
	if (!is_unique(def, &to, c->target_columns, n))
		pass_fail(p, -1, "42830",
		    "there is no unique constraint matching given keys for referenced table \"%s\"", to.name);
	check_types(p, def, c, &to);
	c->target = to.sqlite_name;
	c->on_update = action_words(p, node->fk_upd_action);
	c->on_delete = action_words(p, node->fk_del_action);
	c->is_deferrable = node->deferrable;
	c->is_deferred = node->initdeferred;
	c->definition = foreign_definition(p, c, &to, node);
}

void ddl_add_constraint(
    struct pass *p, struct table_def *def, const PgQuery__Constraint *node, struct column_def *column)
{
	switch (node->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY: add_key(p, def, node, column, 'p'); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE: add_key(p, def, node, column, 'u'); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK: add_check(p, def, node); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: add_foreign_key(p, def, node, column); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
		pass_refuse(p, node->location, "an exclusion constraint");
	default: pass_refuse(p, node->location, "this kind of constraint");
	}
}

/* ---- printing ---- */

static void emit_names(struct buf *out, const char *const *names, size_t n)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < n; i++) {
		buf_put_text(out, i > 0 ? ", " : "");
		emit_name(out, names[i]);
	}
	buf_put_byte(out, ')');
}

void ddl_emit_constraint(struct buf *out, const struct constraint_def *c)
{
	buf_put_text(out, "CONSTRAINT ");
	emit_name(out, c->name);
	if (c->kind == 'c') {
		buf_printf(out, " CHECK (%s)", c->check_sql);
		return;
	}
	buf_put_text(out, " FOREIGN KEY ");
	emit_names(out, c->columns, c->ncolumns);
	buf_put_text(out, " REFERENCES ");
	emit_name(out, c->target);
	buf_put_byte(out, ' ');
	emit_names(out, c->target_columns, c->ncolumns);
	if (c->on_update[0] != '\0')
		buf_printf(out, " ON UPDATE %s", c->on_update);
	if (c->on_delete[0] != '\0')
		buf_printf(out, " ON DELETE %s", c->on_delete);
	if (c->is_deferrable)
		buf_printf(out, " DEFERRABLE INITIALLY %s", c->is_deferred ? "DEFERRED" : "IMMEDIATE");
}
