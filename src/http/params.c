#include "http/params.h"

#include <string.h>

#include "pgwire/hex.h"

static bool is_byte(const json_t *j)
{
	return json_is_integer(j) && json_integer_value(j) >= 0 && json_integer_value(j) <= 255;
}

static bool is_bytes(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (!is_byte(json_array_get(array, i)))
			return false;
	}
	return true;
}

int params_init(struct params *p, const struct element *e, enum params_dialect dialect, struct err *err)
{
	*p = (struct params){
		.list = e->args, .at = 1, .dialect = dialect, .hex_is_blob = dialect != PARAMS_NQLITE
	};
	for (size_t i = 1; i < json_array_size(e->args); i++) {
		if (!json_is_object(json_array_get(e->args, i)))
			continue;
		if (json_array_size(e->args) > 2)
			return err_set(err, SQLSTATE_INVALID_PARAMETER,
			    "an object of named parameters must stand alone");
		p->named = json_array_get(e->args, i);
		p->list = NULL;
	}
	return 0;
}

/* Is a lone array a list of parameters or one BLOB? */
static void settle(struct params *p, size_t nparams)
{
	const json_t *lone = json_array_size(p->list) == 2 ? json_array_get(p->list, 1) : NULL;

	p->is_settled = true;
	if (!json_is_array(lone))
		return;
	if (is_bytes(lone) && (p->dialect == PARAMS_RQLITE ||
				  (p->dialect == PARAMS_BOTH && nparams == 1 && json_array_size(lone) != 1)))
		return;
	p->list = lone;
	p->at = 0;
}

static int blob_of_array(const json_t *array, struct value *v, struct arena *arena, struct err *err)
{
	size_t n = json_array_size(array);
	uint8_t *bytes = arena_alloc(arena, n + 1);

	if (!is_bytes(array))
		return err_set(err, SQLSTATE_INVALID_PARAMETER,
		    "an array as a parameter must hold bytes, from 0 to 255");
	if (bytes == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for parameters");
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)json_integer_value(json_array_get(array, i));
	*v = value_blob(bytes, n);
	return 0;
}

/* x'..' with an even number of digits and nothing else. */
static bool is_hex(const char *s, size_t len)
{
	if (len < 3 || len % 2 == 0 || (s[0] != 'x' && s[0] != 'X') || s[1] != '\'' || s[len - 1] != '\'')
		return false;
	for (size_t i = 2; i < len - 1; i++) {
		if (hex_digit(s[i]) < 0)
			return false;
	}
	return true;
}

static int blob_of_hex(const char *s, size_t len, struct value *v, struct arena *arena, struct err *err)
{
	size_t n = (len - 3) / 2;
	uint8_t *bytes = arena_alloc(arena, n + 1);

	if (bytes == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory for parameters");
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(hex_digit(s[2 + 2 * i]) * 16 + hex_digit(s[3 + 2 * i]));
	*v = value_blob(bytes, n);
	return 0;
}

static int value_of(
    const struct params *p, const json_t *j, struct value *v, struct arena *arena, struct err *err)
{
	switch (json_typeof(j)) {
	case JSON_NULL: *v = value_null(); return 0;
	case JSON_TRUE: *v = value_int(1); return 0;
	case JSON_FALSE: *v = value_int(0); return 0;
	case JSON_INTEGER: *v = value_int(json_integer_value(j)); return 0;
	case JSON_REAL: *v = value_float(json_real_value(j)); return 0;
	case JSON_STRING: {
		const char *s = json_string_value(j);
		size_t len = json_string_length(j);

		if (p->hex_is_blob && is_hex(s, len))
			return blob_of_hex(s, len, v, arena, err);
		*v = value_text(s, len);
		return 0;
	}
	case JSON_ARRAY: return blob_of_array(j, v, arena, err);
	case JSON_OBJECT: break;
	}
	return err_set(err, SQLSTATE_INVALID_PARAMETER, "an object can't be the value of a parameter");
}

static const json_t *find_named(const struct params *p, const char *name)
{
	const json_t *j = json_object_get(p->named, name + 1);

	return j != NULL ? j : json_object_get(p->named, name);
}

static int take_named(
    struct params *p, struct value *v, size_t i, const char *name, struct arena *arena, struct err *err)
{
	const json_t *j = name != NULL ? find_named(p, name) : NULL;

	if (name == NULL)
		return err_set(err, SQLSTATE_INVALID_PARAMETER,
		    "parameter %zu has no name, but parameters are given by name", i);
	if (j == NULL)
		return err_set(err, SQLSTATE_INVALID_PARAMETER, "no value for parameter %.100s", name);
	return value_of(p, j, v, arena, err);
}

int params_take(struct params *p, struct value *values, size_t n, const char *(*name)(void *arg, size_t i),
    void *arg, struct arena *arena, struct err *err)
{
	if (!p->is_settled)
		settle(p, n);
	size_t left = p->list != NULL ? json_array_size(p->list) - p->at : 0;
	if (p->named == NULL && left < n)
		return err_set(err, SQLSTATE_INVALID_PARAMETER,
		    "not enough parameters: the statement has %zu, %zu %s given", n, left,
		    left == 1 ? "is" : "are");
	for (size_t i = 0; i < n; i++) {
		int rc = p->named != NULL
			     ? take_named(p, &values[i], i + 1, name(arg, i + 1), arena, err)
			     : value_of(p, json_array_get(p->list, p->at++), &values[i], arena, err);
		if (rc != 0)
			return -1;
	}
	return 0;
}

int params_end(const struct params *p, struct err *err)
{
	size_t left = p->list != NULL ? json_array_size(p->list) - p->at : 0;

	if (left == 0)
		return 0;
	return err_set(err, SQLSTATE_INVALID_PARAMETER, "too many parameters: %zu %s left over", left,
	    left == 1 ? "is" : "are");
}
