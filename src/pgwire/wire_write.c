#include "pgwire/wire.h"

#include <string.h>

#include "base/utf8.h"
#include "pgwire/bytes.h"

size_t wire_begin(struct buf *o, char type)
{
	size_t at = o->len;
	uint8_t *p = buf_extend(o, 5);

	if (p != NULL)
		p[0] = (uint8_t)type;
	return at;
}

/* "The length count includes itself, but not the message-type byte." */
void wire_end(struct buf *o, size_t at)
{
	if (!o->failed)
		store32(o->data + at + 1, (uint32_t)(o->len - at - 1));
}

void wire_put_int16(struct buf *o, uint16_t v)
{
	uint8_t *p = buf_extend(o, 2);

	if (p != NULL)
		store16(p, v);
}

void wire_put_int32(struct buf *o, uint32_t v)
{
	uint8_t *p = buf_extend(o, 4);

	if (p != NULL)
		store32(p, v);
}

void wire_put_int64(struct buf *o, uint64_t v)
{
	uint8_t *p = buf_extend(o, 8);

	if (p != NULL)
		store64(p, v);
}

void wire_put_str(struct buf *o, const char *text)
{
	buf_put(o, text, strlen(text) + 1);
}

void wire_put_bare(struct buf *o, char type)
{
	wire_end(o, wire_begin(o, type));
}

void wire_put_auth_ok(struct buf *o)
{
	size_t at = wire_begin(o, 'R');

	wire_put_int32(o, 0);
	wire_end(o, at);
}

void wire_put_parameter_status(struct buf *o, const char *name, const char *value)
{
	size_t at = wire_begin(o, 'S');

	wire_put_str(o, name);
	wire_put_str(o, value);
	wire_end(o, at);
}

void wire_put_backend_key(struct buf *o, uint32_t pid, uint32_t secret)
{
	size_t at = wire_begin(o, 'K');

	wire_put_int32(o, pid);
	wire_put_int32(o, secret);
	wire_end(o, at);
}

/* The chapter speaks of the minor version, but servers send and clients read the whole number. */
void wire_put_negotiate(struct buf *o, uint32_t minor, const char *const *options, size_t noptions)
{
	size_t at = wire_begin(o, 'v');

	wire_put_int32(o, 3u << 16 | minor);
	wire_put_int32(o, (uint32_t)noptions);
	for (size_t i = 0; i < noptions; i++)
		wire_put_str(o, options[i]);
	wire_end(o, at);
}

void wire_put_ready(struct buf *o, char status)
{
	uint8_t *p = buf_extend(o, 6);

	if (p == NULL)
		return;
	p[0] = 'Z';
	store32(p + 1, 5);
	p[5] = (uint8_t)status;
}

/* A sentence may have been cut within a character, or quote what a client sent: it goes out as UTF-8 all the same. */
static void put_clean(struct buf *o, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = utf8_valid_len(text, left);
		buf_put(o, text, n);
		if (n < left) {
			buf_put_byte(o, '?');
			n++;
		}
		text += n;
		left -= n;
	}
	buf_put_byte(o, '\0');
}

static void put_field(struct buf *o, char letter, const char *text)
{
	if (text[0] == '\0')
		return;
	buf_put_byte(o, (uint8_t)letter);
	put_clean(o, text);
}

/* `v` as decimal digits with a NUL; returns where they begin. */
static const char *digits_of(char text[static 12], unsigned v)
{
	char *p = text + 11;

	*p = '\0';
	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return p;
}

void wire_put_error(struct buf *o, const char *severity, const struct err *err)
{
	bool is_error = strcmp(severity, "ERROR") == 0 || strcmp(severity, "FATAL") == 0 ||
			strcmp(severity, "PANIC") == 0;
	size_t at = wire_begin(o, is_error ? 'E' : 'N');
	char digits[12];

	put_field(o, 'S', severity);
	put_field(o, 'V', severity);
	put_field(o, 'C', err->sqlstate);
	/* S, V, C and M are always there. */
	buf_put_byte(o, 'M');
	put_clean(o, err->message);
	put_field(o, 'D', err->detail);
	put_field(o, 'H', err->hint);
	if (err->position > 0)
		put_field(o, 'P', digits_of(digits, (unsigned)err->position));
	put_field(o, 'W', err->where);
	put_field(o, 's', err->schema);
	put_field(o, 't', err->table);
	put_field(o, 'c', err->column);
	put_field(o, 'd', err->datatype);
	put_field(o, 'n', err->constraint);
	buf_put_byte(o, '\0');
	wire_end(o, at);
}

void wire_put_complete(struct buf *o, const char *tag)
{
	size_t at = wire_begin(o, 'C');

	wire_put_str(o, tag);
	wire_end(o, at);
}

void wire_put_row_description(struct buf *o, const struct wire_column *columns, size_t n)
{
	size_t at = wire_begin(o, 'T');

	wire_put_int16(o, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct wire_column *c = &columns[i];
		size_t name_size = strlen(c->name) + 1;
		uint8_t *p = buf_extend(o, name_size + 18);
		if (p == NULL)
			return;
		memcpy(p, c->name, name_size);
		p = store32(p + name_size, c->table_oid);
		p = store16(p, (uint16_t)c->attnum);
		p = store32(p, c->type_oid);
		p = store16(p, (uint16_t)c->type_len);
		p = store32(p, (uint32_t)c->typmod);
		store16(p, (uint16_t)c->format);
	}
	wire_end(o, at);
}

void wire_put_parameter_description(struct buf *o, const oid_t *types, size_t n)
{
	size_t at = wire_begin(o, 't');

	wire_put_int16(o, (uint16_t)n);
	for (size_t i = 0; i < n; i++)
		wire_put_int32(o, types[i]);
	wire_end(o, at);
}

void wire_put_copy_response(struct buf *o, char type, int format, size_t ncolumns)
{
	size_t at = wire_begin(o, type);

	buf_put_byte(o, (uint8_t)format);
	wire_put_int16(o, (uint16_t)ncolumns);
	for (size_t i = 0; i < ncolumns; i++)
		wire_put_int16(o, (uint16_t)format);
	wire_end(o, at);
}

void wire_put_copy_data(struct buf *o, const void *bytes, size_t len)
{
	size_t at = wire_begin(o, 'd');

	buf_put(o, bytes, len);
	wire_end(o, at);
}

void wire_put_notification(struct buf *o, uint32_t pid, const char *channel, const char *payload)
{
	size_t at = wire_begin(o, 'A');

	wire_put_int32(o, pid);
	wire_put_str(o, channel);
	wire_put_str(o, payload);
	wire_end(o, at);
}
