#include <stdlib.h>
#include <string.h>

#include "sql/ddl.h"

#define COLUMNS_MAX 1600 /* PostgreSQL's MaxHeapAttributeNumber */

/* ---- columns ---- */

struct column_def *ddl_find_column(const struct table_def *def, const char *name)
{
	for (size_t i = 0; i < def->ncolumns; i++) {
		if (strcmp(def->columns[i].name, name) == 0)
			return &def->columns[i];
	}
	return NULL;
}

/* The columns under their bare names: what SQLite wants in CHECK, in generated columns and in indexes. */
struct scope *ddl_scope(struct pass *p, const struct table_def *def)
{
	struct relation *r = pass_alloc(p, sizeof(*r));
	struct column *columns = pass_alloc(p, (def->ncolumns + 1) * sizeof(*columns));
	struct scope *scope = scope_new(p, NULL);

	for (size_t i = 0; i < def->ncolumns; i++) {
		const struct column_def *c = &def->columns[i];

		columns[i] = (struct column){ .name = c->name,
			.type = c->type,
			.typmod = c->typmod,
			.attnum = c->attnum,
			.not_null = c->not_null };
	}
	*r = (struct relation){ .name = def->name,
		.schema = def->schema,
		.sqlite_name = def->name,
		.kind = 'r',
		.columns = columns,
		.ncolumns = def->ncolumns };
	struct range_entry *entry = entry_of_relation(p, scope, r, NULL);
	entry->sqlite_alias = NULL;
	names_add_entry(p, &scope->names, entry, -1);
	return scope;
}

/* serial and its like are no types: an integer, NOT NULL, with a sequence. */
static oid_t serial_type(const PgQuery__TypeName *name)
{
	static const struct {
		const char *name;
		oid_t type;
	} serials[] = { { "serial", OID_INT4 }, { "serial4", OID_INT4 }, { "bigserial", OID_INT8 },
		{ "serial8", OID_INT8 }, { "smallserial", OID_INT2 }, { "serial2", OID_INT2 } };
	const char *word = name->n_names == 1 ? node_string(name->names[0]) : NULL;

	for (size_t i = 0; word != NULL && i < sizeof(serials) / sizeof(serials[0]); i++) {
		if (strcmp(word, serials[i].name) == 0 && name->n_array_bounds == 0)
			return serials[i].type;
	}
	return OID_NONE;
}

static void set_type(struct column_def *column, const struct type *type)
{
	column->type = type->oid;
	column->declared = type->sqlite;
	column->collation = type->collation;
}

static void read_type(struct pass *p, struct column_def *column, const PgQuery__ColumnDef *node)
{
	oid_t serial = serial_type(node->type_name);

	column->typmod = -1;
	if (serial != OID_NONE) {
		set_type(column, type_find(serial));
		column->is_serial = column->not_null = true;
		return;
	}
	const struct type *type = qualify_type(p, node->type_name, &column->typmod);
	if (type->sqlite == NULL)
		pass_fail(p, node->location, "42P16", "column \"%s\" has pseudo-type %s", column->name,
		    type->display);
	set_type(column, type);
}

static int64_t max_of(oid_t type)
{
	return type == OID_INT2 ? INT16_MAX : type == OID_INT4 ? INT32_MAX : INT64_MAX;
}

static int64_t option_integer(struct pass *p, const PgQuery__DefElem *option)
{
	const char *text = option->arg == NULL ? NULL : option_text(p, option);
	char *end;
	int64_t n = text == NULL ? 0 : strtoll(text, &end, 10);

	if (text == NULL || *end != '\0')
		pass_fail(p, option->location, SQLSTATE_SYNTAX, "invalid value for sequence option %s",
		    option->defname);
	return n;
}

static void read_sequence_options(struct pass *p, struct sequence_def *s, PgQuery__Node **options, size_t n)
{
	bool has_start = false;

	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *option = options[i]->def_elem;
		const char *name = option->defname;

		if (strcmp(name, "start") == 0) {
			s->start = option_integer(p, option);
			has_start = true;
		} else if (strcmp(name, "increment") == 0) {
			s->increment = option_integer(p, option);
		} else if (strcmp(name, "minvalue") == 0 && option->arg != NULL) {
			s->min = option_integer(p, option);
		} else if (strcmp(name, "maxvalue") == 0 && option->arg != NULL) {
			s->max = option_integer(p, option);
		} else if (strcmp(name, "cycle") == 0) {
			s->cycles = option_boolean(p, option);
		} else if (strcmp(name, "cache") != 0 && option->arg != NULL) {
			pass_refuse(p, option->location, pass_printf(p, "the sequence option %s", name));
		}
	}
	if (s->increment == 0)
		pass_fail(p, -1, SQLSTATE_INVALID_PARAMETER, "INCREMENT must not be zero");
	if (s->increment < 0 && s->min == 1) { /* not said: a descending sequence counts down from -1 */
		s->max = -1;
		s->min = INT64_MIN;
	}
	if (!has_start)
		s->start = s->increment > 0 ? s->min : s->max;
	if (s->start < s->min || s->start > s->max)
		pass_fail(p, -1, SQLSTATE_INVALID_PARAMETER, "START value (%lld) cannot be %s value (%lld)",
		    (long long)s->start, s->start < s->min ? "less than MINVALUE" : "greater than MAXVALUE",
		    (long long)(s->start < s->min ? s->min : s->max));
}

static void add_sequence(
    struct pass *p, const struct table_def *def, struct column_def *column, PgQuery__Node **options, size_t n)
{
	struct sequence_def *s = pass_alloc(p, sizeof(*s));

	*s = (struct sequence_def){ .start = 1, .increment = 1, .min = 1, .max = max_of(column->type) };
	read_sequence_options(p, s, options, n);
	s->name = ddl_choose_name(p, def, column->name, "seq");
	column->sequence = s;
	column->default_sql = pass_printf(p, "nq_nextval(%s)", ddl_string(p, s->name));
	if (column->is_serial)
		column->default_pg = pass_printf(p, "nextval(%s::regclass)", ddl_string(p, s->name));
}

static bool is_null_constant(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
}

void ddl_set_default(struct pass *p, struct column_def *column, const PgQuery__Node *node)
{
	column->default_sql = column->default_pg = NULL;
	if (node == NULL || is_null_constant(node))
		return;
	struct expr *e = qualify_expr(p, scope_new(p, NULL), PLACE_DEFAULT, node);

	e = coerce_assign(p, e, column->type, column->typmod, column->name);
	column->default_is_constant = e->node->kind == NODE_CONST;
	column->default_sql = ddl_expr_sql(p, e);
	column->default_pg = ddl_deparse(p, node);
}

static void set_null(
    struct pass *p, const struct table_def *def, struct column_def *column, bool not_null, int location)
{
	if (not_null ? column->null_is_said : column->not_null)
		pass_fail(p, location, SQLSTATE_SYNTAX,
		    "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"", column->name,
		    def->name);
	column->not_null |= not_null;
	column->null_is_said |= !not_null;
}

static void read_identity(
    struct pass *p, const struct table_def *def, struct column_def *column, const PgQuery__Constraint *c)
{
	if (column->type != OID_INT2 && column->type != OID_INT4 && column->type != OID_INT8)
		pass_fail(p, c->location, SQLSTATE_INVALID_PARAMETER,
		    "identity column type must be smallint, integer, or bigint");
	if (column->default_sql != NULL)
		pass_fail(p, c->location, SQLSTATE_SYNTAX,
		    "both default and identity specified for column \"%s\" of table \"%s\"", column->name,
		    def->name);
	column->identity = c->generated_when[0];
	column->not_null = true;
	add_sequence(p, def, column, c->options, c->n_options);
}

/* What is said of the column itself; keys, checks and references come when all columns are known. */
static void read_column_constraint(
    struct pass *p, const struct table_def *def, struct column_def *column, const PgQuery__Constraint *c)
{
	switch (c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_NULL: set_null(p, def, column, false, c->location); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL: set_null(p, def, column, true, c->location); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		if (column->default_sql != NULL)
			pass_fail(p, c->location, SQLSTATE_SYNTAX,
			    "multiple default values specified for column \"%s\" of table \"%s\"",
			    column->name, def->name);
		ddl_set_default(p, column, c->raw_expr);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY: read_identity(p, def, column, c); break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
		if (column->default_sql != NULL)
			pass_fail(p, c->location, SQLSTATE_SYNTAX,
			    "both default and generation expression specified for column \"%s\" of table "
			    "\"%s\"",
			    column->name, def->name);
		column->generated_pg = ddl_deparse(p, c->raw_expr);
		break;
	default: break;
	}
}

/* Bytes are the order here, whatever the locale: only collations that say the same are taken. */
static void check_collation(struct pass *p, const PgQuery__CollateClause *clause)
{
	static const char *const good[] = { "C", "POSIX", "default", "ucs_basic" };
	const char *name;

	if (clause == NULL)
		return;
	name = node_string(clause->collname[clause->n_collname - 1]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (strcmp(name, good[i]) == 0)
			return;
	}
	pass_refuse(p, clause->location, pass_printf(p, "the collation \"%s\"", name));
}

static void check_column_name(struct pass *p, const struct table_def *def, const char *name, bool is_added)
{
	static const char *const system[] = { "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid" };

	if (ddl_find_column(def, name) != NULL && is_added)
		pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" of relation \"%s\" already exists",
		    name, def->name);
	if (ddl_find_column(def, name) != NULL)
		pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", name);
	for (size_t i = 0; i < def->ncolumns; i++) {
		if (strcasecmp(def->columns[i].name, name) == 0)
			pass_refuse(p, -1,
			    pass_printf(p, "a table whose columns differ in case only (\"%s\", \"%s\")",
				def->columns[i].name, name));
	}
	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++) {
		if (strcmp(name, system[i]) == 0)
			pass_fail(p, -1, SQLSTATE_DUPLICATE_COLUMN,
			    "column name \"%s\" conflicts with a system column name", name);
	}
}

struct column_def *ddl_add_column(struct pass *p, struct table_def *def, const PgQuery__ColumnDef *node)
{
	int16_t last = def->ncolumns > 0 ? def->columns[def->ncolumns - 1].attnum : 0;
	struct column_def column = { .name = node->colname, .location = node->location };

	check_column_name(p, def, node->colname, def->existing != NULL);
	if (def->ncolumns == COLUMNS_MAX)
		pass_fail(p, -1, "54011", "tables can have at most %d columns", COLUMNS_MAX);
	check_collation(p, node->coll_clause);
	if (node->type_name == NULL)
		pass_refuse(p, node->location, "a column without a type");
	read_type(p, &column, node);
	column.attnum = (int16_t)(last + 1);
	if (column.is_serial)
		add_sequence(p, def, &column, NULL, 0);
	for (size_t i = 0; i < node->n_constraints; i++)
		read_column_constraint(p, def, &column, node->constraints[i]->constraint);
	def->columns = pass_grow(p, def->columns, def->ncolumns, &def->columns_cap, sizeof(*def->columns));
	def->columns[def->ncolumns] = column;
	return &def->columns[def->ncolumns++];
}

struct table_def *ddl_of_relation(struct pass *p, const struct relation *r)
{
	struct table_def *def = pass_alloc(p, sizeof(*def));

	*def = (struct table_def){ .schema = r->schema, .name = r->name, .existing = r };
	for (size_t i = 0; i < r->ncolumns; i++) {
		const struct column *c = &r->columns[i];
		const struct type *type = type_find(c->type);

		def->columns =
		    pass_grow(p, def->columns, def->ncolumns, &def->columns_cap, sizeof(*def->columns));
		def->columns[def->ncolumns++] = (struct column_def){ .name = c->name,
			.type = c->type,
			.typmod = c->typmod,
			.declared = type != NULL ? type->sqlite : NULL,
			.collation = type != NULL ? type->collation : NULL,
			.attnum = c->attnum,
			.not_null = c->not_null,
			.is_rowid = c->is_rowid,
			.identity = c->identity,
			.default_sql = c->default_sql,
			.default_pg = c->default_pg,
			.location = -1 };
	}
	return def;
}

void ddl_emit_column(struct buf *out, const struct column_def *column)
{
	emit_name(out, column->name);
	buf_printf(out, " %s", column->declared);
	if (column->collation != NULL)
		buf_printf(out, " COLLATE %s", column->collation);
	if (column->not_null && !column->is_rowid)
		buf_put_text(out, " NOT NULL");
	if (column->default_sql != NULL)
		buf_printf(out, " DEFAULT (%s)", column->default_sql);
	if (column->generated_sql != NULL)
		buf_printf(out, " GENERATED ALWAYS AS (%s) STORED", column->generated_sql);
	if (column->is_rowid)
		buf_put_text(out, " PRIMARY KEY");
}

/* ---- CREATE TABLE ---- */

static void check_create(struct pass *p, const PgQuery__CreateStmt *s)
{
	if (s->relation->relpersistence[0] == 't')
		pass_refuse(p, s->relation->location, "CREATE TEMPORARY TABLE");
	if (s->partspec != NULL)
		pass_refuse(p, -1, "PARTITION BY");
	if (s->partbound != NULL)
		pass_refuse(p, -1, "PARTITION OF");
	if (s->n_inh_relations > 0)
		pass_refuse(p, -1, "INHERITS");
	if (s->of_typename != NULL)
		pass_refuse(p, -1, "CREATE TABLE OF");
	if (s->tablespacename[0] != '\0' && strcmp(s->tablespacename, "pg_default") != 0)
		pass_fail(
		    p, -1, SQLSTATE_NO_SUCH_OBJECT, "tablespace \"%s\" does not exist", s->tablespacename);
}

static void read_columns(struct pass *p, struct table_def *def, const PgQuery__CreateStmt *s)
{
	for (size_t i = 0; i < s->n_table_elts; i++) {
		const PgQuery__Node *node = s->table_elts[i];

		if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
			ddl_add_column(p, def, node->column_def);
		else if (node->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
			pass_refuse(p, -1, "CREATE TABLE (LIKE ..)");
	}
	if (def->ncolumns == 0)
		pass_refuse(p, -1, "a table without columns");
}

/* DEFERRABLE and its like are constraints of their own behind the one that they are about. */
static PgQuery__Constraint with_attributes(
    struct pass *p, PgQuery__Node *const *constraints, size_t n, size_t at)
{
	PgQuery__Constraint c = *constraints[at]->constraint;

	for (size_t i = at + 1; i < n; i++) {
		switch (constraints[i]->constraint->contype) {
		case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE: c.deferrable = true; break;
		case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED: c.deferrable = c.initdeferred = true; break;
		case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
			if (c.initdeferred)
				pass_fail(p, c.location, SQLSTATE_SYNTAX,
				    "constraint declared INITIALLY DEFERRED must be DEFERRABLE");
			break;
		case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE: break;
		default: return c;
		}
	}
	return c;
}

enum constraint_phase { PHASE_KEYS, PHASE_CHECKS, PHASE_REFERENCES };

static bool is_of_phase(const PgQuery__Constraint *c, enum constraint_phase phase)
{
	switch (c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
	case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE: return false;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK: return phase == PHASE_CHECKS;
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: return phase == PHASE_REFERENCES;
	default: return phase == PHASE_KEYS;
	}
}

static void read_generated(
    struct pass *p, struct table_def *def, struct column_def *column, const PgQuery__Node *node)
{
	struct expr *e = qualify_expr(p, ddl_scope(p, def), PLACE_CHECK, node);

	column->generated_sql =
	    ddl_expr_sql(p, coerce_assign(p, e, column->type, column->typmod, column->name));
}

static void read_column_constraints(
    struct pass *p, struct table_def *def, const PgQuery__ColumnDef *node, enum constraint_phase phase)
{
	struct column_def *column = ddl_find_column(def, node->colname);

	for (size_t i = 0; i < node->n_constraints; i++) {
		const PgQuery__Constraint c = with_attributes(p, node->constraints, node->n_constraints, i);

		if (c.contype == PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED && phase == PHASE_CHECKS)
			read_generated(p, def, column, c.raw_expr);
		else if (is_of_phase(&c, phase))
			ddl_add_constraint(p, def, &c, column);
	}
}

void ddl_add_column_constraints(struct pass *p, struct table_def *def, const PgQuery__ColumnDef *node)
{
	read_column_constraints(p, def, node, PHASE_KEYS);
	read_column_constraints(p, def, node, PHASE_CHECKS);
	read_column_constraints(p, def, node, PHASE_REFERENCES);
}

static void read_constraints(
    struct pass *p, struct table_def *def, const PgQuery__CreateStmt *s, enum constraint_phase phase)
{
	for (size_t i = 0; i < s->n_table_elts; i++) {
		const PgQuery__Node *node = s->table_elts[i];

		if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
			read_column_constraints(p, def, node->column_def, phase);
		else if (node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
			 is_of_phase(node->constraint, phase))
			ddl_add_constraint(p, def, node->constraint, NULL);
	}
}

static void step_create(struct pass *p, struct translation *t, const struct table_def *def)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "CREATE TABLE ");
	emit_name(&sql, def->name);
	for (size_t i = 0; i < def->ncolumns; i++) {
		buf_put_text(&sql, i == 0 ? " (" : ", ");
		ddl_emit_column(&sql, &def->columns[i]);
	}
	for (size_t i = 0; i < def->nconstraints; i++) {
		if (def->constraints[i].kind != 'c' && def->constraints[i].kind != 'f')
			continue;
		buf_put_text(&sql, ", ");
		ddl_emit_constraint(&sql, &def->constraints[i]);
	}
	buf_put_byte(&sql, ')');
	pass_add_step(p, t, &sql, true, false);
	buf_release(&sql);
}

/* The rows that an earlier table of the name may have left go first: SQLite's own DROP TABLE knows nothing of them. */
static void step_rows(struct pass *p, struct translation *t, const struct table_def *def)
{
	const char *oid = ddl_class_oid(p, def->schema, def->name);

	ddl_step(p, t, "DELETE FROM _nqlite_attribute WHERE class = %s", oid);
	ddl_step(p, t, "DELETE FROM _nqlite_constraint WHERE class = %s", oid);
	ddl_step_class(p, t, def->schema, def->name, 'r');
	for (size_t i = 0; i < def->ncolumns; i++) {
		ddl_step_column(p, t, def, &def->columns[i]);
		if (def->columns[i].sequence != NULL)
			ddl_step_sequence(p, t, def, def->columns[i].sequence);
	}
	for (size_t i = 0; i < def->nconstraints; i++)
		ddl_step_constraint(p, t, def, &def->constraints[i]);
}

void translate_create_table(struct pass *p, const PgQuery__CreateStmt *s, struct translation *t)
{
	struct table_def def = { .name = s->relation->relname };

	t->kind = STATEMENT_WRITE;
	t->tag = "CREATE TABLE";
	check_create(p, s);
	def.schema = ddl_schema(p, s->relation);
	if (ddl_name_exists(p, s->relation, s->if_not_exists, t)) {
		t->kind = STATEMENT_NOTHING;
		return;
	}
	read_columns(p, &def, s);
	read_constraints(p, &def, s, PHASE_KEYS);
	ddl_finish_keys(p, &def, 0);
	read_constraints(p, &def, s, PHASE_CHECKS);
	read_constraints(p, &def, s, PHASE_REFERENCES);
	t->is_ddl = true;
	step_create(p, t, &def);
	step_rows(p, t, &def);
}

/* ---- CREATE TABLE AS ---- */

static void define_result_columns(struct pass *p, struct table_def *def, const PgQuery__IntoClause *into,
    const struct result_column *columns, size_t n)
{
	if (into->n_col_names > n)
		pass_fail(p, -1, SQLSTATE_SYNTAX, "too many column names were specified");
	def->columns = pass_alloc(p, (n + 1) * sizeof(*def->columns));
	for (size_t i = 0; i < n; i++) {
		const char *name = i < into->n_col_names ? node_string(into->col_names[i]) : columns[i].name;
		const struct type *type =
		    type_find(columns[i].type == OID_UNKNOWN ? OID_TEXT : columns[i].type);

		check_column_name(p, def, name, false);
		if (type == NULL || type->sqlite == NULL)
			pass_fail(p, -1, "42P16", "column \"%s\" has pseudo-type %s", name,
			    type == NULL ? "record" : type->display);
		struct column_def *column = &def->columns[def->ncolumns++];
		*column = (struct column_def){
			.name = name, .typmod = columns[i].typmod, .attnum = (int16_t)(i + 1), .location = -1
		};
		set_type(column, type);
	}
}

static void step_fill(
    struct pass *p, struct translation *t, const struct table_def *def, const struct query_tree *query)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, "INSERT INTO ");
	emit_name(&sql, def->name);
	buf_put_byte(&sql, ' ');
	emit_select(p, &sql, query);
	pass_add_step(p, t, &sql, false, true);
	buf_release(&sql);
}

void translate_create_table_as(struct pass *p, const PgQuery__CreateTableAsStmt *s, struct translation *t)
{
	const PgQuery__IntoClause *into = s->into;
	struct table_def def = { .name = into->rel->relname };
	const struct result_column *columns;

	if (s->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW)
		pass_refuse(p, -1, "CREATE MATERIALIZED VIEW");
	if (into->rel->relpersistence[0] == 't')
		pass_refuse(p, -1, "CREATE TEMPORARY TABLE");
	if (s->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		pass_refuse(p, -1, "CREATE TABLE AS EXECUTE");
	def.schema = ddl_schema(p, into->rel);
	t->tag = into->skip_data ? "CREATE TABLE AS" : "SELECT";
	if (ddl_name_exists(p, into->rel, s->if_not_exists, t)) {
		t->kind = STATEMENT_NOTHING;
		t->tag = "CREATE TABLE AS";
		return;
	}
	struct query_tree *query = qualify_select(p, NULL, s->query->select_stmt);
	query_resolve(p, query, NULL, NULL, 0, NULL);
	size_t n = query_columns(query, &columns);
	define_result_columns(p, &def, into, columns, n);
	t->kind = STATEMENT_WRITE;
	t->is_ddl = true;
	step_create(p, t, &def);
	step_rows(p, t, &def);
	t->tag_has_count = !into->skip_data;
	if (!into->skip_data)
		step_fill(p, t, &def, query);
}
