#include "base/hash.h"

#include <xxhash.h>

uint64_t hash_bytes64(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}

uint64_t hash_chain64(uint64_t seed, const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}
