#include "http/answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "http/json_text.h"

/* ---- the frame ---- */

static void put_key(struct buf *o, const char *key)
{
	if (o->len > 0 && o->data[o->len - 1] != '{')
		buf_put_byte(o, ',');
	buf_put_byte(o, '"');
	buf_put_text(o, key);
	buf_put(o, "\":", 2);
}

static void put_int_member(struct buf *o, const char *key, int64_t i)
{
	put_key(o, key);
	json_put_int(o, i);
}

void answer_begin(struct buf *o)
{
	buf_put_text(o, "{\"results\":[");
}

void answer_result(struct buf *o)
{
	if (o->len > 0 && o->data[o->len - 1] == '}')
		buf_put_byte(o, ',');
	buf_put_byte(o, '{');
}

void answer_result_error(struct buf *o, const char *message)
{
	put_key(o, "error");
	json_put_string(o, message, strlen(message));
}

void answer_result_written(
    struct buf *o, const struct answer_style *style, const struct written *w, bool with_rows)
{
	if (style->shape != SHAPE_RQLITE) {
		put_key(o, "nats");
		buf_printf(o, "{\"stream\":\"nqlite\",\"seq\":%" PRIu64 ",\"duplicate\":%s}", w->seq,
		    w->is_duplicate ? "true" : "false");
	}
	if (style->shape == SHAPE_NQLITE || (style->shape == SHAPE_RQLITE && with_rows))
		return;
	if (w->last_insert_id != 0)
		put_int_member(o, "last_insert_id", w->last_insert_id);
	if (w->rows_affected != 0)
		put_int_member(o, "rows_affected", w->rows_affected);
}

void answer_result_end(struct buf *o, const struct answer_style *style, int64_t us)
{
	if (style->timings) {
		put_key(o, "time");
		json_put_time(o, us, 6);
	}
	buf_put_byte(o, '}');
}

void answer_end(struct buf *o, const struct answer_style *style, const struct answer_tail *tail)
{
	buf_put_byte(o, ']');
	if (style->timings || style->shape != SHAPE_RQLITE) {
		put_key(o, "time");
		if (tail->us < 0)
			buf_put_byte(o, '0');
		else
			json_put_time(o, tail->us, style->timings ? 6 : 3);
	}
	if (tail->with_seq)
		put_int_member(o, "raft_index", (int64_t)tail->seq);
	if (tail->is_queued)
		put_int_member(o, "sequence_number", (int64_t)tail->seq);
	buf_put_byte(o, '}');
}

/* ---- rows ---- */

static bool wants_values(const struct rows *r)
{
	return r->style->shape != SHAPE_NQLITE && !r->style->associative;
}

static bool wants_objects(const struct rows *r)
{
	return r->style->shape != SHAPE_RQLITE || r->style->associative;
}

void rows_init(struct rows *r, const struct answer_style *style, struct buf *out)
{
	*r = (struct rows){ .style = style, .out = out };
	buf_init(&r->objects, out->max);
	buf_init(&r->names, out->max);
	buf_init(&r->types, out->max);
}

void rows_release(struct rows *r)
{
	buf_release(&r->objects);
	buf_release(&r->names);
	buf_release(&r->types);
	free(r->columns);
	r->columns = NULL;
}

bool rows_columns(struct rows *r, size_t n)
{
	free(r->columns);
	r->columns = calloc(n + 1, sizeof(*r->columns));
	r->ncolumns = n;
	buf_clear(&r->names);
	buf_clear(&r->types);
	return r->columns != NULL;
}

static void put_lower(struct buf *o, const char *text)
{
	size_t at = o->len;

	json_put_string(o, text, strlen(text));
	for (; at < o->len && !o->failed; at++) {
		if (o->data[at] >= 'A' && o->data[at] <= 'Z')
			o->data[at] = (uint8_t)(o->data[at] - 'A' + 'a');
	}
}

void rows_name_column(struct rows *r, size_t i, const char *name, const char *decltype)
{
	struct span *c = &r->columns[i];

	c->name = r->names.len;
	json_put_string(&r->names, name, strlen(name));
	c->name_end = r->names.len;
	c->type = r->types.len;
	if (decltype != NULL)
		put_lower(&r->types, decltype);
	c->type_end = r->types.len;
	for (size_t k = 0; k < i; k++) {
		struct span *other = &r->columns[k];
		size_t len = c->name_end - c->name;
		if (!r->names.failed && other->name_end - other->name == len &&
		    memcmp(r->names.data + other->name, r->names.data + c->name, len) == 0)
			other->is_shadowed = true;
	}
}

bool rows_have_columns(const struct rows *r)
{
	return r->columns != NULL;
}

static void put_name(struct buf *o, const struct rows *r, size_t i)
{
	buf_put(o, r->names.data + r->columns[i].name, r->columns[i].name_end - r->columns[i].name);
}

/* The declared type, or the storage class of the first row's value. */
static void put_type(struct buf *o, const struct rows *r, size_t i, const struct value *first)
{
	static const char *const classes[] = { [VALUE_NULL] = "null",
		[VALUE_INT] = "integer",
		[VALUE_FLOAT] = "real",
		[VALUE_TEXT] = "text",
		[VALUE_BLOB] = "blob" };
	const struct span *c = &r->columns[i];

	if (c->type_end > c->type) {
		buf_put(o, r->types.data + c->type, c->type_end - c->type);
		return;
	}
	buf_put_byte(o, '"');
	if (first != NULL)
		buf_put_text(o, classes[first[i].kind]);
	buf_put_byte(o, '"');
}

static void put_types(struct rows *r, const struct value *first)
{
	struct buf *o = r->out;
	bool is_object = r->style->associative;

	put_key(o, "types");
	buf_put_byte(o, is_object ? '{' : '[');
	for (size_t i = 0, n = 0; i < r->ncolumns; i++) {
		if (is_object && r->columns[i].is_shadowed)
			continue;
		if (n++ > 0)
			buf_put_byte(o, ',');
		if (is_object) {
			put_name(o, r, i);
			buf_put_byte(o, ':');
		}
		put_type(o, r, i, first);
	}
	buf_put_byte(o, is_object ? '}' : ']');
}

static void put_head(struct rows *r, const struct value *first)
{
	struct buf *o = r->out;

	if (wants_values(r)) {
		put_key(o, "columns");
		buf_put_byte(o, '[');
		for (size_t i = 0; i < r->ncolumns; i++) {
			if (i > 0)
				buf_put_byte(o, ',');
			put_name(o, r, i);
		}
		buf_put_byte(o, ']');
	}
	if (r->style->shape != SHAPE_NQLITE)
		put_types(r, first);
	if (first == NULL)
		return;
	put_key(o, wants_values(r) ? "values" : "rows");
	buf_put_byte(o, '[');
}

/* The value's text is made once and stands in both forms. */
static void put_both(struct rows *r, const struct value *values)
{
	struct buf *o = r->out, *objects = &r->objects;
	enum json_blob blob = r->style->blob_array ? JSON_BLOB_ARRAY : JSON_BLOB_BASE64;
	bool any = false;

	buf_put_byte(o, '[');
	buf_put_byte(objects, '{');
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (i > 0)
			buf_put_byte(o, ',');
		size_t from = o->len;
		json_put_value(o, &values[i], blob);
		if (o->failed || r->columns[i].is_shadowed)
			continue;
		if (any)
			buf_put_byte(objects, ',');
		any = true;
		put_name(objects, r, i);
		buf_put_byte(objects, ':');
		buf_put(objects, o->data + from, o->len - from);
	}
	buf_put_byte(o, ']');
	buf_put_byte(objects, '}');
}

static void put_one(struct rows *r, const struct value *values)
{
	struct buf *o = r->out;
	enum json_blob blob = r->style->blob_array ? JSON_BLOB_ARRAY : JSON_BLOB_BASE64;
	bool is_object = wants_objects(r), any = false;

	buf_put_byte(o, is_object ? '{' : '[');
	for (size_t i = 0; i < r->ncolumns; i++) {
		if (is_object && r->columns[i].is_shadowed)
			continue;
		if (any)
			buf_put_byte(o, ',');
		any = true;
		if (is_object) {
			put_name(o, r, i);
			buf_put_byte(o, ':');
		}
		json_put_value(o, &values[i], blob);
	}
	buf_put_byte(o, is_object ? '}' : ']');
}

bool rows_put(struct rows *r, const struct value *values, size_t n)
{
	if (n != r->ncolumns || r->names.failed || r->types.failed)
		return false;
	if (r->nrows++ == 0) {
		put_head(r, values);
	} else {
		buf_put_byte(r->out, ',');
		if (r->objects.len > 0)
			buf_put_byte(&r->objects, ',');
	}
	if (wants_values(r) && wants_objects(r))
		put_both(r, values);
	else
		put_one(r, values);
	/* Both forms together are what the limit is for. */
	return !r->out->failed && !r->objects.failed && r->out->len + r->objects.len <= r->out->max;
}

void rows_end(struct rows *r)
{
	struct buf *o = r->out;

	if (r->nrows == 0)
		put_head(r, NULL);
	else
		buf_put_byte(o, ']');
	if (!wants_objects(r) || (r->nrows > 0 && !wants_values(r)))
		return;
	put_key(o, "rows");
	buf_put_byte(o, '[');
	buf_put(o, r->objects.data, r->objects.len);
	buf_put_byte(o, ']');
}
