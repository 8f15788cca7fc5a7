#include "catalog_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 2000 };

/* The newest catalog, as a server holds it: replaced by one thread, borrowed by the others under the lock. */
struct holder {
	pthread_mutex_t lock; /* protects newest */
	const struct catalog *newest;
	atomic_bool is_done;
};

static const struct catalog *borrow(struct holder *h)
{
	pthread_mutex_lock(&h->lock);
	const struct catalog *c = catalog_ref(h->newest);
	pthread_mutex_unlock(&h->lock);
	return c;
}

static void *look_up(void *arg)
{
	struct holder *h = arg;

	for (int i = 0; i < ROUNDS || !atomic_load(&h->is_done); i++) {
		const struct catalog *c = borrow(h);
		const struct relation *r = c->schema.find_relation(&c->schema, NULL, "t");

		/* The last reference may be this one: nothing of it may be touched after. */
		if (r == NULL || r->ncolumns != 2 || c->schema.find_relation_by_oid(&c->schema, r->oid) != r)
			abort();
		catalog_unref(c);
	}
	return NULL;
}

static void test_references_are_counted_across_threads(void **state)
{
	struct fixture *f = *state;
	struct holder holder = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t threads[THREADS];
	struct err err = { 0 };

	sql(f, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
	assert_int_equal(catalog_load(f->conn, &holder.newest, &err), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up, &holder), 0);
	for (int i = 0; i < 50; i++) {
		const struct catalog *next, *old;

		assert_int_equal(catalog_load(f->conn, &next, &err), 0);
		pthread_mutex_lock(&holder.lock);
		old = holder.newest;
		holder.newest = next;
		pthread_mutex_unlock(&holder.lock);
		catalog_unref(old);
	}
	atomic_store(&holder.is_done, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	catalog_unref(holder.newest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_references_are_counted_across_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
