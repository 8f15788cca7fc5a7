#include "pgwire/format.h"

#include "pgwire/bytes.h"
#include "pgwire/float_text.h"
#include "pgwire/format_type.h"
#include "pgwire/wire.h"

static const struct format_settings default_settings;

/* ---- the table ---- */

#define INT_TYPE(type_name, type_size)                                                  \
	{                                                                               \
		.name = (type_name), .is_integer = true, .size = (type_size),           \
		.put_binary = format_int_put_binary, .read_text = format_int_read_text, \
		.read_binary = format_int_read_binary                                   \
	}
#define OID_TYPE(type_name, reader)                                                                      \
	{                                                                                                \
		.name = (type_name), .is_integer = true, .size = 4, .put_binary = format_oid_put_binary, \
		.read_text = (reader), .read_binary = format_oid_read_binary                             \
	}
#define ARRAY_TYPE(element_oid)                                                               \
	{                                                                                     \
		.name = "array", .element = (element_oid), .put_text = format_array_put_text, \
		.put_binary = format_array_put_binary, .read_text = format_array_read_text,   \
		.read_binary = format_array_read_binary                                       \
	}
#define VECTOR_TYPE(type_name, element_oid)                                                            \
	{                                                                                              \
		.name = (type_name), .element = (element_oid), .put_binary = format_vector_put_binary, \
		.read_text = format_vector_read_text, .read_binary = format_vector_read_binary         \
	}

enum row {
	ROW_NONE,
	ROW_BOOL,
	ROW_BYTEA,
	ROW_CHAR,
	ROW_NAME,
	ROW_INT8,
	ROW_INT2,
	ROW_INT4,
	ROW_TEXT,
	ROW_OID,
	ROW_XID,
	ROW_REGPROC,
	ROW_REGCLASS,
	ROW_REGTYPE,
	ROW_REGNAMESPACE,
	ROW_FLOAT4,
	ROW_FLOAT8,
	ROW_BPCHAR,
	ROW_VARCHAR,
	ROW_DATE,
	ROW_TIME,
	ROW_TIMESTAMP,
	ROW_TIMESTAMPTZ,
	ROW_NUMERIC,
	ROW_UUID,
	ROW_JSON,
	ROW_JSONB,
	ROW_INT2VECTOR,
	ROW_OIDVECTOR,
	ROW_BOOL_ARRAY,
	ROW_BYTEA_ARRAY,
	ROW_CHAR_ARRAY,
	ROW_NAME_ARRAY,
	ROW_INT2_ARRAY,
	ROW_INT4_ARRAY,
	ROW_INT8_ARRAY,
	ROW_TEXT_ARRAY,
	ROW_OID_ARRAY,
	ROW_FLOAT4_ARRAY,
	ROW_FLOAT8_ARRAY,
	ROW_BPCHAR_ARRAY,
	ROW_VARCHAR_ARRAY,
	ROW_DATE_ARRAY,
	ROW_TIME_ARRAY,
	ROW_TIMESTAMP_ARRAY,
	ROW_TIMESTAMPTZ_ARRAY,
	ROW_NUMERIC_ARRAY,
	ROW_UUID_ARRAY,
	ROW_JSON_ARRAY,
	ROW_JSONB_ARRAY,
};

static const struct format_type rows[] = {
	[ROW_BOOL] = { .name = "boolean",
	    .put_text = format_bool_put_text,
	    .put_binary = format_bool_put_binary,
	    .read_text = format_bool_read_text,
	    .read_binary = format_bool_read_binary },
	[ROW_BYTEA] = { .name = "bytea",
	    .put_text = format_bytea_put_text,
	    .put_binary = format_bytea_put_binary,
	    .read_text = format_bytea_read_text,
	    .read_binary = format_bytea_read_binary },
	[ROW_CHAR] = { .name = "\"char\"",
	    .put_binary = format_char_put_binary,
	    .read_text = format_char_read_text,
	    .read_binary = format_char_read_binary },
	[ROW_NAME] = { .name = "name",
	    .is_verbatim = true,
	    .put_binary = format_put_stored,
	    .read_text = format_name_read_text,
	    .read_binary = format_name_read_binary },
	[ROW_INT8] = INT_TYPE("bigint", 8),
	[ROW_INT2] = INT_TYPE("smallint", 2),
	[ROW_INT4] = INT_TYPE("integer", 4),
	[ROW_TEXT] = { .name = "text",
	    .is_verbatim = true,
	    .put_binary = format_put_stored,
	    .read_binary = format_text_read_binary },
	[ROW_OID] = OID_TYPE("oid", format_oid_read_text),
	[ROW_XID] = OID_TYPE("xid", format_oid_read_text),
	[ROW_REGPROC] = OID_TYPE("regproc", format_reg_read_text),
	[ROW_REGCLASS] = OID_TYPE("regclass", format_reg_read_text),
	[ROW_REGTYPE] = OID_TYPE("regtype", format_reg_read_text),
	[ROW_REGNAMESPACE] = OID_TYPE("regnamespace", format_reg_read_text),
	[ROW_FLOAT4] = { .name = "real",
	    .put_text = format_float4_put_text,
	    .put_binary = format_float4_put_binary,
	    .read_text = format_float4_read_text,
	    .read_binary = format_float4_read_binary },
	[ROW_FLOAT8] = { .name = "double precision",
	    .put_text = format_float8_put_text,
	    .put_binary = format_float8_put_binary,
	    .read_text = format_float8_read_text,
	    .read_binary = format_float8_read_binary },
	[ROW_BPCHAR] = { .name = "character",
	    .put_text = format_bpchar_put_text,
	    .put_binary = format_bpchar_put_text,
	    .read_text = format_bpchar_read_text,
	    .read_binary = format_bpchar_read_binary },
	[ROW_VARCHAR] = { .name = "character varying",
	    .is_verbatim = true,
	    .put_binary = format_put_stored,
	    .read_text = format_varchar_read_text,
	    .read_binary = format_varchar_read_binary },
	[ROW_DATE] = { .name = "date",
	    .put_binary = format_date_put_binary,
	    .read_text = format_date_read_text,
	    .read_binary = format_date_read_binary },
	[ROW_TIME] = { .name = "time",
	    .put_binary = format_time_put_binary,
	    .read_text = format_time_read_text,
	    .read_binary = format_time_read_binary },
	[ROW_TIMESTAMP] = { .name = "timestamp",
	    .put_binary = format_timestamp_put_binary,
	    .read_text = format_timestamp_read_text,
	    .read_binary = format_timestamp_read_binary },
	[ROW_TIMESTAMPTZ] = { .name = "timestamp with time zone",
	    .put_binary = format_timestamp_put_binary,
	    .read_text = format_timestamptz_read_text,
	    .read_binary = format_timestamptz_read_binary },
	[ROW_NUMERIC] = { .name = "numeric",
	    .put_binary = format_numeric_put_binary,
	    .read_text = format_numeric_read_text,
	    .read_binary = format_numeric_read_binary },
	[ROW_UUID] = { .name = "uuid",
	    .put_binary = format_uuid_put_binary,
	    .read_text = format_uuid_read_text,
	    .read_binary = format_uuid_read_binary },
	[ROW_JSON] = { .name = "json",
	    .is_verbatim = true,
	    .put_binary = format_put_stored,
	    .read_binary = format_text_read_binary },
	[ROW_JSONB] = { .name = "jsonb",
	    .put_binary = format_jsonb_put_binary,
	    .read_binary = format_jsonb_read_binary },
	[ROW_INT2VECTOR] = VECTOR_TYPE("int2vector", OID_INT2),
	[ROW_OIDVECTOR] = VECTOR_TYPE("oidvector", OID_OID),
	[ROW_BOOL_ARRAY] = ARRAY_TYPE(OID_BOOL),
	[ROW_BYTEA_ARRAY] = ARRAY_TYPE(OID_BYTEA),
	[ROW_CHAR_ARRAY] = ARRAY_TYPE(OID_CHAR),
	[ROW_NAME_ARRAY] = ARRAY_TYPE(OID_NAME),
	[ROW_INT2_ARRAY] = ARRAY_TYPE(OID_INT2),
	[ROW_INT4_ARRAY] = ARRAY_TYPE(OID_INT4),
	[ROW_INT8_ARRAY] = ARRAY_TYPE(OID_INT8),
	[ROW_TEXT_ARRAY] = ARRAY_TYPE(OID_TEXT),
	[ROW_OID_ARRAY] = ARRAY_TYPE(OID_OID),
	[ROW_FLOAT4_ARRAY] = ARRAY_TYPE(OID_FLOAT4),
	[ROW_FLOAT8_ARRAY] = ARRAY_TYPE(OID_FLOAT8),
	[ROW_BPCHAR_ARRAY] = ARRAY_TYPE(OID_BPCHAR),
	[ROW_VARCHAR_ARRAY] = ARRAY_TYPE(OID_VARCHAR),
	[ROW_DATE_ARRAY] = ARRAY_TYPE(OID_DATE),
	[ROW_TIME_ARRAY] = ARRAY_TYPE(OID_TIME),
	[ROW_TIMESTAMP_ARRAY] = ARRAY_TYPE(OID_TIMESTAMP),
	[ROW_TIMESTAMPTZ_ARRAY] = ARRAY_TYPE(OID_TIMESTAMPTZ),
	[ROW_NUMERIC_ARRAY] = ARRAY_TYPE(OID_NUMERIC),
	[ROW_UUID_ARRAY] = ARRAY_TYPE(OID_UUID),
	[ROW_JSON_ARRAY] = ARRAY_TYPE(OID_JSON),
	[ROW_JSONB_ARRAY] = ARRAY_TYPE(OID_JSONB),
};

/* Fits every built-in OID that has a row, so that finding it is one load. */
static const uint8_t row_of[4096] = {
	[OID_BOOL] = ROW_BOOL,
	[OID_BYTEA] = ROW_BYTEA,
	[OID_CHAR] = ROW_CHAR,
	[OID_NAME] = ROW_NAME,
	[OID_INT8] = ROW_INT8,
	[OID_INT2] = ROW_INT2,
	[OID_INT4] = ROW_INT4,
	[OID_TEXT] = ROW_TEXT,
	[OID_UNKNOWN] = ROW_TEXT,
	[OID_OID] = ROW_OID,
	[OID_XID] = ROW_XID,
	[OID_REGPROC] = ROW_REGPROC,
	[OID_REGCLASS] = ROW_REGCLASS,
	[OID_REGTYPE] = ROW_REGTYPE,
	[OID_REGNAMESPACE] = ROW_REGNAMESPACE,
	[OID_FLOAT4] = ROW_FLOAT4,
	[OID_FLOAT8] = ROW_FLOAT8,
	[OID_BPCHAR] = ROW_BPCHAR,
	[OID_VARCHAR] = ROW_VARCHAR,
	[OID_DATE] = ROW_DATE,
	[OID_TIME] = ROW_TIME,
	[OID_TIMESTAMP] = ROW_TIMESTAMP,
	[OID_TIMESTAMPTZ] = ROW_TIMESTAMPTZ,
	[OID_NUMERIC] = ROW_NUMERIC,
	[OID_UUID] = ROW_UUID,
	[OID_JSON] = ROW_JSON,
	[OID_JSONB] = ROW_JSONB,
	[OID_INT2VECTOR] = ROW_INT2VECTOR,
	[OID_OIDVECTOR] = ROW_OIDVECTOR,
	[OID_BOOL_ARRAY] = ROW_BOOL_ARRAY,
	[OID_BYTEA_ARRAY] = ROW_BYTEA_ARRAY,
	[OID_CHAR_ARRAY] = ROW_CHAR_ARRAY,
	[OID_NAME_ARRAY] = ROW_NAME_ARRAY,
	[OID_INT2_ARRAY] = ROW_INT2_ARRAY,
	[OID_INT4_ARRAY] = ROW_INT4_ARRAY,
	[OID_INT8_ARRAY] = ROW_INT8_ARRAY,
	[OID_TEXT_ARRAY] = ROW_TEXT_ARRAY,
	[OID_OID_ARRAY] = ROW_OID_ARRAY,
	[OID_FLOAT4_ARRAY] = ROW_FLOAT4_ARRAY,
	[OID_FLOAT8_ARRAY] = ROW_FLOAT8_ARRAY,
	[OID_BPCHAR_ARRAY] = ROW_BPCHAR_ARRAY,
	[OID_VARCHAR_ARRAY] = ROW_VARCHAR_ARRAY,
	[OID_DATE_ARRAY] = ROW_DATE_ARRAY,
	[OID_TIME_ARRAY] = ROW_TIME_ARRAY,
	[OID_TIMESTAMP_ARRAY] = ROW_TIMESTAMP_ARRAY,
	[OID_TIMESTAMPTZ_ARRAY] = ROW_TIMESTAMPTZ_ARRAY,
	[OID_NUMERIC_ARRAY] = ROW_NUMERIC_ARRAY,
	[OID_UUID_ARRAY] = ROW_UUID_ARRAY,
	[OID_JSON_ARRAY] = ROW_JSON_ARRAY,
	[OID_JSONB_ARRAY] = ROW_JSONB_ARRAY,
};

/* Types without a row: any text in, the stored text out, in text form alone. */
static const struct format_type stored_as_is = { .name = "text" };

const struct format_type *format_type_find(oid_t oid)
{
	return oid < sizeof(row_of) && row_of[oid] != ROW_NONE ? &rows[row_of[oid]] : NULL;
}

bool format_has_binary(oid_t type)
{
	const struct format_type *t = format_type_find(type);

	return t != NULL && t->put_binary != NULL;
}

/* ---- out ---- */

/* Writes the digits so that they end before `end`; returns where they begin. */
static char *digits_before(char *end, int64_t i)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	    "8081828384858687888990919293949596979899";
	uint64_t v = i < 0 ? -(uint64_t)i : (uint64_t)i;

	while (v >= 100) {
		end -= 2;
		memcpy(end, pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, pairs + v * 2, 2);
	} else {
		*--end = (char)('0' + v);
	}
	if (i < 0)
		*--end = '-';
	return end;
}

#define DIGITS_MAX 20

void format_put_digits(struct buf *o, int64_t i)
{
	char text[DIGITS_MAX];
	char *p = digits_before(text + sizeof(text), i);

	buf_put(o, p, (size_t)(text + sizeof(text) - p));
}

int format_put_stored(const struct format_out *out, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL: break;
	case VALUE_INT: format_put_digits(out->buf, v->i); break;
	case VALUE_FLOAT: return format_float8_put_text(out, v);
	case VALUE_TEXT: buf_put(out->buf, v->text, v->len); break;
	case VALUE_BLOB: return format_bytea_put_text(out, v);
	}
	return 0;
}

static int put_text(const struct format_out *out, const struct value *v)
{
	return out->type->put_text != NULL ? out->type->put_text(out, v) : format_put_stored(out, v);
}

static int put_other_field(struct buf *o, const struct value *v, const struct format_column *c,
    const struct format_type *type, const struct format_settings *settings, struct err *err)
{
	struct format_out out = {
		.type = type != NULL ? type : &stored_as_is,
		.typmod = c->typmod,
		.settings = settings != NULL ? settings : &default_settings,
		.buf = o,
		.err = err,
	};

	if (c->format != 0 && out.type->put_binary == NULL)
		return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "no binary output for the type with OID %u", c->type);

	size_t at = o->len;
	buf_extend(o, 4);
	if ((c->format != 0 ? out.type->put_binary(&out, v) : put_text(&out, v)) != 0) {
		if (!o->failed)
			buf_truncate(o, at);
		return -1;
	}
	if (!o->failed)
		store32(o->data + at, (uint32_t)(o->len - at - 4));
	return 0;
}

/* The commonest fields first: NULL, an integer's digits, a text as it is. */
int format_put_field(struct buf *o, const struct value *v, const struct format_column *c,
    const struct format_settings *settings, struct err *err)
{
	if (v->kind == VALUE_NULL) {
		uint8_t *p = buf_extend(o, 4);
		if (p != NULL)
			store32(p, UINT32_MAX);
		return 0;
	}

	const struct format_type *type = format_type_find(c->type);
	if (type != NULL && v->kind == VALUE_TEXT && type->is_verbatim) {
		uint8_t *p = buf_extend(o, 4 + (size_t)v->len);
		if (p != NULL && v->len > 0)
			memcpy(p + 4, v->text, v->len);
		if (p != NULL)
			store32(p, v->len);
		return 0;
	}
	if (type != NULL && v->kind == VALUE_INT && type->is_integer && c->format == 0) {
		char text[DIGITS_MAX];
		const char *digits = digits_before(text + sizeof(text), v->i);
		size_t len = (size_t)(text + sizeof(text) - digits);
		uint8_t *p = buf_extend(o, 4 + len);
		if (p != NULL)
			memcpy(store32(p, (uint32_t)len), digits, len);
		return 0;
	}
	return put_other_field(o, v, c, type, settings, err);
}

int format_put_text(struct buf *o, const struct value *v, oid_t type, int32_t typmod,
    const struct format_settings *settings, struct err *err)
{
	const struct format_type *t = format_type_find(type);
	struct format_out out = {
		.type = t != NULL ? t : &stored_as_is,
		.typmod = typmod,
		.settings = settings != NULL ? settings : &default_settings,
		.buf = o,
		.err = err,
	};

	return v->kind == VALUE_NULL ? 0 : put_text(&out, v);
}

static int bad_text(const struct format_type *type, const char *text, size_t len, struct err *err)
{
	return err_set(err, SQLSTATE_BAD_TEXT, "invalid input syntax for type %s: \"%.*s\"", type->name,
	    format_shown_len(len), len == 0 ? "" : text);
}

int format_no_binary_value(const struct format_out *out, const struct value *v)
{
	char number[FLOAT_TEXT_MAX];

	switch (v->kind) {
	case VALUE_TEXT: return bad_text(out->type, v->text, v->len, out->err);
	case VALUE_FLOAT: return bad_text(out->type, number, float8_text(v->f, number), out->err);
	case VALUE_INT: {
		const char *digits = digits_before(number + sizeof(number), v->i);
		return bad_text(out->type, digits, (size_t)(number + sizeof(number) - digits), out->err);
	}
	default:
		return err_set(out->err, SQLSTATE_BAD_TEXT, "invalid value of type %s: it is stored as bytes",
		    out->type->name);
	}
}

/* ---- in ---- */

static struct format_in input_of(
    const struct format_type *t, int32_t typmod, struct buf *scratch, struct value *out, struct err *err)
{
	return (struct format_in){
		.type = t != NULL ? t : &stored_as_is,
		.typmod = typmod,
		.scratch = scratch,
		.value = out,
		.err = err,
	};
}

int format_read_text(oid_t type, int32_t typmod, const char *text, size_t len, struct buf *scratch,
    struct value *out, struct err *err)
{
	struct format_in in = input_of(format_type_find(type), typmod, scratch, out, err);

	if (wire_check_utf8(text, len, err) != 0)
		return -1;
	if (in.type->read_text != NULL)
		return in.type->read_text(&in, text, len);
	*out = value_text(text, len);
	return 0;
}

int format_read_binary(oid_t type, int32_t typmod, const uint8_t *data, size_t len, struct buf *scratch,
    struct value *out, struct err *err)
{
	struct format_in in = input_of(format_type_find(type), typmod, scratch, out, err);

	if (in.type->read_binary == NULL)
		return err_set(
		    err, SQLSTATE_FEATURE_NOT_SUPPORTED, "no binary input for the type with OID %u", type);
	return in.type->read_binary(&in, data, len);
}

int format_bad_text(const struct format_in *in, const char *text, size_t len)
{
	return bad_text(in->type, text, len, in->err);
}

int format_out_of_range(const struct format_in *in, const char *text, size_t len)
{
	return err_set(in->err, SQLSTATE_OUT_OF_RANGE, "value \"%.*s\" is out of range for type %s",
	    format_shown_len(len), text, in->type->name);
}

int format_short_data(struct err *err)
{
	return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "insufficient data left in message");
}

int format_long_data(struct err *err)
{
	return err_set(err, SQLSTATE_BAD_BINARY, "incorrect binary data format");
}

static int scratch_failed(const struct format_in *in)
{
	return err_set(
	    in->err, SQLSTATE_OUT_OF_MEMORY, "out of memory for a value of type %s", in->type->name);
}

int format_take_text(const struct format_in *in, size_t at)
{
	if (in->scratch->failed)
		return scratch_failed(in);
	*in->value = value_text(
	    in->scratch->data == NULL ? "" : (const char *)in->scratch->data + at, in->scratch->len - at);
	return 0;
}

int format_take_blob(const struct format_in *in, size_t at)
{
	if (in->scratch->failed)
		return scratch_failed(in);
	*in->value = value_blob(
	    in->scratch->data == NULL ? (const uint8_t *)"" : in->scratch->data + at, in->scratch->len - at);
	return 0;
}
