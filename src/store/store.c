#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/conn_internal.h"
#include "store/errors.h"

#define DEFAULT_READERS    64
#define DEFAULT_CACHE      (8 * 1024 * 1024)
#define DEFAULT_STATEMENTS 256
#define DEFAULT_WAL        (16 * 1024 * 1024)
#define DEFAULT_MMAP       (1024 * 1024 * 1024)
#define RESTART_FACTOR     4 /* times wal_bytes_max: then readers are waited for */
#define RESTART_WAIT_MS    100

struct store {
	struct store_options options; /* path is ours */
	char *path;
	char *directory; /* of ":memory:", to be removed; else NULL */
	int64_t page_bytes;
	atomic_bool has_writer;
	struct speculation_slot speculations;

	pthread_mutex_t mutex;
	/* Under the mutex: */
	struct conn *idle; /* linked by next */
	size_t nout;       /* taken and not given back */
};

/* SQLite's settings of the process. Memory statistics would take a global mutex at each malloc; file names are names, not URIs; and
 * 'localtime' must mean the same on every node: UTC. */
static void configure_process(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_URI, 0);
	setenv("TZ", "UTC", 1);
	tzset();
	sqlite3_initialize();
}

static void configure_process_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure_process);
}

static void set_defaults(struct store_options *o)
{
	if (o->readers_max == 0)
		o->readers_max = DEFAULT_READERS;
	if (o->cache_bytes == 0)
		o->cache_bytes = DEFAULT_CACHE;
	if (o->statements_max == 0)
		o->statements_max = DEFAULT_STATEMENTS;
	if (o->wal_bytes_max == 0)
		o->wal_bytes_max = DEFAULT_WAL;
	if (o->mmap_bytes == 0)
		o->mmap_bytes = DEFAULT_MMAP;
	else if (o->mmap_bytes < 0)
		o->mmap_bytes = 0;
}

static int make_private_directory(struct store *store, struct err *err)
{
	const char *parent = getenv("TMPDIR");

	if (asprintf(&store->directory, "%s/nqlite-XXXXXX", parent != NULL ? parent : "/tmp") < 0) {
		store->directory = NULL;
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	if (mkdtemp(store->directory) == NULL) {
		err_sys(err, "make directory %s", store->directory);
		free(store->directory);
		store->directory = NULL;
		return -1;
	}
	return 0;
}

static int choose_path(struct store *store, const char *path, struct err *err)
{
	bool in_memory = strcmp(path, ":memory:") == 0;

	if (in_memory && make_private_directory(store, err) != 0)
		return -1;
	int rc = in_memory ? asprintf(&store->path, "%s/nqlite.db", store->directory)
			   : asprintf(&store->path, "%s", path);
	if (rc < 0) {
		store->path = NULL;
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	store->options.path = store->path;
	return 0;
}

static void remove_private_directory(struct store *store)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char name[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", store->path, suffixes[i]);
		unlink(name);
	}
	rmdir(store->directory);
}

static int on_text(void *arg, int ncolumns, char **values, char **names)
{
	char *out = arg; /* 32 bytes */

	(void)names;
	snprintf(out, 32, "%s", ncolumns > 0 && values[0] != NULL ? values[0] : "");
	return 0;
}

static int ask(sqlite3 *db, const char *sql, char out[32], const char *path, struct err *err)
{
	char what[512];

	out[0] = '\0';
	int rc = sqlite3_exec(db, sql, on_text, out, NULL);
	if (rc == SQLITE_OK)
		return 0;
	snprintf(what, sizeof(what), "open database %s", path);
	errors_of_handle(db, rc, what, err);
	if (sqlite3_system_errno(db) != 0)
		err_detail(err, "%s.", strerror(sqlite3_system_errno(db)));
	return -1;
}

/* Looks at the file before anybody works with it: is it a database, in WAL mode, in UTF-8? */
static int check_file(struct store *store, sqlite3 *db, struct err *err)
{
	char answer[32];

	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	if (ask(db, "SELECT count(*) FROM sqlite_schema", answer, store->path, err) != 0 ||
	    ask(db, "PRAGMA journal_mode = WAL", answer, store->path, err) != 0)
		return -1;
	if (strcmp(answer, "wal") != 0)
		return err_set(
		    err, SQLSTATE_IO, "open database %s: it can't be set to WAL mode", store->path);
	if (ask(db, "PRAGMA encoding", answer, store->path, err) != 0)
		return -1;
	if (strcmp(answer, "UTF-8") != 0)
		return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
		    "open database %s: its encoding is %s, not UTF-8", store->path, answer);
	if (ask(db, "PRAGMA page_size", answer, store->path, err) != 0)
		return -1;
	store->page_bytes = strtoll(answer, NULL, 10);
	return 0;
}

/* SQLite's own errno is that of its last attempt, to open read-only what it could not open for writing. */
static void say_why_not(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		err_detail(err, "%s.", strerror(errno));
	else
		close(fd);
}

static int prepare_file(struct store *store, struct err *err)
{
	sqlite3 *db = NULL;
	char what[512];
	int rc = sqlite3_open_v2(
	    store->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	int result = -1;

	if (rc == SQLITE_OK) {
		result = check_file(store, db, err);
	} else {
		snprintf(what, sizeof(what), "open database %s", store->path);
		errors_of_handle(db, rc, what, err);
		say_why_not(store->path, err);
	}
	sqlite3_close(db);
	return result;
}

int store_open(struct store **out, const struct store_options *options, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));

	*out = NULL;
	if (store == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	configure_process_once();
	store->options = *options;
	set_defaults(&store->options);
	atomic_init(&store->has_writer, false);
	pthread_mutex_init(&store->mutex, NULL);
	pthread_mutex_init(&store->speculations.mutex, NULL);
	if (choose_path(store, options->path, err) != 0 || prepare_file(store, err) != 0) {
		store_close(store);
		return -1;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->speculations.pool != NULL)
		store->speculations.free_pool(store->speculations.pool);
	assert(store->nout == 0 && !atomic_load(&store->has_writer));
	while (store->idle != NULL) {
		struct conn *conn = store->idle;

		store->idle = conn->next;
		conn_close(conn);
	}
	if (store->directory != NULL)
		remove_private_directory(store);
	pthread_mutex_destroy(&store->speculations.mutex);
	pthread_mutex_destroy(&store->mutex);
	free(store->directory);
	free(store->path);
	free(store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

const struct store_options *store_settings(const struct store *store)
{
	return &store->options;
}

struct speculation_slot *store_speculation_slot(struct store *store)
{
	return &store->speculations;
}

int store_open_writer(struct store *store, struct conn **out, struct err *err)
{
	*out = NULL;
	if (atomic_exchange(&store->has_writer, true))
		return err_set(err, SQLSTATE_INTERNAL, "the database has a writer already");
	return conn_open(out, store, CONN_WRITER, NULL, err);
}

void store_writer_closed(struct store *store)
{
	atomic_store(&store->has_writer, false);
}

int store_open_reader(struct store *store, struct conn **out, struct err *err)
{
	char sql[64];

	if (conn_open(out, store, CONN_READER, NULL, err) != 0)
		return -1;
	snprintf(sql, sizeof(sql), "PRAGMA mmap_size = %lld", (long long)store->options.mmap_bytes);
	if (conn_exec(*out, sql, err) == 0)
		return 0;
	conn_close(*out);
	*out = NULL;
	return -1;
}

int store_take_reader(struct store *store, struct conn **out, struct err *err)
{
	pthread_mutex_lock(&store->mutex);
	struct conn *conn = store->idle;
	bool is_full = store->nout >= store->options.readers_max;
	if (!is_full) {
		store->nout++;
		if (conn != NULL)
			store->idle = conn->next;
	}
	pthread_mutex_unlock(&store->mutex);

	*out = NULL;
	if (is_full)
		return err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS, "all %zu readers of the database are busy",
		    store->options.readers_max);
	if (conn != NULL || conn_open(&conn, store, CONN_READER, NULL, err) == 0) {
		conn->next = NULL;
		*out = conn;
		return 0;
	}
	pthread_mutex_lock(&store->mutex);
	store->nout--;
	pthread_mutex_unlock(&store->mutex);
	return -1;
}

void store_give_reader(struct store *store, struct conn *conn)
{
	conn_release_snapshot(conn);
	conn_clear_interrupt(conn);
	conn_set_environment(conn, NULL);
	conn_set_tables_context(conn, NULL);

	pthread_mutex_lock(&store->mutex);
	conn->next = store->idle;
	store->idle = conn;
	store->nout--;
	pthread_mutex_unlock(&store->mutex);
}

bool store_needs_checkpoint(const struct store *store, const struct conn *writer)
{
	return (writer->wal_frames - writer->wal_frames_checked) * store->page_bytes >=
	       store->options.wal_bytes_max;
}

/* RESTART waits, for a moment, until no reader stands in the WAL any more, so that the next commit begins it anew. Readers that take
 * their snapshots one after the other never leave it otherwise, as long as commits keep coming. */
static int restart_wal(struct conn *writer)
{
	sqlite3_busy_timeout(writer->db, RESTART_WAIT_MS);
	int rc = sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(writer->db, BUSY_TIMEOUT_MS);
	return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

int store_checkpoint(struct store *store, struct conn *writer, struct err *err)
{
	int frames = 0, written = 0;
	int rc = sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &written);

	if (rc == SQLITE_OK && frames * store->page_bytes > RESTART_FACTOR * store->options.wal_bytes_max)
		rc = restart_wal(writer);
	if (rc != SQLITE_OK) {
		errors_translate(writer, rc, err);
		log_warning(store->options.logger, "cannot checkpoint %s: %s", store->path,
		    sqlite3_errmsg(writer->db));
		return -1;
	}
	/* If a reader keeps the WAL from beginning anew, it grows on, and is looked at again after as much more. */
	writer->wal_frames_checked = frames > 0 ? frames : 0;
	log_debug(store->options.logger, "checkpoint of %s: %d of %d pages", store->path, written, frames);
	return 0;
}
