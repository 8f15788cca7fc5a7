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

static void a_select_is_answered(void **state)
{
	(void)state;
	ASK(c, "SELECT 1 AS a, 'x' AS b", "T[a,b] D[1|x] C[SELECT 1] Z[I]");
}

static void a_table_is_made_and_used(void **state)
{
	(void)state;
	ASK(c, "CREATE TABLE t (a int PRIMARY KEY, b text)", "C[CREATE TABLE] Z[I]");
	ASK(c, "INSERT INTO t VALUES (1, 'x')", "C[INSERT 0 1] Z[I]");
	ASK(c, "SELECT * FROM t", "T[a,b] D[1|x] C[SELECT 1] Z[I]");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_select_is_answered),
		TEST(a_table_is_made_and_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
