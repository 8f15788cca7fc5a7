#include "session/settings.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "pgwire/wire.h"

enum setting_type { TYPE_STRING, TYPE_BOOL, TYPE_INT, TYPE_TIME /* milliseconds */, TYPE_ENUM };
enum {
	REPORTED = 1, /* GUC_REPORT: the client is told of every change */
	INTERNAL = 2, /* can't be set by anybody but the server */
};

struct setting {
	const char *name;
	enum setting_type type;
	unsigned flags;
	const char *initial;
	const char *choices; /* TYPE_ENUM: separated by blanks; a choice's blank is an underscore */
	const char *description;
};

/* PostgreSQL 15's names, defaults and choices (chapter 20). Those that only its own executor or planner uses are accepted, so that clients
 * that set them work, and change nothing. */
static const struct setting table[] = {
	[SETTING_APPLICATION_NAME] = { "application_name", TYPE_STRING, REPORTED, "", NULL,
	    "name of the client" },
	[SETTING_CLIENT_ENCODING] = { "client_encoding", TYPE_STRING, REPORTED, "UTF8", NULL,
	    "encoding of the client" },
	[SETTING_DATESTYLE] = { "DateStyle", TYPE_STRING, REPORTED, "ISO, MDY", NULL, "output of dates" },
	[SETTING_DEFAULT_TRANSACTION_READ_ONLY] = { "default_transaction_read_only", TYPE_BOOL, REPORTED,
	    "off", NULL, "new transactions are read-only" },
	[SETTING_IN_HOT_STANDBY] = { "in_hot_standby", TYPE_BOOL, REPORTED | INTERNAL, "off", NULL,
	    "never: every node writes" },
	[SETTING_INTEGER_DATETIMES] = { "integer_datetimes", TYPE_BOOL, REPORTED | INTERNAL, "on", NULL,
	    "timestamps are integers" },
	[SETTING_INTERVALSTYLE] = { "IntervalStyle", TYPE_ENUM, REPORTED, "postgres",
	    "postgres postgres_verbose sql_standard iso_8601", "output of intervals" },
	[SETTING_IS_SUPERUSER] = { "is_superuser", TYPE_BOOL, REPORTED | INTERNAL, "on", NULL,
	    "the user may do everything" },
	[SETTING_SERVER_ENCODING] = { "server_encoding", TYPE_STRING, REPORTED | INTERNAL, "UTF8", NULL,
	    "encoding of the database" },
	[SETTING_SERVER_VERSION] = { "server_version", TYPE_STRING, REPORTED | INTERNAL,
	    "15.0 (nqlite " NQLITE_VERSION ")", NULL, "version of PostgreSQL whose behaviour this is" },
	[SETTING_SESSION_AUTHORIZATION] = { "session_authorization", TYPE_STRING, REPORTED | INTERNAL, "",
	    NULL, "the session's user" },
	[SETTING_STANDARD_CONFORMING_STRINGS] = { "standard_conforming_strings", TYPE_BOOL, REPORTED, "on",
	    NULL, "backslashes in '..' are literal" },
	[SETTING_TIMEZONE] = { "TimeZone", TYPE_STRING, REPORTED, "UTC", NULL, "time zone of the session" },
	[SETTING_BYTEA_OUTPUT] = { "bytea_output", TYPE_ENUM, 0, "hex", "hex escape", "text form of bytea" },
	[SETTING_EXTRA_FLOAT_DIGITS] = { "extra_float_digits", TYPE_INT, 0, "1", NULL, "digits of floats" },
	[SETTING_DEFAULT_TRANSACTION_ISOLATION] = { "default_transaction_isolation", TYPE_ENUM, 0,
	    "read committed", "read_uncommitted read_committed repeatable_read serializable",
	    "isolation of new transactions" },
	[SETTING_TRANSACTION_ISOLATION] = { "transaction_isolation", TYPE_ENUM, 0, "read committed",
	    "read_uncommitted read_committed repeatable_read serializable", "isolation of this transaction" },
	[SETTING_TRANSACTION_READ_ONLY] = { "transaction_read_only", TYPE_BOOL, 0, "off", NULL,
	    "this transaction is read-only" },
	[SETTING_STATEMENT_TIMEOUT] = { "statement_timeout", TYPE_TIME, 0, "0", NULL,
	    "longest statement, 0 turns it off" },
	[SETTING_CLIENT_MIN_MESSAGES] = { "client_min_messages", TYPE_ENUM, 0, "notice",
	    "debug5 debug4 debug3 debug2 debug1 log notice warning error",
	    "least severe message that is sent" },
	[SETTING_DATA_DIRECTORY] = { "data_directory", TYPE_STRING, INTERNAL, "", NULL,
	    "directory of the database" },
	[SETTING_ROLE] = { "role", TYPE_STRING, 0, "none", NULL, "the current user, none: the session's" },
	{ "backslash_quote", TYPE_ENUM, 0, "safe_encoding", "safe_encoding on off", "\\' in strings" },
	{ "block_size", TYPE_INT, INTERNAL, "8192", NULL, "size of a disk block" },
	{ "check_function_bodies", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "cursor_tuple_fraction", TYPE_STRING, 0, "0.1", NULL, "accepted" },
	{ "deadlock_timeout", TYPE_TIME, 0, "1s", NULL, "accepted: there are no deadlocks" },
	{ "default_table_access_method", TYPE_STRING, 0, "heap", NULL, "accepted" },
	{ "default_tablespace", TYPE_STRING, 0, "", NULL, "accepted" },
	{ "default_text_search_config", TYPE_STRING, 0, "pg_catalog.simple", NULL, "accepted" },
	{ "default_transaction_deferrable", TYPE_BOOL, 0, "off", NULL, "accepted" },
	{ "enable_bitmapscan", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "enable_hashjoin", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "enable_indexscan", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "enable_mergejoin", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "enable_nestloop", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "enable_seqscan", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "escape_string_warning", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "geqo", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "gin_fuzzy_search_limit", TYPE_INT, 0, "0", NULL, "accepted" },
	{ "idle_in_transaction_session_timeout", TYPE_TIME, 0, "0", NULL, "accepted" },
	{ "idle_session_timeout", TYPE_TIME, 0, "0", NULL, "accepted" },
	{ "jit", TYPE_BOOL, 0, "off", NULL, "accepted" },
	{ "lc_collate", TYPE_STRING, INTERNAL, "C", NULL, "collation" },
	{ "lc_ctype", TYPE_STRING, INTERNAL, "C", NULL, "character classes" },
	{ "lc_messages", TYPE_STRING, 0, "C", NULL, "language of messages" },
	{ "lc_monetary", TYPE_STRING, 0, "C", NULL, "form of money" },
	{ "lc_numeric", TYPE_STRING, 0, "C", NULL, "form of numbers" },
	{ "lc_time", TYPE_STRING, 0, "C", NULL, "form of dates" },
	{ "lock_timeout", TYPE_TIME, 0, "0", NULL, "accepted: nothing waits for a lock" },
	{ "maintenance_work_mem", TYPE_STRING, 0, "64MB", NULL, "accepted" },
	{ "max_connections", TYPE_INT, INTERNAL, "10000", NULL, "most connections" },
	{ "max_identifier_length", TYPE_INT, INTERNAL, "63", NULL, "longest name, in bytes" },
	{ "max_index_keys", TYPE_INT, INTERNAL, "32", NULL, "most columns of an index" },
	{ "max_parallel_workers_per_gather", TYPE_INT, 0, "0", NULL, "accepted" },
	{ "password_encryption", TYPE_ENUM, 0, "scram-sha-256", "md5 scram-sha-256",
	    "form of stored passwords" },
	{ "quote_all_identifiers", TYPE_BOOL, 0, "off", NULL, "accepted" },
	{ "random_page_cost", TYPE_STRING, 0, "4", NULL, "accepted" },
	{ "row_security", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "search_path", TYPE_STRING, 0, "\"$user\", public", NULL,
	    "schemas that unqualified names are looked up in" },
	{ "seq_page_cost", TYPE_STRING, 0, "1", NULL, "accepted" },
	{ "server_version_num", TYPE_INT, INTERNAL, "150000", NULL, "the same as a number" },
	{ "session_replication_role", TYPE_ENUM, 0, "origin", "origin replica local", "accepted" },
	{ "ssl", TYPE_BOOL, INTERNAL, "off", NULL, "TLS is offered" },
	{ "statement_mem", TYPE_STRING, 0, "0", NULL, "accepted" },
	{ "synchronize_seqscans", TYPE_BOOL, 0, "on", NULL, "accepted" },
	{ "synchronous_commit", TYPE_ENUM, 0, "on", "local remote_write remote_apply on off",
	    "accepted: always on" },
	{ "tcp_keepalives_idle", TYPE_INT, 0, "0", NULL, "accepted" },
	{ "tcp_keepalives_interval", TYPE_INT, 0, "0", NULL, "accepted" },
	{ "temp_buffers", TYPE_STRING, 0, "8MB", NULL, "accepted" },
	{ "transaction_deferrable", TYPE_BOOL, 0, "off", NULL, "accepted" },
	{ "transform_null_equals", TYPE_BOOL, 0, "off", NULL, "accepted" },
	{ "wal_level", TYPE_STRING, INTERNAL, "replica", NULL, "accepted" },
	{ "work_mem", TYPE_STRING, 0, "4MB", NULL, "accepted" },
	{ "xmlbinary", TYPE_ENUM, 0, "base64", "base64 hex", "accepted" },
	{ "xmloption", TYPE_ENUM, 0, "content", "content document", "accepted" },
};

#define NSETTINGS (sizeof(table) / sizeof(table[0]))
_Static_assert(NSETTINGS <= SETTINGS_MAX, "settings.h: SETTINGS_MAX");

/* What a setting was before the transaction, or a savepoint's level, changed it. */
struct setting_undo {
	struct setting_undo *older;
	size_t id;
	char *value;
	bool is_local; /* undone at commit too */
};

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
}

static void drop_undo(struct settings *s)
{
	while (s->undo != NULL) {
		struct setting_undo *u = s->undo;
		s->undo = u->older;
		free(u->value);
		free(u);
	}
}

void settings_release(struct settings *s)
{
	drop_undo(s);
	for (size_t i = 0; i < NSETTINGS; i++) {
		free(s->values[i]);
		free(s->defaults[i]);
	}
	settings_init(s);
}

static const char *current(const struct settings *s, size_t id)
{
	if (s->values[id] != NULL)
		return s->values[id];
	/* Between transactions these show what the next one will have. */
	if (id == SETTING_TRANSACTION_ISOLATION)
		return current(s, SETTING_DEFAULT_TRANSACTION_ISOLATION);
	if (id == SETTING_TRANSACTION_READ_ONLY)
		return current(s, SETTING_DEFAULT_TRANSACTION_READ_ONLY);
	return s->defaults[id] != NULL ? s->defaults[id] : table[id].initial;
}

static ssize_t find(const char *name)
{
	for (size_t i = 0; i < NSETTINGS; i++) {
		if (strcasecmp(table[i].name, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}

static void mark_changed(struct settings *s, size_t id)
{
	s->has_changed |= (table[id].flags & REPORTED) != 0;
}

/* ---- validation: from what was said to what is shown ---- */

static const char *read_bool(const char *value)
{
	static const struct {
		const char *text;
		size_t least; /* characters that tell it apart: PostgreSQL takes any prefix */
		const char *shown;
	} words[] = { { "on", 2, "on" }, { "off", 2, "off" }, { "true", 1, "on" }, { "false", 1, "off" },
		{ "yes", 1, "on" }, { "no", 1, "off" }, { "1", 1, "on" }, { "0", 1, "off" } };
	size_t len = strlen(value);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (len >= words[i].least && len <= strlen(words[i].text) &&
		    strncasecmp(words[i].text, value, len) == 0)
			return words[i].shown;
	}
	return NULL;
}

/* The choice that `value` names, with blanks for underscores where `value` has blanks. */
static char *read_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *c = choices; *c != '\0';) {
		size_t n = strcspn(c, " ");
		bool same = n == len;
		for (size_t i = 0; same && i < n; i++) {
			char want = c[i] == '_' && value[i] == ' ' ? ' ' : c[i];
			same = strncasecmp(&want, &value[i], 1) == 0;
		}
		if (same) {
			char *shown = strndup(c, n);
			for (size_t i = 0; shown != NULL && i < n; i++)
				shown[i] = value[i] == ' ' ? ' ' : c[i];
			return shown;
		}
		c += n + (c[n] == ' ');
	}
	return NULL;
}

static const struct {
	const char *name;
	double ms;
} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 }, { "ms", 1 },
	{ "us", 0.001 } };

#define NUNITS (sizeof(units) / sizeof(units[0]))

/* "5", "0.5": a number; a TYPE_TIME also "5s", "1.5 min" (PostgreSQL 15, section 20.1.1). */
static bool read_number(const struct setting *row, const char *value, long *out)
{
	bool is_time = row->type == TYPE_TIME;
	double least = strcmp(row->name, "extra_float_digits") == 0 ? -15 : 0;
	double most = least < 0 ? 3 : INT_MAX;
	char *end;
	double n = strtod(value, &end);

	if (end == value)
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; is_time && *end != '\0' && i < NUNITS; i++) {
		if (strcmp(end, units[i].name) == 0) {
			n *= units[i].ms;
			end += strlen(end);
		}
	}
	n = rint(n);
	if (*end != '\0' || !(n >= least && n <= most))
		return false;
	*out = (long)n;
	return true;
}

/* In the largest unit that it is a whole number of, as SHOW has it. */
static char *shown_time(long ms)
{
	char text[32] = "0";

	for (size_t i = 0; ms != 0 && i < NUNITS; i++) {
		long unit = (long)units[i].ms;
		if (ms % unit == 0) {
			snprintf(text, sizeof(text), "%ld%s", ms / unit, units[i].name);
			break;
		}
	}
	return strdup(text);
}

/* asyncpg quotes the value itself: 'utf-8'. Names are compared without case, quotes, blanks, - and _. */
static bool is_utf8(const char *value)
{
	char plain[16];
	size_t n = 0;

	for (; *value != '\0'; value++) {
		if (strchr("'\"-_ ", *value) != NULL)
			continue;
		if (n == sizeof(plain) - 1)
			return false;
		plain[n++] = *value;
	}
	plain[n] = '\0';
	return strcasecmp(plain, "utf8") == 0 || strcasecmp(plain, "unicode") == 0;
}

/* One word of DateStyle; false: it isn't one. ISO output is the only one there is; the order of day and month is that of input. */
static bool read_datestyle_word(const char *word, size_t len, const char **order)
{
	static const struct {
		const char *word;
		const char *order; /* NULL: says nothing of it */
		bool is_prefix;
	} words[] = { { "iso", NULL, false }, { "mdy", "MDY", false }, { "us", "MDY", true },
		{ "noneuro", "MDY", true }, { "dmy", "DMY", false }, { "euro", "DMY", true },
		{ "ymd", "YMD", false }, { "default", "MDY", false } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		if (len < n || (len > n && !words[i].is_prefix) || strncasecmp(word, words[i].word, n) != 0)
			continue;
		if (words[i].order != NULL)
			*order = words[i].order;
		return true;
	}
	return false;
}

static char *shown_datestyle(const char *now, const char *value)
{
	const char *order = now + strlen("ISO, ");
	char text[16];

	for (;;) {
		value += strspn(value, " ");
		size_t n = strcspn(value, ",");
		size_t len = n;
		while (len > 0 && value[len - 1] == ' ')
			len--;
		if (!read_datestyle_word(value, len, &order))
			return NULL;
		if (value[n] == '\0')
			break;
		value += n + 1;
	}
	snprintf(text, sizeof(text), "ISO, %.3s", order);
	return strdup(text);
}

static char *shown_value(const struct settings *s, size_t id, const char *value)
{
	const struct setting *row = &table[id];
	char number[24];
	const char *text;
	long n;

	switch (row->type) {
	case TYPE_BOOL: text = read_bool(value); return text == NULL ? NULL : strdup(text);
	case TYPE_ENUM:
		text = strcmp(row->choices, "local remote_write remote_apply on off") == 0 ? read_bool(value)
											   : NULL;
		return text != NULL ? strdup(text) : read_choice(row->choices, value);
	case TYPE_TIME: return read_number(row, value, &n) ? shown_time(n) : NULL;
	case TYPE_INT:
		if (!read_number(row, value, &n))
			return NULL;
		snprintf(number, sizeof(number), "%ld", n);
		return strdup(number);
	case TYPE_STRING: break;
	}
	if (id == SETTING_CLIENT_ENCODING) {
		if (is_utf8(value))
			return strdup("UTF8");
		return strcasecmp(value, "SQL_ASCII") == 0 ? strdup("SQL_ASCII") : NULL;
	}
	if (id == SETTING_DATESTYLE)
		return shown_datestyle(current(s, id), value);
	return strdup(value);
}

/* ---- changing ---- */

static int remember(struct settings *s, size_t id, bool is_local, struct err *err)
{
	struct setting_undo *u = malloc(sizeof(*u));

	if (u == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	*u = (struct setting_undo){ s->undo, id, s->values[id], is_local };
	s->values[id] = NULL;
	s->undo = u;
	return 0;
}

/* There is one user in a session, who may become nobody else. */
static int check_role(const struct settings *s, const char *role, struct err *err)
{
	if (strcmp(role, "none") == 0 || strcmp(role, current(s, SETTING_SESSION_AUTHORIZATION)) == 0)
		return 0;
	return err_set(err, SQLSTATE_INVALID_PARAMETER, "role \"%s\" does not exist", role);
}

static int may_set(const struct setting *row, enum setting_source source, struct err *err)
{
	if (source != SET_BY_SERVER && (row->flags & INTERNAL))
		return err_set(
		    err, SQLSTATE_CANNOT_CHANGE_NOW, "parameter \"%s\" cannot be changed", row->name);
	return 0;
}

int settings_set(struct settings *s, const char *name, const char *value, enum setting_source source,
    bool is_local, bool in_transaction, struct err *err)
{
	ssize_t id = find(name);
	char *shown = NULL;

	if (id < 0) {
		/* A name with a point is an extension's own: PostgreSQL keeps any value for it. There is none here to read it. */
		if (strchr(name, '.') != NULL)
			return 0;
		return err_set(
		    err, SQLSTATE_NO_SUCH_OBJECT, "unrecognized configuration parameter \"%s\"", name);
	}
	/* SET SESSION AUTHORIZATION DEFAULT: it always is. */
	if (id == SETTING_SESSION_AUTHORIZATION && value == NULL)
		return 0;
	if (may_set(&table[id], source, err) != 0 ||
	    (id == SETTING_ROLE && value != NULL && check_role(s, value, err) != 0))
		return -1;
	if (value != NULL) {
		shown = shown_value(s, (size_t)id, value);
		if (shown == NULL)
			return err_set(err, SQLSTATE_INVALID_PARAMETER,
			    "invalid value for parameter \"%s\": \"%s\"", table[id].name, value);
	}
	/* Outside a transaction SET LOCAL has no effect (PostgreSQL warns; the session does). */
	if (is_local && !in_transaction) {
		free(shown);
		return 0;
	}
	if (in_transaction && remember(s, (size_t)id, is_local, err) != 0) {
		free(shown);
		return -1;
	}
	char **place = source == SET_BY_STARTUP ? &s->defaults[id] : &s->values[id];
	free(*place);
	*place = shown;
	mark_changed(s, (size_t)id);
	return 0;
}

int settings_reset_all(struct settings *s, bool in_transaction, struct err *err)
{
	for (size_t i = 0; i < NSETTINGS; i++) {
		if (s->values[i] == NULL || (table[i].flags & INTERNAL) ||
		    i == SETTING_TRANSACTION_ISOLATION || i == SETTING_TRANSACTION_READ_ONLY)
			continue;
		if (settings_set(s, table[i].name, NULL, SET_BY_CLIENT, false, in_transaction, err) != 0)
			return -1;
	}
	return 0;
}

void settings_put(struct settings *s, enum setting_id id, const char *value)
{
	char *copy = value == NULL ? NULL : strdup(value);

	free(s->values[id]);
	s->values[id] = copy;
	mark_changed(s, id);
}

/* ---- reading ---- */

const char *settings_get(const struct settings *s, enum setting_id id)
{
	return current(s, id);
}

int64_t settings_get_ms(const struct settings *s, enum setting_id id)
{
	long ms = 0;

	read_number(&table[id], current(s, id), &ms);
	return ms;
}

const char *settings_show(const struct settings *s, const char *name, const char **canonical, struct err *err)
{
	ssize_t id = find(name);

	if (id < 0) {
		err_set(err, SQLSTATE_NO_SUCH_OBJECT, "unrecognized configuration parameter \"%s\"", name);
		return NULL;
	}
	if (canonical != NULL)
		*canonical = table[id].name;
	return current(s, (size_t)id);
}

bool settings_row(
    const struct settings *s, size_t i, const char **name, const char **value, const char **description)
{
	if (i >= NSETTINGS)
		return false;
	*name = table[i].name;
	*value = current(s, i);
	*description = table[i].description;
	return true;
}

/* ---- transactions ---- */

static void undo_one(struct settings *s)
{
	struct setting_undo *u = s->undo;

	s->undo = u->older;
	free(s->values[u->id]);
	s->values[u->id] = u->value;
	mark_changed(s, u->id);
	free(u);
}

/* At commit: SET LOCAL goes back to what was in force before it, a plain SET before or after it stays. Walking from newest to
 * oldest, a plain SET makes everything older of that setting irrelevant. */
static void end_committed(struct settings *s)
{
	uint64_t decided[2] = { 0, 0 };

	while (s->undo != NULL) {
		struct setting_undo *u = s->undo;
		uint64_t bit = UINT64_C(1) << (u->id % 64);

		if (u->is_local && !(decided[u->id / 64] & bit)) {
			undo_one(s);
			continue;
		}
		decided[u->id / 64] |= bit;
		s->undo = u->older;
		free(u->value);
		free(u);
	}
}

void settings_end_transaction(struct settings *s, bool committed)
{
	if (committed)
		end_committed(s);
	while (s->undo != NULL)
		undo_one(s);
}

void *settings_mark(const struct settings *s)
{
	return s->undo;
}

void settings_rewind(struct settings *s, void *mark)
{
	while (s->undo != NULL && s->undo != mark)
		undo_one(s);
}

void settings_report(struct settings *s, struct buf *out, bool all)
{
	if (!all && !s->has_changed)
		return;
	for (size_t i = 0; i < SETTINGS_REPORTED; i++) {
		const char *value = current(s, i);
		uint64_t hash = hash_bytes64(value, strlen(value));

		if (all || hash != s->told[i])
			wire_put_parameter_status(out, table[i].name, value);
		s->told[i] = hash;
	}
	s->has_changed = false;
}
