/* How a session answers: simple and extended queries, deferred writes, speculation. */
#include "unit/session_host.h"

static struct test_host h;
static struct client *c;
static struct buf b;

static int set_up(void **state)
{
	(void)state;
	host_open(&h);
	c = client_started(&h);
	buf_init(&b, 16 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	while (h.clients != NULL)
		client_free(h.clients);
	buf_release(&b);
	host_close(&h);
	return 0;
}

/* ---- simple queries ---- */

static void a_select_is_answered(void **state)
{
	(void)state;
	ASK(c, "SELECT 1 AS a, 'x' AS b", "T[a,b] D[1|x] C[SELECT 1] Z[I]");
	ASK(c, "", "I Z[I]");
	ASK(c, " -- nothing\n ;", "I Z[I]");
}

static void make_table(void)
{
	ASK(c, "CREATE TABLE t (a int PRIMARY KEY, b text)", "C[CREATE TABLE] Z[I]");
}

static void a_table_is_made_and_used(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT * FROM t", "T[a,b] D[1|x] C[SELECT 1] Z[I]");
	ASK(c, "UPDATE t SET b = 'y' RETURNING a, b", "T[a,b] D[1|y] C[UPDATE 1] Z[I]");
	ASK(c, "DELETE FROM t", "C[DELETE 1] Z[I]");
}

static void several_statements_are_one_transaction(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); INSERT INTO t VALUES (2, 'y') RETURNING a; SELECT 3 AS n",
	    "C[INSERT 0 1] T[a] D[2] C[INSERT 0 1] T[n] D[3] C[SELECT 1] Z[I]");
	ASK(c, "INSERT INTO t VALUES (3, 'x'); SELECT nosuch; INSERT INTO t VALUES (4, 'x')",
	    "C[INSERT 0 1] E[42703] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[2] C[SELECT 1] Z[I]");
}

static void writes_alone_in_a_query_need_no_speculation(void **state)
{
	(void)state;
	make_table();
	client_send_query(c, "INSERT INTO t VALUES (1, 'x'); INSERT INTO t VALUES (2, 'y') RETURNING a");
	assert_int_equal(h.nelsewhere, 0);
	host_settle(&h);
	EXPECT(c, "C[INSERT 0 1] T[a] D[2] C[INSERT 0 1] Z[I]");
}

static void the_error_of_the_second_write_is_told(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); INSERT INTO t VALUES (1, 'y')", "C[INSERT 0 1] E[23505] Z[I]");
	ASK(c, "INSERT INTO t VALUES (1, 'x'); INSERT INTO t VALUES (1, 'y'); INSERT INTO t VALUES (2, 'z')",
	    "C[INSERT 0 1] E[23505] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void a_syntax_error_anywhere_runs_nothing(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); SELEC", "E[42601] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void ddl_can_be_used_in_the_same_query(void **state)
{
	(void)state;
	ASK(c,
	    "CREATE TABLE u (a int); INSERT INTO u VALUES (1), (2); SELECT * FROM u; DROP TABLE u; CREATE "
	    "TABLE u (z "
	    "text); INSERT INTO u VALUES ('q') RETURNING z",
	    "C[CREATE TABLE] C[INSERT 0 2] T[a] D[1] D[2] C[SELECT 2] C[DROP TABLE] C[CREATE TABLE] T[z] "
	    "D[q] "
	    "C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT * FROM u", "T[z] D[q] C[SELECT 1] Z[I]");
}

static void a_query_begins_and_ends_transactions(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); BEGIN; INSERT INTO t VALUES (2, 'x')",
	    "C[INSERT 0 1] C[BEGIN] C[INSERT 0 1] Z[T]");
	ASK(c, "ROLLBACK; SELECT count(*) FROM t", "C[ROLLBACK] T[count] D[0] C[SELECT 1] Z[I]");
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x'); COMMIT; SELECT count(*) FROM t",
	    "C[BEGIN] C[INSERT 0 1] C[COMMIT] T[count] D[1] C[SELECT 1] Z[I]");
	ASK(c, "INSERT INTO t VALUES (2, 'x'); COMMIT; INSERT INTO t VALUES (3, 'x'); ROLLBACK",
	    "C[INSERT 0 1] N[25P01] C[COMMIT] C[INSERT 0 1] N[25P01] C[ROLLBACK] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[2] C[SELECT 1] Z[I]");
}

/* ---- the extended query ---- */

static void a_statement_is_prepared_bound_described_and_run(void **state)
{
	(void)state;
	static const char *const params[] = { "41", NULL };

	put_parse(&b, "s", "SELECT $1::int + 1 AS n");
	put_target(&b, 'D', 'S', "s");
	put_bind(&b, "p", "s", params);
	put_target(&b, 'D', 'P', "p");
	put_execute(&b, "p", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 t T[n] 2 T[n] D[42] C[SELECT 1] Z[I]");
	put_bind(&b, "", "s", params);
	put_execute(&b, "", 0);
	put_target(&b, 'C', 'S', "s");
	put_bind(&b, "", "s", params);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "2 D[42] C[SELECT 1] 3 E[26000] Z[I]");
}

static void an_error_skips_until_sync(void **state)
{
	(void)state;
	put_statement(&b, "SELECT 1");
	put_statement(&b, "SELECT nosuch");
	put_statement(&b, "SELECT 2");
	put_text(&b, 'Q', "SELECT 3");
	SAY(c, &b, "1 2 D[1] C[SELECT 1] E[42703]");
	wire_put_bare(&b, 'S');
	put_statement(&b, "SELECT 4");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "Z[I] 1 2 D[4] C[SELECT 1] Z[I]");
}

static void deferred_writes_are_answered_in_their_places(void **state)
{
	(void)state;
	make_table();
	for (int i = 0; i < 5; i++) {
		char sql[80];
		snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, 'x') RETURNING a", i);
		put_parse(&b, "", sql);
		put_bind(&b, "", "", NULL);
		put_target(&b, 'D', 'P', "");
		put_execute(&b, "", 0);
	}
	client_send(c, &b);
	EXPECT(c, "");
	wire_put_bare(&b, 'S');
	SAY(c, &b,
	    "1 2 T[a] D[0] C[INSERT 0 1] 1 2 T[a] D[1] C[INSERT 0 1] 1 2 T[a] D[2] C[INSERT 0 1] 1 2 T[a] "
	    "D[3] C[INSERT 0 "
	    "1] 1 2 T[a] D[4] C[INSERT 0 1] Z[I]");
}

static void an_error_among_deferred_writes_has_its_place(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	put_statement(&b, "INSERT INTO t VALUES (1, 'y') RETURNING a");
	put_statement(&b, "INSERT INTO t VALUES (2, 'z') RETURNING a");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 D[1] C[INSERT 0 1] 1 2 E[23505] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
	/* And the next pipeline is none the worse. */
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] Z[I]");
}

static void what_stands_before_an_error_is_answered_first(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "SELECT nosuch");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] E[42703] Z[I]");
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "SELECT nosuch");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] 1 2 E[23505] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void a_read_after_deferred_writes_sees_them(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "INSERT INTO t VALUES (2, 'y') RETURNING b");
	put_statement(&b, "SELECT count(*) FROM t");
	put_statement(&b, "INSERT INTO t VALUES (3, 'z')");
	put_statement(&b, "SELECT sum(a) FROM t");
	client_send(c, &b);
	assert_int_equal(h.nelsewhere, 1);
	EXPECT(c, "");
	host_settle(&h);
	EXPECT(c, "1 2 C[INSERT 0 1] 1 2 D[y] C[INSERT 0 1] 1 2 D[2] C[SELECT 1] 1 2 C[INSERT 0 1] 1 2 D[6] "
		  "C[SELECT 1]");
	struct client *other = client_started(&h);
	ASK(other, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "Z[I]");
	ASK(other, "SELECT count(*) FROM t", "T[count] D[3] C[SELECT 1] Z[I]");
}

static void flush_answers_a_deferred_write(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	client_send(c, &b);
	EXPECT(c, "");
	wire_put_bare(&b, 'H');
	SAY(c, &b, "1 2 D[1] C[INSERT 0 1]");
	wire_put_bare(&b, 'H');
	SAY(c, &b, "");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[1] C[SELECT 1] Z[I]");
}

static void ddl_can_be_used_before_sync(void **state)
{
	(void)state;
	put_statement(&b, "CREATE TABLE u (a int)");
	put_statement(&b, "INSERT INTO u VALUES (1)");
	put_statement(&b, "SELECT a FROM u");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[CREATE TABLE] 1 2 C[INSERT 0 1] 1 2 D[1] C[SELECT 1] Z[I]");
	ASK(c, "SELECT a FROM u", "T[a] D[1] C[SELECT 1] Z[I]");
}

static void begin_after_a_deferred_write_takes_it_in(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "BEGIN");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] 1 2 C[BEGIN] Z[T]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[1] C[SELECT 1] Z[T]");
	ASK(c, "ROLLBACK", "C[ROLLBACK] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void a_query_may_follow_deferred_writes(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_text(&b, 'Q', "INSERT INTO t VALUES (2, 'x')");
	SAY(c, &b, "1 2 C[INSERT 0 1] C[INSERT 0 1] Z[I]");
}

static void long_answers_wait_whole_for_deferred_writes(void **state)
{
	char name[40];

	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "SELECT 1 AS a_rather_long_name_%d", i);
		put_parse(&b, "", name);
		put_target(&b, 'D', 'S', "");
	}
	client_send(c, &b);
	EXPECT(c, "");
	wire_put_bare(&b, 'S');
	client_send(c, &b);
	host_settle(&h);
	const char *line = client_line(c);
	assert_int_equal(strncmp(line, "1 2 C[INSERT 0 1] 1 t T[a_rather_long_name_0] ", 46), 0);
	assert_non_null(strstr(line, "T[a_rather_long_name_299] Z[I]"));
}

static void answers_that_wait_do_not_grow_for_ever(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_parse(&b, "s", "SELECT 1 AS a_name_that_makes_the_description_long");
	client_send(c, &b);
	for (int i = 0; i < 40000; i++)
		put_target(&b, 'D', 'S', "s");
	client_send(c, &b);
	assert_true(session_output(c->session)->len < (2 << 20));
	host_settle(&h);
	assert_true(c->received.len > (2 << 20));
	buf_clear(&c->received);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "Z[I]");
}

/* ---- portals ---- */

static void rows_come_in_portions(void **state)
{
	(void)state;
	put_parse(&b, "", "SELECT * FROM generate_series(1, 5) AS g");
	put_bind(&b, "p", "", NULL);
	put_execute(&b, "p", 2);
	put_execute(&b, "p", 2);
	put_execute(&b, "p", 2);
	put_execute(&b, "p", 2);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 D[1] D[2] s D[3] D[4] s D[5] C[SELECT 1] C[SELECT 0] Z[I]");
	put_execute(&b, "p", 2);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "E[34000] Z[I]");
}

static void a_limit_on_a_write_just_completes(void **state)
{
	(void)state;
	make_table();
	put_parse(&b, "", "INSERT INTO t VALUES (1, 'x')");
	put_bind(&b, "", "", NULL);
	put_execute(&b, "", 1);
	put_parse(&b, "", "SET application_name = 'a'");
	put_bind(&b, "", "", NULL);
	put_execute(&b, "", 1);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] 1 2 C[SET] S[application_name=a] Z[I]");
}

static void a_suspended_portal_ends_with_its_transaction(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')", "C[INSERT 0 3] Z[I]");
	put_statement(&b, "BEGIN");
	put_statement(&b, "UPDATE t SET b = 'q' WHERE a = 1");
	put_parse(&b, "", "SELECT a FROM t ORDER BY a");
	put_bind(&b, "p", "", NULL);
	put_execute(&b, "p", 1);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[BEGIN] 1 2 C[UPDATE 1] 1 2 D[1] s Z[T]");
	put_execute(&b, "p", 1);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "D[2] s Z[T]");
	put_statement(&b, "COMMIT");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[COMMIT] Z[I]");
	put_execute(&b, "p", 1);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "E[34000] Z[I]");
}

static void a_suspended_portal_ends_with_an_implicit_transaction(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')");
	put_parse(&b, "", "SELECT a FROM t ORDER BY a");
	put_bind(&b, "p", "", NULL);
	put_execute(&b, "p", 1);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 3] 1 2 D[1] s Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[3] C[SELECT 1] Z[I]");
}

static void a_write_is_executed_once_a_portal(void **state)
{
	(void)state;
	make_table();
	put_parse(&b, "", "INSERT INTO t VALUES (1, 'x')");
	put_bind(&b, "p", "", NULL);
	put_execute(&b, "p", 0);
	put_execute(&b, "p", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] E[55000] Z[I]");
}

static void names_are_unknown_or_taken(void **state)
{
	(void)state;
	put_bind(&b, "", "nosuch", NULL);
	wire_put_bare(&b, 'S');
	put_target(&b, 'D', 'S', "nosuch");
	wire_put_bare(&b, 'S');
	put_target(&b, 'D', 'P', "nosuch");
	wire_put_bare(&b, 'S');
	put_execute(&b, "nosuch", 0);
	wire_put_bare(&b, 'S');
	put_target(&b, 'C', 'P', "nosuch");
	put_target(&b, 'C', 'S', "nosuch");
	wire_put_bare(&b, 'S');
	put_parse(&b, "s", "SELECT 1");
	put_parse(&b, "s", "SELECT 1");
	wire_put_bare(&b, 'S');
	put_bind(&b, "p", "s", NULL);
	put_bind(&b, "p", "s", NULL);
	wire_put_bare(&b, 'S');
	SAY(c, &b,
	    "E[26000] Z[I] E[26000] Z[I] E[34000] Z[I] E[34000] Z[I] 3 3 Z[I] 1 E[42P05] Z[I] 2 E[42P03] "
	    "Z[I]");
}

static void statements_and_portals_are_limited(void **state)
{
	char name[8];

	(void)state;
	for (int i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		put_parse(&b, name, "SELECT 1");
	}
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 1 1 1 1 1 1 1 1 1 E[54000] Z[I]");
	for (int i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		put_bind(&b, name, "s1", NULL);
	}
	wire_put_bare(&b, 'S');
	SAY(c, &b, "2 2 2 2 2 2 2 2 2 2 E[54000] Z[I]");
}

/* ---- COPY ---- */

static void copy_takes_rows_in_pieces(void **state)
{
	static const char rows[] = "1\tone\n2\t\\N\n3\tth\\tree\n";

	(void)state;
	make_table();
	ASK(c, "COPY t FROM STDIN", "G");
	for (size_t i = 0; i + 1 < sizeof(rows); i++)
		wire_put_copy_data(&b, rows + i, 1);
	wire_put_bare(&b, 'c');
	SAY(c, &b, "C[COPY 3] Z[I]");
	ASK(c, "SELECT * FROM t", "T[a,b] D[1|one] D[2|NULL] D[3|th\tree] C[SELECT 3] Z[I]");
	ASK(c, "COPY t TO STDOUT", "H d[1\tone] d[2\t\\N] d[3\tth\\tree] c C[COPY 3] Z[I]");
}

static void copy_fails_and_the_rest_of_it_is_dropped(void **state)
{
	(void)state;
	make_table();
	ASK(c, "COPY t FROM STDIN", "G");
	wire_put_copy_data(&b, "1\tx\nno\ty\n", 9);
	wire_put_copy_data(&b, "2\tx\n", 4);
	wire_put_bare(&b, 'c');
	SAY(c, &b, "E[22P02] Z[I]");
	ASK(c, "COPY t FROM STDIN", "G");
	wire_put_copy_data(&b, "1\tx\n", 4);
	put_text(&b, 'f', "no more");
	SAY(c, &b, "E[57014] Z[I]");
	ASK(c, "COPY t FROM STDIN", "G");
	wire_put_copy_data(&b, "1\tx\textra\n", 10);
	SAY(c, &b, "E[22P04] Z[I]");
	ASK(c, "COPY t FROM STDIN", "G");
	put_text(&b, 'Q', "SELECT 1");
	SAY(c, &b, "E[08P01] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void copy_in_the_extended_query_waits_for_sync(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "COPY t FROM STDIN");
	SAY(c, &b, "1 2 G");
	wire_put_copy_data(&b, "1\tx\n", 4);
	wire_put_bare(&b, 'c');
	wire_put_bare(&b, 'S');
	SAY(c, &b, "C[COPY 1] Z[I]");
	put_statement(&b, "COPY t FROM STDIN");
	wire_put_copy_data(&b, "no\tx\n", 5);
	wire_put_bare(&b, 'c');
	put_statement(&b, "SELECT 1");
	SAY(c, &b, "1 2 G E[22P02]");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "Z[I]");
}

static void copy_may_stand_among_other_statements(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); COPY t FROM STDIN; SELECT count(*) FROM t", "C[INSERT 0 1] G");
	wire_put_copy_data(&b, "2\tx\n3\ty", 7);
	wire_put_bare(&b, 'c');
	SAY(c, &b, "C[COPY 2] T[count] D[3] C[SELECT 1] Z[I]");
	ASK(c, "BEGIN; COPY t FROM STDIN", "C[BEGIN] G");
	wire_put_copy_data(&b, "4\tx\n", 4);
	wire_put_bare(&b, 'c');
	SAY(c, &b, "C[COPY 1] Z[T]");
	ASK(c, "SELECT count(*) FROM t; ROLLBACK; SELECT count(*) FROM t",
	    "T[count] D[4] C[SELECT 1] C[ROLLBACK] T[count] D[3] C[SELECT 1] Z[I]");
}

static void copy_larger_than_an_entry_is_refused(void **state)
{
	char row[1024];

	(void)state;
	make_table();
	memset(row, 'x', sizeof(row));
	memcpy(row, "1\t", 2);
	row[sizeof(row) - 1] = '\n';
	ASK(c, "COPY t FROM STDIN", "G");
	for (int i = 0; i < 2000; i++)
		wire_put_copy_data(&b, row, sizeof(row));
	wire_put_bare(&b, 'c');
	SAY(c, &b, "E[54000] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

/* ---- explicit transactions ---- */

static void a_transaction_sees_its_writes_alone(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	ASK(c, "BEGIN", "C[BEGIN] Z[T]");
	ASK(c, "INSERT INTO t VALUES (1, 'x') RETURNING b", "T[b] D[x] C[INSERT 0 1] Z[T]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[1] C[SELECT 1] Z[T]");
	ASK(other, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
	ASK(c, "BEGIN", "N[25001] C[BEGIN] Z[T]");
	ASK(c, "COMMIT", "C[COMMIT] Z[I]");
	ASK(other, "SELECT count(*) FROM t", "T[count] D[1] C[SELECT 1] Z[I]");
	ASK(c, "COMMIT", "N[25P01] C[COMMIT] Z[I]");
	ASK(c, "ROLLBACK", "N[25P01] C[ROLLBACK] Z[I]");
}

static void a_failed_transaction_takes_only_its_end(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x')", "C[BEGIN] C[INSERT 0 1] Z[T]");
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "E[23505] Z[E]");
	ASK(c, "SELECT 1", "E[25P02] Z[E]");
	ASK(c, "SELECT nosuch", "E[25P02] Z[E]");
	ASK(c, "SELEC", "E[42601] Z[E]");
	put_statement(&b, "SELECT 1");
	wire_put_bare(&b, 'S');
	client_send(c, &b);
	host_settle(&h);
	const char *line = client_line(c);
	assert_non_null(strstr(line, "E[25P02] Z[E]"));
	ASK(c, "COMMIT", "C[ROLLBACK] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

static void savepoints_undo_what_came_after_them(void **state)
{
	(void)state;
	make_table();
	ASK(c, "SAVEPOINT a", "E[25P01] Z[I]");
	ASK(c,
	    "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1, 'x'); SAVEPOINT b; INSERT INTO t VALUES (2, 'x')",
	    "C[BEGIN] C[SAVEPOINT] C[INSERT 0 1] C[SAVEPOINT] C[INSERT 0 1] Z[T]");
	ASK(c, "ROLLBACK TO b; SELECT a FROM t", "C[ROLLBACK] T[a] D[1] C[SELECT 1] Z[T]");
	ASK(c, "ROLLBACK TO nosuch", "E[3B001] Z[E]");
	ASK(c, "ROLLBACK TO a", "C[ROLLBACK] Z[T]");
	ASK(c, "ROLLBACK TO b", "E[3B001] Z[E]");
	ASK(c, "ROLLBACK TO a; INSERT INTO t VALUES (3, 'x'); RELEASE a; COMMIT",
	    "C[ROLLBACK] C[INSERT 0 1] C[RELEASE] C[COMMIT] Z[I]");
	ASK(c, "SELECT a FROM t", "T[a] D[3] C[SELECT 1] Z[I]");
}

static void a_savepoint_heals_a_failure(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x'); SAVEPOINT a",
	    "C[BEGIN] C[INSERT 0 1] C[SAVEPOINT] Z[T]");
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "E[23505] Z[E]");
	ASK(c, "ROLLBACK TO a; INSERT INTO t VALUES (2, 'x')", "C[ROLLBACK] C[INSERT 0 1] Z[T]");
	ASK(c, "COMMIT", "C[COMMIT] Z[I]");
	ASK(c, "SELECT a FROM t", "T[a] D[1] D[2] C[SELECT 2] Z[I]");
	ASK(c, "BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1, 'x')", "C[BEGIN] C[SAVEPOINT] E[23505] Z[E]");
	ASK(c, "ROLLBACK TO a; INSERT INTO t VALUES (3, 'x'); COMMIT",
	    "C[ROLLBACK] C[INSERT 0 1] C[COMMIT] Z[I]");
}

static void a_savepoint_stands_after_what_was_deferred(void **state)
{
	(void)state;
	make_table();
	ASK(c,
	    "INSERT INTO t VALUES (1, 'x'); BEGIN; SAVEPOINT a; INSERT INTO t VALUES (2, 'x'); ROLLBACK TO "
	    "a; COMMIT",
	    "C[INSERT 0 1] C[BEGIN] C[SAVEPOINT] C[INSERT 0 1] C[ROLLBACK] C[COMMIT] Z[I]");
	ASK(c, "SELECT a FROM t", "T[a] D[1] C[SELECT 1] Z[I]");
}

static void ddl_is_undone_by_a_savepoint(void **state)
{
	(void)state;
	ASK(c, "BEGIN; CREATE TABLE u (a int); SAVEPOINT s; ALTER TABLE u ADD COLUMN z text",
	    "C[BEGIN] C[CREATE TABLE] C[SAVEPOINT] C[ALTER TABLE] Z[T]");
	ASK(c, "INSERT INTO u VALUES (1, 'z'); SELECT * FROM u",
	    "C[INSERT 0 1] T[a,z] D[1|z] C[SELECT 1] Z[T]");
	ASK(c, "ROLLBACK TO s; SELECT * FROM u", "C[ROLLBACK] T[a] C[SELECT 0] Z[T]");
	ASK(c, "SELECT relname FROM pg_class WHERE relname = 'u'", "T[relname] D[u] C[SELECT 1] Z[T]");
	ASK(c, "COMMIT", "C[COMMIT] Z[I]");
	ASK(c, "SELECT * FROM u", "T[a] C[SELECT 0] Z[I]");
}

static void a_conflict_fails_the_commit(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "C[INSERT 0 1] Z[I]");
	ASK(c, "BEGIN; UPDATE t SET b = 'y' WHERE b = 'x'", "C[BEGIN] C[UPDATE 1] Z[T]");
	ASK(other, "UPDATE t SET b = 'z'", "C[UPDATE 1] Z[I]");
	ASK(c, "COMMIT", "E[40001] Z[I]");
	ASK(c, "SELECT b FROM t", "T[b] D[z] C[SELECT 1] Z[I]");
}

static void repeatable_read_sees_one_snapshot(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	ASK(c, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t",
	    "C[BEGIN] T[count] D[0] C[SELECT 1] Z[T]");
	ASK(other, "INSERT INTO t VALUES (1, 'x')", "C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[T]");
	ASK(c, "COMMIT; SELECT count(*) FROM t", "C[COMMIT] T[count] D[1] C[SELECT 1] Z[I]");
}

static void a_read_only_transaction_refuses_writes(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN READ ONLY; SELECT 1 AS a", "C[BEGIN] T[a] D[1] C[SELECT 1] Z[T]");
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "E[25006] Z[E]");
	ASK(c, "ROLLBACK", "C[ROLLBACK] Z[I]");
	ASK(c, "SET default_transaction_read_only = on", "C[SET] S[default_transaction_read_only=on] Z[I]");
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "E[25006] Z[I]");
}

static void a_transaction_of_reads_sees_later_ddl(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	ASK(c, "BEGIN; SELECT 1 AS a", "C[BEGIN] T[a] D[1] C[SELECT 1] Z[T]");
	ASK(other, "CREATE TABLE u (a int)", "C[CREATE TABLE] Z[I]");
	ASK(c, "INSERT INTO u VALUES (1); COMMIT", "C[INSERT 0 1] C[COMMIT] Z[I]");
}

/* ---- the schema moves meanwhile ---- */

static void a_cached_plan_keeps_its_result_type(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	put_parse(&b, "s", "SELECT * FROM t");
	put_parse(&b, "n", "SELECT a FROM t");
	put_bind(&b, "", "s", NULL);
	put_execute(&b, "", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 1 2 C[SELECT 0] Z[I]");
	ASK(other, "ALTER TABLE t ADD COLUMN z int", "C[ALTER TABLE] Z[I]");
	put_bind(&b, "", "s", NULL);
	wire_put_bare(&b, 'S');
	put_bind(&b, "", "n", NULL);
	put_execute(&b, "", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "E[0A000] Z[I] 2 C[SELECT 0] Z[I]");
}

static void a_portal_outlives_a_change_of_schema(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	put_parse(&b, "", "SELECT a FROM t");
	put_bind(&b, "p", "", NULL);
	SAY(c, &b, "1 2");
	ASK(other, "ALTER TABLE t ADD COLUMN z int; INSERT INTO t VALUES (7)",
	    "C[ALTER TABLE] C[INSERT 0 1] Z[I]");
	put_execute(&b, "p", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "D[7] C[SELECT 1] Z[I]");
}

static void a_deferred_write_is_translated_again(void **state)
{
	(void)state;
	struct client *other = client_started(&h);
	static const char *const params[] = { "5", NULL };

	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	put_parse(&b, "", "INSERT INTO t VALUES ($1, 'y') RETURNING a, b");
	put_bind(&b, "", "", params);
	put_execute(&b, "", 0);
	client_send(c, &b);
	ASK(other, "ALTER TABLE t ADD COLUMN z int DEFAULT 9", "C[ALTER TABLE] Z[I]");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 D[1] C[INSERT 0 1] 1 2 D[5|y] C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT * FROM t", "T[a,b,z] D[1|x|9] D[5|y|9] C[SELECT 2] Z[I]");
}

static void a_deferred_write_whose_table_is_gone_fails(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "INSERT INTO t VALUES (2, 'x')");
	client_send(c, &b);
	ASK(other, "DROP TABLE t", "C[DROP TABLE] Z[I]");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 E[42P01] Z[I]");
	put_statement(&b, "SELECT 1");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 D[1] C[SELECT 1] Z[I]");
}

static void a_parameter_keeps_its_type(void **state)
{
	static const char *const params[] = { "5", NULL };
	struct client *other = client_started(&h);

	(void)state;
	ASK(c, "CREATE TABLE u (a int)", "C[CREATE TABLE] Z[I]");
	put_parse(&b, "s", "INSERT INTO u VALUES ($1)");
	put_bind(&b, "", "s", params);
	put_execute(&b, "", 0);
	client_send(c, &b);
	ASK(other, "DROP TABLE u; CREATE TABLE u (a bigint)", "C[DROP TABLE] C[CREATE TABLE] Z[I]");
	wire_put_bare(&b, 'S');
	SAY(c, &b, "1 2 C[INSERT 0 1] Z[I]");
	put_target(&b, 'D', 'S', "s");
	put_bind(&b, "", "s", params);
	put_execute(&b, "", 0);
	wire_put_bare(&b, 'S');
	SAY(c, &b, "t n 2 C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT a FROM u", "T[a] D[5] D[5] C[SELECT 2] Z[I]");
}

static void rows_that_find_no_room_are_an_error_and_committed(void **state)
{
	(void)state;
	make_table();
	ASK(c,
	    "INSERT INTO t SELECT g, 'a row of some length, to fill the room soon' FROM generate_series(1, "
	    "30000) AS g "
	    "RETURNING a, b",
	    "T[a,b] E[53200] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[30000] C[SELECT 1] Z[I]");
}

static void a_transaction_that_ddl_overtook_fails(void **state)
{
	(void)state;
	struct client *other = client_started(&h);

	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x')", "C[BEGIN] C[INSERT 0 1] Z[T]");
	ASK(other, "CREATE TABLE u (a int)", "C[CREATE TABLE] Z[I]");
	ASK(c, "COMMIT", "E[40001] Z[I]");
	ASK(c, "SELECT count(*) FROM t", "T[count] D[0] C[SELECT 1] Z[I]");
}

/* ---- long work ---- */

static void a_long_answer_streams_in_slices(void **state)
{
	(void)state;
	c->is_deaf = true;
	client_send_query(c, "SELECT g, 'some text to fill the row' FROM generate_series(1, 2000) AS g");
	while (h.nelsewhere > 0)
		host_run_one(&h);
	/* The client reads nothing: one slice waits for it, and nothing runs. */
	assert_int_equal(c->session->state, SESSION_BUSY);
	assert_true(session_output(c->session)->len < 3 * 4096);
	c->is_deaf = false;
	client_pump(c);
	host_settle(&h);
	const char *line = client_line(c);
	assert_non_null(strstr(line, "D[2000|some text to fill the row] C[SELECT 2000] Z[I]"));
}

static void a_long_read_runs_elsewhere(void **state)
{
	(void)state;
	client_send_query(c, "SELECT count(*) FROM generate_series(1, 100000) AS g");
	EXPECT(c, "T[count]");
	assert_int_equal(h.nelsewhere, 1);
	host_settle(&h);
	EXPECT(c, "D[100000] C[SELECT 1] Z[I]");
}

static void cancel(void)
{
	session_cancel(c->session, c->session->secret);
}

static void a_read_is_cancelled(void **state)
{
	(void)state;
	client_send_query(c, "SELECT count(*) FROM generate_series(1, 100000000) AS g");
	session_cancel(c->session, c->session->secret + 1);
	assert_false(c->session->is_cancelled);
	cancel();
	host_settle(&h);
	EXPECT(c, "T[count] E[57014] Z[I]");
	cancel();
	ASK(c, "SELECT 1 AS a", "T[a] D[1] C[SELECT 1] Z[I]");
}

static void a_cancel_that_comes_too_late_is_forgotten(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x')", "C[BEGIN] C[INSERT 0 1] Z[T]");
	client_send_query(c, "INSERT INTO t VALUES (2, 'x')");
	struct task *task = host_run_begin(&h);
	cancel();
	host_run_end(&h, task);
	EXPECT(c, "C[INSERT 0 1] Z[T]");
	ASK(c, "INSERT INTO t VALUES (3, 'x'); SELECT count(*) FROM t",
	    "C[INSERT 0 1] T[count] D[3] C[SELECT 1] Z[T]");
}

static void the_first_write_of_a_transaction_is_cancelled(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN", "C[BEGIN] Z[T]");
	client_send_query(c, "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 100000000) AS g");
	cancel();
	host_settle(&h);
	EXPECT(c, "E[57014] Z[E]");
	ASK(c, "ROLLBACK", "C[ROLLBACK] Z[I]");
}

static void a_write_is_cancelled_or_applied(void **state)
{
	(void)state;
	make_table();
	client_send_query(c, "INSERT INTO t VALUES (1, 'x')");
	cancel();
	host_settle(&h);
	const char *line = client_line(c);
	bool applied = strcmp(line, "C[INSERT 0 1] Z[I]") == 0;
	assert_true(applied || strcmp(line, "E[57014] Z[I]") == 0);
	ASK(c, "SELECT count(*) FROM t",
	    applied ? "T[count] D[1] C[SELECT 1] Z[I]" : "T[count] D[0] C[SELECT 1] Z[I]");
}

static void a_statement_times_out(void **state)
{
	(void)state;
	ASK(c, "SET statement_timeout = 100", "C[SET] Z[I]");
	client_send_query(c, "SELECT count(*) FROM generate_series(1, 100000000) AS g");
	assert_true(h.host.has_deadlines);
	assert_true(session_check_deadline(c->session, h.mono_us));
	assert_false(c->session->is_cancelled);
	h.mono_us += 100 * 1000;
	assert_true(session_check_deadline(c->session, h.mono_us));
	host_settle(&h);
	EXPECT(c, "T[count] E[57014] Z[I]");
	assert_false(session_check_deadline(c->session, h.mono_us));
}

static void the_time_of_one_execute_is_not_the_next_ones(void **state)
{
	(void)state;
	ASK(c, "SET statement_timeout = 100", "C[SET] Z[I]");
	put_statement(&b, "SELECT count(*) FROM generate_series(1, 100000) AS g");
	SAY(c, &b, "1 2 D[100000] C[SELECT 1]");
	h.mono_us += 1000 * 1000;
	put_statement(&b, "SELECT count(*) FROM generate_series(1, 100000) AS g");
	client_send(c, &b);
	session_check_deadline(c->session, h.mono_us);
	host_settle(&h);
	EXPECT(c, "1 2 D[100000] C[SELECT 1]");
}

/* ---- the client leaves, or the server stops ---- */

static void leave(void)
{
	client_free(c);
	c = NULL;
}

static void a_client_leaves_before_startup(void **state)
{
	(void)state;
	struct client *other = client_new(&h);

	client_send_bytes(other, "\0\0\0", 3);
	client_free(other);
}

static void a_client_leaves_while_a_read_runs(void **state)
{
	(void)state;
	client_send_query(c, "SELECT count(*) FROM generate_series(1, 100000000) AS g");
	leave();
}

static void a_client_leaves_while_rows_wait_for_it(void **state)
{
	(void)state;
	c->is_deaf = true;
	client_send_query(c, "SELECT g, 'some text to fill the row' FROM generate_series(1, 2000) AS g");
	while (h.nelsewhere > 0)
		host_run_one(&h);
	leave();
}

static void a_client_leaves_while_its_write_commits(void **state)
{
	(void)state;
	make_table();
	client_send_query(c, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	leave();
}

static void a_client_leaves_with_deferred_writes(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	put_statement(&b, "INSERT INTO t VALUES (2, 'x') RETURNING a");
	client_send(c, &b);
	leave();
}

static void a_client_leaves_while_it_speculates(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x') RETURNING a");
	put_statement(&b, "CREATE TABLE u (a int)");
	put_statement(&b, "SELECT count(*) FROM t");
	client_send(c, &b);
	assert_int_equal(h.nelsewhere, 1);
	leave();
}

static void a_client_leaves_after_its_speculation_ran(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "CREATE TABLE u (a int)");
	wire_put_bare(&b, 'H');
	client_send(c, &b);
	struct task *task = host_run_begin(&h);
	session_hang_up(c->session, NULL);
	assert_false(session_is_free(c->session));
	host_run_end(&h, task);
	leave();
}

static void a_client_leaves_in_a_transaction(void **state)
{
	(void)state;
	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x'); SAVEPOINT a; SET LOCAL statement_timeout = 1",
	    "C[BEGIN] C[INSERT 0 1] C[SAVEPOINT] C[SET] Z[T]");
	put_parse(&b, "", "SELECT * FROM t, generate_series(1, 5) AS g");
	put_bind(&b, "p", "", NULL);
	put_execute(&b, "p", 1);
	client_send(c, &b);
	host_run_one(&h);
	leave();
}

static void a_client_leaves_while_it_copies(void **state)
{
	(void)state;
	make_table();
	ASK(c, "INSERT INTO t VALUES (1, 'x'); COPY t FROM STDIN", "C[INSERT 0 1] G");
	wire_put_copy_data(&b, "2\tx\n3", 5);
	client_send(c, &b);
	leave();
}

static void a_client_leaves_while_it_is_skipped(void **state)
{
	(void)state;
	put_statement(&b, "SELECT nosuch");
	SAY(c, &b, "E[42703]");
	leave();
}

static void a_client_says_goodbye(void **state)
{
	(void)state;
	wire_put_bare(&b, 'X');
	SAY(c, &b, "");
	assert_true(session_is_over(c->session));
	leave();
}

static void stop_server(void)
{
	struct err err;

	err_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
	session_hang_up(c->session, &err);
	client_pump(c);
	host_settle(&h);
	client_pump(c);
	assert_true(session_is_free(c->session));
}

static void the_server_stops_under_a_client(void **state)
{
	(void)state;
	stop_server();
	EXPECT(c, "E[FATAL 57P01]");
}

static void the_server_stops_before_deferred_writes_are_answered(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	put_statement(&b, "INSERT INTO t VALUES (2, 'x')");
	client_send(c, &b);
	stop_server();
	EXPECT(c, "1 2 E[FATAL 57P01]");
}

static void the_server_stops_while_a_write_commits(void **state)
{
	(void)state;
	make_table();
	client_send_query(c, "INSERT INTO t VALUES (1, 'x')");
	stop_server();
	EXPECT(c, "E[FATAL 57P01]");
}

/* ---- bad input ---- */

static void garbage_ends_the_connection(void **state)
{
	(void)state;
	client_send_bytes(c, "\x01\0\0\0\x04", 5);
	EXPECT(c, "E[FATAL 08P01]");
	assert_true(session_is_over(c->session));
}

static void garbage_after_a_deferred_write_is_told(void **state)
{
	(void)state;
	make_table();
	put_statement(&b, "INSERT INTO t VALUES (1, 'x')");
	client_send(c, &b);
	client_send_bytes(c, "\x01\0\0\0\x04", 5);
	EXPECT(c, "1 2 E[FATAL 08P01]");
}

static void a_message_over_the_limit_ends_the_connection(void **state)
{
	(void)state;
	client_send_bytes(c, "Q\x7f\xff\xff\xff", 5);
	EXPECT(c, "E[FATAL 54000]");
}

static void a_malformed_message_fails_like_a_statement(void **state)
{
	(void)state;
	static const char types[] = "PBDEC";

	for (size_t i = 0; types[i] != '\0'; i++) {
		size_t at = wire_begin(&b, types[i]);
		buf_put(&b, "ab", 2);
		wire_end(&b, at);
		wire_put_bare(&b, 'S');
		client_send(c, &b);
		const char *line = client_line(c);
		if (strcmp(line, "E[08P01] Z[I]") != 0)
			fail_msg("%c: %s", types[i], line);
	}
}

static void put_every_message(struct buf *o)
{
	static const char *const params[] = { "1", "-", NULL };

	put_parse(o, "s", "INSERT INTO t VALUES ($1, $2) RETURNING a");
	put_target(o, 'D', 'S', "s");
	put_bind(o, "p", "s", params);
	put_target(o, 'D', 'P', "p");
	put_execute(o, "p", 1);
	wire_put_bare(o, 'H');
	put_target(o, 'C', 'P', "p");
	put_target(o, 'C', 'S', "s");
	wire_put_bare(o, 'S');
	put_text(o, 'Q', "COPY t FROM STDIN");
	wire_put_copy_data(o, "2\tx\n", 4);
	wire_put_bare(o, 'c');
	put_text(o, 'Q', "COPY t FROM STDIN");
	put_text(o, 'f', "no");
	put_text(o, 'Q', "BEGIN; SAVEPOINT x; SELECT count(*) FROM t; ROLLBACK");
}

#define EVERY_ANSWER                                                                             \
	"1 t T[a] 2 T[a] D[1] C[INSERT 0 1] 3 3 Z[I] G C[COPY 1] Z[I] G E[57014] Z[I] C[BEGIN] " \
	"C[SAVEPOINT] T[count] "                                                                 \
	"D[2] C[SELECT 1] C[ROLLBACK] Z[I]"

static void messages_may_come_byte_by_byte(void **state)
{
	(void)state;
	make_table();
	put_every_message(&b);
	for (size_t i = 0; i < b.len; i++) {
		client_send_bytes(c, b.data + i, 1);
		host_settle(&h);
	}
	EXPECT(c, EVERY_ANSWER);
}

static void a_client_may_leave_after_every_byte(void **state)
{
	(void)state;
	make_table();
	put_every_message(&b);
	for (size_t n = 0; n < b.len; n++) {
		struct client *other = client_started(&h);
		client_send_bytes(other, b.data, n);
		if (n % 2 == 0)
			host_settle(&h);
		client_free(other);
		ASK(c, "SELECT 1 AS a", "T[a] D[1] C[SELECT 1] Z[I]");
		client_send_query(c, "DELETE FROM t");
		host_settle(&h);
		assert_int_equal(strncmp(client_line(c), "C[DELETE ", 9), 0);
	}
}

static void startup_may_come_byte_by_byte(void **state)
{
	static const char *const options[] = { "user", "u", "options",
		"-c statement_timeout=5 --DateStyle=ISO", NULL };
	struct client *other = client_new(&h);

	(void)state;
	wire_put_int32(&b, 8);
	wire_put_int32(&b, 80877103);
	put_startup(&b, 3 << 16, options);
	for (size_t i = 0; i < b.len; i++)
		client_send_bytes(other, b.data + i, 1);
	assert_int_equal(other->received.data[0], 'N');
	buf_consume(&other->received, 1);
	assert_non_null(strstr(client_line(other), "S[server_version="));
	ASK(other, "SHOW statement_timeout", "T[statement_timeout] D[5ms] C[SHOW] Z[I]");
}

static void start_with(const char *const *options, uint32_t version, const char *expected)
{
	struct client *other = client_new(&h);

	put_startup(&b, version, options);
	client_send(other, &b);
	EXPECT(other, expected);
	client_free(other);
}

static void a_wrong_startup_is_refused(void **state)
{
	(void)state;
	start_with((const char *const[]){ "database", "nqlite", NULL }, 3 << 16, "E[FATAL 28000]");
	start_with(
	    (const char *const[]){ "user", "u", "database", "other", NULL }, 3 << 16, "E[FATAL 3D000]");
	start_with((const char *const[]){ "user", "u", "nosuch", "1", NULL }, 3 << 16, "E[FATAL 42704]");
	start_with(
	    (const char *const[]){ "user", "u", "DateStyle", "nosuch", NULL }, 3 << 16, "E[FATAL 22023]");
	start_with(
	    (const char *const[]){ "user", "u", "replication", "true", NULL }, 3 << 16, "E[FATAL 0A000]");
	start_with((const char *const[]){ "user", "u", "options", "-x", NULL }, 3 << 16, "E[FATAL 42601]");
	start_with((const char *const[]){ "user", "u", NULL }, 2 << 16, "E[FATAL 0A000]");
}

static void a_cancel_request_reaches_the_host(void **state)
{
	struct client *other = client_new(&h);

	(void)state;
	wire_put_int32(&b, 16);
	wire_put_int32(&b, 80877102);
	wire_put_int32(&b, 7);
	wire_put_int32(&b, 8);
	SAY(other, &b, "");
	assert_true(session_is_over(other->session));
	assert_int_equal(h.cancelled_pid, 7);
	assert_int_equal(h.cancelled_secret, 8);
}

/* ---- statements about the session ---- */

static void prepared_statements_in_sql(void **state)
{
	(void)state;
	make_table();
	ASK(c, "PREPARE ins (int, text) AS INSERT INTO t VALUES ($1, $2) RETURNING a", "C[PREPARE] Z[I]");
	ASK(c, "EXECUTE ins (1, 'x')", "T[a] D[1] C[INSERT 0 1] Z[I]");
	ASK(c, "EXECUTE ins (2, NULL); EXECUTE ins (3, 'z')",
	    "T[a] D[2] C[INSERT 0 1] T[a] D[3] C[INSERT 0 1] Z[I]");
	ASK(c, "EXECUTE ins (1)", "E[42601] Z[I]");
	ASK(c, "EXECUTE nosuch", "E[26000] Z[I]");
	ASK(c, "PREPARE ins AS SELECT 1", "E[42P05] Z[I]");
	ASK(c, "DEALLOCATE ins; EXECUTE ins (1, 'x')", "C[DEALLOCATE] E[26000] Z[I]");
	ASK(c, "DEALLOCATE nosuch", "E[26000] Z[I]");
	ASK(c, "DISCARD ALL", "C[DISCARD ALL] Z[I]");
	ASK(c, "BEGIN; DISCARD ALL", "C[BEGIN] E[25001] Z[E]");
}

static void a_long_rollback_outlives_its_own_text(void **state)
{
	static char sql[80000];

	(void)state;
	make_table();
	ASK(c, "BEGIN; INSERT INTO t VALUES (1, 'x')", "C[BEGIN] C[INSERT 0 1] Z[T]");
	/* Too long to be cached, so that only the portal holds the translation. */
	memset(sql, ' ', sizeof(sql) - 1);
	memcpy(sql, "ROLLBACK AND CHAIN /*", 21);
	memcpy(sql + sizeof(sql) - 3, "*/", 2);
	ASK(c, sql, "C[ROLLBACK] Z[T]");
	ASK(c, "ROLLBACK", "C[ROLLBACK] Z[I]");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_select_is_answered),
		TEST(a_table_is_made_and_used),
		TEST(several_statements_are_one_transaction),
		TEST(writes_alone_in_a_query_need_no_speculation),
		TEST(the_error_of_the_second_write_is_told),
		TEST(a_syntax_error_anywhere_runs_nothing),
		TEST(ddl_can_be_used_in_the_same_query),
		TEST(a_query_begins_and_ends_transactions),
		TEST(a_statement_is_prepared_bound_described_and_run),
		TEST(an_error_skips_until_sync),
		TEST(deferred_writes_are_answered_in_their_places),
		TEST(an_error_among_deferred_writes_has_its_place),
		TEST(what_stands_before_an_error_is_answered_first),
		TEST(a_read_after_deferred_writes_sees_them),
		TEST(flush_answers_a_deferred_write),
		TEST(ddl_can_be_used_before_sync),
		TEST(begin_after_a_deferred_write_takes_it_in),
		TEST(a_query_may_follow_deferred_writes),
		TEST(long_answers_wait_whole_for_deferred_writes),
		TEST(answers_that_wait_do_not_grow_for_ever),
		TEST(rows_come_in_portions),
		TEST(a_limit_on_a_write_just_completes),
		TEST(a_suspended_portal_ends_with_its_transaction),
		TEST(a_suspended_portal_ends_with_an_implicit_transaction),
		TEST(a_write_is_executed_once_a_portal),
		TEST(names_are_unknown_or_taken),
		TEST(statements_and_portals_are_limited),
		TEST(copy_takes_rows_in_pieces),
		TEST(copy_fails_and_the_rest_of_it_is_dropped),
		TEST(copy_in_the_extended_query_waits_for_sync),
		TEST(copy_may_stand_among_other_statements),
		TEST(copy_larger_than_an_entry_is_refused),
		TEST(a_transaction_sees_its_writes_alone),
		TEST(a_failed_transaction_takes_only_its_end),
		TEST(savepoints_undo_what_came_after_them),
		TEST(a_savepoint_heals_a_failure),
		TEST(a_savepoint_stands_after_what_was_deferred),
		TEST(ddl_is_undone_by_a_savepoint),
		TEST(a_conflict_fails_the_commit),
		TEST(repeatable_read_sees_one_snapshot),
		TEST(a_read_only_transaction_refuses_writes),
		TEST(a_transaction_of_reads_sees_later_ddl),
		TEST(a_cached_plan_keeps_its_result_type),
		TEST(a_portal_outlives_a_change_of_schema),
		TEST(a_deferred_write_is_translated_again),
		TEST(a_deferred_write_whose_table_is_gone_fails),
		TEST(a_parameter_keeps_its_type),
		TEST(rows_that_find_no_room_are_an_error_and_committed),
		TEST(a_transaction_that_ddl_overtook_fails),
		TEST(a_long_answer_streams_in_slices),
		TEST(a_long_read_runs_elsewhere),
		TEST(a_read_is_cancelled),
		TEST(a_cancel_that_comes_too_late_is_forgotten),
		TEST(the_first_write_of_a_transaction_is_cancelled),
		TEST(a_write_is_cancelled_or_applied),
		TEST(a_statement_times_out),
		TEST(the_time_of_one_execute_is_not_the_next_ones),
		TEST(a_client_leaves_before_startup),
		TEST(a_client_leaves_while_a_read_runs),
		TEST(a_client_leaves_while_rows_wait_for_it),
		TEST(a_client_leaves_while_its_write_commits),
		TEST(a_client_leaves_with_deferred_writes),
		TEST(a_client_leaves_while_it_speculates),
		TEST(a_client_leaves_after_its_speculation_ran),
		TEST(a_client_leaves_in_a_transaction),
		TEST(a_client_leaves_while_it_copies),
		TEST(a_client_leaves_while_it_is_skipped),
		TEST(a_client_says_goodbye),
		TEST(the_server_stops_under_a_client),
		TEST(the_server_stops_before_deferred_writes_are_answered),
		TEST(the_server_stops_while_a_write_commits),
		TEST(garbage_ends_the_connection),
		TEST(garbage_after_a_deferred_write_is_told),
		TEST(a_message_over_the_limit_ends_the_connection),
		TEST(a_malformed_message_fails_like_a_statement),
		TEST(messages_may_come_byte_by_byte),
		TEST(a_client_may_leave_after_every_byte),
		TEST(startup_may_come_byte_by_byte),
		TEST(a_wrong_startup_is_refused),
		TEST(a_cancel_request_reaches_the_host),
		TEST(prepared_statements_in_sql),
		TEST(a_long_rollback_outlives_its_own_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
