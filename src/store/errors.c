#include "store/errors.h"

#include <stdio.h>
#include <string.h>

#include "store/conn_internal.h"

struct sentence {
	const char *pattern; /* a beginning; beginning*end; or beginning*within* */
	const char *sqlstate;
};

/* Sentences of SQLITE_ERROR; the first that fits. */
static const struct sentence sentences[] = {
	{ "no such table: ", SQLSTATE_NO_SUCH_TABLE },
	{ "no such view: ", SQLSTATE_NO_SUCH_TABLE },
	{ "no such column: ", SQLSTATE_NO_SUCH_COLUMN },
	{ "no such function: ", SQLSTATE_NO_SUCH_FUNCTION },
	{ "wrong number of arguments to function ", SQLSTATE_NO_SUCH_FUNCTION },
	{ "no such savepoint: ", SQLSTATE_NO_SUCH_SAVEPOINT },
	{ "no such ", SQLSTATE_NO_SUCH_OBJECT }, /* index, trigger, collation sequence, module */
	{ "unknown database ", SQLSTATE_NO_SUCH_SCHEMA },
	{ "ambiguous column name: ", SQLSTATE_AMBIGUOUS_COLUMN },
	{ "duplicate column name: ", SQLSTATE_DUPLICATE_COLUMN },
	{ "trigger *already exists", SQLSTATE_DUPLICATE_OBJECT },
	{ "*already exists", SQLSTATE_DUPLICATE_TABLE },
	{ "there is already ", SQLSTATE_DUPLICATE_TABLE },
	{ "*syntax error", SQLSTATE_SYNTAX },
	{ "incomplete input", SQLSTATE_SYNTAX },
	{ "unrecognized token: ", SQLSTATE_SYNTAX },
	{ "*has no column named *", SQLSTATE_NO_SUCH_COLUMN },
	{ "*values were supplied", SQLSTATE_SYNTAX },
	{ "*values for *", SQLSTATE_SYNTAX },
	{ "all VALUES must have the same number of terms", SQLSTATE_SYNTAX },
	{ "SELECTs to the left and right of *", SQLSTATE_SYNTAX },
	{ "sub-select returns ", SQLSTATE_SYNTAX },
	{ "no tables specified", SQLSTATE_SYNTAX },
	{ "row value misused", SQLSTATE_SYNTAX },
	{ "misuse of aggregate", SQLSTATE_GROUPING },
	{ "misuse of window function", "42P20" },
	{ "HAVING clause on a non-aggregate query", SQLSTATE_GROUPING },
	{ "ON CONFLICT clause does not match ", SQLSTATE_BAD_COLUMN_REFERENCE },
	{ "foreign key mismatch", "42830" },
	{ "cannot start a transaction within ", SQLSTATE_ACTIVE_TRANSACTION },
	{ "cannot VACUUM from within ", SQLSTATE_ACTIVE_TRANSACTION },
	{ "cannot commit", SQLSTATE_NO_ACTIVE_TRANSACTION },
	{ "cannot rollback", SQLSTATE_NO_ACTIVE_TRANSACTION },
	{ "*may not be modified", "42501" },
	{ "not authorized", "42501" },
	{ "*because it is a view", SQLSTATE_WRONG_OBJECT_TYPE },
	{ "cannot UPSERT a view", SQLSTATE_WRONG_OBJECT_TYPE },
	{ "use DROP ", SQLSTATE_WRONG_OBJECT_TYPE },
	{ "integer overflow", SQLSTATE_OUT_OF_RANGE },
	{ "malformed JSON", SQLSTATE_BAD_TEXT },
	{ "too many ", SQLSTATE_LIMIT_EXCEEDED },
	{ "at most ", SQLSTATE_LIMIT_EXCEEDED }, /* tables in a join */
	{ "string or blob too big", SQLSTATE_LIMIT_EXCEEDED },
	{ "parser stack overflow", SQLSTATE_TOO_COMPLEX },
	{ "Expression tree is too large ", SQLSTATE_TOO_COMPLEX },
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool sentence_fits(const char *pattern, const char *text)
{
	const char *star = strchr(pattern, '*');
	size_t n = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
	char middle[64];

	if (strncmp(text, pattern, n) != 0)
		return false;
	if (star == NULL)
		return true;

	const char *rest = star + 1;
	const char *second = strchr(rest, '*');
	if (second == NULL)
		return ends_with(text + n, rest);
	snprintf(middle, sizeof(middle), "%.*s", (int)(second - rest), rest);
	return strstr(text + n, middle) != NULL;
}

static const char *sqlstate_of_sentence(const char *text)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentence_fits(sentences[i].pattern, text))
			return sentences[i].sqlstate;
	return SQLSTATE_INTERNAL;
}

static const char *sqlstate_of_constraint(int extended)
{
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID: return SQLSTATE_UNIQUE;
	case SQLITE_CONSTRAINT_NOTNULL: return SQLSTATE_NOT_NULL;
	case SQLITE_CONSTRAINT_FOREIGNKEY: return SQLSTATE_FOREIGN_KEY;
	case SQLITE_CONSTRAINT_CHECK: return SQLSTATE_CHECK;
	case SQLITE_CONSTRAINT_DATATYPE: return SQLSTATE_TYPE_MISMATCH;
	case SQLITE_CONSTRAINT_TRIGGER: return "P0001"; /* RAISE() in a trigger */
	default: return SQLSTATE_INTEGRITY;
	}
}

static const char *sqlstate_of(int rc, const char *text)
{
	switch (rc & 0xff) {
	case SQLITE_ERROR: return sqlstate_of_sentence(text);
	case SQLITE_CONSTRAINT: return sqlstate_of_constraint(rc);
	case SQLITE_MISMATCH: return SQLSTATE_TYPE_MISMATCH;
	case SQLITE_TOOBIG: return SQLSTATE_LIMIT_EXCEEDED;
	case SQLITE_RANGE: return SQLSTATE_PROTOCOL_VIOLATION;
	case SQLITE_INTERRUPT: return SQLSTATE_QUERY_CANCELED;
	case SQLITE_READONLY: return SQLSTATE_READ_ONLY_TRANSACTION;
	case SQLITE_AUTH:
	case SQLITE_PERM: return "42501";
	case SQLITE_ABORT: return "40000"; /* a ROLLBACK ended the statement's transaction */
	case SQLITE_FULL: return SQLSTATE_DISK_FULL;
	case SQLITE_NOMEM: return SQLSTATE_OUT_OF_MEMORY;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL: return SQLSTATE_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return SQLSTATE_CORRUPTED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return "55P03";
	default: return SQLSTATE_INTERNAL;
	}
}

/* Did the machine fail, rather than the statement? Then it may well succeed elsewhere, or later. */
static bool is_local(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_NOMEM:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_INTERRUPT:
	case SQLITE_INTERNAL:
	case SQLITE_MISUSE: return true;
	default: return false;
	}
}

static void copy_name(char *to, size_t size, const char *from, size_t len)
{
	snprintf(to, size, "%.*s", (int)len, from);
}

/* "t.a, t.b" -> table t, column "a, b". A table's name may hold a dot (a schema's), a column's seldom does. */
static void name_columns(const char *list, struct err *err)
{
	size_t first = strcspn(list, ",");
	size_t prefix = first;

	while (prefix > 0 && list[prefix - 1] != '.')
		prefix--; /* now "t." */
	if (prefix == 0)
		return;
	copy_name(err->table, sizeof(err->table), list, prefix - 1);

	size_t len = 0;
	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, ",");
		size_t skip = strncmp(at, list, prefix) == 0 ? prefix : 0;

		if (len < sizeof(err->column))
			len += (size_t)snprintf(err->column + len, sizeof(err->column) - len, "%s%.*s",
			    len > 0 ? ", " : "", (int)(n - skip), at + skip);
		at += n;
		at += strspn(at, ", ");
	}
}

/* A CHECK says its name, or its expression when it has none. */
static bool is_name(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			*c == '_' || *c == '$' || (unsigned char)*c >= 0x80))
			return false;
	return text[0] != '\0' && strlen(text) < ERR_NAME_MAX;
}

/* "UNIQUE constraint failed: t.a, t.b", "UNIQUE constraint failed: index 'i'", "CHECK constraint failed: name". */
static void name_constraint(int rc, const char *text, struct err *err)
{
	const char *colon = strstr(text, " failed: ");
	const char *column;
	size_t len;

	switch (rc) {
	case SQLITE_CONSTRAINT_DATATYPE: /* "cannot store TEXT value in INTEGER column t.c" */
		column = strstr(text, " column ");
		if (column != NULL)
			name_columns(column + 8, err);
		return;
	case SQLITE_CONSTRAINT_CHECK:
		if (colon != NULL && is_name(colon + 9))
			copy_name(err->constraint, sizeof(err->constraint), colon + 9, strlen(colon + 9));
		return;
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_NOTNULL: break;
	default: return;
	}
	if (colon == NULL)
		return;
	colon += 9;
	len = strlen(colon);
	if (strncmp(colon, "index '", 7) == 0 && len > 8)
		copy_name(err->constraint, sizeof(err->constraint), colon + 7, len - 8);
	else
		name_columns(colon, err);
}

/* SQLITE_FULL is also how AUTOINCREMENT says that it has no number left, and that is the same on every node. */
static bool is_autoincrement_exhausted(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	bool found = false;

	if (sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_sequence WHERE seq = 9223372036854775807", -1, &stmt,
		NULL) == SQLITE_OK)
		found = sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return found;
}

int errors_of_handle(sqlite3 *db, int rc, const char *what, struct err *err)
{
	int extended = db != NULL ? sqlite3_extended_errcode(db) : rc;
	const char *text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	if ((extended & 0xff) != (rc & 0xff))
		extended = rc;
	err_set(err, sqlstate_of(extended, text), "%s", text);
	if (err != NULL && (extended & 0xff) == SQLITE_CONSTRAINT)
		name_constraint(extended, text, err);
	if ((extended & 0xff) == SQLITE_CORRUPT || (extended & 0xff) == SQLITE_NOTADB)
		err_hint(err,
		    "Stop the node and move the file, its -wal and its -shm away. A node of a cluster then "
		    "restores itself; an embedded one needs its backup.");
	if (what != NULL)
		err_prefix(err, "%s", what);
	return -1;
}

static int stopped(struct conn *conn, struct err *err)
{
	if (conn->run.stopped == STOP_LIMIT) {
		conn->failure_is_local = false;
		return err_set(err, SQLSTATE_LIMIT_EXCEEDED, "statement takes more than %llu operations",
		    (unsigned long long)conn->environment.ops_max);
	}
	conn->failure_is_local = true;
	return err_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
}

int errors_translate(struct conn *conn, int rc, struct err *err)
{
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return stopped(conn, err);
	conn->failure_is_local = is_local(rc);
	bool is_refused = (rc & 0xff) == SQLITE_FULL && conn->kind == CONN_SPECULATIVE; /* by its VFS */
	if (conn->has_raised && (is_refused || !conn->failure_is_local)) {
		if (err != NULL)
			*err = conn->raised;
		return -1;
	}
	errors_of_handle(conn->db, rc, NULL, err);
	if ((rc & 0xff) == SQLITE_FULL && is_autoincrement_exhausted(conn->db)) {
		conn->failure_is_local = false;
		return err_set(err, "2200H", "database or disk is full");
	}
	return -1;
}
