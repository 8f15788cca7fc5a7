/* The picture is in docs/speculation.md. Facts about the formats: https://sqlite.org/walformat.html (wal-index, locks) and
 * https://sqlite.org/fileformat2.html, section 4 (WAL).
 *
 * Why a fork is consistent
 *
 * A pin is what any reader of a WAL database holds: a shared lock on one of five read slots of the real wal-index. SQLite's rules
 * about them are what everything here rests on:
 *
 *   R1  Who restarts the WAL (begins to overwrite its frames from the start) holds slots 1..4 exclusively meanwhile, and
 *       does it only when all frames have been written back into the database file.
 *   R2  Who writes frames back holds slot 0 exclusively while it writes the database file, and writes none beyond the mark
 *       of any of the slots 1..4 that is locked by somebody.
 *   R3  A mark is only changed by who holds its slot exclusively.
 *   R4  Frames 1..mxFrame of a committed header, and their entries in the wal-index, don't change before a restart.
 *
 * Two kinds of pins follow from them, as with SQLite's own readers:
 *
 *   PIN_FILE  Everything in the WAL was written back when we looked (nBackfill == mxFrame), we hold slot 0, and the header
 *             was still the same *after* we had the lock. So the database file alone is the snapshot, and by R2 nobody writes it
 *             while we hold the lock. The WAL may be restarted and overwritten (R1 doesn't stop for slot 0): we never read it.
 *             The private wal-index says the same (nBackfill == mxFrame), so the connection ignores the WAL as well, and may
 *             "restart" it, privately: all offsets of the WAL file are its own then, from 0.
 *
 *   PIN_WAL   We hold slot i >= 1, its mark m was <= mxFrame, and mark and header were the same *after* we had the lock. By R1 the
 *             frames 1..mxFrame stay where they are, by R2 and R3 no frame beyond m reaches the database file. So a page that
 *             has a frame <= mxFrame is read from there, and one that has none is as it was in the file: whatever version of it is
 *             newer lies beyond mxFrame >= m. This would fail if the connection skipped a frame because it believes
 *             that it was written back, while a checkpointer with a newer header than ours skipped it too, since it knows a newer
 *             version of the page; so the private nBackfill is 0: it skips nothing. A private restart is refused.
 *
 * The race with a committing writer: a commit publishes its header last, second copy first, after the entries of its frames. If
 * both copies agree and the checksum is right, the header is that of one commit, and all entries up to its mxFrame are in
 * place (R4). A commit between our reading of the header and our lock is seen by comparing again after the lock, and we begin
 * anew. A commit after that comparison adds entries beyond mxFrame while we copy; those, torn or not, are removed from the copy.
 * The race with a checkpointer: between our reading and our lock it may have restarted the WAL (the header's salts
 * differ) or written back more (harmless for PIN_WAL, and for PIN_FILE there is no more). Afterwards R1 and R2 hold.
 *
 * Why the page cache may stay: SQLite drops it when the header that it finds differs from the one that it saw last. Equal headers
 * (salts, mxFrame, running checksum over all frames, change counter, size) mean equal contents; what a private restart leaves
 * behind has salts that no other header has. Pages that the transaction changed leave the cache when it rolls back.
 *
 * Why locks of other connections survive: POSIX locks belong to (process, inode), and closing any descriptor of the inode
 * drops them all. The descriptors are opened and closed by the base VFS alone, which keeps one table of inodes for the
 * process and puts off closing a descriptor while locks are held. */
#include "store/speculation_vfs.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES  32768
#define REGION_FRAMES 4096
#define REGION0_SKIP  34 /* frames that region 0 has less: its first 136 bytes are header */
#define HASH_OFFSET   16384
#define HASH_SLOTS    8192
#define REGIONS_MAX   65536 /* the WAL of 256 Mi frames; guards the size of the table only */

#define WAL_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24

#define INDEX_VERSION    3007000
#define SLOT_WRITE       0
#define SLOT_READ(i)     (3 + (i))
#define READERS          5
#define MARK_NOT_USED    0xffffffffu
#define FORK_TRIES_MAX   2000
#define FORK_TRIES_QUICK 20
#define FORK_WAIT_US     10
#define TAIL_KEEP_BYTES \
	(1 << 20) /* a larger temporary file gives its space back at the end of a speculation */

/* The header of the wal-index; twice at its start. */
struct index_header {
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

struct checkpoint_info { /* after the two headers */
	uint32_t nbackfill;
	uint32_t marks[READERS];
	uint8_t locks[SQLITE_SHM_NLOCK];
	uint32_t nbackfill_attempted;
	uint32_t unused;
};

struct index_start {
	struct index_header headers[2];
	struct checkpoint_info info;
};
_Static_assert(
    sizeof(struct index_header) == 48 && sizeof(struct index_start) == 136, "the wal-index format");

enum pin { PIN_NONE, PIN_FILE, PIN_WAL };

struct file { /* what SQLite has allocated for an open file: ours, then the base's */
	sqlite3_file base;
	struct speculation_vfs *v;
	sqlite3_file *real; /* the WAL's is opened when it is first needed, as is the tail */
};

struct region {
	volatile void *real; /* mapped by the base, or NULL so far */
	void *copy;          /* ours; it doesn't move, since SQLite keeps the pointer */
};

struct speculation_vfs {
	sqlite3_vfs vfs;
	sqlite3_vfs *base;
	char name[48];
	struct file *main; /* NULL while the connection isn't open */
	const char *wal_path;

	enum pin pin;
	int pin_slot;
	struct index_header header; /* of the snapshot */
	struct region *regions;
	size_t nregions;
	bool is_copied;    /* the copies agree with `header` up to its mx_frame .. */
	bool is_scribbled; /* .. and private entries may follow */
	bool has_forked;
	bool has_mapped;    /* the real wal-index, by xShmMap of the base */
	uint16_t shm_locks; /* the connection's own: shared, and exclusive */

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

/* ---- the real wal-index ---- */

static size_t region_of(uint32_t frame)
{
	return (frame + REGION0_SKIP - 1) / REGION_FRAMES;
}

static int grow_regions(struct speculation_vfs *v, size_t n)
{
	if (n <= v->nregions)
		return SQLITE_OK;
	if (n > REGIONS_MAX)
		return SQLITE_FULL;

	struct region *regions = realloc(v->regions, n * sizeof(*regions));
	if (regions == NULL)
		return SQLITE_NOMEM;
	memset(regions + v->nregions, 0, (n - v->nregions) * sizeof(*regions));
	v->regions = regions;
	v->nregions = n;
	return SQLITE_OK;
}

/* Sets regions[i].real. It is never extended: a region that isn't there means that nobody has written it. */
static int map_real(struct speculation_vfs *v, size_t i)
{
	int rc = grow_regions(v, i + 1);

	if (rc != SQLITE_OK || v->regions[i].real != NULL)
		return rc;
	rc = real_main(v)->pMethods->xShmMap(real_main(v), (int)i, REGION_BYTES, 0, &v->regions[i].real);
	v->has_mapped = true;
	if (rc == SQLITE_OK && v->regions[i].real == NULL)
		rc = SQLITE_BUSY_RECOVERY;
	return rc;
}

static int map_copy(struct speculation_vfs *v, size_t i)
{
	int rc = grow_regions(v, i + 1);

	if (rc != SQLITE_OK || v->regions[i].copy != NULL)
		return rc;
	v->regions[i].copy = calloc(1, REGION_BYTES);
	return v->regions[i].copy == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static void real_barrier(struct speculation_vfs *v)
{
	real_main(v)->pMethods->xShmBarrier(real_main(v));
}

static int real_lock(struct speculation_vfs *v, int slot, int flags)
{
	return real_main(v)->pMethods->xShmLock(real_main(v), slot, 1, flags);
}

static volatile struct index_start *real_start(struct speculation_vfs *v)
{
	return v->regions[0].real;
}

static uint32_t load_shared(const volatile uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void load_header(struct index_header *h, const volatile struct index_header *from)
{
	uint32_t words[sizeof(*h) / 4];

	for (size_t i = 0; i < sizeof(*h) / 4; i++)
		words[i] = load_shared((const volatile uint32_t *)from + i);
	memcpy(h, words, sizeof(*h));
}

/* Fletcher-like, over 32-bit words in native order (fileformat2.html, 4.2). */
static bool checksum_is_right(const struct index_header *h)
{
	uint32_t words[sizeof(*h) / 4];
	uint32_t s1 = 0, s2 = 0;

	memcpy(words, h, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / 4 - 2; i += 2) {
		s1 += words[i] + s2;
		s2 += words[i + 1] + s1;
	}
	return s1 == h->checksum[0] && s2 == h->checksum[1];
}

/* The newest commit's header; false when it is being written just now, or never was. Written second copy first, so read first copy
 * first. */
static bool read_header(struct speculation_vfs *v, struct index_header *h)
{
	struct index_header second;

	load_header(h, &real_start(v)->headers[0]);
	real_barrier(v);
	load_header(&second, &real_start(v)->headers[1]);
	return memcmp(h, &second, sizeof(*h)) == 0 && h->is_init != 0 && h->version == INDEX_VERSION &&
	       checksum_is_right(h);
}

static bool header_is_still(struct speculation_vfs *v, const struct index_header *h)
{
	struct index_header now;

	real_barrier(v);
	load_header(&now, &real_start(v)->headers[0]);
	return memcmp(h, &now, sizeof(now)) == 0;
}

/* ---- the pin ---- */

static void unpin(struct speculation_vfs *v)
{
	if (v->pin == PIN_NONE)
		return;
	real_lock(v, SLOT_READ(v->pin_slot), SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	v->pin = PIN_NONE;
}

/* Locks a slot and looks whether all is as it was before. SQLITE_BUSY: it isn't, or somebody is changing the slot. */
static int pin_slot(
    struct speculation_vfs *v, enum pin pin, int slot, uint32_t mark, const struct index_header *h)
{
	int rc = real_lock(v, SLOT_READ(slot), SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);

	if (rc != SQLITE_OK)
		return rc;
	v->pin = pin;
	v->pin_slot = slot;
	v->header = *h;
	if (header_is_still(v, h) && load_shared(&real_start(v)->info.marks[slot]) == mark)
		return SQLITE_OK;
	unpin(v);
	return SQLITE_BUSY;
}

/* The slot with the highest mark that is not beyond the snapshot, preferably at it: checkpoints go up to the mark, and no
 * further, while it is held. *slot is 0 when there is none. */
static int choose_slot(struct speculation_vfs *v, uint32_t mx_frame, int *slot, uint32_t *mark)
{
	volatile uint32_t *marks = real_start(v)->info.marks;

	*slot = 0;
	*mark = 0;
	for (int i = 1; i < READERS; i++) {
		uint32_t m = load_shared(&marks[i]);

		if (m <= mx_frame && m >= *mark) {
			*slot = i;
			*mark = m;
		}
	}
	for (int i = 1; i < READERS && (*slot == 0 || *mark < mx_frame); i++) {
		int rc = real_lock(v, SLOT_READ(i), SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);

		if (rc == SQLITE_BUSY)
			continue;
		if (rc != SQLITE_OK)
			return rc;
		__atomic_store_n(&marks[i], mx_frame, __ATOMIC_RELEASE);
		real_lock(v, SLOT_READ(i), SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
		*slot = i;
		*mark = mx_frame;
	}
	return *slot == 0 ? SQLITE_BUSY : SQLITE_OK;
}

static int pin_once(struct speculation_vfs *v)
{
	struct index_header h;
	int slot;
	uint32_t mark;

	if (!read_header(v, &h))
		return SQLITE_BUSY;
	if (load_shared(&real_start(v)->info.nbackfill) == h.mx_frame) {
		int rc = pin_slot(v, PIN_FILE, 0, 0, &h);

		if (rc == SQLITE_OK && load_shared(&real_start(v)->info.nbackfill) == h.mx_frame)
			return SQLITE_OK;
		unpin(v);
		return rc == SQLITE_OK ? SQLITE_BUSY : rc;
	}
	int rc = choose_slot(v, h.mx_frame, &slot, &mark);
	return rc == SQLITE_OK ? pin_slot(v, PIN_WAL, slot, mark, &h) : rc;
}

/* Whoever makes us wait holds its lock, or writes its header, for an instant; unless it died, which SQLITE_BUSY_RECOVERY says. */
static int pin_newest(struct speculation_vfs *v)
{
	int rc = map_real(v, 0);

	if (rc != SQLITE_OK)
		return rc;
	for (int i = 0; i < FORK_TRIES_MAX; i++) {
		rc = pin_once(v);
		if (rc != SQLITE_BUSY)
			return rc;
		if (i < FORK_TRIES_QUICK)
			sched_yield();
		else
			v->base->xSleep(v->base, FORK_WAIT_US);
	}
	return SQLITE_BUSY_RECOVERY;
}

/* ---- the private wal-index ---- */

/* Copies the entries of frames up to the snapshot's last, and removes those beyond it. Frames beyond it may be written meanwhile, so
 * that only page numbers that are ours are read; of the hash table all is, and what doesn't belong to us is cleared. A cleared
 * slot interrupts no chain of ours, since it was filled after all of them. */
static void copy_region(struct speculation_vfs *v, size_t i)
{
	char *copy = v->regions[i].copy;
	const char *real = (const char *)v->regions[i].real;
	size_t skip = i == 0 ? sizeof(struct index_start) : 0;
	uint32_t before = i == 0 ? 0 : (uint32_t)(i * REGION_FRAMES - REGION0_SKIP);
	uint32_t room = REGION_FRAMES - (i == 0 ? REGION0_SKIP : 0);
	uint32_t used = v->header.mx_frame - before;

	if (used > room)
		used = room;
	memcpy(copy + skip, real + skip, (size_t)used * 4);
	memset(copy + skip + (size_t)used * 4, 0, (size_t)(room - used) * 4);
	memcpy(copy + HASH_OFFSET, real + HASH_OFFSET, HASH_SLOTS * 2);
	if (used == room)
		return;

	uint16_t *slots = (uint16_t *)(copy + HASH_OFFSET);
	for (size_t s = 0; s < HASH_SLOTS; s++)
		slots[s] = slots[s] > used ? 0 : slots[s];
}

/* Entries are copied from `first` on: what stands before has not changed since the last fork. */
static int copy_entries(struct speculation_vfs *v, size_t first)
{
	for (size_t i = first; i <= region_of(v->header.mx_frame); i++) {
		int rc = map_real(v, i);

		if (rc == SQLITE_OK)
			rc = map_copy(v, i);
		if (rc != SQLITE_OK)
			return rc;
		copy_region(v, i);
	}
	return SQLITE_OK;
}

static void write_start(struct speculation_vfs *v)
{
	struct index_start *start = v->regions[0].copy;

	start->headers[0] = start->headers[1] = v->header;
	memset(&start->info, 0, sizeof(start->info));
	start->info.nbackfill = v->pin == PIN_FILE ? v->header.mx_frame : 0;
	start->info.nbackfill_attempted = start->info.nbackfill;
	start->info.marks[1] = v->header.mx_frame;
	for (int i = 2; i < READERS; i++)
		start->info.marks[i] = MARK_NOT_USED;
}

static int64_t page_bytes(const struct index_header *h)
{
	return h->page_size == 1 ? 65536 : h->page_size;
}

/* `old` is the header of the last fork. */
static int copy_index(struct speculation_vfs *v, const struct index_header *old)
{
	const struct index_header *h = &v->header;
	bool same_wal =
	    v->is_copied && memcmp(old->salt, h->salt, sizeof(h->salt)) == 0 && old->mx_frame <= h->mx_frame;
	int rc = map_copy(v, 0);

	v->is_copied = false; /* a private restart overwrites all of it */
	if (rc != SQLITE_OK)
		return rc;
	if (v->pin == PIN_WAL) {
		if (!same_wal || v->is_scribbled || old->mx_frame != h->mx_frame)
			rc = copy_entries(v, same_wal ? region_of(old->mx_frame) : 0);
		if (rc != SQLITE_OK)
			return rc;
		v->is_copied = true;
		v->is_scribbled = false;
		v->tail_start = WAL_HEADER_BYTES + h->mx_frame * (FRAME_HEADER_BYTES + page_bytes(h));
	} else {
		v->tail_start = 0;
	}
	write_start(v);
	return SQLITE_OK;
}

static void drop_tail(struct speculation_vfs *v)
{
	if (v->tail != NULL && v->tail_len > TAIL_KEEP_BYTES)
		v->tail->pMethods->xTruncate(v->tail, 0);
	v->tail_len = 0;
}

int speculation_vfs_fork(struct speculation_vfs *v)
{
	struct index_header old = v->header;

	if (v->main == NULL || v->shm_locks != 0)
		return SQLITE_MISUSE;
	unpin(v);
	int rc = pin_newest(v);
	if (rc == SQLITE_OK)
		rc = copy_index(v, &old);
	if (rc != SQLITE_OK) {
		v->is_copied = false;
		unpin(v);
	}
	drop_tail(v);
	v->has_forked = rc == SQLITE_OK;
	return rc;
}

void speculation_vfs_release(struct speculation_vfs *v)
{
	if (v->main == NULL)
		return;
	assert(v->shm_locks == 0);
	unpin(v);
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
	if (bytes != REGION_BYTES)
		return SQLITE_IOERR_SHMMAP;
	if (i == 0 && v->pin == PIN_NONE && !v->has_forked)
		rc = speculation_vfs_fork(v); /* the connection looks at the file while it is being opened */
	if (rc == SQLITE_OK)
		rc = map_copy(v, (size_t)i);
	if (rc == SQLITE_OK)
		*out = v->regions[i].copy;
	return rc;
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
	if (v->pin == PIN_NONE)
		return SQLITE_PROTOCOL;
	if (slot != SLOT_WRITE && slot < SLOT_READ(0))
		return SQLITE_BUSY;
	if (n > 1 && v->pin != PIN_FILE)
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
	unpin(v);
	if (v->has_mapped)
		real_main(v)->pMethods->xShmUnmap(real_main(v), 0);
	v->has_mapped = false;
	for (size_t i = 0; i < v->nregions; i++)
		free(v->regions[i].copy);
	free(v->regions);
	v->regions = NULL;
	v->nregions = 0;
	v->shm_locks = 0;
	v->is_copied = v->has_forked = false;
	return SQLITE_OK;
}

/* ---- the database file: what is read goes through, what is written is refused ---- */

static int main_close(sqlite3_file *f)
{
	struct speculation_vfs *v = of(f);

	on_shm_unmap(f, 0);
	int rc = real_main(v)->pMethods->xClose(real_main(v));
	v->main = NULL;
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
	v->tail = calloc(1, (size_t)v->base->szOsFile);
	if (v->tail == NULL)
		return SQLITE_NOMEM;
	int rc = v->base->xOpen(v->base, NULL, v->tail, flags, &flags);
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

	if (at < 0 || v->pin == PIN_NONE)
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
	v->is_scribbled = true;
	if (at + len > v->tail_len)
		v->tail_len = at + len;
	return SQLITE_OK;
}

static int read_shared(struct speculation_vfs *v, sqlite3_file *real, void *to, int len, int64_t offset)
{
	int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY;

	if (real->pMethods == NULL) {
		int rc = v->base->xOpen(v->base, v->wal_path, real, flags, &flags);

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
	int rc = v->base->xOpen(v->base, name, ours->real, wanted | SQLITE_OPEN_READONLY, NULL);
	if (rc != SQLITE_OK)
		return rc;
	ours->base.pMethods = &main_methods;
	v->main = ours;
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
		return v->base->xOpen(v->base, name, f, flags, out);
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
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xAccess(base, name, flags, out);
}

static int on_full_pathname(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->base;

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
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xRandomness(base, len, out);
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xSleep(base, us);
}

static int on_current_time(sqlite3_vfs *vfs, double *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xCurrentTime(base, out);
}

static int on_current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xCurrentTimeInt64(base, out);
}

static int on_last_error(sqlite3_vfs *vfs, int len, char *out)
{
	sqlite3_vfs *base = vfs_of(vfs)->base;

	return base->xGetLastError(base, len, out);
}

struct speculation_vfs *speculation_vfs_new(
    sqlite3_vfs *base, int64_t tail_bytes_max, void (*on_full)(void *arg), void *arg)
{
	struct speculation_vfs *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->base = base;
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
