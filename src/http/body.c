#include "http/body.h"

#include "base/utf8.h"

static int check_element(const json_t *e, size_t i, struct err *err)
{
	if (json_is_string(e) || (json_is_array(e) && json_is_string(json_array_get(e, 0))))
		return 0;
	return err_set(err, SQLSTATE_INVALID_PARAMETER,
	    "Invalid. Element %zu is neither a statement nor an array that begins with one", i + 1);
}

int body_read_json(struct body *b, const void *bytes, size_t len, struct err *err)
{
	json_error_t why;

	*b = (struct body){ 0 };
	if (len == 0)
		return err_set(err, SQLSTATE_INVALID_PARAMETER, "Missing body");
	b->root = json_loadb(bytes, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
	if (b->root == NULL)
		return err_set(err, SQLSTATE_BAD_TEXT, "Invalid JSON: %s (line %d, column %d)", why.text,
		    why.line, why.column);
	if (!json_is_array(b->root))
		return err_set(err, SQLSTATE_INVALID_PARAMETER, "Invalid. Not an array");
	if (json_array_size(b->root) == 0)
		return err_set(err, SQLSTATE_INVALID_PARAMETER, "Empty array");
	for (size_t i = 0; i < json_array_size(b->root); i++) {
		if (check_element(json_array_get(b->root, i), i, err) != 0)
			return -1;
	}
	return 0;
}

int body_read_text(struct body *b, const void *bytes, size_t len, struct err *err)
{
	*b = (struct body){ .text = bytes, .text_len = len };
	if (len == 0)
		return err_set(err, SQLSTATE_INVALID_PARAMETER, "Missing body");
	if (utf8_valid_len(bytes, len) != len)
		return err_set(err, SQLSTATE_BAD_ENCODING, "the statement is not UTF-8");
	return 0;
}

void body_release(struct body *b)
{
	json_decref(b->root);
	*b = (struct body){ 0 };
}

size_t body_count(const struct body *b)
{
	return b->root != NULL ? json_array_size(b->root) : 1;
}

struct element body_element(const struct body *b, size_t i)
{
	if (b->root == NULL)
		return (struct element){ .sql = b->text, .sql_len = b->text_len };

	const json_t *e = json_array_get(b->root, i);
	const json_t *sql = json_is_array(e) ? json_array_get(e, 0) : e;
	return (struct element){ .sql = json_string_value(sql),
		.sql_len = json_string_length(sql),
		.args = json_is_array(e) ? e : NULL };
}
