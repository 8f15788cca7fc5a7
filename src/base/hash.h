/* hash.h - the one hash function (XXH3, from libxxhash) and the running hash over the log.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the same bytes give the same hash on every machine and in every version.
 * Fails by: it can't. */
#ifndef NQLITE_BASE_HASH_H
#define NQLITE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes64(const void *bytes, size_t len);

/* Chains: the hash of what `seed` stood for, followed by these bytes. */
uint64_t hash_chain64(uint64_t seed, const void *bytes, size_t len);

#endif
