/* bytes.h - numbers in network byte order (PostgreSQL 15, chapter 55.6, "Message Data Types").
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: no alignment is asked for; compilers make one instruction of each.
 * Fails by: it can't; who calls knows that the bytes are there. */
#ifndef NQLITE_PGWIRE_BYTES_H
#define NQLITE_PGWIRE_BYTES_H

#include <stdint.h>

static inline uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t load64(const uint8_t *p)
{
	return (uint64_t)load32(p) << 32 | load32(p + 4);
}

static inline uint8_t *store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static inline uint8_t *store32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

static inline uint8_t *store64(uint8_t *p, uint64_t v)
{
	return store32(store32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

#endif
