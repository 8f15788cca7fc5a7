/* origin_window.h - which batches of an origin have been applied: what makes a repeated batch harmless.
 *
 * Owns:     the windows of the origins seen lately.
 * Runs on:  the applier's thread.
 * Promises: a batch number of an origin is new at most once. Publishers keep fewer than 64 batches between the oldest one that they
 *           may still publish and the newest, so a number below the window is one that was decided long ago.
 * Fails by: 53200.
 *
 *   number 70, seen 0b101:   70 seen | 69 seen, 68 not, 67 seen, 66 .. 7 not | everything up to 6: decided
 *
 * An origin is forgotten `keep` seqs after its last batch. A batch that old can't come back as new, since each carries the seq
 * that its origin had applied when it was made: see applier.h. */
#ifndef NQLITE_REPLICATION_ORIGIN_WINDOW_H
#define NQLITE_REPLICATION_ORIGIN_WINDOW_H

#include "base/err.h"
#include "replication/entry.h"

#define ORIGIN_WINDOW 64

struct origin_window {
	struct origin origin;
	uint64_t number; /* the largest seen */
	uint64_t seen;   /* bit i: number - 1 - i; 63 bits are used */
	uint64_t seq;    /* of its last batch */
	int64_t time_us; /* of its last batch, by the log's clock */
	bool is_dirty;   /* differs from the row in the database */
};

struct origin_windows {
	struct origin_window *items; /* lately used first */
	size_t n, cap;
};

/* Has this number been applied, or is it so old that it was decided? */
bool origin_window_has(const struct origin_window *w, uint64_t number);
void origin_window_mark(struct origin_window *w, uint64_t number);
/* Numbers up to this one are below the window: they will never be new. */
uint64_t origin_window_floor(const struct origin_window *w);

void origin_windows_init(struct origin_windows *t);
void origin_windows_release(struct origin_windows *t);
/* The origin's window, lent until the next call; NULL when it has none. */
struct origin_window *origin_windows_find(struct origin_windows *t, const struct origin *origin);
/* Adds an empty window; lent as above. NULL: out of memory. */
struct origin_window *origin_windows_add(
    struct origin_windows *t, const struct origin *origin, struct err *err);
/* Forgets the windows whose last batch lies before `seq`; how many. */
size_t origin_windows_forget(struct origin_windows *t, uint64_t seq);

#endif
