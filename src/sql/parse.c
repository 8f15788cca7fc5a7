#include "sql/parse.h"

#include <pg_query.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "sql/literals.h"

/* Levels of expressions in a text: libpg_query walks them recursively, and survives some eight thousand on a stack of 8 MiB. */
#define DEPTH_MAX 2000

static bool is_ascii(const char *text, size_t len)
{
	uint64_t high = 0, word;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, text + i, 8);
		high |= word;
	}
	for (; i < len; i++)
		high |= (uint64_t)(uint8_t)text[i];
	return (high & 0x8080808080808080u) == 0;
}

/* As pg_encoding_mblen sees a lead byte: how many bytes the sentence shows. */
static size_t lead_len(uint8_t lead)
{
	if ((lead & 0xe0) == 0xc0)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return (lead & 0xf8) == 0xf0 ? 4 : 1;
}

static int bad_encoding(const char *text, size_t at, size_t len, struct err *err)
{
	size_t n = lead_len((uint8_t)text[at]);
	char bytes[4 * 5 + 1] = "";

	for (size_t i = 0; i < n && at + i < len; i++)
		snprintf(bytes + strlen(bytes), sizeof(bytes) - strlen(bytes), "%s0x%02x", i > 0 ? " " : "",
		    (uint8_t)text[at + i]);
	return err_set(err, SQLSTATE_BAD_ENCODING, "invalid byte sequence for encoding \"UTF8\": %s", bytes);
}

int parse_check_encoding(const char *text, size_t len, struct err *err)
{
	const char *nul = memchr(text, '\0', len);

	if (!is_ascii(text, len)) {
		size_t valid = utf8_valid_len(text, len);

		if (valid < len)
			return bad_encoding(text, valid, len, err);
	}
	if (nul != NULL)
		return bad_encoding(text, (size_t)(nul - text), len, err);
	return 0;
}

/* libpg_query hands on the sentence, but not its SQLSTATE. Nearly all that can fail while parsing is 42601. */
static const char *sqlstate_of(const char *message)
{
	static const struct {
		const char *part, *sqlstate;
	} others[] = {
		{ "not yet implemented", SQLSTATE_FEATURE_NOT_SUPPORTED },
		{ "not supported", SQLSTATE_FEATURE_NOT_SUPPORTED },
		{ "cannot be marked", SQLSTATE_FEATURE_NOT_SUPPORTED },
		{ "invalid byte sequence", SQLSTATE_BAD_ENCODING },
		{ "unsafe use of", "22P06" },
		{ "invalid Unicode", SQLSTATE_SYNTAX },
		{ "out of memory", SQLSTATE_OUT_OF_MEMORY },
		{ "memory exhausted", SQLSTATE_TOO_COMPLEX },
		{ "stack depth", SQLSTATE_TOO_COMPLEX },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strstr(message, others[i].part) != NULL)
			return others[i].sqlstate;
	}
	return SQLSTATE_SYNTAX;
}

static int too_deep(struct err *err)
{
	err_set(err, SQLSTATE_TOO_COMPLEX, "stack depth limit exceeded");
	err_hint(err, "Split the statement, or use fewer nested expressions.");
	return -1;
}

static int parse_failed(const PgQueryError *error, struct err *err)
{
	const char *sqlstate = sqlstate_of(error->message);

	if (strcmp(sqlstate, SQLSTATE_TOO_COMPLEX) == 0)
		return too_deep(err);
	err_set(err, sqlstate, "%s", error->message);
	err->position = error->cursorpos > 0 ? error->cursorpos : 0;
	return -1;
}

static void *tree_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

/* The arena frees. */
static void tree_free(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

int parse_text(
    const char *text, size_t len, struct arena *arena, const PgQuery__ParseResult **out, struct err *err)
{
	ProtobufCAllocator allocator = { .alloc = tree_alloc, .free = tree_free, .allocator_data = arena };

	if (parse_check_encoding(text, len, err) != 0)
		return -1;
	if (shape_depth(text, len) > DEPTH_MAX)
		return too_deep(err);

	PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(text);
	if (parsed.error != NULL) {
		parse_failed(parsed.error, err);
		pg_query_free_protobuf_parse_result(parsed);
		return -1;
	}
	*out = pg_query__parse_result__unpack(
	    &allocator, parsed.parse_tree.len, (const uint8_t *)parsed.parse_tree.data);
	pg_query_free_protobuf_parse_result(parsed);
	if (*out == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	return 0;
}
