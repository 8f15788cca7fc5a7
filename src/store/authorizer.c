#include "store/authorizer.h"

#include <string.h>
#include <strings.h>

#include "store/conn_internal.h"

#define OUR_PREFIX "_nqlite_"

struct request { /* sqlite3_set_authorizer's arguments */
	int action;
	const char *first, *second;
	const char *via; /* the innermost trigger or view that wants it, or NULL */
};

static bool is_ours(const char *name)
{
	return name != NULL && strncasecmp(name, OUR_PREFIX, strlen(OUR_PREFIX)) == 0;
}

static bool is_in(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (strcasecmp(*list, name) == 0)
			return true;
	return false;
}

/* An internal text may do all, but a user's trigger that it fires may not; our own triggers may write, whoever fires them. (A
 * common table expression comes as `via` too, and anybody can name one: so its name gives a user no more than writing, which a
 * common table expression doesn't.) */
static bool is_user(const struct conn *conn, const struct request *r)
{
	bool is_write =
	    r->action == SQLITE_INSERT || r->action == SQLITE_UPDATE || r->action == SQLITE_DELETE;

	if (conn->authorizer.is_internal)
		return r->via != NULL && !is_ours(r->via);
	return !(is_write && is_ours(r->via));
}

static int refuse(struct conn *conn, const char *what)
{
	err_set(conn_raise(conn), SQLSTATE_FEATURE_NOT_SUPPORTED, "not authorized: %s", what);
	return SQLITE_DENY;
}

static int refuse_transaction(struct conn *conn, const char *operation)
{
	refuse(conn, operation);
	err_hint(&conn->raised, "Send the statements of one transaction in one request.");
	return SQLITE_DENY;
}

static int check_ours(struct conn *conn, const char *name)
{
	if (!is_ours(name))
		return SQLITE_OK;
	err_set(conn_raise(conn), "42501", "table %s may not be modified", name);
	err_detail(&conn->raised, "Names that begin with " OUR_PREFIX " belong to nqlite.");
	return SQLITE_DENY;
}

/* What tells about the schema: the same on every node. FTS and R-Tree tables ask page_size and data_version themselves. */
static const char *const schema_pragmas[] = { "table_info", "table_xinfo", "table_list", "index_list",
	"index_info", "index_xinfo", "foreign_key_list", "foreign_key_check", "page_size", "data_version",
	"encoding", "user_version", "application_id", NULL };

/* What tells about this node: for readers. */
static const char *const node_pragmas[] = { "database_list", "function_list", "module_list", "pragma_list",
	"collation_list", "compile_options", "page_count", "freelist_count", "schema_version", "journal_mode",
	"foreign_keys", "integrity_check", "quick_check", NULL };

/* Those whose argument names something to look at; with the others it would be a new value. */
static const char *const pragmas_with_argument[] = { "table_info", "table_xinfo", "table_list", "index_list",
	"index_info", "index_xinfo", "foreign_key_list", "foreign_key_check", "integrity_check",
	"quick_check", NULL };

static int check_pragma(struct conn *conn, const char *name, const char *argument)
{
	bool is_known =
	    is_in(schema_pragmas, name) || (conn->kind == CONN_READER && is_in(node_pragmas, name));

	if (is_known && (argument == NULL || is_in(pragmas_with_argument, name)))
		return SQLITE_OK;
	err_set(conn_raise(conn), SQLSTATE_FEATURE_NOT_SUPPORTED, "disallowed pragma");
	err_detail(&conn->raised, "PRAGMA %s %s.", name,
	    is_known && argument != NULL ? "can be read, but not set" : "can't be used here");
	return SQLITE_DENY;
}

static const char *const dangerous_functions[] = { "load_extension", "fts3_tokenizer", "sqlite_log", NULL };

/* last_insert_rowid() isn't here: it starts at 0 with each environment (conn_set_environment). */
static const char *const local_functions[] = { "changes", "total_changes", "sqlite_version",
	"sqlite_source_id", "sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_offset", NULL };

static int check_function(struct conn *conn, const char *name)
{
	if (is_in(dangerous_functions, name)) {
		err_set(conn_raise(conn), "42501", "not authorized to use function: %s", name);
		return SQLITE_DENY;
	}
	for (const char *const *local = local_functions; *local != NULL; local++) {
		if (strcasecmp(*local, name) != 0)
			continue;
		conn->authorizer.local_function = *local;
		if (conn->kind == CONN_READER)
			return SQLITE_OK;
		err_set(conn_raise(conn), SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "not authorized to use function: %s", name);
		err_detail(&conn->raised, "Its result differs from node to node.");
		return SQLITE_DENY;
	}
	return SQLITE_OK;
}

static const char *const replicable_modules[] = { "fts3", "fts4", "fts5", "fts5vocab", "fts4aux", "rtree",
	"rtree_i32", "geopoly", NULL };

static int check_module(struct conn *conn, const char *table, const char *module)
{
	if (is_in(replicable_modules, module))
		return check_ours(conn, table);
	err_set(conn_raise(conn), SQLSTATE_FEATURE_NOT_SUPPORTED,
	    "virtual tables of module %s are not supported", module);
	return SQLITE_DENY;
}

/* RENAME TO doesn't tell the authorizer the new name, so the text must not hold our prefix at all. */
static int check_alter(struct conn *conn, const char *table)
{
	int rc = check_ours(conn, table);

	if (rc == SQLITE_OK && conn->authorizer.sql != NULL &&
	    strcasestr(conn->authorizer.sql, OUR_PREFIX) != NULL)
		return check_ours(conn, OUR_PREFIX);
	return rc;
}

static void note_schema_change(struct conn *conn, int action)
{
	switch (action) {
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_CREATE_VIEW:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_INDEX:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_TEMP_INDEX:
	case SQLITE_DROP_TEMP_TABLE:
	case SQLITE_DROP_TEMP_TRIGGER:
	case SQLITE_DROP_TEMP_VIEW:
	case SQLITE_DROP_TRIGGER:
	case SQLITE_DROP_VIEW:
	case SQLITE_DROP_VTABLE:
	case SQLITE_ALTER_TABLE:
	case SQLITE_REINDEX:
	case SQLITE_ANALYZE: conn->authorizer.changes_schema = true; break;
	default: break;
	}
}

static int check_user(struct conn *conn, const struct request *r)
{
	switch (r->action) {
	case SQLITE_TRANSACTION: return refuse_transaction(conn, r->first);
	case SQLITE_SAVEPOINT: return refuse_transaction(conn, "SAVEPOINT");
	case SQLITE_ATTACH: return refuse(conn, "ATTACH");
	case SQLITE_DETACH: return refuse(conn, "DETACH");
	case SQLITE_PRAGMA: return check_pragma(conn, r->first, r->second);
	case SQLITE_FUNCTION: return check_function(conn, r->second);
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE: return check_module(conn, r->first, r->second);
	case SQLITE_ALTER_TABLE: return check_alter(conn, r->second);
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW: return refuse(conn, "temporary tables, indexes, triggers and views");
	case SQLITE_CREATE_INDEX:
	case SQLITE_DROP_INDEX:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_DROP_TRIGGER: { /* name, table */
		int rc = check_ours(conn, r->second);

		return rc != SQLITE_OK ? rc : check_ours(conn, r->first);
	}
	case SQLITE_CREATE_TABLE:
	case SQLITE_DROP_TABLE:
	case SQLITE_CREATE_VIEW:
	case SQLITE_DROP_VIEW:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE: return check_ours(conn, r->first);
	default:
		return SQLITE_OK; /* SELECT, READ, RECURSIVE; and the dropping of what can't have been made */
	}
}

static int on_authorize(
    void *arg, int action, const char *first, const char *second, const char *database, const char *via)
{
	struct conn *conn = arg;
	struct request r = { .action = action, .first = first, .second = second, .via = via };

	(void)database;
	if (action == SQLITE_READ || action == SQLITE_SELECT)
		return SQLITE_OK;
	if ((action == SQLITE_TRANSACTION && strcmp(first, "ROLLBACK") == 0) ||
	    (action == SQLITE_SAVEPOINT && strcmp(first, "ROLLBACK") == 0))
		conn->authorizer.rolls_back = true;
	note_schema_change(conn, action);
	return is_user(conn, &r) ? check_user(conn, &r) : SQLITE_OK;
}

void authorizer_install(struct conn *conn)
{
	sqlite3_set_authorizer(conn->db, on_authorize, conn);
}

void authorizer_begin(struct conn *conn, const char *sql, bool is_internal)
{
	conn->authorizer = (struct authorizer){ .is_internal = is_internal, .sql = sql };
}
