/* speculation_vfs.h - the files of one speculative connection: the shared database below, a private WAL tail and wal-index on top.
 *
 * Owns:     read-only descriptors of the database and its WAL, the pin (a reader's lock on the real wal-index), the private
 *           wal-index, and the private tail of the WAL (a temporary file that has no name).
 * Runs on:  the thread that uses the connection.
 * Promises: between fork and release the connection sees the snapshot of the fork and what it wrote itself. The database and the
 *           WAL are opened read-only, so that not even a bug can write them; nothing is deleted, synced or checkpointed. Without a
 *           pin the connection can't begin a transaction.
 * Fails by: SQLite's result codes; SQLITE_FULL when the tail passes its limit, after on_full was called, which tells it from a full disk.
 *
 * One of these serves one connection, which is opened by its name: SQLite hands a VFS no other context. */
#ifndef NQLITE_STORE_SPECULATION_VFS_H
#define NQLITE_STORE_SPECULATION_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct speculation_vfs;

/* Registers it under a name of its own. `base` is the machine's VFS (sqlite3_vfs_find(NULL)). on_full (or NULL) is called
 * inside the statement that fails. NULL: out of memory. */
struct speculation_vfs *speculation_vfs_new(
    sqlite3_vfs *base, int64_t tail_bytes_max, void (*on_full)(void *arg), void *arg);
/* Only after the connection is closed. NULL is allowed. */
void speculation_vfs_free(struct speculation_vfs *v);

/* Lent. */
const char *speculation_vfs_name(const struct speculation_vfs *v);

/* Pins the newest commit and shows it to the connection, which must be outside any transaction. SQLITE_OK, or
 * SQLITE_BUSY_RECOVERY: the wal-index has never been read since the file was opened (or its writer died while writing it): let
 * an ordinary connection read once, and call again. Before the connection's first fork it forks by itself when it opens the WAL;
 * that pin lasts until release as well. */
int speculation_vfs_fork(struct speculation_vfs *v);

/* Drops the pin and the private tail. The connection has rolled back; what it has cached stays, for the next fork. */
void speculation_vfs_release(struct speculation_vfs *v);

/* Bytes in the private tail since the fork. */
int64_t speculation_vfs_bytes(const struct speculation_vfs *v);

#endif
