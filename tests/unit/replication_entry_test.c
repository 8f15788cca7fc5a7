/* The codec of entries: what is written is read back, and nothing that isn't whole is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "replication/entry.h"

enum { BYTES_MAX = 1 << 24, COLUMNS_MAX = 20 };

/* A generator that is the same everywhere, so that a printed seed brings a failure back. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static struct value random_value(uint64_t *state)
{
	static const char bytes[70000];
	static const uint32_t lens[] = { 0, 1, 31, 32, 255, 256, 65535, 65536, 70000 };
	uint64_t r = next_random(state), wide = next_random(state);

	switch (r % 6) {
	case 0: return value_null();
	case 1: return value_int((int64_t)(wide >> (r >> 8) % 64));
	case 2: return value_int(-(int64_t)(wide >> 1 >> (r >> 8) % 63) - 1);
	case 3: return value_float((double)(int64_t)wide / 1000);
	case 4: return value_text(bytes, lens[r / 8 % (r % 5 == 0 ? 9 : 4)]);
	default: return value_blob(bytes, lens[r / 8 % (r % 5 == 0 ? 9 : 4)]);
	}
}

static void assert_value_equal(const struct value *a, const struct value *b)
{
	assert_int_equal(a->kind, b->kind);
	switch (a->kind) {
	case VALUE_NULL: break;
	case VALUE_INT: assert_true(a->i == b->i); break;
	case VALUE_FLOAT: assert_memory_equal(&a->f, &b->f, sizeof a->f); break;
	case VALUE_TEXT:
	case VALUE_BLOB:
		assert_int_equal(a->len, b->len);
		assert_non_null(b->blob); /* even when it is empty: SQLite takes NULL for NULL */
		assert_memory_equal(a->blob, b->blob, a->len);
		break;
	}
}

static struct entry_header some_entry(void)
{
	return (struct entry_header){ .now_us = 1764000000123456,
		.seed = UINT64_MAX,
		.role = "postgres",
		.timezone = "Europe/Paris",
		.schema_version = 3,
		.isolation = 2,
		.flags = ENTRY_VERIFY };
}

static struct statement_header some_statement(const char *sql, uint32_t ncolumns)
{
	return (struct statement_header){
		.sql = sql, .sql_len = (uint32_t)strlen(sql), .flags = STATEMENT_DDL, .ncolumns = ncolumns
	};
}

static void assert_entry_equal(const struct entry_header *a, const struct entry_header *b)
{
	assert_true(a->now_us == b->now_us && a->seed == b->seed && a->schema_version == b->schema_version);
	assert_string_equal(a->role, b->role);
	assert_string_equal(a->timezone, b->timezone);
	assert_int_equal(a->isolation, b->isolation);
	assert_int_equal(a->flags, b->flags);
}

static void a_batch_header_is_read_back(void **state)
{
	(void)state;
	struct batch_header in = { .level = ENTRY_LEVEL,
		.origin = { "0123456789abcdef" },
		.number = UINT64_MAX,
		.attested_seq = 7,
		.attested_hash = UINT64_MAX - 1,
		.nentries = 2 };
	struct batch_header out;
	struct part_header part;
	struct buf o;
	struct err err;
	struct entry_reader r;

	buf_init(&o, BYTES_MAX);
	entry_put_batch(&o, &in);
	buf_put(&o, "xx", 2); /* as many bytes as entries at least */
	entry_reader_init(&r, o.data, o.len);
	assert_int_equal(entry_read_message(&r, &out, &part, &err), MESSAGE_BATCH);
	assert_memory_equal(out.origin.bytes, in.origin.bytes, ORIGIN_SIZE);
	assert_true(out.level == in.level && out.number == in.number && out.attested_seq == 7 &&
		    out.attested_hash == in.attested_hash && out.nentries == 2);
	assert_int_equal(r.at, o.len - 2);
	buf_release(&o);
}

static void a_part_is_read_back_without_copying_it(void **state)
{
	(void)state;
	struct part_header in = { .level = ENTRY_LEVEL, .number = 9, .part = 2, .nparts = 3 };
	struct part_header out;
	struct batch_header batch;
	struct buf o;
	struct err err;
	struct entry_reader r;

	in.bytes = (const uint8_t *)"piece";
	in.len = 5;
	buf_init(&o, BYTES_MAX);
	entry_put_part(&o, &in);
	entry_reader_init(&r, o.data, o.len);
	assert_int_equal(entry_read_message(&r, &batch, &out, &err), MESSAGE_PART);
	assert_true(out.number == 9 && out.part == 2 && out.nparts == 3 && out.len == 5);
	assert_ptr_equal(out.bytes, o.data + o.len - 5);
	assert_int_equal(r.at, o.len);
	buf_release(&o);
}

static void a_part_past_the_last_is_refused(void **state)
{
	(void)state;
	struct part_header in = { .level = ENTRY_LEVEL, .number = 9, .part = 3, .nparts = 3 };
	struct part_header out;
	struct batch_header batch;
	struct buf o;
	struct err err;
	struct entry_reader r;

	buf_init(&o, BYTES_MAX);
	entry_put_part(&o, &in);
	entry_reader_init(&r, o.data, o.len);
	assert_int_equal(entry_read_message(&r, &batch, &out, &err), MESSAGE_BAD);
	assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
	buf_release(&o);
}

/* [1, 2, origin, 5, "something new"] */
static void a_message_of_a_higher_level_tells_its_level_and_number(void **state)
{
	(void)state;
	static const uint8_t bytes[] = "\x95\x01\x02\xc4\x10"
				       "0123456789abcdef"
				       "\x05\xa3new";
	struct batch_header batch;
	struct part_header part;
	struct err err;
	struct entry_reader r;

	entry_reader_init(&r, bytes, sizeof bytes - 1);
	assert_int_equal(entry_read_message(&r, &batch, &part, &err), MESSAGE_BATCH);
	assert_true(batch.level == 2 && batch.number == 5 && batch.nentries == 0);
	assert_memory_equal(batch.origin.bytes, "0123456789abcdef", ORIGIN_SIZE);
}

/* Writes an entry of random shape and reads it beside the same generator. */
static void check_random_entry(uint64_t seed)
{
	struct entry_builder b;
	struct entry_header header = some_entry(), entry;
	struct value values[COLUMNS_MAX], expected;
	uint64_t random = seed;
	uint32_t nstatements = (uint32_t)(next_random(&random) % 4);
	struct err err;

	entry_builder_init(&b, BYTES_MAX);
	entry_builder_begin(&b, &header);
	uint64_t again = random;
	for (uint32_t s = 0; s < nstatements; s++) {
		struct statement_header h =
		    some_statement("INSERT", (uint32_t)(next_random(&random) % COLUMNS_MAX));
		uint32_t nrows = (uint32_t)(next_random(&random) % 5);

		h.has_told = s % 2 == 0;
		entry_builder_statement(&b, &h);
		for (uint32_t row = 0; row < nrows; row++) {
			for (uint32_t i = 0; i < h.ncolumns; i++)
				values[i] = random_value(&random);
			entry_builder_row(&b, values, h.ncolumns);
		}
		entry_builder_told(&b, (int64_t)nrows - 1, random);
	}
	assert_true(entry_builder_end(&b));

	struct entry_reader r;
	entry_reader_init(&r, b.bytes.data, b.bytes.len);
	assert_int_equal(entry_read_entry(&r, &entry, &err), 0);
	assert_entry_equal(&header, &entry);
	assert_int_equal(entry.nstatements, nstatements);
	for (uint32_t s = 0; s < nstatements; s++) {
		struct statement_header h;

		assert_int_equal(entry_read_statement(&r, &h, &err), 0);
		assert_int_equal(h.ncolumns, next_random(&again) % COLUMNS_MAX);
		assert_int_equal(h.nrows, next_random(&again) % 5);
		assert_true(h.flags == STATEMENT_DDL && h.sql_len == 6 && memcmp(h.sql, "INSERT", 6) == 0);
		for (uint32_t row = 0; row < h.nrows; row++) {
			assert_int_equal(entry_read_row(&r, values, h.ncolumns, &err), 0);
			for (uint32_t i = 0; i < h.ncolumns; i++) {
				expected = random_value(&again);
				assert_value_equal(&expected, &values[i]);
			}
		}
		assert_true(
		    h.has_told && h.told_changes == (int64_t)h.nrows - 1 && h.told_rows_hash == again);
	}
	assert_int_equal(r.at, r.len);
	entry_builder_release(&b);
}

static void random_entries_are_read_back(void **state)
{
	(void)state;
	uint64_t base = (uint64_t)time(NULL);

	printf("seeds from %llu\n", (unsigned long long)base);
	for (uint64_t i = 0; i < 300; i++)
		check_random_entry(base + i);
}

static void integers_of_every_width_are_read_back(void **state)
{
	(void)state;
	struct buf o;
	struct err err;
	struct value in, out;
	struct entry_reader r;

	buf_init(&o, BYTES_MAX);
	for (int shift = 0; shift < 63; shift++) {
		for (int off = -1; off <= 1; off++) {
			for (int sign = -1; sign <= 1; sign += 2) {
				in = value_int(sign * (((int64_t)1 << shift) + off));
				buf_clear(&o);
				entry_put_row(&o, &in, 1);
				entry_reader_init(&r, o.data, o.len);
				assert_int_equal(entry_read_row(&r, &out, 1, &err), 0);
				assert_value_equal(&in, &out);
			}
		}
	}
	in = value_int(INT64_MIN);
	buf_clear(&o);
	entry_put_row(&o, &in, 1);
	entry_reader_init(&r, o.data, o.len);
	assert_int_equal(entry_read_row(&r, &out, 1, &err), 0);
	assert_value_equal(&in, &out);
	buf_release(&o);
}

/* A batch with one entry, as small as shows every field. */
static void put_small_batch(struct buf *o)
{
	struct entry_header entry = some_entry();
	struct statement_header statement = some_statement("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)", 5);
	struct value row[5] = { value_null(), value_int(-5), value_float(1.5), value_str("text"),
		value_blob("b", 1) };
	struct batch_header batch = { .level = ENTRY_LEVEL, .number = 1, .nentries = 1 };

	entry.nstatements = 1;
	statement.nrows = 2;
	entry_put_batch(o, &batch);
	entry_put_entry(o, &entry);
	entry_put_statement(o, &statement);
	entry_put_row(o, row, 5);
	entry_put_row(o, row, 5);
	assert_false(o->failed);
}

static int read_all(const uint8_t *bytes, size_t len, struct err *err)
{
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	struct entry_header entry;
	struct statement_header statement;
	struct value row[5];

	entry_reader_init(&r, bytes, len);
	if (entry_read_message(&r, &batch, &part, err) == MESSAGE_BAD)
		return -1;
	for (uint32_t e = 0; e < batch.nentries; e++) {
		if (entry_read_entry(&r, &entry, err) != 0)
			return -1;
		for (uint32_t s = 0; s < entry.nstatements; s++) {
			if (entry_read_statement(&r, &statement, err) != 0)
				return -1;
			for (uint32_t i = 0; i < statement.nrows; i++) {
				if (entry_read_row(&r, row, 5, err) != 0)
					return -1;
			}
		}
	}
	return 0;
}

static void a_message_cut_off_anywhere_is_refused(void **state)
{
	(void)state;
	struct buf o;
	struct err err;

	buf_init(&o, BYTES_MAX);
	put_small_batch(&o);
	assert_int_equal(read_all(o.data, o.len, &err), 0);
	for (size_t len = 0; len < o.len; len++) {
		uint8_t *cut =
		    malloc(len > 0 ? len : 1); /* its own block, so that ASan sees a byte too many */

		memcpy(cut, o.data, len);
		err_clear(&err);
		assert_int_equal(read_all(cut, len, &err), -1);
		assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
		free(cut);
	}
	buf_release(&o);
}

static void counts_that_the_bytes_do_not_bear_out_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"\xdd\xff\xff\xff\xff\x01",                     /* an array of four billion */
		"\xdc\xff\xff\x01", "\x91\xdd\xff\xff\xff\xff", /* within a row */
		"\x91\xdb\xff\xff\xff\xff",                     /* a text */
		"\x91\xc6\xff\xff\xff\xff",                     /* bytes */
		"\x91\xdf\xff\xff\xff\xff",                     /* a map */
		"\x91\xc9\xff\xff\xff\xff\x01",                 /* an extension */
	};
	struct value value;
	struct err err;
	struct entry_reader r;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		entry_reader_init(&r, rows[i], strlen(rows[i]));
		assert_int_equal(entry_read_row(&r, &value, 1, &err), -1);
		assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
	}
}

static void kinds_of_values_that_sqlite_has_not_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "\x91\xc2", 2 },                                  /* false */
		{ "\x91\xc3", 2 },                                  /* true */
		{ "\x91\xca\x3f\x80\x00\x00", 6 },                  /* a 32-bit float */
		{ "\x91\x90", 2 },                                  /* an array */
		{ "\x91\x80", 2 },                                  /* a map */
		{ "\x91\xd4\x01\x01", 4 },                          /* an extension */
		{ "\x91\xc1", 2 },                                  /* never used */
		{ "\x91\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 10 }, /* 2^63 */
		{ "\x92\x01\x02", 3 },                              /* two values, where one is wanted */
		{ "\x90", 1 },                                      /* none */
	};
	struct value value;
	struct err err;
	struct entry_reader r;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		entry_reader_init(&r, rows[i].bytes, rows[i].len);
		assert_int_equal(entry_read_row(&r, &value, 1, &err), -1);
		assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
	}
}

static void rewinding_drops_what_came_after_the_mark(void **state)
{
	(void)state;
	struct entry_builder b, plain;
	struct entry_header header = some_entry();
	struct statement_header one = some_statement("one", 1), two = some_statement("two", 1);
	struct value value = value_int(1);

	entry_builder_init(&b, BYTES_MAX);
	entry_builder_init(&plain, BYTES_MAX);
	entry_builder_begin(&plain, &header);
	entry_builder_statement(&plain, &one);
	entry_builder_row(&plain, &value, 1);
	entry_builder_told(&plain, 1, 0);
	entry_builder_statement(&plain, &two);
	entry_builder_row(&plain, &value, 1);

	entry_builder_begin(&b, &header);
	entry_builder_statement(&b, &one);
	entry_builder_row(&b, &value, 1);
	entry_builder_told(&b, 1, 0);
	struct entry_mark mark = entry_builder_mark(&b);
	for (int i = 0; i < 3; i++) {
		entry_builder_statement(&b, &one);
		entry_builder_row(&b, &value, 1);
		entry_builder_row(&b, &value, 1);
	}
	entry_builder_rewind(&b, mark);
	entry_builder_statement(&b, &two);
	entry_builder_row(&b, &value, 1);

	assert_true(entry_builder_end(&b) && entry_builder_end(&plain));
	assert_int_equal(b.bytes.len, plain.bytes.len);
	assert_memory_equal(b.bytes.data, plain.bytes.data, plain.bytes.len);
	entry_builder_release(&b);
	entry_builder_release(&plain);
}

static void an_entry_past_its_limit_fails_until_it_is_rewound(void **state)
{
	(void)state;
	struct entry_header header = some_entry();
	struct statement_header statement = some_statement("INSERT", 1);
	char text[100] = { 0 };
	struct value value = value_text(text, sizeof text);

	/* The limit falls into the entry, the statement, its rows and what was told, one after the other. */
	for (size_t max = 0; max < 500; max++) {
		struct entry_builder b;

		entry_builder_init(&b, max);
		entry_builder_begin(&b, &header);
		bool has_begun = entry_builder_end(&b);
		struct entry_mark mark = entry_builder_mark(&b);

		entry_builder_statement(&b, &statement);
		for (int i = 0; i < 10; i++)
			entry_builder_row(&b, &value, 1);
		entry_builder_told(&b, 10, 0);
		assert_false(entry_builder_end(&b));
		if (has_begun) {
			struct entry_header out;
			struct entry_reader r;

			entry_builder_rewind(&b, mark);
			assert_true(entry_builder_end(&b));
			entry_reader_init(&r, b.bytes.data, b.bytes.len);
			assert_int_equal(entry_read_entry(&r, &out, NULL), 0);
			assert_int_equal(out.nstatements, 0);
		}
		entry_builder_release(&b);
	}
}

static void hashes_of_rows_tell_values_kinds_and_borders_apart(void **state)
{
	(void)state;
	struct value rows[][2] = {
		{ value_str("ab"), value_str("c") },
		{ value_str("a"), value_str("bc") },
		{ value_blob("ab", 2), value_str("c") },
		{ value_null(), value_str("") },
		{ value_str(""), value_null() },
		{ value_int(1), value_int(2) },
		{ value_int(2), value_int(1) },
		{ value_float(1), value_int(2) },
	};
	enum { N = sizeof rows / sizeof rows[0] };

	for (size_t i = 0; i < N; i++) {
		assert_true(row_hash(0, rows[i], 2) == row_hash(0, rows[i], 2));
		assert_true(row_hash(0, rows[i], 2) != row_hash(row_hash(0, rows[i], 1), rows[i] + 1, 1));
		for (size_t j = i + 1; j < N; j++)
			assert_true(row_hash(0, rows[i], 2) != row_hash(0, rows[j], 2));
	}
}

static void the_example_of_the_documentation_is_read(void **state)
{
	(void)state;
	uint8_t bytes[256];
	FILE *f = fopen("tests/fuzz/corpus/replication_entry/example", "rb");
	struct entry_reader r;
	struct batch_header batch;
	struct part_header part;
	struct entry_header entry;
	struct statement_header statement;
	struct value row[2];

	assert_non_null(f);
	entry_reader_init(&r, bytes, fread(bytes, 1, sizeof bytes, f));
	fclose(f);
	assert_int_equal(entry_read_message(&r, &batch, &part, NULL), MESSAGE_BATCH);
	assert_true(batch.number == 7 && batch.attested_seq == 41 && batch.nentries == 1);
	assert_int_equal(entry_read_entry(&r, &entry, NULL), 0);
	assert_true(entry.now_us == 1795363200123456 && entry.schema_version == 3 && entry.nstatements == 1);
	assert_int_equal(entry_read_statement(&r, &statement, NULL), 0);
	assert_true(statement.ncolumns == 2 && statement.nrows == 2 && !statement.has_told);
	assert_int_equal(entry_read_row(&r, row, 2, NULL), 0);
	assert_true(row[0].i == 1 && row[1].len == 3);
	assert_int_equal(entry_read_row(&r, row, 2, NULL), 0);
	assert_true(row[0].i == -300 && row[1].kind == VALUE_NULL && r.at == r.len);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void a_million_rows_pass_in_the_memory_of_their_bytes(void **state)
{
	(void)state;
	enum { NROWS = 1000000 };
	struct entry_builder b;
	struct entry_header header = some_entry();
	struct statement_header statement = some_statement("INSERT INTO t VALUES (?1, ?2, ?3, ?4)", 4);
	struct value row[4] = { value_int(0), value_float(1.5), value_str("eleven chars"), value_null() };
	int64_t start = now_ns();

	entry_builder_init(&b, SIZE_MAX / 2);
	entry_builder_begin(&b, &header);
	entry_builder_statement(&b, &statement);
	for (int i = 0; i < NROWS; i++) {
		row[0].i = i;
		entry_builder_row(&b, row, 4);
	}
	assert_true(entry_builder_end(&b));
	int64_t written = now_ns();

	struct entry_reader r;
	entry_reader_init(&r, b.bytes.data, b.bytes.len);
	assert_int_equal(entry_read_entry(&r, &header, NULL), 0);
	assert_int_equal(entry_read_statement(&r, &statement, NULL), 0);
	assert_int_equal(statement.nrows, NROWS);
	for (int i = 0; i < NROWS; i++) {
		assert_int_equal(entry_read_row(&r, row, 4, NULL), 0);
		assert_true(row[0].i == i);
	}
	printf("a row of four: written in %lld ns, read in %lld ns\n", (long long)(written - start) / NROWS,
	    (long long)(now_ns() - written) / NROWS);
	entry_builder_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_header_is_read_back),
		cmocka_unit_test(a_part_is_read_back_without_copying_it),
		cmocka_unit_test(a_part_past_the_last_is_refused),
		cmocka_unit_test(a_message_of_a_higher_level_tells_its_level_and_number),
		cmocka_unit_test(random_entries_are_read_back),
		cmocka_unit_test(integers_of_every_width_are_read_back),
		cmocka_unit_test(a_message_cut_off_anywhere_is_refused),
		cmocka_unit_test(counts_that_the_bytes_do_not_bear_out_are_refused),
		cmocka_unit_test(kinds_of_values_that_sqlite_has_not_are_refused),
		cmocka_unit_test(rewinding_drops_what_came_after_the_mark),
		cmocka_unit_test(an_entry_past_its_limit_fails_until_it_is_rewound),
		cmocka_unit_test(hashes_of_rows_tell_values_kinds_and_borders_apart),
		cmocka_unit_test(the_example_of_the_documentation_is_read),
		cmocka_unit_test(a_million_rows_pass_in_the_memory_of_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
