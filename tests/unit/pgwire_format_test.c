#include "pgwire/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pgwire/bytes.h"
#include "pgwire/copy.h"
#include "pgwire/float_text.h"

#define BUF_MAX (1 << 20)

/* ---- what PostgreSQL 15 itself answered (pgwire_format_cases.sql) ---- */

struct known {
	oid_t type;
	int32_t typmod;
	const char *input, *sqlstate, *output, *bytes;
};

static void explain(const struct known *k, const char *what, const char *got, size_t len)
{
	print_error("type %u typmod %d input \"%s\": %s \"%.*s\", PostgreSQL says \"%s\" %s\n", k->type,
	    k->typmod, k->input, what, (int)len, got, k->output, k->bytes);
}

static bool has_text(const struct known *k, const struct value *v)
{
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	assert_int_equal(format_put_text(&o, v, k->type, k->typmod, NULL, &err), 0);
	bool same = o.len == strlen(k->output) && (o.len == 0 || memcmp(o.data, k->output, o.len) == 0);
	if (!same)
		explain(k, "text", (char *)o.data, o.len);
	buf_release(&o);
	return same;
}

static void to_hex(const uint8_t *bytes, size_t len, char *hex)
{
	for (size_t i = 0; i < len; i++)
		sprintf(hex + i * 2, "%02x", bytes[i]);
}

static bool has_binary(const struct known *k, const struct value *v)
{
	struct format_column c = { .type = k->type, .typmod = k->typmod, .format = 1 };
	char hex[4096] = "";
	struct buf o;
	struct err err;

	if (!format_has_binary(k->type))
		return true;
	buf_init(&o, BUF_MAX);
	if (format_put_field(&o, v, &c, NULL, &err) != 0) {
		explain(k, "no binary:", err.message, strlen(err.message));
		buf_release(&o);
		return false;
	}
	assert_int_equal(load32(o.data), o.len - 4);
	assert_true(o.len * 2 < sizeof(hex));
	to_hex(o.data + 4, o.len - 4, hex);
	bool same = strcmp(hex, k->bytes) == 0;
	if (!same)
		explain(k, "binary", hex, strlen(hex));
	buf_release(&o);
	return same;
}

/* From the binary form that PostgreSQL sent, the same text again; and cut or lengthened it is an error or another value, never a
 * crash. */
static bool reads_binary(const struct known *k)
{
	size_t len = strlen(k->bytes) / 2;
	struct buf scratch;
	struct value v;
	struct err err;
	bool same = true;

	if (!format_has_binary(k->type))
		return true;
	buf_init(&scratch, BUF_MAX);
	for (size_t n = 0; n <= len; n++) {
		/* Of its exact size, for ASan. */
		uint8_t *bytes = malloc(n + 1);
		assert_non_null(bytes);
		for (size_t i = 0; i < n; i++) {
			unsigned byte;
			assert_int_equal(sscanf(k->bytes + i * 2, "%2x", &byte), 1);
			bytes[i] = (uint8_t)byte;
		}
		bytes = realloc(bytes, n > 0 ? n : 1);
		buf_clear(&scratch);
		err_clear(&err);
		int rc = format_read_binary(k->type, k->typmod, bytes, n, &scratch, &v, &err);
		if (n == len) {
			if (rc != 0)
				explain(k, "binary refused:", err.message, strlen(err.message));
			same = rc == 0 && has_text(k, &v);
		} else if (rc != 0) {
			assert_int_equal(strlen(err.sqlstate), 5);
		}
		free(bytes);
	}
	buf_release(&scratch);
	return same;
}

static bool is_taken(const struct known *k, const struct value *v)
{
	return has_text(k, v) && has_binary(k, v) && reads_binary(k);
}

static bool answers_as_postgresql(const struct known *k)
{
	struct buf scratch;
	struct value v;
	struct err err;
	bool same;

	buf_init(&scratch, BUF_MAX);
	if (format_read_text(k->type, k->typmod, k->input, strlen(k->input), &scratch, &v, &err) != 0) {
		same = strcmp(err.sqlstate, k->sqlstate) == 0 && strcmp(err.message, k->output) == 0;
		if (!same)
			explain(k, err.sqlstate, err.message, strlen(err.message));
	} else {
		same = strcmp(k->sqlstate, "00000") == 0 && is_taken(k, &v);
		if (strcmp(k->sqlstate, "00000") != 0)
			explain(k, "taken", "", 0);
	}
	buf_release(&scratch);
	return same;
}

static char *field_text(const struct copy_field *f)
{
	char *text = strndup(f->text, f->len);

	assert_non_null(text);
	return text;
}

static void every_known_text_is_answered_as_postgresql_does(void **state)
{
	(void)state;
	static char bytes[1 << 20];
	FILE *file = fopen("tests/unit/pgwire_format_cases.tsv", "r");
	assert_non_null(file);
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_in_range(len, 1, sizeof(bytes) - 1);

	struct copy_options options = { .delimiter = '\t', .null_text = "\\N" };
	struct copy_reader r;
	const struct copy_field *f;
	const char *at = bytes;
	size_t nfields, ncases = 0, nwrong = 0;
	struct err err;

	assert_int_equal(copy_reader_init(&r, &options, 6, 1 << 16, &err), 0);
	while (copy_read_row(&r, &at, &len, true, &f, &nfields, &err) == COPY_ROW) {
		char *text[6];
		assert_int_equal(nfields, 6);
		for (size_t i = 0; i < 6; i++)
			text[i] = field_text(&f[i]);
		struct known k = { (oid_t)strtoul(text[0], NULL, 10), (int32_t)strtol(text[1], NULL, 10),
			text[2], text[3], text[4], text[5] };
		nwrong += !answers_as_postgresql(&k);
		ncases++;
		for (size_t i = 0; i < 6; i++)
			free(text[i]);
	}
	copy_reader_release(&r);
	assert_int_equal(nwrong, 0);
	assert_true(ncases > 700);
}

/* ---- fields ---- */

static void has_field(const struct value *v, oid_t type, int format, const char *bytes, int len)
{
	struct format_column c = { .type = type, .typmod = -1, .format = format };
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	assert_int_equal(format_put_field(&o, v, &c, NULL, &err), 0);
	assert_int_equal((int32_t)load32(o.data), len);
	assert_int_equal(o.len, 4 + (len < 0 ? 0 : len));
	if (len > 0)
		assert_memory_equal(o.data + 4, bytes, (size_t)len);
	buf_release(&o);
}

#define BYTES(text) (text), (int)sizeof(text) - 1

static void a_null_is_a_length_of_minus_one_in_every_type(void **state)
{
	(void)state;
	static const oid_t types[] = { OID_BOOL, OID_INT4, OID_TEXT, OID_NUMERIC, OID_INT4_ARRAY, OID_NONE,
		99999 };
	struct value v = value_null();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		has_field(&v, types[i], 0, NULL, -1);
		has_field(&v, types[i], 1, NULL, -1);
	}
}

static void integers_print_as_printf_prints_them(void **state)
{
	(void)state;

	for (int bit = 0; bit < 64; bit++) {
		for (int d = -2; d <= 2; d++) {
			char text[32];
			struct value v = value_int((int64_t)((UINT64_C(1) << bit) + (uint64_t)d));
			int len = snprintf(text, sizeof(text), "%lld", (long long)v.i);
			has_field(&v, OID_INT8, 0, text, len);
			has_field(&v, OID_TEXT, 0, text, len);
		}
	}
	for (int64_t i = 1; i < INT64_MAX / 10; i = i * 10 + i % 7) {
		char text[32];
		struct value v = value_int(-i);
		has_field(&v, OID_INT4, 0, text, snprintf(text, sizeof(text), "%lld", (long long)v.i));
	}
}

/* Hold what the type doesn't: SQLite lets any column. */
static void values_of_another_storage_class_are_written_as_their_text(void **state)
{
	(void)state;
	struct value text = value_str("abc"), real = value_float(2.5), whole = value_float(3),
		     integer = value_int(7), blob = value_blob("\x01\xff", 2), digits = value_str("12");

	has_field(&text, OID_INT4, 0, BYTES("abc"));
	has_field(&text, OID_BOOL, 0, BYTES("abc"));
	has_field(&text, OID_FLOAT8, 0, BYTES("abc"));
	has_field(&text, OID_TIMESTAMP, 0, BYTES("abc"));
	has_field(&text, OID_INT4_ARRAY, 0, BYTES("abc"));
	has_field(&text, OID_NONE, 0, BYTES("abc"));
	has_field(&text, 99999, 0, BYTES("abc"));
	has_field(&text, OID_BYTEA, 0, BYTES("\\x616263"));
	has_field(&real, OID_INT4, 0, BYTES("2.5"));
	has_field(&real, OID_TEXT, 1, BYTES("2.5"));
	has_field(&real, OID_BYTEA, 0, BYTES("2.5"));
	has_field(&real, OID_NUMERIC, 1, BYTES("\0\2\0\0\0\0\0\1\0\2\x13\x88"));
	has_field(&whole, OID_INT4, 1, BYTES("\0\0\0\3"));
	has_field(&integer, OID_FLOAT8, 0, BYTES("7"));
	has_field(&integer, OID_FLOAT8, 1, BYTES("\x40\x1c\0\0\0\0\0\0"));
	has_field(&integer, OID_DATE, 0, BYTES("7"));
	has_field(&integer, OID_NUMERIC, 1, BYTES("\0\1\0\0\0\0\0\0\0\7"));
	has_field(&integer, OID_CHAR, 0, BYTES("7"));
	has_field(&blob, OID_TEXT, 0, BYTES("\\x01ff"));
	has_field(&blob, OID_INT4, 0, BYTES("\\x01ff"));
	has_field(&blob, OID_INT4_ARRAY, 0, BYTES("\\x01ff"));
	has_field(&digits, OID_INT4, 1, BYTES("\0\0\0\x0c"));
}

static void what_has_no_binary_form_is_refused_and_leaves_no_trace(void **state)
{
	(void)state;
	static const oid_t types[] = { OID_BOOL, OID_INT2, OID_INT4, OID_INT8, OID_OID, OID_REGCLASS,
		OID_FLOAT4, OID_FLOAT8, OID_DATE, OID_TIME, OID_TIMESTAMP, OID_TIMESTAMPTZ, OID_NUMERIC,
		OID_UUID };
	struct value values[] = { value_str("abc"), value_blob("x", 1), value_str("") };
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	buf_put_byte(&o, 'D');
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (size_t n = 0; n < sizeof(values) / sizeof(values[0]); n++) {
			struct format_column c = { .type = types[i], .typmod = -1, .format = 1 };
			assert_int_equal(format_put_field(&o, &values[n], &c, NULL, &err), -1);
			assert_int_equal(err.sqlstate[0], '2');
			assert_int_equal(o.len, 1);
		}
	}
	struct format_column c = { .type = OID_INTERVAL, .typmod = -1, .format = 1 };
	assert_int_equal(format_put_field(&o, &values[0], &c, NULL, &err), -1);
	assert_string_equal(err.sqlstate, "0A000");
	struct value big = value_int(2147483648);
	c.type = OID_INT4;
	assert_int_equal(format_put_field(&o, &big, &c, NULL, &err), -1);
	assert_string_equal(err.message, "integer out of range");
	buf_release(&o);
}

static void char_n_is_padded_to_its_characters(void **state)
{
	(void)state;
	struct format_column c = { .type = OID_BPCHAR, .typmod = 4 + 70 };
	struct value v = value_str("h\xc3\xa9");
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	assert_int_equal(format_put_field(&o, &v, &c, NULL, &err), 0);
	assert_int_equal(load32(o.data), 71);
	assert_int_equal(o.data[o.len - 1], ' ');
	assert_int_equal(o.data[4 + 3], ' ');
	buf_release(&o);
}

static void settings_change_what_is_printed(void **state)
{
	(void)state;
	struct format_settings settings = { .bytea_escape = true, .extra_float_digits = -1 };
	struct value blob = value_blob("a\\\x01\xff", 4), third = value_float(1.0 / 3),
		     big = value_float(INFINITY);
	struct buf o;
	struct err err;

	buf_init(&o, BUF_MAX);
	format_put_text(&o, &blob, OID_BYTEA, -1, &settings, &err);
	format_put_text(&o, &third, OID_FLOAT8, -1, &settings, &err);
	format_put_text(&o, &third, OID_FLOAT4, -1, &settings, &err);
	format_put_text(&o, &big, OID_FLOAT8, -1, &settings, &err);
	settings.extra_float_digits = -16;
	format_put_text(&o, &third, OID_FLOAT4, -1, &settings, &err);
	assert_string_equal(buf_text(&o), "a\\\\\\001\\3770.3333333333333330.333333Infinity0.3");
	buf_release(&o);
}

/* ---- input ---- */

static int read_text(
    oid_t type, int32_t typmod, const char *text, size_t len, struct buf *scratch, struct err *err)
{
	struct value v;

	return format_read_text(type, typmod, text, len, scratch, &v, err);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	(void)state;
	static const oid_t types[] = { OID_TEXT, OID_INT4, OID_VARCHAR, OID_BYTEA, OID_NUMERIC, OID_INTERVAL,
		OID_NONE };
	struct buf scratch;
	struct err err;
	struct value v;

	buf_init(&scratch, BUF_MAX);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(read_text(types[i], -1, "a\xff", 2, &scratch, &err), -1);
		assert_string_equal(err.sqlstate, "22021");
		assert_string_equal(err.message, "invalid byte sequence for encoding \"UTF8\": 0xff");
		assert_int_equal(read_text(types[i], -1, "a\0b", 3, &scratch, &err), -1);
		assert_string_equal(err.message, "invalid byte sequence for encoding \"UTF8\": 0x00");
	}
	assert_int_equal(
	    format_read_binary(OID_TEXT, -1, (const uint8_t *)"\xc3", 1, &scratch, &v, &err), -1);
	assert_string_equal(err.sqlstate, "22021");
	buf_release(&scratch);
}

static void numbers_of_the_greatest_length_are_taken(void **state)
{
	(void)state;
	struct buf scratch, text;
	struct value v;
	struct err err;

	buf_init(&scratch, BUF_MAX);
	buf_init(&text, BUF_MAX);
	assert_int_equal(format_read_text(OID_NUMERIC, -1, "1e131071", 8, &scratch, &v, &err), 0);
	assert_int_equal(v.len, 131072);
	buf_put_byte(&text, '-');
	for (int i = 0; i < 131072; i++)
		buf_put_byte(&text, '9');
	buf_put_byte(&text, '.');
	for (int i = 0; i < 16383; i++)
		buf_put_byte(&text, '8');
	buf_clear(&scratch);
	assert_int_equal(
	    format_read_text(OID_NUMERIC, -1, (char *)text.data, text.len, &scratch, &v, &err), 0);
	assert_int_equal(v.len, text.len);
	assert_memory_equal(v.text, text.data, text.len);

	struct format_column c = { .type = OID_NUMERIC, .typmod = -1, .format = 1 };
	struct buf o;
	buf_init(&o, BUF_MAX);
	assert_int_equal(format_put_field(&o, &v, &c, NULL, &err), 0);
	struct buf again;
	buf_init(&again, BUF_MAX);
	assert_int_equal(format_read_binary(OID_NUMERIC, -1, o.data + 4, o.len - 4, &again, &v, &err), 0);
	assert_int_equal(v.len, text.len);
	assert_memory_equal(v.text, text.data, text.len);
	buf_put_byte(&text, '8');
	assert_int_equal(read_text(OID_NUMERIC, -1, (char *)text.data, text.len, &scratch, &err), -1);
	assert_string_equal(err.message, "value overflows numeric format");
	buf_release(&again);
	buf_release(&o);
	buf_release(&text);
	buf_release(&scratch);
}

static void a_numeric_overflow_says_what_would_have_fit(void **state)
{
	(void)state;
	struct buf scratch;
	struct err err;

	buf_init(&scratch, BUF_MAX);
	assert_int_equal(read_text(OID_NUMERIC, (5 << 16 | 2) + 4, "1000", 4, &scratch, &err), -1);
	assert_string_equal(err.message, "numeric field overflow");
	assert_string_equal(
	    err.detail, "A field with precision 5, scale 2 must round to an absolute value less than 10^3.");
	assert_int_equal(read_text(OID_NUMERIC, (2 << 16 | 2) + 4, "1", 1, &scratch, &err), -1);
	assert_string_equal(
	    err.detail, "A field with precision 2, scale 2 must round to an absolute value less than 1.");
	assert_int_equal(read_text(OID_NUMERIC, (2 << 16 | 2) + 4, "inf", 3, &scratch, &err), -1);
	assert_string_equal(err.detail, "A field with precision 2, scale 2 cannot hold an infinite value.");
	buf_release(&scratch);
}

static void malformed_binary_is_refused_in_postgresql_words(void **state)
{
	(void)state;
	static const struct {
		oid_t type;
		const char *bytes;
		int len;
		const char *sqlstate, *sentence;
	} cases[] = {
		{ OID_INT4, BYTES("\0\0\0"), "08P01", "insufficient data left in message" },
		{ OID_INT4, BYTES("\0\0\0\0\0"), "22P03", "incorrect binary data format" },
		{ OID_BOOL, BYTES(""), "08P01", "insufficient data left in message" },
		{ OID_FLOAT8, BYTES("\0\0\0\0"), "08P01", "insufficient data left in message" },
		{ OID_DATE, BYTES("\x7f\xff\xff\xfe"), "22008", "date out of range" },
		{ OID_TIME, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), "22008", "time out of range" },
		{ OID_TIMESTAMP, BYTES("\x7f\xff\xff\xff\xff\xff\xff\xfe"), "22008",
		    "timestamp out of range" },
		{ OID_UUID, BYTES("\0"), "08P01", "insufficient data left in message" },
		{ OID_JSONB, BYTES("\2{}"), "XX000", "unsupported jsonb version number 2" },
		{ OID_NUMERIC, BYTES("\xff\xff\0\0\0\0\0\0"), "08P01", "insufficient data left in message" },
		{ OID_NUMERIC, BYTES("\0\1\0\0\0\0\0\0\x27\x10"), "22P03",
		    "invalid digit in external \"numeric\" value" },
		{ OID_NUMERIC, BYTES("\0\0\0\0\x12\x34\0\0"), "22P03",
		    "invalid sign in external \"numeric\" value" },
		{ OID_NUMERIC, BYTES("\0\0\0\0\0\0\x40\0"), "22P03",
		    "invalid scale in external \"numeric\" value" },
		{ OID_INTERVAL, BYTES(""), "0A000", "no binary input for the type with OID 1186" },
	};
	struct buf scratch;
	struct value v;
	struct err err;

	buf_init(&scratch, BUF_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(format_read_binary(cases[i].type, -1, (const uint8_t *)cases[i].bytes,
				     (size_t)cases[i].len, &scratch, &v, &err),
		    -1);
		assert_string_equal(err.message, cases[i].sentence);
		assert_string_equal(err.sqlstate, cases[i].sqlstate);
	}
	buf_release(&scratch);
}

static void a_full_scratch_is_an_error_not_a_value(void **state)
{
	(void)state;
	static const struct {
		oid_t type;
		const char *text;
	} cases[] = { { OID_BYTEA, "\\x0102" }, { OID_DATE, "2024-01-01" }, { OID_TIMESTAMP, "2024-01-01" },
		{ OID_NUMERIC, "12.5" }, { OID_UUID, "a0eebc999c0b4ef8bb6d6bb9bd380a11" },
		{ OID_INT4_ARRAY, "{1,2}" } };
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf scratch;
		buf_init(&scratch, 1);
		assert_int_equal(
		    read_text(cases[i].type, -1, cases[i].text, strlen(cases[i].text), &scratch, &err), -1);
		assert_string_equal(err.sqlstate, "53200");
		buf_release(&scratch);
	}
}

/* ---- floats ---- */

static void reads_back(double v)
{
	char text[FLOAT_TEXT_MAX + 1];

	text[float8_text(v, text)] = '\0';
	assert_true(strtod(text, NULL) == v);
}

/* With a digit less it is another number, as the C library rounds. A shorter one that lies on the very edge between two doubles
 * doesn't count, and reads as one of them; these lie among the large whole numbers. */
static void is_shortest(double v)
{
	char text[FLOAT_TEXT_MAX], shorter[64];
	size_t len = float8_text(v, text);
	int ndigits = 0;

	for (size_t i = 0; i < len && text[i] != 'e'; i++)
		ndigits += text[i] >= '0' && text[i] <= '9' && (ndigits > 0 || text[i] != '0');
	if (ndigits < 2 || memchr(text, '.', len) == NULL || (fabs(v) > 1e14 && fabs(v) < 1e24))
		return;
	snprintf(shorter, sizeof(shorter), "%.*e", ndigits - 2, v);
	assert_true(strtod(shorter, NULL) != v);
}

static void every_power_of_ten_and_two_prints_as_its_shortest_decimal(void **state)
{
	(void)state;
	char text[FLOAT_TEXT_MAX], expected[32];

	for (int e = -307; e <= 308; e++) {
		if (e == 23) /* lies on the edge between two doubles */
			continue;
		snprintf(expected, sizeof(expected), "1e%+03d", e);
		size_t len = float8_text(strtod(expected, NULL), text);
		if (e < -4 || e >= 15) {
			assert_int_equal(len, strlen(expected));
			assert_memory_equal(text, expected, len);
		}
	}
	for (int e = -1074; e < 1024; e++)
		reads_back(ldexp(1, e));
}

static void random_floats_read_back_as_themselves(void **state)
{
	(void)state;
	uint64_t raw = 88172645463325252u;
	char text[FLOAT_TEXT_MAX + 1];

	for (int i = 0; i < 200000; i++) {
		raw ^= raw << 13;
		raw ^= raw >> 7;
		raw ^= raw << 17;
		double d;
		float f;
		uint32_t half = (uint32_t)raw;
		memcpy(&d, &raw, sizeof(d));
		memcpy(&f, &half, sizeof(f));
		if (isfinite(d)) {
			reads_back(d);
			is_shortest(d);
		}
		if (isfinite(f)) {
			text[float4_text(f, text)] = '\0';
			assert_true(strtof(text, NULL) == f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_is_a_length_of_minus_one_in_every_type),
		cmocka_unit_test(integers_print_as_printf_prints_them),
		cmocka_unit_test(values_of_another_storage_class_are_written_as_their_text),
		cmocka_unit_test(what_has_no_binary_form_is_refused_and_leaves_no_trace),
		cmocka_unit_test(char_n_is_padded_to_its_characters),
		cmocka_unit_test(settings_change_what_is_printed),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(numbers_of_the_greatest_length_are_taken),
		cmocka_unit_test(a_numeric_overflow_says_what_would_have_fit),
		cmocka_unit_test(malformed_binary_is_refused_in_postgresql_words),
		cmocka_unit_test(a_full_scratch_is_an_error_not_a_value),
		cmocka_unit_test(every_power_of_ten_and_two_prints_as_its_shortest_decimal),
		cmocka_unit_test(random_floats_read_back_as_themselves),
		cmocka_unit_test(every_known_text_is_answered_as_postgresql_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
