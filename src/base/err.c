#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void err_clear(struct err *err)
{
	if (err == NULL)
		return;
	err->sqlstate[0] = err->message[0] = err->detail[0] = err->hint[0] = err->where[0] = '\0';
	err->schema[0] = err->table[0] = err->column[0] = err->datatype[0] = err->constraint[0] = '\0';
	err->position = 0;
}

int err_vset(struct err *err, const char *sqlstate, const char *fmt, va_list args)
{
	if (err == NULL)
		return -1;
	err_clear(err);
	snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	return -1;
}

int err_set(struct err *err, const char *sqlstate, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_vset(err, sqlstate, fmt, args);
	va_end(args);
	return -1;
}

static const char *sqlstate_of_errno(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT: return SQLSTATE_DISK_FULL;
	case ENOMEM: return SQLSTATE_OUT_OF_MEMORY;
	default: return SQLSTATE_IO;
	}
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int code = errno;
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, fmt);
	err_vset(err, sqlstate_of_errno(code), fmt, args);
	va_end(args);

	size_t len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s", strerror(code));
	return -1;
}

static void fill(char *field, size_t size, const char *fmt, va_list args)
{
	vsnprintf(field, size, fmt, args);
}

void err_detail(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (err != NULL)
		fill(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
}

void err_hint(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (err != NULL)
		fill(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
}

void err_where(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (err != NULL)
		fill(err->where, sizeof(err->where), fmt, args);
	va_end(args);
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len + 2 >= sizeof(text))
		return -1;
	snprintf(text + len, sizeof(text) - (size_t)len, ": %.*s", (int)(sizeof(text) - (size_t)len - 3),
	    err->message);
	memcpy(err->message, text, sizeof(text));
	return -1;
}
