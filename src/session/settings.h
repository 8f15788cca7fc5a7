/* settings.h - SET, SHOW, RESET: the settings of a session, in PostgreSQL's names.
 *
 * Owns:     a session's own values; the table of settings is constant, one row a setting.
 * Runs on:  the session's thread.
 * Promises: values are validated and shown as PostgreSQL 15 does; what a transaction set is undone when it rolls back, SET LOCAL
 *           at its end in any case.
 * Fails by: 42704 for an unknown name, 22023 for a bad value, 55P02 for one that can't be changed. */
#ifndef NQLITE_SESSION_SETTINGS_H
#define NQLITE_SESSION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Settings that the code itself asks for: their place in the table. */
enum setting_id {
	SETTING_APPLICATION_NAME,
	SETTING_CLIENT_ENCODING,
	SETTING_DATESTYLE,
	SETTING_DEFAULT_TRANSACTION_READ_ONLY,
	SETTING_IN_HOT_STANDBY,
	SETTING_INTEGER_DATETIMES,
	SETTING_INTERVALSTYLE,
	SETTING_IS_SUPERUSER,
	SETTING_SERVER_ENCODING,
	SETTING_SERVER_VERSION,
	SETTING_SESSION_AUTHORIZATION,
	SETTING_STANDARD_CONFORMING_STRINGS,
	SETTING_TIMEZONE,
	SETTING_BYTEA_OUTPUT,
	SETTING_EXTRA_FLOAT_DIGITS,
	SETTING_DEFAULT_TRANSACTION_ISOLATION,
	SETTING_TRANSACTION_ISOLATION,
	SETTING_TRANSACTION_READ_ONLY,
	SETTING_STATEMENT_TIMEOUT,
	SETTING_CLIENT_MIN_MESSAGES,
	SETTING_DATA_DIRECTORY,
	SETTING_ROLE,
	SETTINGS_NAMED, /* the rest of the table follows */
};

#define SETTINGS_MAX      96
#define SETTINGS_REPORTED (SETTING_TIMEZONE + 1) /* the first ones are those that clients are told of */

struct settings {
	/* private */
	char *values[SETTINGS_MAX];       /* NULL: the default */
	char *defaults[SETTINGS_MAX];     /* what the startup packet said; NULL: the table's */
	struct setting_undo *undo;        /* newest first, of the open transaction */
	uint64_t told[SETTINGS_REPORTED]; /* hashes of the values that the client knows */
	bool has_changed;                 /* a reported setting was touched since */
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);

/* `source` says who sets: what the startup packet sets is the default from then on. value NULL: to the default. */
enum setting_source { SET_BY_SERVER, SET_BY_CLIENT, SET_BY_STARTUP };
int settings_set(struct settings *s, const char *name, const char *value, enum setting_source source,
    bool is_local, bool in_transaction, struct err *err);
int settings_reset_all(struct settings *s, bool in_transaction, struct err *err);
void settings_put(
    struct settings *s, enum setting_id id, const char *value); /* by the server, never undone */

const char *settings_get(const struct settings *s, enum setting_id id);
/* A time, in milliseconds. */
int64_t settings_get_ms(const struct settings *s, enum setting_id id);
/* By name, as SHOW shows it; *canonical is the name's own spelling (TimeZone). NULL with 42704. */
const char *settings_show(
    const struct settings *s, const char *name, const char **canonical, struct err *err);
/* For SHOW ALL: row i, false past the end. */
bool settings_row(
    const struct settings *s, size_t i, const char **name, const char **value, const char **description);

/* The transaction has ended. */
void settings_end_transaction(struct settings *s, bool committed);
/* Where the settings stand, to undo what was set since a savepoint. */
void *settings_mark(const struct settings *s);
void settings_rewind(struct settings *s, void *mark);

/* Appends ParameterStatus for all reported settings (`all`: at startup), or for those whose value the client doesn't know yet. */
void settings_report(struct settings *s, struct buf *out, bool all);

#endif
