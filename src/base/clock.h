/* clock.h - time, as a thing that can be handed in and simulated.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: wall time in microseconds since 1970-01-01 UTC, and a time that never goes back.
 * Fails by: it can't. */
#ifndef NQLITE_BASE_CLOCK_H
#define NQLITE_BASE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t (*now_us)(void *arg);  /* wall clock, microseconds since 1970-01-01 UTC */
	int64_t (*mono_us)(void *arg); /* monotonic, microseconds since an unspecified start */
	void *arg;
};

/* The machine's clocks. */
extern const struct clock clock_system;

static inline int64_t clock_now_us(const struct clock *c)
{
	return c->now_us(c->arg);
}

static inline int64_t clock_mono_us(const struct clock *c)
{
	return c->mono_us(c->arg);
}

#endif
