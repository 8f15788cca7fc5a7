/* env_vfs.h - a VFS of one connection, whose clock is the connection's environment.
 *
 * SQLite asks the VFS of the handle for the time: CURRENT_TIMESTAMP and datetime('now'), also inside DEFAULTs, views and
 * triggers. So each handle gets a VFS object of its own; all calls but the clock's go to the base VFS, with the base as their
 * VFS, and files are the base's own, so I/O costs nothing more.
 *
 * Owns:     the registration of its name.
 * Runs on:  the thread of its connection.
 * Promises: while a clock is set, SQLite knows no other time; else it is the base's.
 * Fails by: 53200, or XX000 when there is no base of that name. */
#ifndef NQLITE_STORE_ENV_VFS_H
#define NQLITE_STORE_ENV_VFS_H

#include <sqlite3.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct env_vfs { /* embedded by its connection; must not move while it is registered */
	sqlite3_vfs vfs;
	/* private */
	sqlite3_vfs *base;
	bool is_set;
	int64_t now_us;
	char name[48];
};

/* Registers it over the VFS of that name (NULL: the default). */
int env_vfs_register(struct env_vfs *v, const char *base, struct err *err);
void env_vfs_unregister(struct env_vfs *v);

/* Microseconds since 1970-01-01 UTC; from here on this is the time. */
void env_vfs_set_clock(struct env_vfs *v, int64_t now_us);
void env_vfs_unset_clock(struct env_vfs *v);

#endif
