/* Any bytes as a value of any type, in text and in binary: what is accepted can be written in both forms, and the text that is
 * written is accepted and written as the same text again. */
#include <stdlib.h>
#include <string.h>

#include "pgwire/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const oid_t types[] = {
	OID_BOOL,
	OID_BYTEA,
	OID_CHAR,
	OID_NAME,
	OID_INT8,
	OID_INT2,
	OID_INT2VECTOR,
	OID_INT4,
	OID_TEXT,
	OID_OID,
	OID_OIDVECTOR,
	OID_JSON,
	OID_FLOAT4,
	OID_FLOAT8,
	OID_BPCHAR,
	OID_VARCHAR,
	OID_DATE,
	OID_TIME,
	OID_TIMESTAMP,
	OID_TIMESTAMPTZ,
	OID_NUMERIC,
	OID_REGCLASS,
	OID_UUID,
	OID_JSONB,
	OID_BOOL_ARRAY,
	OID_BYTEA_ARRAY,
	OID_INT4_ARRAY,
	OID_TEXT_ARRAY,
	OID_FLOAT8_ARRAY,
	OID_NUMERIC_ARRAY,
	OID_TIMESTAMP_ARRAY,
	OID_VARCHAR_ARRAY,
	OID_INTERVAL,
};

#define NTYPES  (sizeof(types) / sizeof(types[0]))
#define BUF_MAX (1 << 20)

static void put_text(struct buf *o, const struct value *v, oid_t type, int32_t typmod)
{
	struct err err;

	if (format_put_text(o, v, type, typmod, NULL, &err) != 0)
		abort();
}

static void write_and_read_again(const struct value *v, oid_t type, int32_t typmod)
{
	struct format_column c = { .type = type, .typmod = typmod, .format = 1 };
	struct buf text, again, scratch;
	struct value second;
	struct err err;

	buf_init(&text, BUF_MAX);
	buf_init(&again, BUF_MAX);
	buf_init(&scratch, BUF_MAX);
	/* A regclass may hold a name, which has no number here. */
	if (format_has_binary(type) && format_put_field(&text, v, &c, NULL, &err) != 0 &&
	    type != OID_REGCLASS)
		abort();
	buf_clear(&text);
	put_text(&text, v, type, typmod);
	if (text.failed)
		goto release;
	const char *bytes = text.data == NULL ? "" : (const char *)text.data;
	if (format_read_text(type, typmod, bytes, text.len, &scratch, &second, &err) != 0) {
		if (!scratch.failed)
			abort();
		goto release;
	}
	put_text(&again, &second, type, typmod);
	if (again.len != text.len || (text.len > 0 && memcmp(again.data, text.data, text.len) != 0))
		abort();

release:
	buf_release(&text);
	buf_release(&again);
	buf_release(&scratch);
}

/* The stored text could be anything too: it is written, or refused, without a crash. */
static void write_stored(const char *text, size_t len, oid_t type)
{
	struct format_column c = { .type = type, .typmod = -1, .format = 1 };
	struct value v = value_text(text, len);
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	put_text(&o, &v, type, -1);
	buf_clear(&o);
	if (format_put_field(&o, &v, &c, NULL, &err) != 0 && strlen(err.sqlstate) != 5)
		abort();
	buf_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int32_t typmods[] = { -1, 4 + 3, (6 << 16 | 2) + 4, 2 };
	struct buf scratch;
	struct value v;
	struct err err;

	if (size < 2)
		return 0;
	oid_t type = types[data[0] % NTYPES];
	int32_t typmod = typmods[data[1] >> 1 & 3];
	bool is_binary = (data[1] & 1) != 0;
	size_t len = size - 2;
	uint8_t *copy = malloc(len + 1);
	if (copy == NULL)
		return 0;
	/* Of its exact size, but for one byte that makes it a block. */
	copy = realloc(copy, len > 0 ? len : 1);
	memcpy(copy, data + 2, len);

	buf_init(&scratch, BUF_MAX);
	int rc = is_binary ? format_read_binary(type, typmod, copy, len, &scratch, &v, &err)
			   : format_read_text(type, typmod, (char *)copy, len, &scratch, &v, &err);
	if (rc == 0)
		write_and_read_again(&v, type, typmod);
	else if (strlen(err.sqlstate) != 5)
		abort();
	write_stored((char *)copy, len, type);
	buf_release(&scratch);
	free(copy);
	return 0;
}
