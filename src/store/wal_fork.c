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
#include "store/wal_fork.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define REGION_FRAMES 4096
#define REGION0_SKIP  34 /* frames that region 0 has less: its first 136 bytes are header */
#define HASH_OFFSET   16384
#define HASH_SLOTS    8192
#define REGIONS_MAX   65536 /* the WAL of 256 Mi frames; guards the size of the table only */

#define WAL_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24

#define INDEX_VERSION 3007000
#define SLOT_READ(i)  (3 + (i))
#define MARK_NOT_USED 0xffffffffu
#define TRIES_MAX     2000
#define TRIES_QUICK   20
#define TRY_WAIT_US   10

struct checkpoint_info { /* after the two headers */
	uint32_t nbackfill;
	uint32_t marks[WAL_READERS];
	uint8_t locks[SQLITE_SHM_NLOCK];
	uint32_t nbackfill_attempted;
	uint32_t unused;
};

struct index_start {
	struct wal_index_header headers[2];
	struct checkpoint_info info;
};
_Static_assert(sizeof(struct wal_index_header) == 48 && sizeof(struct index_start) == 136, "the format");

static size_t region_of(uint32_t frame)
{
	return (frame + REGION0_SKIP - 1) / REGION_FRAMES;
}

static int grow_regions(struct wal_fork *f, size_t n)
{
	if (n <= f->nregions)
		return SQLITE_OK;
	if (n > REGIONS_MAX)
		return SQLITE_FULL;

	struct wal_region *regions = realloc(f->regions, n * sizeof(*regions));
	if (regions == NULL)
		return SQLITE_NOMEM;
	memset(regions + f->nregions, 0, (n - f->nregions) * sizeof(*regions));
	f->regions = regions;
	f->nregions = n;
	return SQLITE_OK;
}

/* Sets regions[i].real. It is never extended: a region that isn't there means that nobody has written it. */
static int map_real(struct wal_fork *f, size_t i)
{
	int rc = grow_regions(f, i + 1);

	if (rc != SQLITE_OK || f->regions[i].real != NULL)
		return rc;
	rc = f->file->pMethods->xShmMap(f->file, (int)i, WAL_REGION_BYTES, 0, &f->regions[i].real);
	f->has_mapped = true;
	if (rc == SQLITE_OK && f->regions[i].real == NULL)
		rc = SQLITE_BUSY_RECOVERY;
	return rc;
}

static int map_copy(struct wal_fork *f, size_t i)
{
	int rc = grow_regions(f, i + 1);

	if (rc != SQLITE_OK || f->regions[i].copy != NULL)
		return rc;
	f->regions[i].copy = calloc(1, WAL_REGION_BYTES);
	return f->regions[i].copy == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static void real_barrier(struct wal_fork *f)
{
	f->file->pMethods->xShmBarrier(f->file);
}

static int real_lock(struct wal_fork *f, int slot, int flags)
{
	return f->file->pMethods->xShmLock(f->file, slot, 1, flags);
}

static volatile struct index_start *real_start(struct wal_fork *f)
{
	return f->regions[0].real;
}

static uint32_t load_shared(const volatile uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void load_header(struct wal_index_header *h, const volatile struct wal_index_header *from)
{
	uint32_t words[sizeof(*h) / 4];

	for (size_t i = 0; i < sizeof(*h) / 4; i++)
		words[i] = load_shared((const volatile uint32_t *)from + i);
	memcpy(h, words, sizeof(*h));
}

/* Fletcher-like, over 32-bit words in native order (fileformat2.html, 4.2). */
static bool checksum_is_right(const struct wal_index_header *h)
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
static bool read_header(struct wal_fork *f, struct wal_index_header *h)
{
	struct wal_index_header second;

	load_header(h, &real_start(f)->headers[0]);
	real_barrier(f);
	load_header(&second, &real_start(f)->headers[1]);
	return memcmp(h, &second, sizeof(*h)) == 0 && h->is_init != 0 && h->version == INDEX_VERSION &&
	       checksum_is_right(h);
}

static bool header_is_still(struct wal_fork *f, const struct wal_index_header *h)
{
	struct wal_index_header now;

	real_barrier(f);
	load_header(&now, &real_start(f)->headers[0]);
	return memcmp(h, &now, sizeof(now)) == 0;
}

/* ---- the pin ---- */

void wal_fork_drop(struct wal_fork *f)
{
	if (f->pin == PIN_NONE)
		return;
	real_lock(f, SLOT_READ(f->slot), SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	f->pin = PIN_NONE;
}

/* Locks a slot and looks whether all is as it was before. SQLITE_BUSY: it isn't, or somebody is changing the slot. */
static int pin_slot(
    struct wal_fork *f, enum pin pin, int slot, uint32_t mark, const struct wal_index_header *h)
{
	int rc = real_lock(f, SLOT_READ(slot), SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);

	if (rc != SQLITE_OK)
		return rc;
	f->pin = pin;
	f->slot = slot;
	f->header = *h;
	if (header_is_still(f, h) && load_shared(&real_start(f)->info.marks[slot]) == mark)
		return SQLITE_OK;
	wal_fork_drop(f);
	return SQLITE_BUSY;
}

/* The slot with the highest mark that is not beyond the snapshot, preferably at it: checkpoints go up to the mark, and no
 * further, while it is held. *slot is 0 when there is none. */
static int choose_slot(struct wal_fork *f, uint32_t mx_frame, int *slot, uint32_t *mark)
{
	volatile uint32_t *marks = real_start(f)->info.marks;

	*slot = 0;
	*mark = 0;
	for (int i = 1; i < WAL_READERS; i++) {
		uint32_t m = load_shared(&marks[i]);

		if (m <= mx_frame && m >= *mark) {
			*slot = i;
			*mark = m;
		}
	}
	for (int i = 1; i < WAL_READERS && (*slot == 0 || *mark < mx_frame); i++) {
		int rc = real_lock(f, SLOT_READ(i), SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);

		if (rc == SQLITE_BUSY)
			continue;
		if (rc != SQLITE_OK)
			return rc;
		__atomic_store_n(&marks[i], mx_frame, __ATOMIC_RELEASE);
		real_lock(f, SLOT_READ(i), SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
		*slot = i;
		*mark = mx_frame;
	}
	return *slot == 0 ? SQLITE_BUSY : SQLITE_OK;
}

static int pin_once(struct wal_fork *f)
{
	struct wal_index_header h;
	int slot;
	uint32_t mark;

	if (!read_header(f, &h))
		return SQLITE_BUSY;
	if (load_shared(&real_start(f)->info.nbackfill) == h.mx_frame)
		return pin_slot(f, PIN_FILE, 0, 0, &h);
	int rc = choose_slot(f, h.mx_frame, &slot, &mark);
	return rc == SQLITE_OK ? pin_slot(f, PIN_WAL, slot, mark, &h) : rc;
}

/* Whoever makes us wait holds its lock, or writes its header, for an instant; unless it died, which SQLITE_BUSY_RECOVERY says. */
static int pin_newest(struct wal_fork *f)
{
	int rc = map_real(f, 0);

	if (rc != SQLITE_OK)
		return rc;
	for (int i = 0; i < TRIES_MAX; i++) {
		rc = pin_once(f);
		if (rc != SQLITE_BUSY)
			return rc;
		if (i < TRIES_QUICK)
			sched_yield();
		else
			f->base->xSleep(f->base, TRY_WAIT_US);
	}
	return SQLITE_BUSY_RECOVERY;
}

/* ---- the private wal-index ---- */

/* Copies the entries of frames up to the snapshot's last, and removes those beyond it. Frames beyond it may be written meanwhile, so
 * that only page numbers that are ours are read; of the hash table all is, and what doesn't belong to us is cleared. A cleared
 * slot interrupts no chain of ours, since it was filled after all of them. */
static void copy_region(struct wal_fork *f, size_t i)
{
	char *copy = f->regions[i].copy;
	const char *real = (const char *)f->regions[i].real;
	size_t skip = i == 0 ? sizeof(struct index_start) : 0;
	uint32_t before = i == 0 ? 0 : (uint32_t)(i * REGION_FRAMES - REGION0_SKIP);
	uint32_t room = REGION_FRAMES - (i == 0 ? REGION0_SKIP : 0);
	uint32_t used = f->header.mx_frame - before;

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
static int copy_entries(struct wal_fork *f, size_t first)
{
	for (size_t i = first; i <= region_of(f->header.mx_frame); i++) {
		int rc = map_real(f, i);

		if (rc == SQLITE_OK)
			rc = map_copy(f, i);
		if (rc != SQLITE_OK)
			return rc;
		copy_region(f, i);
	}
	return SQLITE_OK;
}

static void write_start(struct wal_fork *f)
{
	struct index_start *start = f->regions[0].copy;

	start->headers[0] = start->headers[1] = f->header;
	memset(&start->info, 0, sizeof(start->info));
	start->info.nbackfill = f->pin == PIN_FILE ? f->header.mx_frame : 0;
	start->info.nbackfill_attempted = start->info.nbackfill;
	start->info.marks[1] = f->header.mx_frame;
	for (int i = 2; i < WAL_READERS; i++)
		start->info.marks[i] = MARK_NOT_USED;
}

/* `old` is the header of the last fork. What the connection appended to the copies since is like the remains of a writer that
 * died, which SQLite removes by itself: on ROLLBACK, or before it appends. */
static int copy_index(struct wal_fork *f, const struct wal_index_header *old)
{
	const struct wal_index_header *h = &f->header;
	bool same_wal =
	    f->is_copied && memcmp(old->salt, h->salt, sizeof(h->salt)) == 0 && old->mx_frame <= h->mx_frame;
	int rc = map_copy(f, 0);

	f->is_copied = false; /* without the WAL, a private restart overwrites all of it */
	if (rc == SQLITE_OK && f->pin == PIN_WAL) {
		if (!same_wal || old->mx_frame != h->mx_frame)
			rc = copy_entries(f, same_wal ? region_of(old->mx_frame) : 0);
		f->is_copied = rc == SQLITE_OK;
	}
	if (rc == SQLITE_OK)
		write_start(f);
	return rc;
}

int wal_fork_take(struct wal_fork *f)
{
	struct wal_index_header old = f->header;

	wal_fork_drop(f);
	int rc = pin_newest(f);
	if (rc == SQLITE_OK)
		rc = copy_index(f, &old);
	if (rc != SQLITE_OK) {
		f->is_copied = false;
		wal_fork_drop(f);
	}
	return rc;
}

int wal_fork_region(struct wal_fork *f, size_t i, void volatile **out)
{
	int rc = map_copy(f, i);

	*out = rc == SQLITE_OK ? f->regions[i].copy : NULL;
	return rc;
}

int64_t wal_fork_shared_bytes(const struct wal_fork *f)
{
	const struct wal_index_header *h = &f->header;
	int64_t page_bytes = h->page_size == 1 ? 65536 : h->page_size;

	return f->pin == PIN_WAL ? WAL_HEADER_BYTES + h->mx_frame * (FRAME_HEADER_BYTES + page_bytes) : 0;
}

void wal_fork_unmap(struct wal_fork *f)
{
	wal_fork_drop(f);
	if (f->has_mapped)
		f->file->pMethods->xShmUnmap(f->file, 0);
	for (size_t i = 0; i < f->nregions; i++)
		free(f->regions[i].copy);
	free(f->regions);
	f->regions = NULL;
	f->nregions = 0;
	f->has_mapped = f->is_copied = false;
}
