#include "store/speculation_vfs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/wal_fork.h"

#define SLOT_WRITE  0
#define SLOT_READ_0 3 /* the first of the readers' */
#define TAIL_KEEP_BYTES \
	(1 << 20) /* a larger temporary file gives its space back at the end of a speculation */

struct file { /* what SQLite has allocated for an open file: ours, then the base's */
	sqlite3_file base;
	struct speculation_vfs *v;
	sqlite3_file *real; /* the WAL's is opened when it is first needed */
};

struct speculation_vfs {
	sqlite3_vfs vfs;
	char name[48];
	struct file *main; /* NULL while the connection isn't open */
	const char *wal_path;

	struct wal_fork fork; /* its base is the VFS below */
	bool has_forked;
	uint16_t shm_locks; /* the connection's own, on the private wal-index */

	sqlite3_file *tail; /* NULL until something is written */
	int64_t tail_start; /* its offset in the WAL as the connection sees it */
	int64_t tail_len;
	int64_t tail_bytes_max;
	void (*on_full)(void *arg);
	void *on_full_arg;
};

static struct speculation_vfs *vfs_of(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static struct speculation_vfs *of(sqlite3_file *f)
{
	return ((struct file *)f)->v;
}

static sqlite3_file *real_main(struct speculation_vfs *v)
{
	return v->main->real;
}

static void drop_tail(struct speculation_vfs *v)
{
	if (v->tail != NULL && v->tail_len > TAIL_KEEP_BYTES)
		v->tail->pMethods->xTruncate(v->tail, 0);
	v->tail_len = 0;
}

int speculation_vfs_fork(struct speculation_vfs *v)
{
	if (v->main == NULL || v->shm_locks != 0)
		return SQLITE_MISUSE;
	int rc = wal_fork_take(&v->fork);
	v->has_forked = rc == SQLITE_OK;
	v->tail_start = wal_fork_shared_bytes(&v->fork);
	drop_tail(v);
	return rc;
}

void speculation_vfs_release(struct speculation_vfs *v)
{
	assert(v->shm_locks == 0);
	wal_fork_drop(&v->fork);
	drop_tail(v);
}

int64_t speculation_vfs_bytes(const struct speculation_vfs *v)
{
	return v->tail_len;
}

/* ---- the connection's shared memory, which isn't shared ---- */

static int on_shm_map(sqlite3_file *f, int i, int bytes, int extend, void volatile **out)
{
	struct speculation_vfs *v = of(f);
	int rc = SQLITE_OK;

	(void)extend;
	*out = NULL;
	if (bytes != WAL_REGION_BYTES)
		return SQLITE_IOERR_SHMMAP;
	if (i == 0 && v->fork.pin == PIN_NONE && !v->has_forked)
		rc = speculation_vfs_fork(v); /* the connection looks at the file while it is being opened */
	return rc == SQLITE_OK ? wal_fork_region(&v->fork, (size_t)i, out) : rc;
}

/* There is nobody to wait for. What is refused: reading without a pin, checkpoints, rebuilding the index (both have slots below
 * the readers'), and a restart of a WAL whose frames are needed. */
static int on_shm_lock(sqlite3_file *f, int slot, int n, int flags)
{
	struct speculation_vfs *v = of(f);
	uint16_t bits = (uint16_t)(((1u << n) - 1) << slot);

	if (flags & SQLITE_SHM_UNLOCK) {
		v->shm_locks &= (uint16_t)~bits;
		return SQLITE_OK;
	}
	if (v->fork.pin == PIN_NONE)
		return SQLITE_PROTOCOL;
	if (slot != SLOT_WRITE && slot < SLOT_READ_0)
		return SQLITE_BUSY;
	if (n > 1 && v->fork.pin != PIN_FILE)
		return SQLITE_BUSY;
	v->shm_locks |= bits;
	return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *f)
{
	(void)f;
}

static int on_shm_unmap(sqlite3_file *f, int delete)
{
	struct speculation_vfs *v = of(f);

	(void)delete;
	wal_fork_unmap(&v->fork);
	v->shm_locks = 0;
	v->has_forked = false;
	return SQLITE_OK;
}

/* ---- the database file: what is read goes through, what is written is refused ---- */

static int main_close(sqlite3_file *f)
{
	struct speculation_vfs *v = of(f);

	on_shm_unmap(f, 0);
	int rc = real_main(v)->pMethods->xClose(real_main(v));
	v->main = NULL;
	v->fork.file = NULL;
	return rc;
}

static int main_read(sqlite3_file *f, void *to, int len, sqlite3_int64 offset)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xRead(real, to, len, offset);
}

static int refuse_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 offset)
{
	(void)f, (void)from, (void)len, (void)offset;
	return SQLITE_IOERR_WRITE;
}

static int refuse_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	(void)f, (void)size;
	return SQLITE_IOERR_TRUNCATE;
}

static int skip_sync(sqlite3_file *f, int flags)
{
	(void)f, (void)flags;
	return SQLITE_OK;
}

static int main_size(sqlite3_file *f, sqlite3_int64 *size)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xFileSize(real, size);
}

/* A shared lock is real: it keeps other processes from taking the WAL away. The others would let the connection leave WAL mode, or
 * clean up as if it were the last. */
static int main_lock(sqlite3_file *f, int level)
{
	sqlite3_file *real = real_main(of(f));

	return level > SQLITE_LOCK_SHARED ? SQLITE_BUSY : real->pMethods->xLock(real, level);
}

static int main_unlock(sqlite3_file *f, int level)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xUnlock(real, level);
}

static int main_check_reserved(sqlite3_file *f, int *is_reserved)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xCheckReservedLock(real, is_reserved);
}

/* Most of them change the file or what closing it does. */
static int main_control(sqlite3_file *f, int op, void *arg)
{
	sqlite3_file *real = real_main(of(f));

	if (op == SQLITE_FCNTL_HAS_MOVED || op == SQLITE_FCNTL_LOCKSTATE)
		return real->pMethods->xFileControl(real, op, arg);
	return SQLITE_NOTFOUND;
}

static int main_sector_size(sqlite3_file *f)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xSectorSize(real);
}

static int main_characteristics(sqlite3_file *f)
{
	sqlite3_file *real = real_main(of(f));

	return real->pMethods->xDeviceCharacteristics(real);
}

/* Version 2: no xFetch, so that no page is ever mapped. */
static const sqlite3_io_methods main_methods = {
	.iVersion = 2,
	.xClose = main_close,
	.xRead = main_read,
	.xWrite = refuse_write,
	.xTruncate = refuse_truncate,
	.xSync = skip_sync,
	.xFileSize = main_size,
	.xLock = main_lock,
	.xUnlock = main_unlock,
	.xCheckReservedLock = main_check_reserved,
	.xFileControl = main_control,
	.xSectorSize = main_sector_size,
	.xDeviceCharacteristics = main_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

/* ---- the WAL: shared up to tail_start, private from there ---- */

static int open_tail(struct speculation_vfs *v)
{
	int flags = SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
		    SQLITE_OPEN_DELETEONCLOSE;

	if (v->tail != NULL)
		return SQLITE_OK;
	v->tail = calloc(1, (size_t)v->fork.base->szOsFile);
	if (v->tail == NULL)
		return SQLITE_NOMEM;
	int rc = v->fork.base->xOpen(v->fork.base, NULL, v->tail, flags, &flags);
	if (rc != SQLITE_OK) {
		free(v->tail);
		v->tail = NULL;
	}
	return rc;
}

static int wal_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 offset)
{
	struct speculation_vfs *v = of(f);
	int64_t at = offset - v->tail_start;

	if (at < 0 || v->fork.pin == PIN_NONE)
		return SQLITE_IOERR_WRITE;
	if (at + len > v->tail_bytes_max) {
		if (v->on_full != NULL)
			v->on_full(v->on_full_arg);
		return SQLITE_FULL;
	}
	int rc = open_tail(v);
	if (rc == SQLITE_OK)
		rc = v->tail->pMethods->xWrite(v->tail, from, len, at);
	if (rc != SQLITE_OK)
		return rc;
	if (at + len > v->tail_len)
		v->tail_len = at + len;
	return SQLITE_OK;
}

static int read_shared(struct speculation_vfs *v, sqlite3_file *real, void *to, int len, int64_t offset)
{
	int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY;

	if (real->pMethods == NULL) {
		int rc = v->fork.base->xOpen(v->fork.base, v->wal_path, real, flags, &flags);

		if (rc != SQLITE_OK)
			return rc;
	}
	return real->pMethods->xRead(real, to, len, offset);
}

/* SQLite reads a header or a frame, never across their bounds. */
static int wal_read(sqlite3_file *f, void *to, int len, sqlite3_int64 offset)
{
	struct speculation_vfs *v = of(f);
	int64_t at = offset - v->tail_start;

	if (at < 0)
		return at + len > 0 ? SQLITE_IOERR_READ
				    : read_shared(v, ((struct file *)f)->real, to, len, offset);
	if (at + len > v->tail_len) {
		memset(to, 0, (size_t)len);
		return SQLITE_IOERR_SHORT_READ;
	}
	return v->tail->pMethods->xRead(v->tail, to, len, at);
}

static int wal_close(sqlite3_file *f)
{
	struct file *w = (struct file *)f;
	struct speculation_vfs *v = w->v;

	if (w->real->pMethods != NULL)
		w->real->pMethods->xClose(w->real);
	if (v->tail != NULL)
		v->tail->pMethods->xClose(v->tail);
	free(v->tail);
	v->tail = NULL;
	v->tail_len = 0;
	return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	(void)f, (void)size;
	return SQLITE_OK;
}

static int wal_size(sqlite3_file *f, sqlite3_int64 *size)
{
	struct speculation_vfs *v = of(f);

	*size = v->tail_start + v->tail_len;
	return SQLITE_OK;
}

static int wal_lock(sqlite3_file *f, int level)
{
	(void)f, (void)level;
	return SQLITE_OK;
}

static int wal_check_reserved(sqlite3_file *f, int *is_reserved)
{
	(void)f;
	*is_reserved = 0;
	return SQLITE_OK;
}

static int wal_control(sqlite3_file *f, int op, void *arg)
{
	(void)f, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int wal_sector_size(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

static int wal_characteristics(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = skip_sync,
	.xFileSize = wal_size,
	.xLock = wal_lock,
	.xUnlock = wal_lock,
	.xCheckReservedLock = wal_check_reserved,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_characteristics,
};

/* ---- the VFS ---- */

static struct file *init_file(struct speculation_vfs *v, sqlite3_file *f)
{
	struct file *ours = (struct file *)f;

	memset(f, 0, (size_t)v->vfs.szOsFile);
	ours->v = v;
	ours->real = (sqlite3_file *)(ours + 1);
	return ours;
}

/* SQLite is told that it may write, else it wouldn't begin to. */
static int open_main(struct speculation_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *ours = init_file(v, f);
	int wanted = flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	if (v->main != NULL)
		return SQLITE_MISUSE; /* one connection */
	int rc = v->fork.base->xOpen(v->fork.base, name, ours->real, wanted | SQLITE_OPEN_READONLY, NULL);
	if (rc != SQLITE_OK)
		return rc;
	ours->base.pMethods = &main_methods;
	v->main = ours;
	v->fork.file = ours->real;
	if (out != NULL)
		*out = flags;
	return SQLITE_OK;
}

static int open_wal(struct speculation_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *ours = init_file(v, f);

	ours->base.pMethods = &wal_methods;
	v->wal_path = name;
	if (out != NULL)
		*out = flags;
	return SQLITE_OK;
}

/* Temporary files (tables, sorters, statement journals) are the base's own. A rollback journal there is none. */
static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct speculation_vfs *v = vfs_of(vfs);

	if (flags & SQLITE_OPEN_MAIN_DB)
		return open_main(v, name, f, flags, out);
	if (flags & SQLITE_OPEN_WAL)
		return open_wal(v, name, f, flags, out);
	if (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL |
			SQLITE_OPEN_SUBJOURNAL))
		return v->fork.base->xOpen(v->fork.base, name, f, flags, out);
	f->pMethods = NULL;
	return SQLITE_CANTOPEN;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs, (void)name, (void)sync_dir;
	return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xAccess(base, name, flags, out);
}

static int on_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xFullPathname(base, name, len, out);
}

static void *refuse_library(sqlite3_vfs *vfs, const char *name)
{
	(void)vfs, (void)name;
	return NULL;
}

static void on_library_error(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	sqlite3_snprintf(len, out, "extensions can't be loaded here");
}

static int on_randomness(sqlite3_vfs *vfs, int len, char *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xRandomness(base, len, out);
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xSleep(base, us);
}

static int on_current_time(sqlite3_vfs *vfs, double *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xCurrentTime(base, out);
}

static int on_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xCurrentTimeInt64(base, out);
}

static int on_last_error(sqlite3_vfs *vfs, int len, char *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->fork.base;

	return base->xGetLastError(base, len, out);
}

struct speculation_vfs *speculation_vfs_new(
    sqlite3_vfs *base, int64_t tail_bytes_max, void (*on_full)(void *arg), void *arg)
{
	struct speculation_vfs *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->fork.base = base;
	v->tail_bytes_max = tail_bytes_max;
	v->on_full = on_full;
	v->on_full_arg = arg;
	snprintf(v->name, sizeof(v->name), "speculation-%p", (void *)v);
	v->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = (int)sizeof(struct file) + base->szOsFile,
		.mxPathname = base->mxPathname,
		.zName = v->name,
		.pAppData = v,
		.xOpen = on_open,
		.xDelete = on_delete,
		.xAccess = on_access,
		.xFullPathname = on_full_pathname,
		.xDlOpen = refuse_library,
		.xDlError = on_library_error,
		.xRandomness = on_randomness,
		.xSleep = on_sleep,
		.xCurrentTime = on_current_time,
		.xGetLastError = on_last_error,
		.xCurrentTimeInt64 = on_current_time_int64,
	};
	if (sqlite3_vfs_register(&v->vfs, 0) != SQLITE_OK) {
		free(v);
		return NULL;
	}
	return v;
}

void speculation_vfs_free(struct speculation_vfs *v)
{
	if (v == NULL)
		return;
	assert(v->main == NULL);
	sqlite3_vfs_unregister(&v->vfs);
	free(v);
}

const char *speculation_vfs_name(const struct speculation_vfs *v)
{
	return v->name;
}
