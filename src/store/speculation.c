#include "store/speculation.h"

#include <assert.h>
#include <stdlib.h>

#include "store/conn_internal.h"
#include "store/speculation_vfs.h"

/* An open one has three descriptors, a wal-index of at least 32 KiB and a page cache of up to cache_bytes; an idle one keeps them. */
#define OPEN_MAX          512
#define IDLE_MAX          16
#define PRIVATE_BYTES_MAX (INT64_C(256) << 20)

#define SQLSTATE_CONFIGURATION_LIMIT "53400"

struct speculation {
	struct speculation_vfs *vfs;
	struct conn *conn;
	struct store *store;
	struct speculation *next; /* idle */
};

struct speculation_pool { /* under the slot's mutex */
	struct speculation *idle;
	size_t nidle;
	size_t nopen;
};

static void destroy(struct speculation *s)
{
	conn_close(s->conn);
	speculation_vfs_free(s->vfs);
	free(s);
}

static void free_pool(struct speculation_pool *pool)
{
	assert(pool->nopen == 0);
	while (pool->idle != NULL) {
		struct speculation *s = pool->idle;

		pool->idle = s->next;
		destroy(s);
	}
	free(pool);
}

/* Counts one more as open. *out is an idle one, or NULL. */
static int take(struct store *store, struct speculation **out, struct err *err)
{
	struct speculation_slot *slot = store_speculation_slot(store);
	int rc = 0;

	*out = NULL;
	pthread_mutex_lock(&slot->mutex);
	if (slot->pool == NULL) {
		slot->pool = calloc(1, sizeof(*slot->pool));
		slot->free_pool = free_pool;
	}
	struct speculation_pool *pool = slot->pool;
	if (pool == NULL) {
		rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	} else if (pool->nopen >= OPEN_MAX) {
		rc = err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS, "too many transactions that write are open");
		err_hint(err, "At most %d can be open at once on a node.", OPEN_MAX);
	} else {
		pool->nopen++;
		*out = pool->idle;
		if (pool->idle != NULL) {
			pool->idle = pool->idle->next;
			pool->nidle--;
		}
	}
	pthread_mutex_unlock(&slot->mutex);
	return rc;
}

/* Counts one less. `s` is ready to be forked again, or NULL. */
static void give(struct store *store, struct speculation *s)
{
	struct speculation_slot *slot = store_speculation_slot(store);

	pthread_mutex_lock(&slot->mutex);
	struct speculation_pool *pool = slot->pool;
	pool->nopen--;
	if (s != NULL && pool->nidle < IDLE_MAX) {
		s->next = pool->idle;
		pool->idle = s;
		pool->nidle++;
		s = NULL;
	}
	pthread_mutex_unlock(&slot->mutex);
	if (s != NULL)
		destroy(s);
}

/* SQLite would write the frames of a commit to the private tail, and they would be lost without a word. */
static int refuse_commit(void *arg)
{
	(void)arg;
	return 1;
}

static void on_full(void *arg)
{
	struct speculation *s = arg;
	struct err *err = conn_raise(s->conn);

	err_set(err, SQLSTATE_CONFIGURATION_LIMIT, "the transaction has written too much");
	err_detail(err, "What an open transaction writes privately is limited to %lld bytes.",
	    (long long)PRIVATE_BYTES_MAX);
}

/* An ordinary reader builds or repairs the wal-index, where no connection has done so yet. */
static int read_once(struct store *store, struct err *err)
{
	struct conn *reader;

	if (store_take_reader(store, &reader, err) != 0)
		return -1;
	int rc = conn_exec(reader, "SELECT 1 FROM sqlite_schema LIMIT 1", err);
	store_give_reader(store, reader);
	return rc;
}

static int create(struct store *store, struct speculation **out, struct err *err)
{
	struct speculation *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	s->store = store;
	s->vfs = speculation_vfs_new(sqlite3_vfs_find(NULL), PRIVATE_BYTES_MAX, on_full, s);
	if (s->vfs == NULL) {
		err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
		goto free_speculation;
	}
	if (read_once(store, err) != 0 ||
	    conn_open(&s->conn, store, CONN_SPECULATIVE, speculation_vfs_name(s->vfs), err) != 0)
		goto free_vfs;
	sqlite3_commit_hook(conn_sqlite(s->conn), refuse_commit, NULL);
	speculation_vfs_release(s->vfs);
	*out = s;
	return 0;

free_vfs:
	speculation_vfs_free(s->vfs);
free_speculation:
	free(s);
	return -1;
}

static int begin(struct speculation *s, struct err *err)
{
	int rc = speculation_vfs_fork(s->vfs);

	if (rc == SQLITE_BUSY_RECOVERY) {
		if (read_once(s->store, err) != 0)
			return -1;
		rc = speculation_vfs_fork(s->vfs);
	}
	if (rc != SQLITE_OK)
		return err_set(err, rc == SQLITE_NOMEM ? SQLSTATE_OUT_OF_MEMORY : SQLSTATE_IO,
		    "cannot fork the database: %s", sqlite3_errstr(rc));
	return conn_exec(s->conn, "BEGIN", err);
}

int speculation_begin(struct store *store, struct speculation **out, struct err *err)
{
	struct speculation *s;

	*out = NULL;
	if (take(store, &s, err) != 0)
		return -1;
	if (s == NULL && create(store, &s, err) != 0) {
		give(store, NULL);
		return -1;
	}
	if (begin(s, err) != 0) {
		give(store, NULL);
		destroy(s);
		return -1;
	}
	*out = s;
	return 0;
}

struct conn *speculation_conn(struct speculation *s)
{
	return s->conn;
}

int64_t speculation_bytes(const struct speculation *s)
{
	return speculation_vfs_bytes(s->vfs);
}

void speculation_end(struct speculation *s)
{
	sqlite3 *db = conn_sqlite(s->conn);
	struct store *store = s->store;

	conn_clear_interrupt(s->conn); /* it would stop the ROLLBACK */
	if (conn_in_transaction(s->conn))
		conn_exec(s->conn, "ROLLBACK", NULL);
	if (sqlite3_txn_state(db, NULL) != SQLITE_TXN_NONE) {
		give(store, NULL);
		destroy(s);
		return;
	}
	speculation_vfs_release(s->vfs);
	conn_set_environment(s->conn, NULL);
	conn_set_tables_context(s->conn, NULL);
	give(store, s);
}
