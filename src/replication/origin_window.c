#include "replication/origin_window.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_BITS (ORIGIN_WINDOW - 1)
#define SEEN_MASK (UINT64_MAX >> 1)

bool origin_window_has(const struct origin_window *w, uint64_t number)
{
	if (number > w->number)
		return false;
	if (number == w->number || number <= origin_window_floor(w))
		return true;
	return (w->seen >> (w->number - 1 - number) & 1) != 0;
}

void origin_window_mark(struct origin_window *w, uint64_t number)
{
	if (number > w->number) {
		uint64_t shift = number - w->number;

		/* The old largest number becomes a bit below the new one. */
		w->seen = shift >= SEEN_BITS ? 0 : w->seen << shift;
		if (w->number > 0 && shift <= SEEN_BITS)
			w->seen |= UINT64_C(1) << (shift - 1);
		w->seen &= SEEN_MASK;
		w->number = number;
	} else if (number < w->number && number > origin_window_floor(w)) {
		w->seen |= UINT64_C(1) << (w->number - 1 - number);
	}
	w->is_dirty = true;
}

uint64_t origin_window_floor(const struct origin_window *w)
{
	return w->number > SEEN_BITS ? w->number - SEEN_BITS - 1 : 0;
}

void origin_windows_init(struct origin_windows *t)
{
	*t = (struct origin_windows){ 0 };
}

void origin_windows_release(struct origin_windows *t)
{
	free(t->items);
	origin_windows_init(t);
}

/* Few origins write at a time, so the one that is looked for is nearly always among the first. */
struct origin_window *origin_windows_find(struct origin_windows *t, const struct origin *origin)
{
	for (size_t i = 0; i < t->n; i++) {
		if (memcmp(t->items[i].origin.bytes, origin->bytes, ORIGIN_SIZE) != 0)
			continue;
		if (i > 0) {
			struct origin_window w = t->items[i];

			t->items[i] = t->items[i / 2];
			t->items[i / 2] = w;
			i /= 2;
		}
		return &t->items[i];
	}
	return NULL;
}

struct origin_window *origin_windows_add(
    struct origin_windows *t, const struct origin *origin, struct err *err)
{
	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? 16 : t->cap * 2;
		struct origin_window *items = realloc(t->items, cap * sizeof(*items));

		if (items == NULL) {
			err_set(
			    err, SQLSTATE_OUT_OF_MEMORY, "out of memory for the windows of %zu origins", cap);
			return NULL;
		}
		t->items = items;
		t->cap = cap;
	}
	t->items[t->n] = (struct origin_window){ .origin = *origin };
	return &t->items[t->n++];
}

size_t origin_windows_forget(struct origin_windows *t, uint64_t seq)
{
	size_t kept = 0;
	size_t before = t->n;

	for (size_t i = 0; i < t->n; i++) {
		if (t->items[i].seq >= seq)
			t->items[kept++] = t->items[i];
	}
	t->n = kept;
	return before - kept;
}
