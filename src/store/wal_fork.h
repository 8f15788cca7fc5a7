/* wal_fork.h - a snapshot of a WAL database that one connection may scribble on: a pin, and a private wal-index.
 *
 * Owns:     the pin (a reader's lock on the real wal-index), the mapping of the real wal-index, and the copy.
 * Runs on:  the thread of the connection.
 * Promises: from take to drop the copy describes one commit, the newest at some moment during take, and what that commit needs of
 *           the database and of its WAL stays in place. Of the real wal-index only a read mark is ever written, as any reader does.
 * Fails by: SQLite's result codes. */
#ifndef NQLITE_STORE_WAL_FORK_H
#define NQLITE_STORE_WAL_FORK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_REGION_BYTES 32768
#define WAL_READERS      5

enum pin {
	PIN_NONE,
	PIN_FILE, /* the snapshot is the database file alone */
	PIN_WAL,  /* the snapshot is the database file and the WAL's frames up to the header's last */
};

/* The header of the wal-index; twice at its start. */
struct wal_index_header {
	uint32_t version;
	uint32_t unused;
	uint32_t change;
	uint8_t is_init;
	uint8_t is_big_endian;
	uint16_t page_size; /* 1 means 65536 */
	uint32_t mx_frame;  /* the last committed frame */
	uint32_t npages;
	uint32_t frame_checksum[2];
	uint32_t salt[2];
	uint32_t checksum[2];
};

struct wal_region {
	volatile void *real; /* mapped by the base, or NULL so far */
	void *copy;          /* ours; it doesn't move, since SQLite keeps the pointer */
};

struct wal_fork { /* embedded by its user, who sets these two before the first take: */
	sqlite3_vfs *base;
	sqlite3_file
	    *file;    /* the database, opened by the base; its shared memory is used by the fork alone */
	enum pin pin; /* to be read */
	/* private */
	int slot;
	struct wal_index_header header; /* of the snapshot */
	struct wal_region *regions;
	size_t nregions;
	bool is_copied;  /* the copies agree with `header` up to its mx_frame */
	bool has_mapped; /* the real wal-index */
};

/* Drops the pin, if there is one, and pins the newest commit. SQLITE_BUSY_RECOVERY: the wal-index has never been read since the
 * file was opened, or its writer died while writing it: let an ordinary connection read once, and call again. */
int wal_fork_take(struct wal_fork *f);
void wal_fork_drop(struct wal_fork *f);

/* A region of the copy, lent until unmap; made when there was none. */
int wal_fork_region(struct wal_fork *f, size_t i, void volatile **out);

/* How much of the WAL belongs to the snapshot; what the connection appends begins there. */
int64_t wal_fork_shared_bytes(const struct wal_fork *f);

/* Drops the pin, the mapping and the copy. Before `file` is closed. */
void wal_fork_unmap(struct wal_fork *f);

#endif
