#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t system_now_us(void *arg)
{
	(void)arg;
	return read_us(CLOCK_REALTIME);
}

static int64_t system_mono_us(void *arg)
{
	(void)arg;
	return read_us(CLOCK_MONOTONIC);
}

const struct clock clock_system = { system_now_us, system_mono_us, NULL };
