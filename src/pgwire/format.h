/* format.h - a value's form on the wire, by type: text and binary, in and out.
 *
 * Owns:     the table of types that have a form on the wire: one row a type.
 * Runs on:  any thread.
 * Promises: output is byte-equal to PostgreSQL 15's; what is stored is as docs/architecture.md, section 9, says.
 * Fails by: PostgreSQL's SQLSTATE and sentence for bad input (22P02, 22003, 22P03, 22021 ..). */
#ifndef NQLITE_PGWIRE_FORMAT_H
#define NQLITE_PGWIRE_FORMAT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"
#include "pgwire/oid.h"

/* The session settings that the output of a value depends on. All zero is the default. */
struct format_settings {
	bool bytea_escape;      /* bytea_output = escape */
	int extra_float_digits; /* as set minus 1: 0 is the default, shortest exact */
	const char *timezone;   /* IANA name, NULL: UTC */
};

/* What it takes to write one column. */
struct format_column {
	oid_t type;
	int32_t typmod; /* -1: none; char(n) is stored without its padding and padded here */
	int format;     /* 0 text, 1 binary */
};

/* Has the type a binary form here? Text every type has: one without a row is written as it is stored. */
bool format_has_binary(oid_t type);

/* Appends the field of a DataRow: Int32 length and the bytes, -1 for NULL. A value of a storage class that the type doesn't
 * have is written as its text. 0, or -1 with err (0A000 when the type has no binary form). */
int format_put_field(struct buf *o, const struct value *v, const struct format_column *c,
    const struct format_settings *settings, struct err *err);

/* Appends the value's text form without a length; nothing for NULL. For COPY TO, casts to text, JSON. */
int format_put_text(struct buf *o, const struct value *v, oid_t type, int32_t typmod,
    const struct format_settings *settings, struct err *err);

/* Reads a value of the type from its text form (type input: 22P02 'invalid input syntax for type integer: "abc"').
 * What has to be made new is appended to `scratch`, and *out borrows from there or from `text`: it holds as long as both
 * stay unchanged. (Offsets into scratch move when it grows: use one scratch for each value, or an arena-backed copy.) */
int format_read_text(oid_t type, int32_t typmod, const char *text, size_t len, struct buf *scratch,
    struct value *out, struct err *err);

/* The same from the binary form; 22P03 "incorrect binary data format in ..". */
int format_read_binary(oid_t type, int32_t typmod, const uint8_t *data, size_t len, struct buf *scratch,
    struct value *out, struct err *err);

#endif
