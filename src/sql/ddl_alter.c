#include <string.h>

#include "sql/ddl.h"
#include "sql/parse.h"

/* One ALTER TABLE: its commands change the definition one after the other, each adding its steps.
 *
 * SQLite's own ALTER TABLE can add a column and rename; the rest is nq_alter_table()'s: it edits the text of CREATE TABLE, and
 * where the stored rows change with it (a primary key that becomes the rowid, a type, a column that goes), it makes the table
 * anew and fills it from the old one (sqlite.org/lang_altertable.html, section 7). */
struct alter {
	struct table_def *def;
	const struct relation *relation;
	struct translation *t;
};

static const char *table_name(struct pass *p, const struct alter *a)
{
	return ddl_name(p, a->relation->sqlite_name);
}

static struct column_def *find_column(struct pass *p, const struct alter *a, const char *name)
{
	struct column_def *column = ddl_find_column(a->def, name);

	if (column == NULL)
		pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
		    name, a->def->name);
	return column;
}

/* nq_alter_table('t', 'operation', argument, argument) */
static void step_alter(
    struct pass *p, const struct alter *a, const char *operation, const char *first, const char *second)
{
	ddl_step(p, a->t, "SELECT nq_alter_table(%s, '%s', %s, %s)", ddl_string(p, a->relation->sqlite_name),
	    operation, ddl_string(p, first), ddl_string(p, second));
}

static const char *class_oid(struct pass *p, const struct alter *a)
{
	return ddl_class_oid(p, a->def->schema, a->def->name);
}

/* ---- NOT NULL ---- */

static void step_not_null(struct pass *p, const struct alter *a, struct column_def *column)
{
	if (column->not_null)
		return;
	ddl_step_guard(p, a->t, SQLSTATE_NOT_NULL,
	    pass_printf(
		p, "column \"%s\" of relation \"%s\" contains null values", column->name, a->def->name),
	    pass_printf(p, "%s WHERE %s IS NULL", table_name(p, a), ddl_name(p, column->name)));
	column->not_null = true;
	if (!column->is_rowid)
		step_alter(p, a, "set not null", column->name, NULL);
	ddl_step(p, a->t, "UPDATE _nqlite_attribute SET not_null = 1 WHERE class = %s AND name = %s",
	    class_oid(p, a), ddl_string(p, column->name));
}

static void drop_not_null(struct pass *p, const struct alter *a, struct column_def *column)
{
	for (size_t i = 0; i < a->relation->nconstraints; i++) {
		const struct constraint *c = &a->relation->constraints[i];

		for (size_t j = 0; c->kind == 'p' && j < c->nattnums; j++) {
			if (c->attnums[j] == column->attnum)
				pass_fail(p, -1, "42P16", "column \"%s\" is in a primary key", column->name);
		}
	}
	if (column->identity != 0)
		pass_fail(p, -1, SQLSTATE_SYNTAX, "column \"%s\" of relation \"%s\" is an identity column",
		    column->name, a->def->name);
	column->not_null = false;
	step_alter(p, a, "drop not null", column->name, NULL);
	ddl_step(p, a->t, "UPDATE _nqlite_attribute SET not_null = 0 WHERE class = %s AND name = %s",
	    class_oid(p, a), ddl_string(p, column->name));
}

/* ---- DEFAULT ---- */

static void step_default(struct pass *p, const struct alter *a, const struct column_def *column)
{
	step_alter(p, a, "set default", column->name, column->default_sql);
	ddl_step(p, a->t, "UPDATE _nqlite_attribute SET default_pg = %s WHERE class = %s AND name = %s",
	    ddl_string(p, column->default_pg), class_oid(p, a), ddl_string(p, column->name));
}

static void alter_default(
    struct pass *p, const struct alter *a, struct column_def *column, const PgQuery__Node *node)
{
	if (column->identity != 0)
		pass_fail(p, -1, SQLSTATE_SYNTAX, "column \"%s\" of relation \"%s\" is an identity column",
		    column->name, a->def->name);
	ddl_set_default(p, column, node);
	step_default(p, a, column);
}

/* ---- constraints ---- */

static void step_key(struct pass *p, const struct alter *a, struct constraint_def *c)
{
	for (size_t i = 0; c->kind == 'p' && i < c->ncolumns; i++) {
		struct column_def *column = ddl_find_column(a->def, c->columns[i]);
		const struct column *old = relation_column(a->relation, column->name);

		/* ddl_finish_keys has set it already: what counts is what the table has. */
		column->not_null = old != NULL && old->not_null;
		step_not_null(p, a, column);
	}
	if (c->is_rowid) {
		struct column_def *column = ddl_find_column(a->def, c->columns[0]);

		step_alter(p, a, "make rowid", column->name, c->name);
		ddl_step(p, a->t,
		    "UPDATE _nqlite_attribute SET declared = 'INTEGER' WHERE class = %s AND name = %s",
		    class_oid(p, a), ddl_string(p, column->name));
	}
	ddl_step_constraint(p, a->t, a->def, c);
}

static void step_check(struct pass *p, const struct alter *a, const struct constraint_def *c)
{
	struct buf sql;

	if (c->kind == 'c')
		ddl_step_guard(p, a->t, SQLSTATE_CHECK,
		    pass_printf(p, "check constraint \"%s\" of relation \"%s\" is violated by some row",
			c->name, a->def->name),
		    pass_printf(p, "%s WHERE NOT (%s)", table_name(p, a), c->check_sql));
	buf_init(&sql, SQL_MAX);
	ddl_emit_constraint(&sql, c);
	const char *text = buf_text(&sql);
	char *kept = text == NULL ? NULL : arena_strdup(p->arena, text);
	buf_release(&sql);
	if (kept == NULL)
		pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	step_alter(p, a, c->kind == 'f' ? "add foreign key" : "add constraint", kept, c->name);
	ddl_step_constraint(p, a->t, a->def, c);
}

static void step_constraints(struct pass *p, const struct alter *a, size_t from)
{
	ddl_finish_keys(p, a->def, from);
	for (size_t i = from; i < a->def->nconstraints; i++) {
		struct constraint_def *c = &a->def->constraints[i];

		if (c->kind == 'p' || c->kind == 'u')
			step_key(p, a, c);
		else
			step_check(p, a, c);
	}
}

static void add_constraint(struct pass *p, const struct alter *a, const PgQuery__Constraint *node)
{
	size_t from = a->def->nconstraints;

	if (node->skip_validation)
		pass_refuse(p, node->location, "NOT VALID");
	ddl_add_constraint(p, a->def, node, NULL);
	step_constraints(p, a, from);
}

static const struct constraint *find_constraint(const struct alter *a, const char *name)
{
	for (size_t i = 0; i < a->relation->nconstraints; i++) {
		const struct constraint *c = &a->relation->constraints[i];

		if (c->kind != 'x' && strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static const struct column *column_numbered(const struct relation *r, int16_t attnum)
{
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (r->columns[i].attnum == attnum)
			return &r->columns[i];
	}
	return NULL;
}

/* A key that foreign keys need stays. */
static void guard_key(struct pass *p, const struct alter *a, const struct constraint *c)
{
	const char **columns = pass_alloc(p, (c->nattnums + 1) * sizeof(*columns));

	for (size_t i = 0; i < c->nattnums; i++)
		columns[i] = column_numbered(a->relation, c->attnums[i])->name;
	ddl_step_guard(p, a->t, "2BP01",
	    pass_printf(p, "cannot drop constraint %s on table %s because other objects depend on it",
		c->name, a->def->name),
	    pass_printf(p,
		"sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' "
		"AND f.\"table\" = %s COLLATE NOCASE AND coalesce(f.\"to\", %s) IN (%s)",
		ddl_string(p, a->relation->sqlite_name), ddl_string(p, columns[0]),
		ddl_string_list(p, columns, c->nattnums)));
}

static void step_drop_constraint(struct pass *p, const struct alter *a, const struct constraint *c)
{
	if (c->kind == 'p' || c->kind == 'u') {
		const struct column *column = column_numbered(a->relation, c->attnums[0]);

		guard_key(p, a, c);
		if (c->kind == 'p' && c->nattnums == 1 && column->is_rowid)
			step_alter(p, a, "unmake rowid", column->name, NULL);
		else
			ddl_step_drop_index(p, a->t, c->name);
	} else {
		step_alter(p, a, "drop constraint", c->name, NULL);
	}
	ddl_step(p, a->t, "DELETE FROM _nqlite_constraint WHERE class = %s AND name = %s", class_oid(p, a),
	    ddl_string(p, c->name));
}

static void drop_constraint(struct pass *p, const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const struct constraint *c = find_constraint(a, cmd->name);

	if (c != NULL)
		step_drop_constraint(p, a, c);
	else if (cmd->missing_ok)
		add_notice(p, a->t,
		    pass_printf(p, "constraint \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
			a->def->name));
	else
		pass_fail(p, -1, SQLSTATE_NO_SUCH_OBJECT,
		    "constraint \"%s\" of relation \"%s\" does not exist", cmd->name, a->def->name);
}

/* ---- columns ---- */

/* A default that is no constant is computed for the rows that are there, each its own. */
static void step_add_column(struct pass *p, const struct alter *a, struct column_def *column)
{
	bool is_computed = column->default_sql != NULL && !column->default_is_constant;
	struct column_def plain = *column;
	struct buf sql;

	if (column->not_null && column->default_sql == NULL)
		ddl_step_guard(p, a->t, SQLSTATE_NOT_NULL,
		    pass_printf(p, "column \"%s\" of relation \"%s\" contains null values", column->name,
			a->def->name),
		    table_name(p, a));
	plain.is_rowid = false;
	if (is_computed) {
		plain.default_sql = NULL;
		plain.not_null = false;
	}
	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "ALTER TABLE ");
	emit_name(&sql, a->relation->sqlite_name);
	buf_put_text(&sql, " ADD COLUMN ");
	ddl_emit_column(&sql, &plain);
	pass_add_step(p, a->t, &sql, true, false);
	buf_release(&sql);
	ddl_step_column(p, a->t, a->def, column);
	if (column->sequence != NULL)
		ddl_step_sequence(p, a->t, a->def, column->sequence);
	if (!is_computed)
		return;
	ddl_step(p, a->t, "UPDATE %s SET %s = (%s)", table_name(p, a), ddl_name(p, column->name),
	    column->default_sql);
	step_default(p, a, column);
	if (column->not_null)
		step_alter(p, a, "set not null", column->name, NULL);
}

static void add_column(struct pass *p, const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *node = cmd->def->column_def;
	size_t from = a->def->nconstraints;

	if (cmd->missing_ok && ddl_find_column(a->def, node->colname) != NULL) {
		add_notice(p, a->t,
		    pass_printf(p, "column \"%s\" of relation \"%s\" already exists, skipping", node->colname,
			a->def->name));
		return;
	}
	struct column_def *column = ddl_add_column(p, a->def, node);
	if (column->generated_pg != NULL)
		pass_refuse(p, node->location, "ADD COLUMN .. GENERATED ALWAYS AS");
	/* Copied, since constraints that are read may move the columns. */
	struct column_def added = *column;
	step_add_column(p, a, &added);
	ddl_add_column_constraints(p, a->def, node);
	step_constraints(p, a, from);
}

/* What stands on the column goes with it, as in PostgreSQL. */
static void drop_dependents(struct pass *p, const struct alter *a, const struct column_def *column)
{
	for (size_t i = 0; i < a->relation->nconstraints; i++) {
		const struct constraint *c = &a->relation->constraints[i];
		bool is_on_column = false;

		for (size_t j = 0; j < c->nattnums; j++)
			is_on_column |= c->attnums[j] == column->attnum;
		if (is_on_column && c->kind != 'x')
			step_drop_constraint(p, a, c);
	}
}

static void drop_column(struct pass *p, const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	struct column_def *column = ddl_find_column(a->def, cmd->name);

	if (column == NULL && cmd->missing_ok) {
		add_notice(p, a->t,
		    pass_printf(p, "column \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
			a->def->name));
		return;
	}
	column = find_column(p, a, cmd->name);
	if (a->def->ncolumns == 1)
		pass_refuse(p, -1, "a table without columns");
	drop_dependents(p, a, column);
	step_alter(p, a, "drop column", column->name, NULL);

	const char *sequence = ddl_sequence_of(p, column->default_sql);
	if (sequence != NULL) {
		ddl_step(p, a->t, "DELETE FROM _nqlite_sequence WHERE name = %s", ddl_string(p, sequence));
		ddl_step(p, a->t, "DELETE FROM _nqlite_class WHERE kind = 'S' AND name = %s",
		    ddl_string(p, sequence));
	}
	ddl_step(p, a->t, "DELETE FROM _nqlite_attribute WHERE class = %s AND name = %s", class_oid(p, a),
	    ddl_string(p, column->name));
	memmove(
	    column, column + 1, (size_t)(a->def->columns + --a->def->ncolumns - column) * sizeof(*column));
}

/* The old value as one of the new type: USING, or the cast that an assignment would take. */
static const char *conversion(struct pass *p, const struct alter *a, const struct column_def *column,
    const PgQuery__ColumnDef *node, const struct type *type, int32_t typmod)
{
	struct scope *scope = ddl_scope(p, a->def);
	PgQuery__String name = PG_QUERY__STRING__INIT;
	PgQuery__Node field = PG_QUERY__NODE__INIT, reference = PG_QUERY__NODE__INIT, *fields[] = { &field };
	PgQuery__ColumnRef ref = PG_QUERY__COLUMN_REF__INIT;
	char space[TYPE_DISPLAY_MAX];

	name.sval = (char *)column->name;
	field.node_case = PG_QUERY__NODE__NODE_STRING;
	field.string = &name;
	ref.fields = fields;
	ref.n_fields = 1;
	reference.node_case = PG_QUERY__NODE__NODE_COLUMN_REF;
	reference.column_ref = &ref;

	struct expr *e =
	    qualify_expr(p, scope, PLACE_CHECK, node->raw_default != NULL ? node->raw_default : &reference);
	if (!can_coerce(e, type->oid, CAST_ASSIGNMENT))
		pass_fail_hint(p, -1, SQLSTATE_TYPE_MISMATCH, NULL,
		    pass_printf(
			p, "You might need to specify \"USING %s::%s\".", column->name, type->display),
		    node->raw_default != NULL
			? "result of USING clause for column \"%s\" cannot be cast automatically to type %s"
			: "column \"%s\" cannot be cast automatically to type %s",
		    column->name, type_display(type->oid, typmod, space));
	return ddl_expr_sql(p, coerce_assign(p, e, type->oid, typmod, column->name));
}

/* The default becomes one of the new type, from how PostgreSQL would print it. */
static void convert_default(struct pass *p, const struct alter *a, struct column_def *column)
{
	const char *text =
	    pass_printf(p, "SELECT %s", column->default_pg == NULL ? "NULL" : column->default_pg);
	const PgQuery__ParseResult *tree;
	char space[TYPE_DISPLAY_MAX];
	struct err err;

	if (parse_text(text, strlen(text), p->arena, &tree, &err) != 0 || tree->n_stmts != 1)
		pass_refuse(p, -1,
		    pass_printf(p, "ALTER COLUMN TYPE of a column with the default %s", column->default_sql));

	const PgQuery__Node *node = tree->stmts[0]->stmt->select_stmt->target_list[0]->res_target->val;
	struct expr *e = qualify_expr(p, scope_new(p, NULL), PLACE_DEFAULT, node);
	if (!can_coerce(e, column->type, CAST_ASSIGNMENT))
		pass_fail(p, -1, SQLSTATE_TYPE_MISMATCH,
		    "default for column \"%s\" cannot be cast automatically to type %s", column->name,
		    type_display(column->type, column->typmod, space));
	ddl_set_default(p, column, node);
	step_default(p, a, column);
}

static void alter_type(struct pass *p, const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *node = cmd->def->column_def;
	struct column_def *column = find_column(p, a, cmd->name);
	const struct column *old = relation_column(a->relation, column->name);
	int32_t typmod;
	const struct type *type = qualify_type(p, node->type_name, &typmod);

	if (type->sqlite == NULL)
		pass_fail(p, -1, "42P16", "column \"%s\" has pseudo-type %s", column->name, type->display);
	if (old != NULL && old->is_generated)
		pass_refuse(p, -1, "ALTER COLUMN TYPE of a generated column");
	if (column->is_rowid && type->category != 'N')
		pass_refuse(p, -1, "ALTER COLUMN TYPE of the primary key to a type that isn't an integer");

	const char *declared = type->collation == NULL
				   ? type->sqlite
				   : pass_printf(p, "%s COLLATE %s", type->sqlite, type->collation);
	const char *value = conversion(p, a, column, node, type, typmod);
	step_alter(p, a, "set type", column->name, pass_printf(p, "%s|%s", declared, value));
	column->type = type->oid;
	column->typmod = typmod;
	column->declared = type->sqlite;
	column->collation = type->collation;
	ddl_step_column(p, a->t, a->def, column);
	if (column->default_sql != NULL && ddl_sequence_of(p, column->default_sql) == NULL)
		convert_default(p, a, column);
}

/* ---- the whole ---- */

/* Commands about what doesn't exist here, and needn't: storage, statistics. */
static bool is_harmless(PgQuery__AlterTableType type)
{
	switch (type) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetCompression:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint: return true;
	default: return false;
	}
}

static noreturn void refuse_command(struct pass *p, PgQuery__AlterTableType type)
{
	static const struct {
		PgQuery__AlterTableType type;
		const char *construct;
	} refused[] = {
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner, "ALTER TABLE .. OWNER TO" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity, "ALTER TABLE .. ADD GENERATED" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity, "ALTER TABLE .. SET GENERATED" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity, "ALTER TABLE .. DROP IDENTITY" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression, "ALTER TABLE .. DROP EXPRESSION" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_AlterConstraint, "ALTER TABLE .. ALTER CONSTRAINT" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace, "ALTER TABLE .. SET TABLESPACE" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit, "ALTER TABLE .. INHERIT" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition, "ALTER TABLE .. ATTACH PARTITION" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity, "ROW LEVEL SECURITY" },
		{ PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity, "ALTER TABLE .. REPLICA IDENTITY" },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (refused[i].type == type)
			pass_refuse(p, -1, refused[i].construct);
	}
	pass_refuse(p, -1, "this form of ALTER TABLE");
}

static void run_command(struct pass *p, const struct alter *a, const PgQuery__AlterTableCmd *cmd)
{
	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn: add_column(p, a, cmd); break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn: drop_column(p, a, cmd); break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType: alter_type(p, a, cmd); break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
		alter_default(p, a, find_column(p, a, cmd->name), cmd->def);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
		step_not_null(p, a, find_column(p, a, cmd->name));
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
		drop_not_null(p, a, find_column(p, a, cmd->name));
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint: add_constraint(p, a, cmd->def->constraint); break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint: drop_constraint(p, a, cmd); break;
	default:
		if (!is_harmless(cmd->subtype))
			refuse_command(p, cmd->subtype);
	}
}

static bool is_missing(
    struct pass *p, const PgQuery__RangeVar *rv, bool missing_ok, struct translation *t, const char *tag)
{
	const char *schema = rv->schemaname[0] != '\0' ? rv->schemaname : NULL;

	if (!missing_ok || p->schema->find_relation(p->schema, schema, rv->relname) != NULL)
		return false;
	add_notice(p, t, pass_printf(p, "relation \"%s\" does not exist, skipping", rv->relname));
	t->kind = STATEMENT_NOTHING;
	t->tag = tag;
	return true;
}

void translate_alter_table(struct pass *p, const PgQuery__AlterTableStmt *s, struct translation *t)
{
	struct alter a = { .t = t };

	if (s->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
		pass_refuse(p, -1,
		    s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW    ? "ALTER VIEW"
		    : s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX ? "ALTER INDEX"
									: "ALTER of this kind of object");
	if (is_missing(p, s->relation, s->missing_ok, t, "ALTER TABLE"))
		return;
	a.relation = ddl_table(p, s->relation, "ALTER TABLE");
	a.def = ddl_of_relation(p, a.relation);
	ddl_step_adopt(p, t, a.relation);

	size_t before = t->nsteps;
	for (size_t i = 0; i < s->n_cmds; i++)
		run_command(p, &a, s->cmds[i]->alter_table_cmd);
	t->tag = "ALTER TABLE";
	t->is_ddl = t->nsteps > before;
	t->kind = t->is_ddl ? STATEMENT_WRITE : STATEMENT_NOTHING;
	if (!t->is_ddl)
		t->nsteps = 0;
}

/* ---- RENAME ---- */

static void rename_table(
    struct pass *p, const PgQuery__RenameStmt *s, const struct relation *r, struct translation *t)
{
	PgQuery__RangeVar to = *s->relation;

	to.relname = s->newname;
	ddl_name_exists(p, &to, false, t);
	ddl_step(p, t, "ALTER TABLE %s RENAME TO %s", ddl_name(p, r->sqlite_name), ddl_name(p, s->newname));
	ddl_step(p, t, "UPDATE _nqlite_class SET name = %s, sqlite_name = %s WHERE schema = %s AND name = %s",
	    ddl_string(p, s->newname), ddl_string(p, s->newname), ddl_string(p, r->schema),
	    ddl_string(p, r->name));
}

static void rename_column(
    struct pass *p, const PgQuery__RenameStmt *s, const struct relation *r, struct translation *t)
{
	if (relation_column(r, s->subname) == NULL)
		pass_fail(p, -1, SQLSTATE_NO_SUCH_COLUMN, "column \"%s\" does not exist", s->subname);
	if (relation_column(r, s->newname) != NULL)
		pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" of relation \"%s\" already exists",
		    s->newname, r->name);
	ddl_step(p, t, "ALTER TABLE %s RENAME COLUMN %s TO %s", ddl_name(p, r->sqlite_name),
	    ddl_name(p, s->subname), ddl_name(p, s->newname));
	ddl_step(p, t, "UPDATE _nqlite_attribute SET name = %s WHERE class = %s AND name = %s",
	    ddl_string(p, s->newname), ddl_class_oid(p, r->schema, r->name), ddl_string(p, s->subname));
}

void translate_rename(struct pass *p, const PgQuery__RenameStmt *s, struct translation *t)
{
	bool is_table = s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
	bool is_column = s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN &&
			 s->relation_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;

	if (!is_table && !is_column)
		pass_refuse(p, -1,
		    s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT ? "RENAME CONSTRAINT"
		    : s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW        ? "ALTER VIEW"
		    : s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX
			? "ALTER INDEX"
			: "RENAME of this kind of object");
	if (is_missing(p, s->relation, s->missing_ok, t, "ALTER TABLE"))
		return;
	const struct relation *r = ddl_table(p, s->relation, "ALTER TABLE");
	t->kind = STATEMENT_WRITE;
	t->tag = "ALTER TABLE";
	t->is_ddl = true;
	ddl_step_adopt(p, t, r);
	if (is_table)
		rename_table(p, s, r, t);
	else
		rename_column(p, s, r, t);
}
