#include "store/env_vfs.h"

#include <stdio.h>

/* SQLite counts milliseconds since noon of November 24, 4714 BC; this is 1970-01-01. */
#define UNIX_EPOCH_MS INT64_C(210866760000000)
#define DAY_MS        86400000.0

static struct env_vfs *self(sqlite3_vfs *vfs)
{
	return (struct env_vfs *)(void *)vfs; /* its first member */
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xOpen(base, name, file, flags, out_flags);
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xDelete(base, name, sync_dir);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xAccess(base, name, flags, out);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xFullPathname(base, name, n, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xRandomness(base, n, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xSleep(base, us);
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	sqlite3_vfs *base = self(vfs)->base;

	return base->xGetLastError != NULL ? base->xGetLastError(base, n, out) : 0;
}

static int vfs_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	struct env_vfs *v = self(vfs);
	double days;

	if (v->is_set) {
		int64_t ms = v->now_us / 1000 - (v->now_us % 1000 < 0); /* rounds down before 1970 too */

		*out = ms + UNIX_EPOCH_MS;
		return SQLITE_OK;
	}
	if (v->base->iVersion >= 2 && v->base->xCurrentTimeInt64 != NULL)
		return v->base->xCurrentTimeInt64(v->base, out);

	int rc = v->base->xCurrentTime(v->base, &days);
	*out = (sqlite3_int64)(days * DAY_MS);
	return rc;
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out)
{
	sqlite3_int64 ms = 0;
	int rc = vfs_current_time_int64(vfs, &ms);

	*out = (double)ms / DAY_MS;
	return rc;
}

int env_vfs_register(struct env_vfs *v, const char *base_name, struct err *err)
{
	sqlite3_vfs *base = sqlite3_vfs_find(base_name);

	if (base == NULL)
		return err_set(err, SQLSTATE_INTERNAL, "no VFS named \"%s\"", base_name ? base_name : "");

	*v = (struct env_vfs){ .base = base };
	snprintf(v->name, sizeof(v->name), "nqlite-%p", (void *)v); /* unique while it is registered */
	v->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = base->szOsFile,
		.mxPathname = base->mxPathname,
		.zName = v->name,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_current_time,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_current_time_int64,
	};
	if (sqlite3_vfs_register(&v->vfs, 0) != SQLITE_OK)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return 0;
}

void env_vfs_unregister(struct env_vfs *v)
{
	sqlite3_vfs_unregister(&v->vfs);
}

void env_vfs_set_clock(struct env_vfs *v, int64_t now_us)
{
	v->is_set = true;
	v->now_us = now_us;
}

void env_vfs_unset_clock(struct env_vfs *v)
{
	v->is_set = false;
}
