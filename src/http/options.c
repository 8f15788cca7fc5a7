#include "http/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pgwire/hex.h"

#define TIMEOUT_MAX_MS (24 * 3600 * INT64_C(1000))

struct text {
	char *bytes; /* NUL-terminated */
	size_t len;
};

/* In place: '+' and %XX. */
static void decode(struct text *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		char c = t->bytes[i];
		if (c == '%' && i + 2 < t->len && hex_digit(t->bytes[i + 1]) >= 0 &&
		    hex_digit(t->bytes[i + 2]) >= 0) {
			c = (char)(hex_digit(t->bytes[i + 1]) * 16 + hex_digit(t->bytes[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		t->bytes[n++] = c;
	}
	t->bytes[n] = '\0';
	t->len = n;
}

static bool is_true(const struct text *value)
{
	return strcmp(value->bytes, "false") != 0 && strcmp(value->bytes, "0") != 0;
}

static int bad_value(const char *name, const struct text *value, const char *wanted, struct err *err)
{
	return err_set(
	    err, SQLSTATE_INVALID_PARAMETER, "parameter %s: %s, not \"%.100s\"", name, wanted, value->bytes);
}

static int read_level(struct options *o, const struct text *value, struct err *err)
{
	static const struct {
		const char *name;
		enum read_level level;
	} levels[] = {
		{ "none", LEVEL_LOCAL },
		{ "weak", LEVEL_LOCAL },
		{ "auto", LEVEL_LOCAL },
		{ "linearizable", LEVEL_LINEARIZABLE },
		{ "strong", LEVEL_LINEARIZABLE },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(value->bytes, levels[i].name) == 0) {
			o->level = levels[i].level;
			return 0;
		}
	}
	return bad_value("level", value, "one of none, weak, auto, linearizable, strong", err);
}

static int read_seq(struct options *o, const struct text *value, struct err *err)
{
	char *end;

	errno = 0;
	o->min_seq = strtoull(value->bytes, &end, 10);
	if (value->bytes[0] < '0' || value->bytes[0] > '9' || *end != '\0' || errno != 0)
		return bad_value("min_seq", value, "the seq of a write", err);
	return 0;
}

/* As Go writes durations: 500ms, 2s, 1m30s; a number alone is seconds. */
static int read_timeout(struct options *o, const struct text *value, struct err *err)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "", 1000 }, { "us", 0.001 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	const char *at = value->bytes;
	double sum = 0;

	while (*at != '\0') {
		char *end;
		size_t i = 0;
		double number = strtod(at, &end);
		size_t len = strspn(end, "abcdefghijklmnopqrstuvwxyz");

		while (i < sizeof(units) / sizeof(units[0]) &&
		       (strlen(units[i].name) != len || strncmp(units[i].name, end, len) != 0))
			i++;
		if (end == at || i == sizeof(units) / sizeof(units[0]) || !(number >= 0))
			break;
		sum += number * units[i].ms;
		at = end + len;
	}
	if (*at != '\0' || at == value->bytes || !(sum <= (double)TIMEOUT_MAX_MS))
		return bad_value("timeout", value, "a duration such as 500ms or 10s", err);
	o->timeout_ms = sum < 1 ? 1 : (int64_t)sum;
	return 0;
}

static int read_pair(struct options *o, const struct text *name, struct text *value, struct err *err)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "timings", &o->timings },
		{ "pretty", &o->pretty },
		{ "associative", &o->associative },
		{ "blob_array", &o->blob_array },
		{ "raft_index", &o->raft_index },
		{ "transaction", &o->transaction },
		{ "queue", &o->queue },
		{ "noleader", &o->noleader },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(name->bytes, flags[i].name) == 0)
			*flags[i].flag = is_true(value);
	}
	if (strcmp(name->bytes, "level") == 0)
		return read_level(o, value, err);
	if (strcmp(name->bytes, "min_seq") == 0)
		return read_seq(o, value, err);
	if (strcmp(name->bytes, "timeout") == 0)
		return read_timeout(o, value, err);
	if (strcmp(name->bytes, "q") != 0)
		return 0;
	if (utf8_valid_len(value->bytes, value->len) != value->len)
		return err_set(err, SQLSTATE_BAD_ENCODING, "parameter q is not UTF-8");
	o->q = value->bytes;
	o->q_len = value->len;
	return 0;
}

int options_read(struct options *o, const char *query, struct err *err)
{
	*o = (struct options){ 0 };
	if (query == NULL)
		return 0;
	o->memory = strdup(query);
	if (o->memory == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");

	char *rest = o->memory, *pair;
	while ((pair = strsep(&rest, "&")) != NULL) {
		char *value = strchr(pair, '=');
		struct text n, v = { .bytes = pair + strlen(pair) };

		if (value != NULL) {
			*value++ = '\0';
			v = (struct text){ value, strlen(value) };
		}
		n = (struct text){ pair, strlen(pair) };
		decode(&n);
		decode(&v);
		if (read_pair(o, &n, &v, err) != 0)
			return -1;
	}
	return 0;
}

void options_release(struct options *o)
{
	free(o->memory);
	*o = (struct options){ 0 };
}
