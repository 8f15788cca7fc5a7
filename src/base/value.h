/* value.h - one SQL value in SQLite's five storage classes (sqlite.org/datatype3.html, section 2).
 *
 * Owns:     nothing: text and blob bytes are borrowed, and the function that hands a value over says until when.
 * Runs on:  any thread.
 * Promises: the same five classes everywhere: parameters, rows, entries.
 * Fails by: it can't. */
#ifndef NQLITE_BASE_VALUE_H
#define NQLITE_BASE_VALUE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_FLOAT, VALUE_TEXT, VALUE_BLOB };

struct value {
	enum value_kind kind;
	uint32_t len; /* of text or blob, in bytes; at most 1,000,000,000, SQLite's own limit */
	union {
		int64_t i;
		double f;
		const char *text; /* UTF-8, not NUL-terminated */
		const uint8_t *blob;
	};
};

static inline struct value value_null(void)
{
	return (struct value){ .kind = VALUE_NULL };
}

static inline struct value value_int(int64_t i)
{
	return (struct value){ .kind = VALUE_INT, .i = i };
}

static inline struct value value_float(double f)
{
	return (struct value){ .kind = VALUE_FLOAT, .f = f };
}

static inline struct value value_text(const char *text, size_t len)
{
	return (struct value){ .kind = VALUE_TEXT, .len = (uint32_t)len, .text = text };
}

static inline struct value value_str(const char *text)
{
	return value_text(text, strlen(text));
}

static inline struct value value_blob(const void *blob, size_t len)
{
	return (struct value){ .kind = VALUE_BLOB, .len = (uint32_t)len, .blob = blob };
}

#endif
