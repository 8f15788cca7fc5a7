#include "sql/statement.h"

#include <string.h>

/* Kinds of statements that are refused, in PostgreSQL's words. */
static const struct {
	PgQuery__Node__NodeCase node;
	const char *construct;
} refused[] = {
	{ PG_QUERY__NODE__NODE_MERGE_STMT, "MERGE" },
	{ PG_QUERY__NODE__NODE_RETURN_STMT, "RETURN" },
	{ PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT, "ALTER DOMAIN" },
	{ PG_QUERY__NODE__NODE_GRANT_STMT, "GRANT and REVOKE" },
	{ PG_QUERY__NODE__NODE_GRANT_ROLE_STMT, "GRANT and REVOKE of roles" },
	{ PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT, "ALTER DEFAULT PRIVILEGES" },
	{ PG_QUERY__NODE__NODE_CLUSTER_STMT, "CLUSTER" },
	{ PG_QUERY__NODE__NODE_DEFINE_STMT, "CREATE AGGREGATE, OPERATOR, TYPE or COLLATION" },
	{ PG_QUERY__NODE__NODE_COMMENT_STMT, "COMMENT ON" },
	{ PG_QUERY__NODE__NODE_FETCH_STMT, "FETCH and MOVE" },
	{ PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT, "CREATE FUNCTION" },
	{ PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT, "ALTER FUNCTION" },
	{ PG_QUERY__NODE__NODE_DO_STMT, "DO" },
	{ PG_QUERY__NODE__NODE_RULE_STMT, "CREATE RULE" },
	{ PG_QUERY__NODE__NODE_NOTIFY_STMT, "NOTIFY" },
	{ PG_QUERY__NODE__NODE_LISTEN_STMT, "LISTEN" },
	{ PG_QUERY__NODE__NODE_LOAD_STMT, "LOAD" },
	{ PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT, "CREATE DOMAIN" },
	{ PG_QUERY__NODE__NODE_CREATEDB_STMT, "CREATE DATABASE" },
	{ PG_QUERY__NODE__NODE_DROPDB_STMT, "DROP DATABASE" },
	{ PG_QUERY__NODE__NODE_CREATE_SEQ_STMT, "CREATE SEQUENCE" },
	{ PG_QUERY__NODE__NODE_ALTER_SEQ_STMT, "ALTER SEQUENCE" },
	{ PG_QUERY__NODE__NODE_CREATE_TRIG_STMT, "CREATE TRIGGER" },
	{ PG_QUERY__NODE__NODE_CREATE_PLANG_STMT, "CREATE LANGUAGE" },
	{ PG_QUERY__NODE__NODE_CREATE_ROLE_STMT, "CREATE ROLE" },
	{ PG_QUERY__NODE__NODE_ALTER_ROLE_STMT, "ALTER ROLE" },
	{ PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT, "ALTER ROLE" },
	{ PG_QUERY__NODE__NODE_DROP_ROLE_STMT, "DROP ROLE" },
	{ PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT, "SET CONSTRAINTS" },
	{ PG_QUERY__NODE__NODE_REINDEX_STMT, "REINDEX" },
	{ PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT, "CREATE SCHEMA" },
	{ PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT, "ALTER DATABASE" },
	{ PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT, "ALTER DATABASE" },
	{ PG_QUERY__NODE__NODE_CREATE_CAST_STMT, "CREATE CAST" },
	{ PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT, "DECLARE CURSOR" },
	{ PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT, "CREATE TABLESPACE" },
	{ PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT, "DROP TABLESPACE" },
	{ PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT, "ALTER .. SET SCHEMA" },
	{ PG_QUERY__NODE__NODE_ALTER_OWNER_STMT, "ALTER .. OWNER TO" },
	{ PG_QUERY__NODE__NODE_ALTER_TYPE_STMT, "ALTER TYPE" },
	{ PG_QUERY__NODE__NODE_DROP_OWNED_STMT, "DROP OWNED" },
	{ PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT, "REASSIGN OWNED" },
	{ PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT, "CREATE TYPE" },
	{ PG_QUERY__NODE__NODE_CREATE_ENUM_STMT, "CREATE TYPE .. AS ENUM" },
	{ PG_QUERY__NODE__NODE_CREATE_RANGE_STMT, "CREATE TYPE .. AS RANGE" },
	{ PG_QUERY__NODE__NODE_ALTER_ENUM_STMT, "ALTER TYPE" },
	{ PG_QUERY__NODE__NODE_CREATE_FDW_STMT, "CREATE FOREIGN DATA WRAPPER" },
	{ PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT, "CREATE SERVER" },
	{ PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT, "CREATE FOREIGN TABLE" },
	{ PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT, "CREATE EXTENSION" },
	{ PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT, "ALTER EXTENSION" },
	{ PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT, "CREATE EVENT TRIGGER" },
	{ PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT, "REFRESH MATERIALIZED VIEW" },
	{ PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT, "ALTER SYSTEM" },
	{ PG_QUERY__NODE__NODE_CREATE_POLICY_STMT, "CREATE POLICY" },
	{ PG_QUERY__NODE__NODE_ALTER_POLICY_STMT, "ALTER POLICY" },
	{ PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT, "CREATE PUBLICATION" },
	{ PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT, "CREATE SUBSCRIPTION" },
	{ PG_QUERY__NODE__NODE_CREATE_STATS_STMT, "CREATE STATISTICS" },
	{ PG_QUERY__NODE__NODE_SEC_LABEL_STMT, "SECURITY LABEL" },
	{ PG_QUERY__NODE__NODE_CALL_STMT, "CALL" },
};

static void translate_refused(struct pass *p, const PgQuery__Node *node)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (refused[i].node == node->node_case)
			pass_refuse(p, -1, refused[i].construct);
	}
	pass_refuse(p, -1, "this kind of statement");
}

static void nothing(struct translation *t, const char *tag)
{
	t->kind = STATEMENT_NOTHING;
	t->tag = tag;
}

static void translate_ddl(struct pass *p, const PgQuery__Node *node, struct translation *t)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT: translate_create_table(p, node->create_stmt, t); break;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
		translate_create_table_as(p, node->create_table_as_stmt, t);
		break;
	case PG_QUERY__NODE__NODE_DROP_STMT: translate_drop(p, node->drop_stmt, t); break;
	case PG_QUERY__NODE__NODE_INDEX_STMT: translate_create_index(p, node->index_stmt, t); break;
	case PG_QUERY__NODE__NODE_VIEW_STMT: translate_create_view(p, node->view_stmt, t); break;
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		translate_alter_table(p, node->alter_table_stmt, t);
		break;
	case PG_QUERY__NODE__NODE_RENAME_STMT: translate_rename(p, node->rename_stmt, t); break;
	default: translate_refused(p, node);
	}
}

static void translate_utility(struct pass *p, const PgQuery__Node *node, struct translation *t)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
		translate_transaction(p, node->transaction_stmt, t);
		break;
	case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT: translate_set(p, node->variable_set_stmt, t); break;
	case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT: translate_show(p, node->variable_show_stmt, t); break;
	case PG_QUERY__NODE__NODE_PREPARE_STMT: translate_prepare(p, node->prepare_stmt, t); break;
	case PG_QUERY__NODE__NODE_EXECUTE_STMT: translate_execute(p, node->execute_stmt, t); break;
	case PG_QUERY__NODE__NODE_DEALLOCATE_STMT: translate_deallocate(p, node->deallocate_stmt, t); break;
	case PG_QUERY__NODE__NODE_DISCARD_STMT: translate_discard(p, node->discard_stmt, t); break;
	case PG_QUERY__NODE__NODE_VACUUM_STMT: translate_vacuum(p, node->vacuum_stmt, t); break;
	case PG_QUERY__NODE__NODE_LOCK_STMT: translate_lock(p, node->lock_stmt, t); break;
	case PG_QUERY__NODE__NODE_CHECK_POINT_STMT: nothing(t, "CHECKPOINT"); break;
	/* Drivers' reset queries: there is nothing to close, and nobody listens. */
	case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
		if (node->close_portal_stmt->portalname[0] != '\0')
			pass_refuse(p, -1, "CLOSE of a cursor");
		nothing(t, "CLOSE CURSOR ALL");
		break;
	case PG_QUERY__NODE__NODE_UNLISTEN_STMT: nothing(t, "UNLISTEN"); break;
	default: translate_ddl(p, node, t);
	}
}

void translate_statement(struct pass *p, const PgQuery__Node *node, struct translation *t)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_SELECT_STMT: translate_select(p, node->select_stmt, t); break;
	case PG_QUERY__NODE__NODE_INSERT_STMT: translate_insert(p, node->insert_stmt, t); break;
	case PG_QUERY__NODE__NODE_UPDATE_STMT: translate_update(p, node->update_stmt, t); break;
	case PG_QUERY__NODE__NODE_DELETE_STMT: translate_delete(p, node->delete_stmt, t); break;
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT: translate_truncate(p, node->truncate_stmt, t); break;
	case PG_QUERY__NODE__NODE_COPY_STMT: translate_copy(p, node->copy_stmt, t); break;
	case PG_QUERY__NODE__NODE_EXPLAIN_STMT: translate_explain(p, node->explain_stmt, t); break;
	default: translate_utility(p, node, t);
	}
}

/* ---- what they share ---- */

static const char *const_text(struct pass *p, const PgQuery__AConst *c, bool *is_null)
{
	*is_null = c->isnull;
	if (c->isnull)
		return "";
	switch (c->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL: return pass_printf(p, "%d", c->ival->ival);
	case PG_QUERY__A__CONST__VAL_FVAL: return c->fval->fval;
	case PG_QUERY__A__CONST__VAL_BOOLVAL: return c->boolval->boolval ? "true" : "false";
	case PG_QUERY__A__CONST__VAL_SVAL: return c->sval->sval;
	default: return NULL;
	}
}

const char *constant_text(struct pass *p, const PgQuery__Node *node, bool *is_null)
{
	*is_null = false;
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_A_CONST: return const_text(p, node->a_const, is_null);
	case PG_QUERY__NODE__NODE_STRING: return node->string->sval;
	case PG_QUERY__NODE__NODE_INTEGER: return pass_printf(p, "%d", node->integer->ival);
	case PG_QUERY__NODE__NODE_FLOAT: return node->float_->fval;
	case PG_QUERY__NODE__NODE_BOOLEAN: return node->boolean->boolval ? "true" : "false";
	default: return NULL;
	}
}

const char *option_text(struct pass *p, const PgQuery__DefElem *option)
{
	bool is_null;

	return option->arg == NULL ? NULL : constant_text(p, option->arg, &is_null);
}

bool option_boolean(struct pass *p, const PgQuery__DefElem *option)
{
	const char *text = option->arg == NULL ? "true" : option_text(p, option);

	if (text != NULL &&
	    (strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0))
		return true;
	if (text != NULL &&
	    (strcmp(text, "0") == 0 || strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0))
		return false;
	pass_fail(p, option->location, SQLSTATE_SYNTAX, "%s requires a Boolean value", option->defname);
}

void add_notice(struct pass *p, struct translation *t, const char *text)
{
	const char **notices = pass_alloc(p, (t->nnotices + 1) * sizeof(*notices));

	if (t->nnotices > 0)
		memcpy(notices, t->notices, t->nnotices * sizeof(*notices));
	notices[t->nnotices++] = text;
	t->notices = notices;
}
