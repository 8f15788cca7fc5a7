/* translation.h - a finished translation as one block of memory, shared by counted references.
 *
 * Owns:     the block: the translation and all it points to.
 * Runs on:  the translator's thread.
 * Promises: nothing in it points outside the block: not into the pass' arena, not into a catalog.
 * Fails by: NULL when out of memory. */
#ifndef NQLITE_SQL_TRANSLATION_H
#define NQLITE_SQL_TRANSLATION_H

#include "sql/translate.h"

/* A copy of what the passes made, with one reference: the caller's. */
const struct translation *translation_pack(const struct translation *made);

#endif
