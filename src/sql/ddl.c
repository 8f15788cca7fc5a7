#include "sql/ddl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pg_query.h>

#define NAME_MAX_BYTES 63 /* PostgreSQL's NAMEDATALEN - 1 */

/* ---- names ---- */

const char *ddl_schema(struct pass *p, const PgQuery__RangeVar *rv)
{
	const char *schema = rv->schemaname;

	if (rv->catalogname[0] != '\0')
		pass_refuse(p, rv->location, "a reference to another database");
	if (schema[0] == '\0' || strcmp(schema, "public") == 0)
		return "public";
	if (strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0)
		pass_fail_hint(p, rv->location, "42501",
		    "System catalog modifications are currently disallowed.", NULL,
		    "permission denied to create \"%s.%s\"", schema, rv->relname);
	if (!p->schema->has_schema(p->schema, schema))
		pass_fail(p, rv->location, SQLSTATE_NO_SUCH_SCHEMA, "schema \"%s\" does not exist", schema);
	return schema;
}

/* SQLite keeps some names for itself, nqlite others. */
void ddl_check_name(struct pass *p, const char *name, int location)
{
	if (strncasecmp(name, "sqlite_", 7) == 0 || strncasecmp(name, "_nqlite_", 8) == 0)
		pass_fail(
		    p, location, "42939", "unacceptable name \"%s\": names that begin so are reserved", name);
}

static bool relation_exists(struct pass *p, const char *schema, const char *name)
{
	const struct relation *table;

	return p->schema->find_relation(p->schema, schema, name) != NULL ||
	       p->schema->find_index(p->schema, schema, name, &table) != NULL;
}

bool ddl_name_exists(struct pass *p, const PgQuery__RangeVar *rv, bool if_not_exists, struct translation *t)
{
	const char *schema = ddl_schema(p, rv);

	ddl_check_name(p, rv->relname, rv->location);
	if (!relation_exists(p, schema, rv->relname))
		return false;
	if (!if_not_exists)
		pass_fail(p, -1, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", rv->relname);
	add_notice(p, t, pass_printf(p, "relation \"%s\" already exists, skipping", rv->relname));
	return true;
}

static bool name_is_taken(struct pass *p, const struct table_def *def, const char *name)
{
	for (size_t i = 0; i < def->nconstraints; i++) {
		if (def->constraints[i].name != NULL && strcmp(def->constraints[i].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < def->ncolumns; i++) {
		if (def->columns[i].sequence != NULL && strcmp(def->columns[i].sequence->name, name) == 0)
			return true;
	}
	for (size_t i = 0; def->existing != NULL && i < def->existing->nconstraints; i++) {
		if (strcmp(def->existing->constraints[i].name, name) == 0)
			return true;
	}
	return strcmp(def->name, name) == 0 || relation_exists(p, def->schema, name);
}

/* The first `len` bytes, not cutting a character. */
static size_t clip(const char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* As PostgreSQL's makeObjectName: the longer part gives way. */
static const char *make_name(struct pass *p, const char *table, const char *columns, const char *label)
{
	size_t table_len = strlen(table), columns_len = columns == NULL ? 0 : strlen(columns);
	size_t room = NAME_MAX_BYTES - strlen(label) - 1 - (columns != NULL);

	while (table_len + columns_len > room) {
		if (table_len > columns_len)
			table_len--;
		else
			columns_len--;
	}
	table_len = table[table_len] == '\0' ? table_len : clip(table, table_len);
	if (columns == NULL)
		return pass_printf(p, "%.*s_%s", (int)table_len, table, label);
	columns_len = columns[columns_len] == '\0' ? columns_len : clip(columns, columns_len);
	return pass_printf(p, "%.*s_%.*s_%s", (int)table_len, table, (int)columns_len, columns, label);
}

const char *ddl_choose_name(
    struct pass *p, const struct table_def *def, const char *columns, const char *label)
{
	const char *name = make_name(p, def->name, columns, label);

	for (unsigned i = 1; name_is_taken(p, def, name); i++)
		name = make_name(p, def->name, columns, pass_printf(p, "%s%u", label, i));
	return name;
}

const char *ddl_join(struct pass *p, const char *const *names, size_t n)
{
	const char *joined = n > 0 ? names[0] : "";

	for (size_t i = 1; i < n && strlen(joined) < NAME_MAX_BYTES; i++)
		joined = pass_printf(p, "%s_%s", joined, names[i]);
	return joined;
}

const struct relation *ddl_table(struct pass *p, const PgQuery__RangeVar *rv, const char *what)
{
	const struct relation *r = qualify_relation(p, rv);

	if (r->is_system)
		pass_fail(p, rv->location, "42501", "permission denied: \"%s\" is a system catalog", r->name);
	if (r->kind == 'v')
		pass_fail_hint(p, -1, SQLSTATE_WRONG_OBJECT_TYPE,
		    "This operation is not supported for views.", NULL,
		    "%s cannot be performed on relation \"%s\"", what, r->name);
	if (r->kind != 'r')
		pass_fail(p, -1, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a table", r->name);
	return r;
}

/* ---- expressions ---- */

/* What differs by session has no place in a definition, which every session shares. */
static noreturn void fail_slot(struct pass *p, struct slot slot)
{
	if (slot.source == SLOT_PARAM)
		pass_fail(p, -1, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%u", slot.index + 1);
	pass_refuse(p, -1, "an expression that depends on the session in a definition");
}

static const char *take_text(struct pass *p, struct buf *sql)
{
	const char *text = buf_text(sql);
	char *kept = text == NULL ? NULL : arena_strndup(p->arena, text, sql->len);

	buf_release(sql);
	if (kept == NULL)
		pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	if (p->nslots > 0) {
		p->nslots = 0;
		fail_slot(p, p->slots[0]);
	}
	return kept;
}

const char *ddl_expr_sql(struct pass *p, const struct expr *e)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	emit_expr(p, &sql, e);
	return take_text(p, &sql);
}

const char *ddl_query_sql(struct pass *p, const struct query_tree *query)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	emit_select(p, &sql, query);
	return take_text(p, &sql);
}

/* The tree of SELECT <expression>. */
static size_t pack_select(PgQuery__Node *expression, uint8_t *bytes)
{
	PgQuery__ResTarget target = PG_QUERY__RES_TARGET__INIT;
	PgQuery__Node target_node = PG_QUERY__NODE__INIT, select_node = PG_QUERY__NODE__INIT;
	PgQuery__Node *targets[] = { &target_node };
	PgQuery__SelectStmt select = PG_QUERY__SELECT_STMT__INIT;
	PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
	PgQuery__RawStmt *raws[] = { &raw };
	PgQuery__ParseResult tree = PG_QUERY__PARSE_RESULT__INIT;

	target.val = expression;
	target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
	target_node.res_target = &target;
	select.target_list = targets;
	select.n_target_list = 1;
	select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
	select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
	select_node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
	select_node.select_stmt = &select;
	raw.stmt = &select_node;
	tree.stmts = raws;
	tree.n_stmts = 1;
	return bytes == NULL ? pg_query__parse_result__get_packed_size(&tree)
			     : pg_query__parse_result__pack(&tree, bytes);
}

const char *ddl_deparse(struct pass *p, const PgQuery__Node *node)
{
	PgQuery__Node copy = *node;
	PgQueryProtobuf packed;

	packed.len = pack_select(&copy, NULL);
	packed.data = pass_alloc(p, packed.len);
	pack_select(&copy, (uint8_t *)packed.data);

	PgQueryDeparseResult result = pg_query_deparse_protobuf(packed);
	bool is_good = result.error == NULL && strncmp(result.query, "SELECT ", 7) == 0;
	char *text = is_good ? arena_strdup(p->arena, result.query + 7) : NULL;
	pg_query_free_deparse_result(result);
	if (text == NULL)
		pass_refuse(p, -1, "this expression in a definition");
	return text;
}

/* ---- steps ---- */

void ddl_step(struct pass *p, struct translation *t, const char *fmt, ...)
{
	struct buf sql;
	va_list args;

	va_start(args, fmt);
	const char *text = arena_vprintf(p->arena, fmt, args);
	va_end(args);
	if (text == NULL)
		pass_fail(p, -1, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	buf_init(&sql, SQL_MAX);
	buf_put_text(&sql, text);
	pass_add_step(p, t, &sql, true, false);
	buf_release(&sql);
}

const char *ddl_name(struct pass *p, const char *name)
{
	struct buf text;

	buf_init(&text, SQL_MAX);
	emit_name(&text, name);
	return take_text(p, &text);
}

const char *ddl_string(struct pass *p, const char *string)
{
	struct buf text;

	if (string == NULL)
		return "NULL";
	buf_init(&text, SQL_MAX);
	emit_string(&text, string);
	return take_text(p, &text);
}

/* A row that a dropped object left behind (over HTTP SQLite's own DROP is used) gives way. */
void ddl_step_class(struct pass *p, struct translation *t, const char *schema, const char *name, char kind)
{
	ddl_step(p, t,
	    "INSERT OR REPLACE INTO _nqlite_class (oid, schema, name, kind, sqlite_name) "
	    "VALUES (nq_new_oid(), %s, %s, '%c', %s)",
	    ddl_string(p, schema), ddl_string(p, name), kind, ddl_string(p, name));
}

const char *ddl_class_oid(struct pass *p, const char *schema, const char *name)
{
	return pass_printf(p, "(SELECT oid FROM _nqlite_class WHERE schema = %s AND name = %s)",
	    ddl_string(p, schema), ddl_string(p, name));
}

void ddl_step_column(
    struct pass *p, struct translation *t, const struct table_def *def, const struct column_def *column)
{
	ddl_step(p, t,
	    "INSERT OR REPLACE INTO _nqlite_attribute "
	    "(class, attnum, name, type, typmod, not_null, declared, default_pg, identity) "
	    "VALUES (%s, %d, %s, %u, %d, %d, %s, %s, %s)",
	    ddl_class_oid(p, def->schema, def->name), column->attnum, ddl_string(p, column->name),
	    column->type, column->typmod, column->not_null, ddl_string(p, column->declared),
	    ddl_string(p, column->default_pg),
	    ddl_string(p, column->identity == 'a'   ? "a"
			  : column->identity == 'd' ? "d"
						    : NULL));
}

static const char *attnums_json(struct pass *p, const struct constraint_def *c)
{
	const char *json = "[";

	for (size_t i = 0; i < c->ncolumns; i++)
		json = pass_printf(p, "%s%s%d", json, i > 0 ? ", " : "", c->attnums[i]);
	return pass_printf(p, "%s]", json);
}

static const char *column_list(struct pass *p, const char *const *columns, size_t n)
{
	const char *list = "";

	for (size_t i = 0; i < n; i++)
		list = pass_printf(p, "%s%s%s", list, i > 0 ? ", " : "", ddl_name(p, columns[i]));
	return list;
}

void ddl_step_constraint(
    struct pass *p, struct translation *t, const struct table_def *def, const struct constraint_def *c)
{
	bool has_index = (c->kind == 'p' || c->kind == 'u') && !c->is_rowid;
	const char *table = def->existing != NULL ? def->existing->sqlite_name : def->name;

	if (has_index) {
		ddl_step(p, t, "CREATE UNIQUE INDEX %s ON %s (%s)", ddl_name(p, c->name), ddl_name(p, table),
		    column_list(p, c->columns, c->ncolumns));
		ddl_step_class(p, t, def->schema, c->name, 'i');
	}
	ddl_step(p, t,
	    "INSERT OR REPLACE INTO _nqlite_constraint (oid, class, name, kind, attnums, definition, "
	    "sqlite_index) "
	    "VALUES (nq_new_oid(), %s, %s, '%c', %s, %s, %s)",
	    ddl_class_oid(p, def->schema, def->name), ddl_string(p, c->name), c->kind,
	    ddl_string(p, attnums_json(p, c)), ddl_string(p, c->definition),
	    ddl_string(p, has_index ? c->name : NULL));
}

void ddl_step_sequence(
    struct pass *p, struct translation *t, const struct table_def *def, const struct sequence_def *s)
{
	ddl_step_class(p, t, def->schema, s->name, 'S');
	ddl_step(p, t,
	    "INSERT OR REPLACE INTO _nqlite_sequence "
	    "(name, class, start, increment, min, max, last_value, is_called, cycle) "
	    "VALUES (%s, %s, %lld, %lld, %lld, %lld, %lld, 0, %d)",
	    ddl_string(p, s->name), ddl_class_oid(p, def->schema, s->name), (long long)s->start,
	    (long long)s->increment, (long long)s->min, (long long)s->max, (long long)s->start, s->cycles);
}

void ddl_step_adopt(struct pass *p, struct translation *t, const struct relation *r)
{
	const char *schema = ddl_string(p, r->schema), *name = ddl_string(p, r->name);

	ddl_step(p, t,
	    "INSERT INTO _nqlite_class (oid, schema, name, kind, sqlite_name) SELECT nq_new_oid(), %s, %s, "
	    "'%c', %s "
	    "WHERE NOT EXISTS (SELECT 1 FROM _nqlite_class WHERE schema = %s AND name = %s)",
	    schema, name, r->kind, ddl_string(p, r->sqlite_name), schema, name);
	for (size_t i = 0; i < r->nconstraints; i++) {
		const struct constraint *c = &r->constraints[i];
		struct constraint_def def = { .attnums = c->attnums, .ncolumns = c->nattnums };

		if (c->kind != 'c')
			continue;
		ddl_step(p, t,
		    "INSERT OR IGNORE INTO _nqlite_constraint (oid, class, name, kind, attnums, definition) "
		    "VALUES (nq_new_oid(), %s, %s, 'c', %s, %s)",
		    ddl_class_oid(p, r->schema, r->name), ddl_string(p, c->name),
		    ddl_string(p, attnums_json(p, &def)), ddl_string(p, c->expression));
	}
}

const char *ddl_sequence_of(struct pass *p, const char *default_sql)
{
	static const char call[] = "nq_nextval('";

	if (default_sql == NULL || strncmp(default_sql, call, sizeof(call) - 1) != 0)
		return NULL;

	char *name = pass_strdup(p, default_sql + sizeof(call) - 1);
	char *to = name;
	for (const char *from = name; *from != '\0'; from++) {
		if (*from == '\'' && *++from != '\'')
			break;
		*to++ = *from;
	}
	*to = '\0';
	return name;
}

/* The rows of indexes go before SQLite's own do, where it is still known which are the table's. */
void ddl_step_forget(struct pass *p, struct translation *t, const struct relation *r)
{
	const char *oid = ddl_class_oid(p, r->schema, r->name);

	ddl_step(p, t,
	    "DELETE FROM _nqlite_class WHERE kind = 'i' AND sqlite_name IN "
	    "(SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = %s)",
	    ddl_string(p, r->sqlite_name));
	ddl_step(p, t, "DELETE FROM _nqlite_attribute WHERE class = %s", oid);
	ddl_step(p, t, "DELETE FROM _nqlite_constraint WHERE class = %s", oid);
	for (size_t i = 0; i < r->ncolumns; i++) {
		const char *sequence = ddl_sequence_of(p, r->columns[i].default_sql);

		if (sequence == NULL)
			continue;
		ddl_step(p, t, "DELETE FROM _nqlite_sequence WHERE name = %s", ddl_string(p, sequence));
		ddl_step(p, t, "DELETE FROM _nqlite_class WHERE kind = 'S' AND schema = %s AND name = %s",
		    ddl_string(p, r->schema), ddl_string(p, sequence));
	}
	ddl_step(p, t, "DELETE FROM _nqlite_class WHERE oid = %s", oid);
}

void ddl_step_drop_index(struct pass *p, struct translation *t, const char *name)
{
	ddl_step(p, t, "DROP INDEX %s", ddl_name(p, name));
	ddl_step(
	    p, t, "DELETE FROM _nqlite_class WHERE kind = 'i' AND sqlite_name = %s", ddl_string(p, name));
}

void ddl_step_guard(
    struct pass *p, struct translation *t, const char *sqlstate, const char *message, const char *from)
{
	ddl_step(p, t, "SELECT nq_fail('%s', %s) FROM %s LIMIT 1", sqlstate, ddl_string(p, message), from);
}

const char *ddl_string_list(struct pass *p, const char *const *texts, size_t n)
{
	const char *list = "";

	for (size_t i = 0; i < n; i++)
		list = pass_printf(p, "%s%s%s", list, i > 0 ? ", " : "", ddl_string(p, texts[i]));
	return list;
}
