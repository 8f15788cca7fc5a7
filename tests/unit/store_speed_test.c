#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "store/conn_internal.h"
#include "store/store.h"

#define ROWS  100000
#define READS 20000
#define FILL                                                                                \
	"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) " \
	"INSERT INTO accounts SELECT n, n * 7, printf('%84s', '') FROM c"
#define POINT "SELECT balance FROM accounts WHERE id = ?1"

static enum row_verdict on_row(struct row_sink *sink, const struct value *values, size_t n, struct err *err)
{
	(void)sink, (void)n, (void)err;
	assert_int_equal(values[0].i % 7, 0);
	return ROW_NEXT;
}

static int64_t key(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return 1 + (*x >> 8) % ROWS;
}

/* Nanoseconds of a read. */
static double read_through_cursors(struct conn *conn)
{
	struct row_sink sink = { on_row };
	struct value id;
	struct query query = {
		.sql = POINT, .sql_len = strlen(POINT), .params = &id, .nparams = 1, .params_outlive = true
	};
	int64_t begin = clock_mono_us(&clock_system);
	uint32_t x = 1;
	struct err err;

	for (int i = 0; i < READS; i++) {
		struct cursor c;

		id = value_int(key(&x));
		assert_int_equal(cursor_open(&c, conn, &query, &err), 0);
		assert_int_equal(cursor_run(&c, &sink, NULL, &err), CURSOR_DONE);
		cursor_close(&c);
	}
	return (double)(clock_mono_us(&clock_system) - begin) * 1000 / READS;
}

static double read_through_sqlite(struct conn *conn)
{
	sqlite3_stmt *stmt;
	uint32_t x = 1;

	assert_int_equal(sqlite3_prepare_v2(conn_sqlite(conn), POINT, -1, &stmt, NULL), SQLITE_OK);
	int64_t begin = clock_mono_us(&clock_system);
	for (int i = 0; i < READS; i++) {
		sqlite3_bind_int64(stmt, 1, key(&x));
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		assert_int_equal(sqlite3_column_int64(stmt, 0) % 7, 0);
		sqlite3_reset(stmt);
	}
	double ns = (double)(clock_mono_us(&clock_system) - begin) * 1000 / READS;
	sqlite3_finalize(stmt);
	return ns;
}

/* The bound is loose, since machines are busy and sanitizers slow our part alone; the numbers are printed. */
static void a_cached_point_select_costs_little_more_than_bare_sqlite(void **state)
{
	static const char *const schema[] = {
		"CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER, filler TEXT)",
		FILL,
	};
	struct store_options options = { .path = ":memory:" };
	struct store *store;
	struct conn *writer, *reader;
	struct err err;
	double ours = 1e9, bare = 1e9, autocommit = 1e9;

	(void)state;
	assert_int_equal(store_open(&store, &options, &err), 0);
	assert_int_equal(store_open_writer(store, &writer, &err), 0);
	assert_int_equal(store_open_reader(store, &reader, &err), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(conn_exec(writer, schema[i], &err), 0);
	assert_int_equal(store_checkpoint(store, writer, &err), 0);
	for (int round = 0; round < 5; round++) {
		double ns = read_through_cursors(reader);

		autocommit = ns < autocommit ? ns : autocommit;
		assert_int_equal(conn_hold_snapshot(reader, &err), 0);
		ns = read_through_cursors(reader);
		ours = ns < ours ? ns : ours;
		ns = read_through_sqlite(reader);
		bare = ns < bare ? ns : bare;
		conn_release_snapshot(reader);
	}
	print_message("point select: %.0f ns with a snapshot held, %.0f ns without, %.0f ns bare SQLite\n",
	    ours, autocommit, bare);
	assert_true(ours < 10 * bare);
	conn_close(reader);
	conn_close(writer);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cached_point_select_costs_little_more_than_bare_sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
