/* The model of a database here is an array: the seed of each row, 0 where there is none. A row's body follows from its
 * seed, so a wrong byte anywhere is a difference from the model. */
#include "store/speculation_vfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/hash.h"

#define ROWS         400
#define BODY_MAX     3000
#define NO_LIMIT     (INT64_C(1) << 40)
#define VERSIONS_MAX 20000
/* The thread sanitizer is slow, and finds nothing where there is one thread. */
#if defined(__SANITIZE_THREAD__)
#define IS_SLOW true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_SLOW true
#endif
#endif
#ifndef IS_SLOW
#define IS_SLOW false
#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t random_state;

static uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15u;
	uint64_t z = *state;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned pick(uint64_t *state, unsigned n)
{
	return (unsigned)(next_random(state) % n);
}

/* ---- SQL ---- */

/* What threads use can't use cmocka's assertions: it says what it saw and ends the process. */
static void insist(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void must(sqlite3 *db, int rc, const char *what)
{
	if (rc != SQLITE_OK)
		fprintf(stderr, "%d %s\n", rc, sqlite3_errmsg(db));
	insist(rc == SQLITE_OK, what);
}

static void run(sqlite3 *db, const char *sql)
{
	must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	must(db, sqlite3_prepare_v2(db, sql, -1, &s, NULL), sql);
	insist(sqlite3_step(s) == SQLITE_ROW, sqlite3_errmsg(db));
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void assert_sound(sqlite3 *db)
{
	sqlite3_stmt *s;

	must(db, sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), "integrity_check");
	insist(sqlite3_step(s) == SQLITE_ROW, "integrity_check gave no row");
	const char *answer = (const char *)sqlite3_column_text(s, 0);
	insist(strcmp(answer, "ok") == 0, answer);
	sqlite3_finalize(s);
}

/* ---- the model ---- */

struct model {
	uint64_t version;
	uint64_t seeds[ROWS];
};

static int make_body(uint64_t seed, uint64_t *body)
{
	uint64_t state = seed;

	for (int i = 0; i < BODY_MAX / 8; i++)
		body[i] = next_random(&state);
	return (int)(seed % BODY_MAX);
}

static void put_row(sqlite3 *db, int id, uint64_t seed)
{
	uint64_t body[BODY_MAX / 8];
	sqlite3_stmt *s;

	must(db,
	    sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO t(id, seed, body) VALUES (?, ?, ?)", -1, &s, NULL),
	    "insert");
	sqlite3_bind_int(s, 1, id);
	sqlite3_bind_int64(s, 2, (int64_t)seed);
	int len = make_body(seed, body);
	sqlite3_bind_blob(s, 3, body, len, SQLITE_STATIC);
	sqlite3_step(s);
	must(db, sqlite3_finalize(s), "insert");
}

static void delete_row(sqlite3 *db, int id)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "DELETE FROM t WHERE id = %d", id);
	run(db, sql);
}

static void change(sqlite3 *db, struct model *m, uint64_t *rng, int n)
{
	for (int i = 0; i < n; i++) {
		int id = (int)pick(rng, ROWS);

		m->seeds[id] = pick(rng, 5) == 0 ? 0 : (next_random(rng) >> 1) | 1;
		if (m->seeds[id] != 0)
			put_row(db, id, m->seeds[id]);
		else
			delete_row(db, id);
	}
}

static void load_model(sqlite3 *db, struct model *m)
{
	uint64_t body[BODY_MAX / 8];
	sqlite3_stmt *s;

	memset(m, 0, sizeof(*m));
	must(db, sqlite3_prepare_v2(db, "SELECT id, seed, body FROM t ORDER BY id", -1, &s, NULL), "select");
	while (sqlite3_step(s) == SQLITE_ROW) {
		uint64_t seed = (uint64_t)sqlite3_column_int64(s, 1);
		int len = make_body(seed, body);

		insist(sqlite3_column_bytes(s, 2) == len, "a body has the wrong length");
		insist(len == 0 || memcmp(sqlite3_column_blob(s, 2), body, (size_t)len) == 0,
		    "a body has a wrong byte");
		m->seeds[sqlite3_column_int(s, 0)] = seed;
	}
	must(db, sqlite3_finalize(s), "select");
	m->version = (uint64_t)number(db, "SELECT version FROM meta");
}

static void assert_holds(sqlite3 *db, const struct model *expected)
{
	struct model found;

	load_model(db, &found);
	assert_int_equal(found.version, expected->version);
	assert_memory_equal(found.seeds, expected->seeds, sizeof(found.seeds));
}

static uint64_t hash_model(const struct model *m)
{
	return hash_bytes64(m->seeds, sizeof(m->seeds));
}

/* ---- a database and its connections ---- */

struct world {
	char dir[64];
	char path[96];
	int page_size;
	sqlite3 *writer;
	sqlite3 *crowd[4];             /* readers, of one test */
	struct model model;            /* what is committed */
	uint64_t hashes[VERSIONS_MAX]; /* of the model at each version */
};

static sqlite3 *open_plain(const struct world *w)
{
	const char *path = w->path;
	char sql[64];
	sqlite3 *db;

	must(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), "open");
	sqlite3_busy_timeout(db, 20000);
	snprintf(sql, sizeof(sql), "PRAGMA page_size = %d", w->page_size);
	run(db, sql);
	run(db, "PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = normal");
	return db;
}

static void name_world(struct world *w, int page_size)
{
	memset(w, 0, sizeof(*w));
	w->page_size = page_size;
	strcpy(w->dir, "/tmp/nqlite-speculation-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/db", w->dir);
}

static void fill_world(struct world *w)
{
	w->writer = open_plain(w);
	run(w->writer, "CREATE TABLE t (id INTEGER PRIMARY KEY, seed INTEGER, body BLOB); CREATE INDEX "
		       "t_seed ON t (seed);"
		       "CREATE TABLE meta (version INTEGER); INSERT INTO meta VALUES (0)");
}

static void commit_change(struct world *w, uint64_t *rng, int n)
{
	run(w->writer, "BEGIN IMMEDIATE");
	change(w->writer, &w->model, rng, n);
	w->model.version++;
	w->hashes[w->model.version] = hash_model(&w->model);
	run(w->writer, "UPDATE meta SET version = version + 1");
	run(w->writer, "COMMIT");
}

static void open_paged_world(struct world *w, int page_size)
{
	name_world(w, page_size);
	fill_world(w);
	commit_change(w, &random_state, 300);
}

static void open_world(struct world *w)
{
	open_paged_world(w, 4096);
}

static void remove_world(struct world *w)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[128];

	for (size_t i = 0; i < LENGTH(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w->dir), 0); /* nothing else was left behind */
}

static void close_world(struct world *w)
{
	assert_holds(w->writer, &w->model);
	assert_sound(w->writer);
	assert_int_equal(sqlite3_close(w->writer), SQLITE_OK);
	remove_world(w);
}

struct fork {
	struct speculation_vfs *vfs;
	sqlite3 *db;
	bool is_open;
	bool has_savepoint;
	int refusals; /* of writes past its limit */
	struct model model;
	struct model at_savepoint;
};

static sqlite3_vfs *fork_base; /* NULL: the machine's */

static void on_full(void *arg)
{
	struct fork *f = arg;

	f->refusals++;
}

static void fork_open(struct fork *f, const char *path, int64_t tail_bytes_max, int cache_pages)
{
	char sql[64];

	memset(f, 0, sizeof(*f));
	f->vfs = speculation_vfs_new(
	    fork_base != NULL ? fork_base : sqlite3_vfs_find(NULL), tail_bytes_max, on_full, f);
	insist(f->vfs != NULL, "no VFS");
	int rc = sqlite3_open_v2(path, &f->db, SQLITE_OPEN_READWRITE, speculation_vfs_name(f->vfs));
	must(f->db, rc, "open a fork");
	snprintf(sql, sizeof(sql), "PRAGMA cache_size = %d", cache_pages);
	run(f->db, sql);
	number(f->db, "SELECT count(*) FROM sqlite_schema");
	speculation_vfs_release(f->vfs);
}

static void fork_close(struct fork *f)
{
	must(f->db, sqlite3_close(f->db), "close a fork");
	speculation_vfs_free(f->vfs);
}

static void fork_begin(struct fork *f)
{
	must(f->db, speculation_vfs_fork(f->vfs), "fork");
	run(f->db, "BEGIN");
	f->is_open = true;
	f->has_savepoint = false;
}

static void fork_end(struct fork *f)
{
	run(f->db, "ROLLBACK");
	speculation_vfs_release(f->vfs);
	f->is_open = false;
}

static void checkpoint(struct world *w, int mode)
{
	sqlite3_busy_timeout(w->writer, 0);
	int rc = sqlite3_wal_checkpoint_v2(w->writer, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(w->writer, 20000);
	if (rc != SQLITE_BUSY)
		must(w->writer, rc, "checkpoint");
}

static uint64_t hash_file(const char *path)
{
	static char bytes[65536];
	uint64_t h = 0;
	int fd = open(path, O_RDONLY);

	for (ssize_t n; fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0;)
		h = hash_chain64(h, bytes, (size_t)n);
	close(fd);
	return h;
}

static uint64_t hash_files(const struct world *w)
{
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", w->path);
	return hash_file(w->path) * 31 + hash_file(wal);
}

static int64_t wal_bytes(const struct world *w)
{
	char wal[128];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", w->path);
	assert_int_equal(stat(wal, &st), 0);
	return st.st_size;
}

/* To more frames than the first region of the wal-index has (4062). Of a WAL that was truncated, with pages of 512 bytes. */
static void lengthen_wal(struct world *w)
{
	while (wal_bytes(w) < 4300 * (512 + 24))
		commit_change(w, &random_state, 300);
}

/* ---- tests of the VFS ---- */

static void a_fork_sees_its_snapshot_and_its_own_writes_and_nobody_sees_them(void **state)
{
	struct world w;
	struct fork f;

	(void)state;
	open_world(&w);
	fork_open(&f, w.path, NO_LIMIT, 10);
	for (int round = 0; round < 12; round++) {
		if (round % 3 == 1)
			checkpoint(&w, SQLITE_CHECKPOINT_TRUNCATE);
		if (round % 3 == 2)
			checkpoint(&w, SQLITE_CHECKPOINT_PASSIVE);
		uint64_t files = hash_files(&w);

		fork_begin(&f);
		f.model = w.model;
		change(f.db, &f.model, &random_state, 300);
		assert_true(speculation_vfs_bytes(f.vfs) > 0);
		assert_true(hash_files(&w) == files);
		assert_holds(f.db, &f.model);
		assert_sound(f.db);
		commit_change(&w, &random_state, 5);
		assert_holds(f.db, &f.model);
		assert_holds(w.writer, &w.model);
		fork_end(&f);
	}
	fork_close(&f);
	close_world(&w);
}

static void without_a_pin_no_transaction_begins(void **state)
{
	struct world w;
	struct fork f;

	(void)state;
	open_world(&w);
	fork_open(&f, w.path, NO_LIMIT, 10);
	assert_int_equal(sqlite3_exec(f.db, "SELECT * FROM t", NULL, NULL, NULL), SQLITE_PROTOCOL);
	fork_begin(&f);
	number(f.db, "SELECT count(*) FROM t");
	assert_int_equal(speculation_vfs_fork(f.vfs), SQLITE_MISUSE);
	fork_end(&f);
	assert_int_equal(sqlite3_exec(f.db, "UPDATE t SET seed = 1", NULL, NULL, NULL), SQLITE_PROTOCOL);
	fork_close(&f);
	close_world(&w);
}

static void a_wal_that_nobody_has_read_is_left_to_an_ordinary_reader(void **state)
{
	struct world w;
	struct fork f = { 0 };

	(void)state;
	open_world(&w);
	assert_int_equal(sqlite3_close(w.writer), SQLITE_OK); /* the wal-index is gone */
	f.vfs = speculation_vfs_new(sqlite3_vfs_find(NULL), NO_LIMIT, NULL, NULL);
	must(
	    NULL, sqlite3_open_v2(w.path, &f.db, SQLITE_OPEN_READWRITE, speculation_vfs_name(f.vfs)), "open");
	assert_int_equal(sqlite3_exec(f.db, "SELECT * FROM t", NULL, NULL, NULL), SQLITE_BUSY);
	assert_int_equal(speculation_vfs_fork(f.vfs), SQLITE_BUSY_RECOVERY);

	w.writer = open_plain(&w);
	number(w.writer, "SELECT count(*) FROM t");
	fork_begin(&f);
	assert_holds(f.db, &w.model);
	fork_end(&f);
	fork_close(&f);
	close_world(&w);
}

static void whatever_a_fork_tries_the_files_stay(void **state)
{
	static const char *const tries[] = { "PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA journal_mode = delete", "VACUUM", "COMMIT; PRAGMA wal_checkpoint",
		"BEGIN; DELETE FROM t; COMMIT; PRAGMA wal_checkpoint(RESTART)" };
	struct world w;
	struct fork f;

	(void)state;
	open_world(&w);
	uint64_t files = hash_files(&w);

	for (size_t i = 0; i < LENGTH(tries); i++) {
		fork_open(&f, w.path, NO_LIMIT, 10);
		fork_begin(&f);
		change(f.db, &f.model, &random_state, 200);
		if (i > 0 && i < 3)
			run(f.db, "COMMIT");
		sqlite3_exec(f.db, tries[i], NULL, NULL, NULL);
		assert_true(hash_files(&w) == files);
		fork_close(&f);
		assert_true(hash_files(&w) == files);
		assert_holds(w.writer, &w.model);
	}
	/* Not even as the last connection of all. */
	fork_open(&f, w.path, NO_LIMIT, 10);
	fork_begin(&f);
	change(f.db, &f.model, &random_state, 200);
	assert_int_equal(sqlite3_close(w.writer), SQLITE_OK);
	files = hash_files(&w);
	fork_close(&f);
	assert_true(hash_files(&w) == files);
	w.writer = open_plain(&w);
	close_world(&w);
}

static void past_its_limit_a_fork_fails_and_its_next_transaction_works(void **state)
{
	struct world w;
	struct fork f;

	(void)state;
	open_world(&w);
	fork_open(&f, w.path, 200000, 10);
	for (int round = 0; round < 3; round++) {
		fork_begin(&f);
		assert_int_equal(f.refusals, 0);
		assert_int_equal(
		    sqlite3_exec(f.db, "UPDATE t SET body = zeroblob(9000)", NULL, NULL, NULL), SQLITE_FULL);
		assert_int_equal(f.refusals, 1);
		f.refusals = 0;
		assert_true(speculation_vfs_bytes(f.vfs) <= 200000);
		sqlite3_exec(f.db, "ROLLBACK", NULL, NULL, NULL);
		speculation_vfs_release(f.vfs);

		fork_begin(&f);
		f.model = w.model;
		change(f.db, &f.model, &random_state, 20);
		assert_holds(f.db, &f.model);
		fork_end(&f);
		commit_change(&w, &random_state, 3);
	}
	fork_close(&f);
	close_world(&w);
}

static void a_pooled_fork_follows_the_writers_ddl(void **state)
{
	struct world w;
	struct fork f;
	sqlite3_stmt *s;

	(void)state;
	open_world(&w);
	fork_open(&f, w.path, NO_LIMIT, 100);
	fork_begin(&f);
	must(f.db, sqlite3_prepare_v2(f.db, "SELECT * FROM meta", -1, &s, NULL), "prepare");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_count(s), 1);
	sqlite3_reset(s);
	run(f.db, "ALTER TABLE meta ADD COLUMN mine INTEGER; ALTER TABLE meta ADD COLUMN too INTEGER");
	run(w.writer, "ALTER TABLE meta ADD COLUMN theirs INTEGER DEFAULT 7; CREATE TABLE u (a)");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_count(s), 3);
	sqlite3_reset(s);
	fork_end(&f);

	fork_begin(&f);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_count(s), 2);
	assert_int_equal(sqlite3_column_int(s, 1), 7);
	sqlite3_finalize(s);
	run(f.db, "INSERT INTO u VALUES (1)");
	fork_end(&f);
	fork_close(&f);
	close_world(&w);
}

static void check_fork(struct fork *f, const struct world *w, int changes)
{
	fork_begin(f);
	f->model = w->model;
	assert_holds(f->db, &f->model);
	change(f->db, &f->model, &random_state, changes);
	assert_holds(f->db, &f->model);
	fork_end(f);
}

static void a_pooled_fork_forgets_the_wal_index_of_another_wal(void **state)
{
	struct world w;
	struct fork f;

	(void)state;
	open_paged_world(&w, 512);
	sqlite3 *holder = open_plain(&w);
	fork_open(&f, w.path, NO_LIMIT, 5);
	lengthen_wal(&w);
	check_fork(&f, &w, 300);
	/* All is written back, but a reader keeps the WAL from restarting: the fork does without the WAL, and then with the same again. */
	run(holder, "BEGIN; SELECT * FROM meta");
	checkpoint(&w, SQLITE_CHECKPOINT_PASSIVE);
	check_fork(&f, &w, 300);
	commit_change(&w, &random_state, 3);
	check_fork(&f, &w, 300);
	/* Another WAL of about the same length. */
	run(holder, "COMMIT");
	checkpoint(&w, SQLITE_CHECKPOINT_TRUNCATE);
	lengthen_wal(&w);
	commit_change(&w, &random_state, 300);
	check_fork(&f, &w, 300);
	sqlite3_close(holder);
	fork_close(&f);
	close_world(&w);
}

/* In a process of its own, since a process never sees its own locks. */
static bool is_locked_by_us(const char *path, off_t at)
{
	pid_t child = fork();

	if (child == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
		int fd = open(path, O_RDWR);

		_exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void opening_and_closing_forks_leaves_the_writers_locks_alone(void **state)
{
	struct world w;
	struct fork f;
	char shm[128];

	(void)state;
	open_world(&w);
	snprintf(shm, sizeof(shm), "%s-shm", w.path);
	run(w.writer, "BEGIN IMMEDIATE");
	for (int i = 0; i < 3; i++) {
		assert_true(is_locked_by_us(shm, 120));           /* the writer's */
		assert_true(is_locked_by_us(w.path, 0x40000002)); /* shared, on the file */
		fork_open(&f, w.path, NO_LIMIT, 10);
		fork_begin(&f);
		change(f.db, &f.model, &random_state, 100);
		if (i > 0)
			fork_end(&f);
		fork_close(&f);
	}
	run(w.writer, "ROLLBACK");
	assert_false(is_locked_by_us(shm, 120));
	for (int slot = 123; slot < 128; slot++)
		assert_false(is_locked_by_us(shm, slot)); /* no pin was left */
	close_world(&w);
}

/* ---- random runs ---- */

static void fork_step(struct fork *f, uint64_t *rng)
{
	switch (pick(rng, 9)) {
	case 0:
	case 1:
	case 2: change(f->db, &f->model, rng, 1 + (int)pick(rng, 40)); break;
	case 3:
		if (f->has_savepoint)
			break;
		run(f->db, "SAVEPOINT a");
		f->at_savepoint = f->model;
		f->has_savepoint = true;
		break;
	case 4:
		if (!f->has_savepoint)
			break;
		run(f->db, "ROLLBACK TO a");
		f->model = f->at_savepoint;
		break;
	case 5:
		if (f->has_savepoint)
			run(f->db, "RELEASE a");
		f->has_savepoint = false;
		break;
	case 6:
		run(f->db,
		    "CREATE TABLE IF NOT EXISTS x AS SELECT * FROM t LIMIT 50; DROP INDEX IF EXISTS t_seed;"
		    "CREATE INDEX t_seed ON t (seed, id)");
		break;
	case 7: assert_holds(f->db, &f->model); break;
	case 8: assert_sound(f->db); break;
	}
}

static void world_step(struct world *w, sqlite3 *reader, uint64_t *rng)
{
	static const int modes[] = { SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
		SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE };

	switch (pick(rng, 8)) {
	case 0: checkpoint(w, modes[pick(rng, 4)]); break;
	case 1: {
		struct model before = w->model;

		run(w->writer, "BEGIN IMMEDIATE");
		change(w->writer, &w->model, rng, (int)pick(rng, 200));
		run(w->writer, "ROLLBACK");
		w->model = before;
		break;
	}
	case 2: assert_holds(reader, &w->model); break;
	case 3: commit_change(w, rng, (int)pick(rng, 300)); break;
	default: commit_change(w, rng, (int)pick(rng, 10)); break;
	}
}

static void run_randomly(size_t nforks, int steps, int page_size)
{
	struct world w;
	struct fork *forks = calloc(nforks, sizeof(*forks));
	uint64_t *rng = &random_state;

	open_paged_world(&w, page_size);
	sqlite3 *reader = open_plain(&w), *holder = open_plain(&w);
	run(w.writer, "PRAGMA cache_size = 20");
	for (size_t i = 0; i < nforks; i++)
		fork_open(&forks[i], w.path, NO_LIMIT, pick(rng, 2) == 0 ? 5 : 200);
	for (int i = 0; i < (IS_SLOW ? steps / 10 : steps); i++) {
		struct fork *f = &forks[pick(rng, (unsigned)nforks)];

		if (pick(rng, 4) == 0)
			world_step(&w, reader, rng);
		if (pick(rng, 20) == 0) /* one who keeps the WAL from restarting */
			run(holder, sqlite3_get_autocommit(holder) ? "BEGIN; SELECT * FROM meta" : "COMMIT");
		if (pick(rng, 400) == 0) /* lets the WAL restart */
			for (size_t k = 0; k < nforks; k++)
				if (forks[k].is_open)
					fork_end(&forks[k]);
		if (!f->is_open) {
			fork_begin(f);
			f->model = w.model;
			assert_int_equal(number(f->db, "SELECT version FROM meta"), (int)w.model.version);
		} else if (pick(rng, 8) == 0) {
			assert_holds(f->db, &f->model);
			fork_end(f);
		} else {
			fork_step(f, rng);
		}
	}
	for (size_t i = 0; i < nforks; i++) {
		if (forks[i].is_open) {
			assert_holds(forks[i].db, &forks[i].model);
			fork_end(&forks[i]);
		}
		fork_close(&forks[i]);
	}
	assert_holds(reader, &w.model);
	sqlite3_close(reader);
	sqlite3_close(holder);
	free(forks);
	close_world(&w);
}

static void one_fork_beside_a_writer_never_sees_a_wrong_byte(void **state)
{
	(void)state;
	run_randomly(1, 1500, 4096);
}

static void few_forks_beside_a_writer_never_see_a_wrong_byte(void **state)
{
	(void)state;
	run_randomly(4, 2500, 4096);
}

static void forks_of_a_long_wal_never_see_a_wrong_byte(void **state)
{
	(void)state;
	run_randomly(2, 3000, 512);
}

static void hundreds_of_forks_beside_a_writer_never_see_a_wrong_byte(void **state)
{
	(void)state;
	run_randomly(300, 6000, 4096);
}

/* ---- races, one at a time ----
 *
 * The base VFS of these forks does something to the database at the n-th moment of a fork: right before and right after each call
 * that reaches the real wal-index. */

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	const sqlite3_io_methods *methods;
	int moments_left; /* 0: nothing happens */
	void (*act)(struct world *w);
	struct world *w;
} race;

static void pass_moment(void)
{
	if (race.moments_left > 0 && --race.moments_left == 0)
		race.act(race.w);
}

static int racing_map(sqlite3_file *f, int i, int bytes, int extend, void volatile **out)
{
	pass_moment();
	int rc = race.methods->xShmMap(f, i, bytes, extend, out);
	pass_moment();
	return rc;
}

static int racing_lock(sqlite3_file *f, int slot, int n, int flags)
{
	/* Not between locking and unlocking exclusively: others would wait for us, and we are they. */
	if (flags != (SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE))
		pass_moment();
	int rc = race.methods->xShmLock(f, slot, n, flags);
	if (flags != (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE))
		pass_moment();
	return rc;
}

static void racing_barrier(sqlite3_file *f)
{
	pass_moment();
	race.methods->xShmBarrier(f);
}

static int racing_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
	static sqlite3_io_methods methods;
	int rc = race.real->xOpen(race.real, name, f, flags, out);

	(void)vfs;
	if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
		return rc;
	race.methods = f->pMethods;
	methods = *f->pMethods;
	methods.xShmMap = racing_map;
	methods.xShmLock = racing_lock;
	methods.xShmBarrier = racing_barrier;
	f->pMethods = &methods;
	return rc;
}

static void few(struct world *w)
{
	commit_change(w, &random_state, 3);
}

static void many(struct world *w)
{
	commit_change(w, &random_state, 300);
}

static void passive(struct world *w)
{
	checkpoint(w, SQLITE_CHECKPOINT_PASSIVE);
}

static void truncate_wal(struct world *w)
{
	checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE);
}

static void few_passive(struct world *w)
{
	few(w);
	passive(w);
}

static void few_passive_few(struct world *w)
{
	few_passive(w);
	few(w);
}

static void truncate_few(struct world *w)
{
	truncate_wal(w);
	few(w);
}

static void many_passive_many_passive(struct world *w)
{
	many(w);
	passive(w);
	many(w);
	passive(w);
}

/* The wal-index gets a region that the fork, opened before, hasn't mapped yet. */
static void lengthen(struct world *w)
{
	lengthen_wal(w);
	few(w);
}

static void lengthen_passive(struct world *w)
{
	lengthen(w);
	passive(w);
}

/* All four marks are taken by readers, of older commits. */
static void crowd(struct world *w)
{
	for (size_t i = 0; i < LENGTH(w->crowd); i++) {
		few(w);
		run(w->crowd[i], "BEGIN; SELECT * FROM meta");
	}
	few(w);
}

/* They leave, and a checkpoint finds marks that nobody holds. */
static void disperse(struct world *w)
{
	for (size_t i = 0; i < LENGTH(w->crowd); i++)
		if (!sqlite3_get_autocommit(w->crowd[i]))
			run(w->crowd[i], "COMMIT");
	passive(w);
}

/* False when the fork was over before the n-th moment. */
static bool race_once(struct world *w, void (*prepare)(struct world *w), void (*act)(struct world *w), int n)
{
	struct fork f;

	disperse(w);
	truncate_wal(w);
	fork_open(&f, w->path, NO_LIMIT, 10);
	prepare(w);
	uint64_t version = w->model.version;

	race.act = act;
	race.w = w;
	race.moments_left = n;
	fork_begin(&f);
	bool has_happened = race.moments_left == 0;
	race.moments_left = 0;

	load_model(f.db, &f.model);
	assert_true(f.model.version >= version);
	assert_true(hash_model(&f.model) == w->hashes[f.model.version]);
	disperse(w);
	few_passive_few(w);
	assert_holds(f.db, &f.model);
	change(f.db, &f.model, &random_state, 30);
	truncate_few(w);
	assert_holds(f.db, &f.model);
	fork_end(&f);
	fork_close(&f);
	return has_happened;
}

static void whatever_happens_at_any_moment_of_a_fork_it_is_one_commit(void **state)
{
	static void (*const prepares[])(struct world * w) = { lengthen, lengthen_passive, crowd,
		few_passive_few, truncate_wal, truncate_few };
	static void (*const acts[])(struct world *) = { few, passive, few_passive, few_passive_few,
		truncate_wal, truncate_few, many_passive_many_passive, disperse };
	struct world w;
	int races = 0;

	(void)state;
	if (IS_SLOW)
		skip();
	race.real = sqlite3_vfs_find(NULL);
	race.vfs = *race.real;
	race.vfs.xOpen = racing_open;
	fork_base = &race.vfs;
	open_paged_world(&w, 512);
	for (size_t i = 0; i < LENGTH(w.crowd); i++)
		w.crowd[i] = open_plain(&w);
	for (size_t p = 0; p < LENGTH(prepares); p++)
		for (size_t a = 0; a < LENGTH(acts); a++)
			for (int n = 1; race_once(&w, prepares[p], acts[a], n); n++)
				races++;
	fork_base = NULL;
	for (size_t i = 0; i < LENGTH(w.crowd); i++)
		sqlite3_close(w.crowd[i]);
	printf("%d races\n", races);
	assert_true(races > 150);
	close_world(&w);
}

/* ---- threads ---- */

struct storm {
	struct world *w;
	uint64_t seed;
	atomic_bool is_over;
	atomic_uint_fast64_t committed;
	atomic_uint_fast64_t
	    hashes[VERSIONS_MAX]; /* of the model at each version, known before it is committed */
};

static void *write_on(void *arg)
{
	struct storm *s = arg;
	struct world *w = s->w;
	uint64_t rng = s->seed;

	while (!atomic_load(&s->is_over) && w->model.version + 1 < VERSIONS_MAX) {
		run(w->writer, "BEGIN IMMEDIATE");
		change(w->writer, &w->model, &rng, 1 + (int)pick(&rng, 20));
		w->model.version++;
		run(w->writer, "UPDATE meta SET version = version + 1");
		atomic_store(&s->hashes[w->model.version], hash_model(&w->model));
		run(w->writer, "COMMIT");
		atomic_store(&s->committed, w->model.version);
		if (pick(&rng, 4) == 0)
			checkpoint(
			    w, pick(&rng, 2) == 0 ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE);
	}
	return NULL;
}

struct forker {
	struct storm *storm;
	uint64_t rng;
	int forks;
};

static void *fork_on(void *arg)
{
	struct forker *me = arg;
	struct storm *s = me->storm;
	struct fork f;

	fork_open(&f, s->w->path, NO_LIMIT, 30);
	for (int i = 0; i < me->forks; i++) {
		uint64_t committed = atomic_load(&s->committed);

		fork_begin(&f);
		load_model(f.db, &f.model);
		insist(f.model.version >= committed, "a fork is older than a commit before it");
		insist(
		    hash_model(&f.model) == atomic_load(&s->hashes[f.model.version]), "a fork mixes commits");
		uint64_t version = f.model.version;
		change(f.db, &f.model, &me->rng, (int)pick(&me->rng, 30));
		if (pick(&me->rng, 20) == 0)
			assert_sound(f.db);
		struct model again;
		load_model(f.db, &again);
		insist(again.version == version, "a fork moved on");
		insist(hash_model(&again) == hash_model(&f.model), "a fork lost its writes");
		fork_end(&f);
	}
	fork_close(&f);
	return NULL;
}

static void forks_on_many_threads_race_commits_and_checkpoints(void **state)
{
	enum { THREADS = 6 };
	struct world w;
	struct storm *s = calloc(1, sizeof(*s));
	struct forker forkers[THREADS];
	pthread_t writer, threads[THREADS];

	(void)state;
	open_world(&w);
	s->w = &w;
	s->seed = next_random(&random_state);
	s->committed = w.model.version;
	s->hashes[w.model.version] = hash_model(&w.model);
	pthread_create(&writer, NULL, write_on, s);
	for (int i = 0; i < THREADS; i++) {
		forkers[i] = (struct forker){ .storm = s, .rng = next_random(&random_state), .forks = 250 };
		pthread_create(&threads[i], NULL, fork_on, &forkers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	s->is_over = true;
	pthread_join(writer, NULL);
	printf("%llu commits beside %d forks\n", (unsigned long long)w.model.version, THREADS * 250);
	close_world(&w);
	free(s);
}

/* ---- a process that is killed ---- */

static void live_until_killed(struct world *w, int pipe_fd, uint64_t rng)
{
	struct fork forks[3];

	fill_world(w);
	for (int i = 0; i < 3; i++)
		fork_open(&forks[i], w->path, NO_LIMIT, 5);
	for (;;) {
		struct fork *f = &forks[pick(&rng, 3)];

		if (!f->is_open)
			fork_begin(f);
		else if (pick(&rng, 4) == 0)
			fork_end(f);
		else
			change(f->db, &f->model, &rng, 30);
		if (pick(&rng, 3) == 0)
			checkpoint(
			    w, pick(&rng, 2) == 0 ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART);
		commit_change(w, &rng, 5);
		if (write(pipe_fd, &w->model, sizeof(w->model)) != sizeof(w->model))
			_exit(1);
	}
}

static void killed_in_a_speculation_the_database_is_fine(void **state)
{
	(void)state;
	for (int round = 0; round < 12; round++) {
		struct world w;
		struct model last = { 0 };
		int ends[2];
		uint64_t seed = next_random(&random_state);
		unsigned commits = 20 + pick(&random_state, 60);

		name_world(&w, 4096);
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0)
			live_until_killed(&w, ends[1], seed);
		close(ends[1]);
		for (unsigned i = 0; i < commits; i++)
			assert_int_equal(read(ends[0], &last, sizeof(last)), (int)sizeof(last));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(ends[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
			continue;
		close(ends[0]);

		w.writer = open_plain(&w);
		load_model(
		    w.writer, &w.model); /* the commit after the last one that it reported may be there */
		assert_true(w.model.version == last.version || w.model.version == last.version + 1);
		if (w.model.version == last.version)
			assert_memory_equal(w.model.seeds, last.seeds, sizeof(last.seeds));
		close_world(&w);
	}
}

/* ---- speed ---- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void step_to_end(sqlite3_stmt *s)
{
	while (sqlite3_step(s) == SQLITE_ROW)
		continue;
	assert_int_equal(sqlite3_reset(s), SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	must(db, sqlite3_prepare_v2(db, sql, -1, &s, NULL), sql);
	return s;
}

static double measure(struct fork *f, sqlite3_stmt *commit, int n)
{
	double spent = 0;

	assert_int_equal(speculation_vfs_fork(f->vfs), SQLITE_OK);
	sqlite3_stmt *begin = prepare(f->db, "BEGIN"), *rollback = prepare(f->db, "ROLLBACK");
	sqlite3_stmt *update = prepare(f->db, "UPDATE t SET seed = seed + 1 WHERE id = 7 RETURNING seed");
	speculation_vfs_release(f->vfs);
	for (int i = 0; i < n; i++) {
		if (commit != NULL)
			step_to_end(commit);
		double t = now_us();
		assert_int_equal(speculation_vfs_fork(f->vfs), SQLITE_OK);
		step_to_end(begin);
		step_to_end(update);
		step_to_end(rollback);
		speculation_vfs_release(f->vfs);
		spent += now_us() - t;
	}
	sqlite3_finalize(begin);
	sqlite3_finalize(update);
	sqlite3_finalize(rollback);
	return spent / n;
}

static void a_small_speculation_takes_microseconds(void **state)
{
	struct world w;
	struct fork f;

	(void)state;
	open_world(&w);
	put_row(w.writer, 7, 77);
	w.model.seeds[7] = 77;
	fork_open(&f, w.path, NO_LIMIT, 200);
	double idle = measure(&f, NULL, 20000);
	sqlite3_stmt *commit = prepare(w.writer, "UPDATE meta SET version = version + 1");
	double beside = measure(&f, commit, 5000);
	sqlite3_finalize(commit);
	w.model.version += 5000;
	printf("fork, BEGIN, UPDATE .. RETURNING, ROLLBACK: %.1f us, %.1f us with a commit between\n", idle,
	    beside);
	assert_true(idle < 2000 && beside < 2000);
	fork_close(&f);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_sees_its_snapshot_and_its_own_writes_and_nobody_sees_them),
		cmocka_unit_test(without_a_pin_no_transaction_begins),
		cmocka_unit_test(a_wal_that_nobody_has_read_is_left_to_an_ordinary_reader),
		cmocka_unit_test(whatever_a_fork_tries_the_files_stay),
		cmocka_unit_test(past_its_limit_a_fork_fails_and_its_next_transaction_works),
		cmocka_unit_test(a_pooled_fork_follows_the_writers_ddl),
		cmocka_unit_test(a_pooled_fork_forgets_the_wal_index_of_another_wal),
		cmocka_unit_test(opening_and_closing_forks_leaves_the_writers_locks_alone),
		cmocka_unit_test(one_fork_beside_a_writer_never_sees_a_wrong_byte),
		cmocka_unit_test(few_forks_beside_a_writer_never_see_a_wrong_byte),
		cmocka_unit_test(forks_of_a_long_wal_never_see_a_wrong_byte),
		cmocka_unit_test(whatever_happens_at_any_moment_of_a_fork_it_is_one_commit),
		cmocka_unit_test(hundreds_of_forks_beside_a_writer_never_see_a_wrong_byte),
		cmocka_unit_test(killed_in_a_speculation_the_database_is_fine),
		cmocka_unit_test(forks_on_many_threads_race_commits_and_checkpoints),
		cmocka_unit_test(a_small_speculation_takes_microseconds),
	};
	const char *seed = getenv("NQLITE_TEST_SEED");

	random_state =
	    seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
	printf("NQLITE_TEST_SEED=%llu\n", (unsigned long long)random_state);
	fflush(stdout);
	return cmocka_run_group_tests_name("files of a speculation", tests, NULL, NULL);
}
