#include "pgwire/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct copy_options defaults = { .delimiter = '\t', .null_text = "\\N" };

/* Rows as one text: fields in <>, NULL as -, rows ended by a newline; then END or the SQLSTATE and the sentence. */
struct reading {
	struct copy_reader r;
	struct buf seen;
	bool is_over;
};

static void take_rows(struct reading *t, const char *bytes, size_t len, bool last)
{
	const struct copy_field *f;
	struct err err;
	size_t n;

	while (!t->is_over) {
		switch (copy_read_row(&t->r, &bytes, &len, last, &f, &n, &err)) {
		case COPY_MORE: assert_int_equal(len, 0); return;
		case COPY_END:
			buf_put_text(&t->seen, "END");
			t->is_over = true;
			break;
		case COPY_FAILED:
			buf_printf(&t->seen, "%s %s", err.sqlstate, err.message);
			t->is_over = true;
			break;
		case COPY_ROW:
			for (size_t i = 0; i < n && i < t->r.nfields_max; i++) {
				if (f[i].text == NULL)
					buf_put_text(&t->seen, "-");
				else
					buf_printf(&t->seen, "<%.*s>", (int)f[i].len, f[i].text);
			}
			if (n > t->r.nfields_max)
				buf_put_text(&t->seen, "+");
			buf_put_byte(&t->seen, '\n');
		}
	}
}

/* Each piece lies in a block of its exact size, so that ASan sees a read past its end. */
static void take_piece(struct reading *t, const char *bytes, size_t len, bool last)
{
	char *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	take_rows(t, copy, len, last);
	free(copy);
}

static void begin(struct reading *t, const struct copy_options *options, size_t row_max)
{
	struct err err;

	*t = (struct reading){ .is_over = false };
	assert_int_equal(copy_reader_init(&t->r, options, 3, row_max, &err), 0);
	buf_init(&t->seen, 1 << 20);
}

static void finish(struct reading *t, const char *expected)
{
	assert_string_equal(buf_text(&t->seen), expected);
	buf_release(&t->seen);
	copy_reader_release(&t->r);
}

static void reads_as(const char *bytes, size_t len, const struct copy_options *options, const char *expected)
{
	struct reading t;

	begin(&t, options, 1000);
	take_piece(&t, bytes, len, true);
	finish(&t, expected);
	/* In two pieces, cut everywhere; the last may be empty. */
	for (size_t cut = 0; cut <= len; cut++) {
		begin(&t, options, 1000);
		take_piece(&t, bytes, cut, false);
		take_piece(&t, bytes + cut, len - cut, true);
		finish(&t, expected);
	}
	/* Byte by byte, and the end by itself. */
	begin(&t, options, 1000);
	for (size_t i = 0; i < len; i++)
		take_piece(&t, bytes + i, 1, false);
	take_piece(&t, "", 0, true);
	finish(&t, expected);
}

#define BYTES(text) (text), sizeof(text) - 1

static void rows_come_out_however_the_stream_is_cut(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected;
	} cases[] = {
		{ BYTES(""), "END" },
		{ BYTES("1\ta\n2\tb\n"), "<1><a>\n<2><b>\nEND" },
		{ BYTES("1\ta\n2\tb"), "<1><a>\n<2><b>\nEND" },
		{ BYTES("\n"), "<>\nEND" },
		{ BYTES("\n\n"), "<>\n<>\nEND" },
		{ BYTES("\t\t\n"), "<><><>\nEND" },
		{ BYTES("1\t2\t3\t4\t5\n6\n"), "<1><2><3>+\n<6>\nEND" },
		{ BYTES("\\N\tx\\N\t\\N\n"), "-<xN>-\nEND" },
		{ BYTES("\\\\N\n"), "<\\N>\nEND" },
		{ BYTES("1\n\\.\n2\n"), "<1>\nEND" },
		{ BYTES("1\n\\."), "<1>\nEND" },
		{ BYTES("\\.\n"), "END" },
		{ BYTES("ab\\.\n2\n"), "<ab>\nEND" },
		{ BYTES("a\\tb\\nc\\\\d\\re\\bf\\fg\\vh\n"), "<a\tb\nc\\d\re\bf\fg\vh>\nEND" },
		{ BYTES("\\x41\\x4aZ\\101\\60\\x\\8\n"), "<AJZA0x8>\nEND" },
		{ BYTES("a\\\tb\tc\n"), "<a\tb><c>\nEND" },
		{ BYTES("a\\\nb\n"), "<a\nb>\nEND" },
		{ BYTES("a\\"), "<a>\nEND" },
		{ BYTES("1\r\n2\r\n"), "<1>\n<2>\nEND" },
		{ BYTES("1\r2\r"), "<1>\n<2>\nEND" },
		{ BYTES("1\r\n\\.\r\n"), "<1>\nEND" },
		{ BYTES("1\r\\.\r"), "<1>\nEND" },
		{ BYTES("1\n2\r\n"), "<1>\n22P04 literal carriage return found in data" },
		{ BYTES("1\r\n2\n3"), "<1>\n22P04 literal newline found in data" },
		{ BYTES("1\r2\n"), "<1>\n22P04 literal newline found in data" },
		{ BYTES("1\r\n2\r3\r\n"), "<1>\n22P04 literal carriage return found in data" },
		{ BYTES("1\n\\.x\n"), "<1>\n22P04 end-of-copy marker corrupt" },
		{ BYTES("1\n\\.\r\n"),
		    "<1>\n22P04 end-of-copy marker does not match previous newline style" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		reads_as(cases[i].bytes, cases[i].len, &defaults, cases[i].expected);
}

static void delimiter_and_null_text_are_options(void **state)
{
	(void)state;
	struct copy_options options = { .delimiter = '|', .null_text = "" };

	reads_as(BYTES("1||a\\|b\n"), &options, "<1>-<a|b>\nEND");
	options.null_text = "NULL";
	reads_as(BYTES("NULL|NUL|null\n"), &options, "-<NUL><null>\nEND");
}

static void a_row_over_the_limit_is_refused_however_it_comes(void **state)
{
	(void)state;
	char row[128];
	struct reading t;

	memset(row, 'x', sizeof(row));
	row[99] = '\n';
	begin(&t, &defaults, 99);
	take_piece(&t, row, 100, true);
	row[99] = '\0';
	char fits[256];
	snprintf(fits, sizeof(fits), "<%s>\nEND", row);
	finish(&t, fits);

	for (size_t step = 1; step <= 128; step += 42) {
		row[99] = 'x';
		begin(&t, &defaults, 99);
		for (size_t at = 0; at < sizeof(row) && !t.is_over; at += step)
			take_piece(&t, row + at, sizeof(row) - at < step ? sizeof(row) - at : step, false);
		if (!t.is_over)
			take_piece(&t, "", 0, true);
		assert_memory_equal(buf_text(&t.seen), "54000 row ", 10);
		buf_release(&t.seen);
		copy_reader_release(&t.r);
	}
}

/* The byte that tells a carriage return from a CRLF begins the next row, and isn't of this one's length. */
static void a_row_of_the_limit_is_taken_when_its_newline_is_cut(void **state)
{
	(void)state;
	struct reading t;

	begin(&t, &defaults, 5);
	take_piece(&t, "12345\r", 6, false);
	take_piece(&t, "6789", 4, true);
	finish(&t, "<12345>\n<6789>\nEND");
	begin(&t, &defaults, 5);
	take_piece(&t, "1234", 4, false);
	take_piece(&t, "5\r\n67890\r\n\\.\r\n", 14, true);
	finish(&t, "<12345>\n<67890>\nEND");
}

static void lines_are_counted_for_error_context(void **state)
{
	(void)state;
	struct reading t;

	begin(&t, &defaults, 100);
	take_piece(&t, "a\nb\nc\r\n", 7, true);
	assert_int_equal(t.r.line, 3);
	finish(&t, "<a>\n<b>\n22P04 literal carriage return found in data");
}

static void nothing_is_read_after_the_end_marker(void **state)
{
	(void)state;
	struct reading t;
	const struct copy_field *f;
	const char *more = "x\n";
	size_t len = 2, n;
	struct err err;

	begin(&t, &defaults, 100);
	take_piece(&t, "\\.\n", 3, false);
	assert_int_equal(copy_read_row(&t.r, &more, &len, false, &f, &n, &err), COPY_END);
	assert_int_equal(len, 0);
	finish(&t, "END");
}

/* What the writer makes of any bytes, the reader gives back, also when they come in pieces. */
static void every_byte_survives_the_way_out_and_in(void **state)
{
	(void)state;
	char bytes[256];
	struct buf o;
	struct reading t;
	struct err err;
	const struct copy_field *f;
	size_t n;

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	buf_init(&o, 1 << 16);
	copy_put_field(&o, &defaults, bytes, sizeof(bytes));
	buf_put_byte(&o, '\t');
	copy_put_field(&o, &defaults, NULL, 0);
	buf_put_byte(&o, '\t');
	copy_put_field(&o, &defaults, "\\N", 2);
	buf_put_byte(&o, '\n');
	for (size_t cut = 0; cut <= o.len; cut++) {
		begin(&t, &defaults, 2000);
		const char *at = (const char *)o.data;
		size_t len = cut;
		enum copy_read got = copy_read_row(&t.r, &at, &len, false, &f, &n, &err);
		if (got == COPY_MORE) {
			at = (const char *)o.data + cut;
			len = o.len - cut;
			got = copy_read_row(&t.r, &at, &len, true, &f, &n, &err);
		}
		assert_int_equal(got, COPY_ROW);
		assert_int_equal(n, 3);
		assert_int_equal(f[0].len, 256);
		assert_memory_equal(f[0].text, bytes, 256);
		assert_null(f[1].text);
		assert_int_equal(f[2].len, 2);
		buf_release(&t.seen);
		copy_reader_release(&t.r);
	}
	buf_release(&o);
}

static void the_writer_escapes_as_postgresql_does(void **state)
{
	(void)state;
	struct copy_options options = { .delimiter = '|', .null_text = "" };
	struct buf o;

	buf_init(&o, 1 << 10);
	copy_put_field(&o, &options, "a|b\\c\t\n\r\b\f\v\x01", 12);
	assert_string_equal(buf_text(&o), "a\\|b\\\\c\\t\\n\\r\\b\\f\\v\x01");
	buf_clear(&o);
	copy_put_field(&o, &options, NULL, 0);
	copy_put_field(&o, &options, "", 0);
	assert_int_equal(o.len, 0);
	buf_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_out_however_the_stream_is_cut),
		cmocka_unit_test(delimiter_and_null_text_are_options),
		cmocka_unit_test(a_row_over_the_limit_is_refused_however_it_comes),
		cmocka_unit_test(a_row_of_the_limit_is_taken_when_its_newline_is_cut),
		cmocka_unit_test(lines_are_counted_for_error_context),
		cmocka_unit_test(nothing_is_read_after_the_end_marker),
		cmocka_unit_test(every_byte_survives_the_way_out_and_in),
		cmocka_unit_test(the_writer_escapes_as_postgresql_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
