/* names.h - the names that PostgreSQL gives to constraints whose author gave none.
 *
 * Owns:     nothing.
 * Runs on:  any thread.
 * Promises: the name that PostgreSQL 15 would choose: table_columns_label, shortened to fit 63 bytes, with a number after the
 *           label when it is taken.
 * Fails by: NULL, when the arena does. Private to src/catalog. */
#ifndef NQLITE_CATALOG_NAMES_H
#define NQLITE_CATALOG_NAMES_H

#include <stdbool.h>

#include "base/arena.h"

enum { NAME_BYTES_MAX = 63 };

/* `columns`: their names joined by '_', or NULL. */
struct name_wish {
	const char *table, *columns, *label;
	bool (*is_taken)(const void *context, const char *name);
	const void *context;
};

const char *name_choose(struct arena *arena, const struct name_wish *wish);

#endif
