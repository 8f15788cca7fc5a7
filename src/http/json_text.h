/* json_text.h - JSON as it is written: values into a buf.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: valid JSON in valid UTF-8 whatever the values hold: bytes that aren't UTF-8 become U+FFFD; integers exact; floats the
 *           shortest that read back the same, always with a point or an exponent; infinities as 9e999, which reads back as one.
 * Fails by: the buf's `failed`. */
#ifndef NQLITE_HTTP_JSON_TEXT_H
#define NQLITE_HTTP_JSON_TEXT_H

#include "base/buf.h"
#include "base/value.h"

enum json_blob { JSON_BLOB_BASE64, JSON_BLOB_ARRAY };

/* A string with its quotes. */
void json_put_string(struct buf *o, const char *text, size_t len);
void json_put_value(struct buf *o, const struct value *v, enum json_blob blob);
void json_put_int(struct buf *o, int64_t i);
/* Microseconds as a decimal number of units of 10^digits microseconds: 3 gives milliseconds, 6 seconds. */
void json_put_time(struct buf *o, int64_t us, int digits);

/* Lays compact JSON out on lines, indented by four blanks. */
void json_indent(struct buf *o, const char *json, size_t len);

#endif
