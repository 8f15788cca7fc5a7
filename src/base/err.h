/* err.h - a failure as PostgreSQL would say it.
 *
 * Owns:     nothing; a struct err is plain storage of its caller, usually on the stack.
 * Runs on:  any thread; there is no shared state.
 * Promises: a function that takes `struct err *` and fails has filled it: SQLSTATE and one sentence at least.
 * Fails by: cutting a text that is too long. It never allocates.
 *
 * Field letters are those of ErrorResponse (PostgreSQL 15, chapter 55.8, "Error and Notice Message Fields"). */
#ifndef NQLITE_BASE_ERR_H
#define NQLITE_BASE_ERR_H

#include <stdarg.h>

#define ERR_NAME_MAX 64

/* SQLSTATEs that more than one module gives (PostgreSQL 15, appendix A). */
#define SQLSTATE_CONNECTION_FAILURE     "08006"
#define SQLSTATE_UNKNOWN_OUTCOME        "08007"
#define SQLSTATE_PROTOCOL_VIOLATION     "08P01"
#define SQLSTATE_FEATURE_NOT_SUPPORTED  "0A000"
#define SQLSTATE_STRING_TRUNCATION      "22001"
#define SQLSTATE_OUT_OF_RANGE           "22003"
#define SQLSTATE_BAD_DATETIME           "22007"
#define SQLSTATE_DATETIME_OVERFLOW      "22008"
#define SQLSTATE_DIVISION_BY_ZERO       "22012"
#define SQLSTATE_BAD_ENCODING           "22021"
#define SQLSTATE_INVALID_PARAMETER      "22023"
#define SQLSTATE_BAD_TEXT               "22P02"
#define SQLSTATE_BAD_BINARY             "22P03"
#define SQLSTATE_BAD_COPY               "22P04"
#define SQLSTATE_INTEGRITY              "23000"
#define SQLSTATE_NOT_NULL               "23502"
#define SQLSTATE_FOREIGN_KEY            "23503"
#define SQLSTATE_UNIQUE                 "23505"
#define SQLSTATE_CHECK                  "23514"
#define SQLSTATE_ACTIVE_TRANSACTION     "25001"
#define SQLSTATE_READ_ONLY_TRANSACTION  "25006"
#define SQLSTATE_NO_ACTIVE_TRANSACTION  "25P01"
#define SQLSTATE_IN_FAILED_TRANSACTION  "25P02"
#define SQLSTATE_INVALID_STATEMENT_NAME "26000"
#define SQLSTATE_INVALID_PASSWORD       "28P01"
#define SQLSTATE_NO_SUCH_SAVEPOINT      "3B001"
#define SQLSTATE_NO_SUCH_CURSOR         "34000"
#define SQLSTATE_NO_SUCH_DATABASE       "3D000"
#define SQLSTATE_NO_SUCH_SCHEMA         "3F000"
#define SQLSTATE_SERIALIZATION          "40001"
#define SQLSTATE_SYNTAX                 "42601"
#define SQLSTATE_DUPLICATE_COLUMN       "42701"
#define SQLSTATE_AMBIGUOUS_COLUMN       "42702"
#define SQLSTATE_NO_SUCH_COLUMN         "42703"
#define SQLSTATE_NO_SUCH_OBJECT         "42704"
#define SQLSTATE_DUPLICATE_OBJECT       "42710"
#define SQLSTATE_AMBIGUOUS_FUNCTION     "42725"
#define SQLSTATE_GROUPING               "42803"
#define SQLSTATE_TYPE_MISMATCH          "42804"
#define SQLSTATE_WRONG_OBJECT_TYPE      "42809"
#define SQLSTATE_CANNOT_COERCE          "42846"
#define SQLSTATE_NO_SUCH_FUNCTION       "42883"
#define SQLSTATE_NO_SUCH_TABLE          "42P01"
#define SQLSTATE_UNDEFINED_PARAMETER    "42P02"
#define SQLSTATE_DUPLICATE_CURSOR       "42P03"
#define SQLSTATE_DUPLICATE_STATEMENT    "42P05"
#define SQLSTATE_DUPLICATE_TABLE        "42P07"
#define SQLSTATE_BAD_COLUMN_REFERENCE   "42P10"
#define SQLSTATE_INDETERMINATE_TYPE     "42P18"
#define SQLSTATE_DISK_FULL              "53100"
#define SQLSTATE_OUT_OF_MEMORY          "53200"
#define SQLSTATE_TOO_MANY_CONNECTIONS   "53300"
#define SQLSTATE_LIMIT_EXCEEDED         "54000"
#define SQLSTATE_TOO_COMPLEX            "54001"
#define SQLSTATE_CANNOT_CHANGE_NOW      "55P02"
#define SQLSTATE_QUERY_CANCELED         "57014"
#define SQLSTATE_ADMIN_SHUTDOWN         "57P01"
#define SQLSTATE_CANNOT_CONNECT_NOW     "57P03"
#define SQLSTATE_IO                     "58030"
#define SQLSTATE_CONFIG                 "F0000"
#define SQLSTATE_INTERNAL               "XX000"
#define SQLSTATE_CORRUPTED              "XX001"

struct err {
	char sqlstate[6];              /* C; "" while nothing has failed */
	char message[512];             /* M: one sentence, no newline, no full stop */
	char detail[512];              /* D, or "" */
	char hint[256];                /* H, or "" */
	char where[256];               /* W: context, or "" */
	int position;                  /* P: 1-based, in characters of the statement's text; 0 = unknown */
	char schema[ERR_NAME_MAX];     /* s */
	char table[ERR_NAME_MAX];      /* t */
	char column[ERR_NAME_MAX];     /* c */
	char datatype[ERR_NAME_MAX];   /* d */
	char constraint[ERR_NAME_MAX]; /* n */
};

/* Empties `err`. */
void err_clear(struct err *err);

/* Fills SQLSTATE and sentence, empties the rest. Always returns -1, so that a failure is one line:
 * `return err_set(err, SQLSTATE_SYNTAX, "...")`. `err` may be NULL. */
int err_set(struct err *err, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int err_vset(struct err *err, const char *sqlstate, const char *fmt, va_list args);

/* As err_set, with the text of errno after the sentence and the SQLSTATE that fits it (53100, 53200, 58030). */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds detail, hint or context to an err that was set. `err` may be NULL. */
void err_detail(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_where(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the sentence, on the way up. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
