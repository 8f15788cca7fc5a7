/* format_type.h - one type's forms on the wire: the row that format.c looks up, and the files that know types fill.
 *
 * Owns:     nothing; rows are constant.
 * Runs on:  any thread.
 * Promises: a row's functions are called with its own type, never with a NULL value.
 * Fails by: -1 with err; a full buffer by its sticky `failed`. Private to pgwire's format_*.c. */
#ifndef NQLITE_PGWIRE_FORMAT_TYPE_H
#define NQLITE_PGWIRE_FORMAT_TYPE_H

#include "pgwire/format.h"

struct format_type;

/* Where a value goes. */
struct format_out {
	const struct format_type *type;
	int32_t typmod;
	const struct format_settings *settings;
	struct buf *buf;
	struct err *err;
};

/* Where a value comes from. */
struct format_in {
	const struct format_type *type;
	int32_t typmod;
	struct buf *scratch;
	struct value *value;
	struct err *err;
};

struct format_type {
	const char *name; /* as errors of its input name it: integer */
	oid_t element;    /* of an array, else OID_NONE */
	bool is_verbatim; /* a TEXT is written as it is, in text and in binary */
	bool is_integer;  /* an INTEGER's text is its digits */
	uint8_t size;     /* of an integer's binary form */
	int (*put_text)(const struct format_out *out, const struct value *v);   /* NULL: as it is stored */
	int (*put_binary)(const struct format_out *out, const struct value *v); /* NULL: no binary form */
	int (*read_text)(const struct format_in *in, const char *text, size_t len); /* NULL: kept as it is */
	int (*read_binary)(const struct format_in *in, const uint8_t *data, size_t len);
};

/* The row of a type; NULL: none. */
const struct format_type *format_type_find(oid_t oid);

/* ---- what the types share (format.c) ---- */

/* A value's text by its storage class alone. */
int format_put_stored(const struct format_out *out, const struct value *v);
void format_put_digits(struct buf *o, int64_t i);
/* The sentence of every type's input function; -1. */
int format_bad_text(const struct format_in *in, const char *text, size_t len);
int format_out_of_range(const struct format_in *in, const char *text, size_t len);
/* A binary field that ends too early, or goes on after its value. */
int format_short_data(struct err *err);
int format_long_data(struct err *err);
/* A value that has no binary form in its column; the sentence names its text. */
int format_no_binary_value(const struct format_out *out, const struct value *v);
/* The bytes after `at` in scratch as the value that was read; 53200 when scratch has failed. */
int format_take_text(const struct format_in *in, size_t at);
int format_take_blob(const struct format_in *in, size_t at);

/* As PostgreSQL's isspace() in the C locale. */
static inline bool format_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A text of any length as the precision of "%.*s"; err cuts what is too long. */
static inline int format_shown_len(size_t len)
{
	return len > 1024 ? 1024 : (int)len;
}

/* Drops blanks on both sides. */
static inline void format_trim(const char **text, size_t *len)
{
	while (*len > 0 && format_is_space(**text)) {
		++*text;
		--*len;
	}
	while (*len > 0 && format_is_space((*text)[*len - 1]))
		--*len;
}

/* ---- the types, by file ---- */

/* format_number.c */
int format_bool_put_text(const struct format_out *out, const struct value *v);
int format_bool_put_binary(const struct format_out *out, const struct value *v);
int format_bool_read_text(const struct format_in *in, const char *text, size_t len);
int format_bool_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_int_put_binary(const struct format_out *out, const struct value *v);
int format_int_read_text(const struct format_in *in, const char *text, size_t len);
int format_int_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_oid_put_binary(const struct format_out *out, const struct value *v);
int format_oid_read_text(const struct format_in *in, const char *text, size_t len);
int format_oid_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_reg_read_text(const struct format_in *in, const char *text, size_t len);
int format_float4_put_text(const struct format_out *out, const struct value *v);
int format_float4_put_binary(const struct format_out *out, const struct value *v);
int format_float4_read_text(const struct format_in *in, const char *text, size_t len);
int format_float4_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_float8_put_text(const struct format_out *out, const struct value *v);
int format_float8_put_binary(const struct format_out *out, const struct value *v);
int format_float8_read_text(const struct format_in *in, const char *text, size_t len);
int format_float8_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

/* format_string.c */
int format_text_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_varchar_read_text(const struct format_in *in, const char *text, size_t len);
int format_varchar_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_bpchar_put_text(const struct format_out *out, const struct value *v);
int format_bpchar_read_text(const struct format_in *in, const char *text, size_t len);
int format_bpchar_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_name_read_text(const struct format_in *in, const char *text, size_t len);
int format_name_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_char_put_binary(const struct format_out *out, const struct value *v);
int format_char_read_text(const struct format_in *in, const char *text, size_t len);
int format_char_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_bytea_put_text(const struct format_out *out, const struct value *v);
int format_bytea_put_binary(const struct format_out *out, const struct value *v);
int format_bytea_read_text(const struct format_in *in, const char *text, size_t len);
int format_bytea_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

/* format_time.c */
int format_date_put_binary(const struct format_out *out, const struct value *v);
int format_date_read_text(const struct format_in *in, const char *text, size_t len);
int format_date_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_time_put_binary(const struct format_out *out, const struct value *v);
int format_time_read_text(const struct format_in *in, const char *text, size_t len);
int format_time_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_timestamp_put_binary(const struct format_out *out, const struct value *v);
int format_timestamp_read_text(const struct format_in *in, const char *text, size_t len);
int format_timestamp_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_timestamptz_read_text(const struct format_in *in, const char *text, size_t len);
int format_timestamptz_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

/* format_numeric.c */
int format_numeric_put_binary(const struct format_out *out, const struct value *v);
int format_numeric_read_text(const struct format_in *in, const char *text, size_t len);
int format_numeric_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

/* format_document.c */
int format_uuid_put_binary(const struct format_out *out, const struct value *v);
int format_uuid_read_text(const struct format_in *in, const char *text, size_t len);
int format_uuid_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_jsonb_put_binary(const struct format_out *out, const struct value *v);
int format_jsonb_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

/* format_array.c */
int format_array_put_text(const struct format_out *out, const struct value *v);
int format_array_put_binary(const struct format_out *out, const struct value *v);
int format_array_read_text(const struct format_in *in, const char *text, size_t len);
int format_array_read_binary(const struct format_in *in, const uint8_t *data, size_t len);
int format_vector_put_binary(const struct format_out *out, const struct value *v);
int format_vector_read_text(const struct format_in *in, const char *text, size_t len);
int format_vector_read_binary(const struct format_in *in, const uint8_t *data, size_t len);

#endif
