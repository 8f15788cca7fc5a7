/* Any bytes as a client's text: split, translated as a simple query and as Parse, twice, so that the second comes from the cache. */
#include <stdlib.h>

#include "../unit/sql_statement_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void translate(
    struct translator *t, const char *text, size_t len, bool literals_stay, struct arena *arena)
{
	struct translate_request request = {
		.text = text, .len = len, .schema = &test_schema, .literals_stay = literals_stay
	};
	struct translated out;
	struct err err;

	for (int i = 0; i < 2; i++) {
		if (translator_get(t, &request, arena, &out, &err) == 0)
			translation_unref(out.translation);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct translator *translator;
	struct arena arena;
	struct piece *pieces;
	struct err err;
	size_t n;

	if (translator == NULL)
		translator = translator_new(64, 4096);
	char *text = malloc(size + 1);
	if (text == NULL || translator == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	arena_init(&arena, 1 << 26);
	if (translator_split(translator, text, size, &arena, &pieces, &n, &err) == 0) {
		for (size_t i = 0; i < n; i++) {
			char *piece = arena_strndup(&arena, text + pieces[i].offset, pieces[i].len);

			translate(translator, piece, pieces[i].len, i % 2 == 1, &arena);
		}
	}
	translate(translator, text, size, true, &arena);
	arena_release(&arena);
	free(text);
	return 0;
}
