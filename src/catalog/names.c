#include "catalog/names.h"

#include <string.h>

/* Cuts to at most `len` bytes, at a character's start. */
static size_t clip(const char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

/* The longer of the two gives way, byte by byte, so that both stay recognisable. */
static const char *join(struct arena *arena, const struct name_wish *wish, const char *label)
{
	size_t table = strlen(wish->table);
	size_t columns = wish->columns == NULL ? 0 : strlen(wish->columns);
	size_t fixed = strlen(label) + 1 + (wish->columns == NULL ? 0 : 1);

	while (table + columns + fixed > NAME_BYTES_MAX) {
		if (table > columns)
			table--;
		else
			columns--;
	}
	table = clip(wish->table, table);
	if (wish->columns == NULL)
		return arena_printf(arena, "%.*s_%s", (int)table, wish->table, label);
	columns = clip(wish->columns, columns);
	return arena_printf(
	    arena, "%.*s_%.*s_%s", (int)table, wish->table, (int)columns, wish->columns, label);
}

const char *name_choose(struct arena *arena, const struct name_wish *wish)
{
	const char *name = join(arena, wish, wish->label);

	for (unsigned n = 1; name != NULL && wish->is_taken(wish->context, name); n++) {
		const char *label = arena_printf(arena, "%s%u", wish->label, n);

		if (label == NULL)
			return NULL;
		name = join(arena, wish, label);
	}
	return name;
}
