#include "replication/entry.h"

#include <assert.h>
#include <endian.h>
#include <msgpack.h>

#include "base/hash.h"

enum { KIND_BATCH = 1, KIND_PART = 2 };
enum { BATCH_FIELDS = 7, PART_FIELDS = 6, ENTRY_FIELDS = 8, STATEMENT_FIELDS = 6, COMMON_FIELDS = 4 };

/* MessagePack's first bytes of the fixed-width integers, which are overwritten in place. */
enum { FIX_UINT32 = 0xce, FIX_UINT64 = 0xcf, FIX_INT64 = 0xd3, NIL = 0xc0 };
enum { FIX_UINT32_SIZE = 5, FIX_64_SIZE = 9 };

/* Writing: msgpack-c makes the bytes, a buf takes them. */

static int write_to_buf(void *arg, const char *bytes, size_t len)
{
	struct buf *o = arg;

	buf_put(o, bytes, len);
	return o->failed ? -1 : 0;
}

static msgpack_packer packer(struct buf *o)
{
	return (msgpack_packer){ .data = o, .callback = write_to_buf };
}

static void put_common(
    msgpack_packer *p, size_t nfields, int kind, uint32_t level, const struct origin *origin, uint64_t number)
{
	msgpack_pack_array(p, nfields);
	msgpack_pack_int(p, kind);
	msgpack_pack_uint32(p, level);
	msgpack_pack_bin_with_body(p, origin->bytes, ORIGIN_SIZE);
	msgpack_pack_uint64(p, number);
}

void entry_put_batch(struct buf *o, const struct batch_header *h)
{
	msgpack_packer p = packer(o);

	put_common(&p, BATCH_FIELDS, KIND_BATCH, h->level, &h->origin, h->number);
	msgpack_pack_uint64(&p, h->attested_seq);
	msgpack_pack_fix_uint64(&p, h->attested_hash);
	msgpack_pack_uint32(&p, h->nentries);
}

void entry_put_part(struct buf *o, const struct part_header *h)
{
	msgpack_packer p = packer(o);

	put_common(&p, PART_FIELDS, KIND_PART, h->level, &h->origin, h->number);
	msgpack_pack_uint32(&p, h->part);
	msgpack_pack_uint32(&p, h->nparts);
	msgpack_pack_bin_with_body(&p, h->bytes, h->len);
}

void entry_put_entry(struct buf *o, const struct entry_header *h)
{
	msgpack_packer p = packer(o);

	msgpack_pack_array(&p, ENTRY_FIELDS);
	msgpack_pack_int64(&p, h->now_us);
	msgpack_pack_fix_uint64(&p, h->seed);
	msgpack_pack_str_with_body(&p, h->role, strnlen(h->role, sizeof h->role - 1));
	msgpack_pack_str_with_body(&p, h->timezone, strnlen(h->timezone, sizeof h->timezone - 1));
	msgpack_pack_uint64(&p, h->schema_version);
	msgpack_pack_uint8(&p, h->isolation);
	msgpack_pack_uint8(&p, h->flags);
	msgpack_pack_fix_uint32(&p, h->nstatements);
}

void entry_put_statement(struct buf *o, const struct statement_header *h)
{
	msgpack_packer p = packer(o);

	msgpack_pack_array(&p, STATEMENT_FIELDS);
	msgpack_pack_str_with_body(&p, h->sql, h->sql_len);
	msgpack_pack_uint8(&p, h->flags);
	msgpack_pack_uint32(&p, h->ncolumns);
	msgpack_pack_fix_uint32(&p, h->nrows);
	if (h->has_told) {
		msgpack_pack_fix_int64(&p, h->told_changes);
		msgpack_pack_fix_uint64(&p, h->told_rows_hash);
	} else {
		msgpack_pack_nil(&p);
		msgpack_pack_nil(&p);
	}
}

void entry_put_row(struct buf *o, const struct value *values, size_t n)
{
	msgpack_packer p = packer(o);

	msgpack_pack_array(&p, n);
	for (size_t i = 0; i < n; i++) {
		const struct value *v = &values[i];

		switch (v->kind) {
		case VALUE_NULL: msgpack_pack_nil(&p); break;
		case VALUE_INT: msgpack_pack_int64(&p, v->i); break;
		case VALUE_FLOAT: msgpack_pack_double(&p, v->f); break;
		case VALUE_TEXT: msgpack_pack_str_with_body(&p, v->text, v->len); break;
		case VALUE_BLOB: msgpack_pack_bin_with_body(&p, v->blob, v->len); break;
		}
	}
}

/* The builder. */

void entry_builder_init(struct entry_builder *b, size_t bytes_max)
{
	*b = (struct entry_builder){ 0 };
	buf_init(&b->bytes, bytes_max);
}

void entry_builder_release(struct entry_builder *b)
{
	buf_release(&b->bytes);
	entry_builder_clear(b);
}

void entry_builder_clear(struct entry_builder *b)
{
	buf_clear(&b->bytes);
	b->entry_at = b->statement_at = 0;
	b->nstatements = b->nrows = 0;
}

static void patch_uint32(struct buf *o, size_t at, uint32_t count)
{
	if (o->failed)
		return;
	assert(o->data[at] == FIX_UINT32);
	count = htobe32(count);
	memcpy(o->data + at + 1, &count, sizeof count);
}

static void patch_64(struct buf *o, size_t at, uint8_t first, uint64_t value)
{
	value = htobe64(value);
	o->data[at] = first;
	memcpy(o->data + at + 1, &value, sizeof value);
}

void entry_builder_begin(struct entry_builder *b, const struct entry_header *h)
{
	struct entry_header counted = *h;

	entry_builder_clear(b);
	counted.nstatements = 0;
	entry_put_entry(&b->bytes, &counted);
	b->entry_at = b->bytes.len - FIX_UINT32_SIZE; /* the count stands last */
}

void entry_builder_statement(struct entry_builder *b, const struct statement_header *h)
{
	struct statement_header counted = *h;

	counted.nrows = 0;
	entry_put_statement(&b->bytes, &counted);
	if (b->bytes.failed)
		return;
	b->statement_at = b->bytes.len - (h->has_told ? 2 * FIX_64_SIZE : 2) - FIX_UINT32_SIZE;
	b->nrows = 0;
	patch_uint32(&b->bytes, b->entry_at, ++b->nstatements);
}

void entry_builder_row(struct entry_builder *b, const struct value *values, size_t n)
{
	assert(b->statement_at > 0 || b->bytes.failed);
	entry_put_row(&b->bytes, values, n);
	patch_uint32(&b->bytes, b->statement_at, ++b->nrows);
}

void entry_builder_told(struct entry_builder *b, int64_t changes, uint64_t rows_hash)
{
	struct buf *o = &b->bytes;
	size_t told_at = b->statement_at + FIX_UINT32_SIZE, rows_at = told_at + 2;

	assert(b->statement_at > 0 || o->failed);
	if (o->failed)
		return;
	if (o->data[told_at] == NIL) { /* two bytes that become eighteen */
		size_t rows_len = o->len - rows_at;

		if (buf_extend(o, 2 * FIX_64_SIZE - 2) == NULL)
			return;
		memmove(o->data + told_at + 2 * FIX_64_SIZE, o->data + rows_at, rows_len);
	}
	patch_64(o, told_at, FIX_INT64, (uint64_t)changes);
	patch_64(o, told_at + FIX_64_SIZE, FIX_UINT64, rows_hash);
}

struct entry_mark entry_builder_mark(const struct entry_builder *b)
{
	return (struct entry_mark){ .len = b->bytes.len, .nstatements = b->nstatements };
}

void entry_builder_rewind(struct entry_builder *b, struct entry_mark mark)
{
	assert(mark.len <= b->bytes.len && mark.nstatements <= b->nstatements);
	buf_truncate(&b->bytes, mark.len);
	b->nstatements = mark.nstatements;
	b->statement_at = 0;
	patch_uint32(&b->bytes, b->entry_at, b->nstatements);
}

bool entry_builder_end(struct entry_builder *b)
{
	return !b->bytes.failed;
}

/* Reading: array headers are read here, since msgpack-c allocates for as many elements as a header claims; all that stands in
 * an array is a scalar, for which msgpack-c allocates nothing and points into our bytes. */

static int bad(const struct entry_reader *r, struct err *err, const char *what)
{
	return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "malformed message: %s at byte %zu of %zu", what,
	    r->at, r->len);
}

void entry_reader_init(struct entry_reader *r, const void *bytes, size_t len)
{
	*r = (struct entry_reader){ .bytes = bytes, .len = len };
}

static size_t bytes_left(const struct entry_reader *r)
{
	return r->len - r->at;
}

/* 0x90-0x9f hold the count themselves, 0xdc and 0xdd have two or four bytes of it. */
static int read_array(struct entry_reader *r, size_t *n, struct err *err)
{
	const uint8_t *p = r->bytes + r->at;
	size_t left = bytes_left(r), width;

	if (left == 0)
		return bad(r, err, "it ends where an array must begin");
	if ((p[0] & 0xf0) == 0x90) {
		*n = p[0] & 0x0f;
		width = 0;
	} else if (p[0] == 0xdc && left >= 3) {
		*n = (size_t)p[1] << 8 | p[2];
		width = 2;
	} else if (p[0] == 0xdd && left >= 5) {
		*n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
		width = 4;
	} else {
		return bad(r, err, "no array");
	}
	if (*n > left - 1 - width) /* an element has a byte at least */
		return bad(r, err, "an array of more elements than bytes follow");
	r->at += 1 + width;
	return 0;
}

/* Arrays, maps, extensions, booleans and 32-bit floats are no values of ours. */
static bool is_ours(uint8_t first)
{
	if (first <= 0x7f || first >= 0xe0 ||
	    (first >= 0xa0 && first <= 0xbf)) /* small ints, short strings */
		return true;
	switch (first) {
	case 0xc0: /* nil */
	case 0xc4:
	case 0xc5:
	case 0xc6: /* bin */
	case 0xcb: /* float 64 */
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xcf: /* uint */
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3: /* int */
	case 0xd9:
	case 0xda:
	case 0xdb: /* str */ return true;
	default: return false;
	}
}

static int read_scalar(struct entry_reader *r, msgpack_object *object, struct err *err)
{
	if (bytes_left(r) == 0)
		return bad(r, err, "it ends where a value must begin");
	if (!is_ours(r->bytes[r->at]))
		return bad(r, err, "a kind of value that has no place in it");

	/* Without a zone msgpack-c makes one for each text, though only arrays and maps take memory from it. */
	msgpack_zone unused = { 0 };
	size_t at = r->at;
	if (msgpack_unpack((const char *)r->bytes, r->len, &at, &unused, object) < MSGPACK_UNPACK_EXTRA_BYTES)
		return bad(r, err, "a value that is cut off");
	r->at = at;
	/* msgpack-c gives no pointer for no bytes, but SQLite takes NULL for NULL. */
	if (object->type == MSGPACK_OBJECT_STR && object->via.str.size == 0)
		object->via.str.ptr = "";
	else if (object->type == MSGPACK_OBJECT_BIN && object->via.bin.size == 0)
		object->via.bin.ptr = "";
	return 0;
}

static int read_uint(struct entry_reader *r, uint64_t max, uint64_t *out, struct err *err)
{
	msgpack_object object;
	size_t at = r->at;

	if (read_scalar(r, &object, err) != 0)
		return -1;
	if (object.type != MSGPACK_OBJECT_POSITIVE_INTEGER || object.via.u64 > max) {
		r->at = at;
		return bad(r, err, "no number, or one out of range");
	}
	*out = object.via.u64;
	return 0;
}

static int read_uint32(struct entry_reader *r, uint32_t *out, struct err *err)
{
	uint64_t value;

	if (read_uint(r, UINT32_MAX, &value, err) != 0)
		return -1;
	*out = (uint32_t)value;
	return 0;
}

static int read_uint8(struct entry_reader *r, uint8_t *out, struct err *err)
{
	uint64_t value;

	if (read_uint(r, UINT8_MAX, &value, err) != 0)
		return -1;
	*out = (uint8_t)value;
	return 0;
}

/* A count of things that have a byte at least each. */
static int read_count(struct entry_reader *r, uint32_t *out, struct err *err)
{
	if (read_uint32(r, out, err) != 0)
		return -1;
	if (*out > bytes_left(r))
		return bad(r, err, "a count of more than bytes follow");
	return 0;
}

/* An integer of msgpack-c is positive (u64) or negative (i64); ours end at 63 bits. */
static bool int_of_object(const msgpack_object *object, int64_t *out)
{
	if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
		*out = object->via.i64;
		return true;
	}
	*out = (int64_t)object->via.u64;
	return object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= INT64_MAX;
}

static int read_int(struct entry_reader *r, int64_t *out, struct err *err)
{
	msgpack_object object;
	size_t at = r->at;

	if (read_scalar(r, &object, err) != 0)
		return -1;
	if (!int_of_object(&object, out)) {
		r->at = at;
		return bad(r, err, "no number, or one out of range");
	}
	return 0;
}

static int read_bytes(
    struct entry_reader *r, msgpack_object_type type, msgpack_object_bin *out, struct err *err)
{
	msgpack_object object;
	size_t at = r->at;

	if (read_scalar(r, &object, err) != 0)
		return -1;
	if (object.type != type) {
		r->at = at;
		return bad(r, err, type == MSGPACK_OBJECT_STR ? "no text" : "no bytes");
	}
	if (type == MSGPACK_OBJECT_STR)
		*out = (msgpack_object_bin){ .ptr = object.via.str.ptr, .size = object.via.str.size };
	else
		*out = object.via.bin;
	return 0;
}

static int read_name(struct entry_reader *r, char *name, size_t size, struct err *err)
{
	msgpack_object_bin text = { 0 };
	size_t at = r->at;

	if (read_bytes(r, MSGPACK_OBJECT_STR, &text, err) != 0)
		return -1;
	if (text.size >= size || memchr(text.ptr, '\0', text.size) != NULL) {
		r->at = at;
		return bad(r, err, "no name, or one too long");
	}
	memcpy(name, text.ptr, text.size);
	name[text.size] = '\0';
	return 0;
}

static int read_fields(struct entry_reader *r, size_t nfields, const char *what, struct err *err)
{
	size_t n, at = r->at;

	if (read_array(r, &n, err) != 0)
		return -1;
	if (n != nfields) {
		r->at = at;
		return bad(r, err, what);
	}
	return 0;
}

struct common {
	uint64_t kind;
	uint32_t level;
	struct origin origin;
	uint64_t number;
};

/* What every level begins with. */
static int read_common(struct entry_reader *r, struct common *c, size_t *nfields, struct err *err)
{
	msgpack_object_bin origin = { 0 };

	if (read_array(r, nfields, err) != 0)
		return -1;
	if (*nfields < COMMON_FIELDS)
		return bad(r, err, "a header of too few fields");
	if (read_uint(r, KIND_PART, &c->kind, err) != 0 || read_uint32(r, &c->level, err) != 0 ||
	    read_bytes(r, MSGPACK_OBJECT_BIN, &origin, err) != 0)
		return -1;
	if (origin.size != ORIGIN_SIZE)
		return bad(r, err, "an origin of another size before");
	memcpy(c->origin.bytes, origin.ptr, ORIGIN_SIZE);
	return read_uint(r, UINT64_MAX, &c->number, err);
}

static int read_batch_rest(struct entry_reader *r, struct batch_header *h, struct err *err)
{
	if (read_uint(r, UINT64_MAX, &h->attested_seq, err) != 0 ||
	    read_uint(r, UINT64_MAX, &h->attested_hash, err) != 0)
		return -1;
	return read_count(r, &h->nentries, err);
}

static int read_part_rest(struct entry_reader *r, struct part_header *h, struct err *err)
{
	msgpack_object_bin piece = { 0 };

	if (read_uint32(r, &h->part, err) != 0 || read_uint32(r, &h->nparts, err) != 0)
		return -1;
	if (h->part >= h->nparts)
		return bad(r, err, "a part number past the last before");
	if (read_bytes(r, MSGPACK_OBJECT_BIN, &piece, err) != 0)
		return -1;
	h->bytes = (const uint8_t *)piece.ptr;
	h->len = piece.size;
	return 0;
}

enum message_kind entry_read_message(
    struct entry_reader *r, struct batch_header *batch, struct part_header *part, struct err *err)
{
	struct common c;
	size_t nfields;

	if (read_common(r, &c, &nfields, err) != 0)
		return MESSAGE_BAD;
	if (c.kind != KIND_BATCH && c.kind != KIND_PART) {
		bad(r, err, "neither a batch nor a part before");
		return MESSAGE_BAD;
	}
	*batch = (struct batch_header){ .level = c.level, .origin = c.origin, .number = c.number };
	*part = (struct part_header){ .level = c.level, .origin = c.origin, .number = c.number };
	enum message_kind kind = c.kind == KIND_BATCH ? MESSAGE_BATCH : MESSAGE_PART;
	if (c.level > ENTRY_LEVEL)
		return kind;
	if (nfields != (c.kind == KIND_BATCH ? BATCH_FIELDS : PART_FIELDS)) {
		bad(r, err, "a header of another number of fields before");
		return MESSAGE_BAD;
	}
	int rc = kind == MESSAGE_BATCH ? read_batch_rest(r, batch, err) : read_part_rest(r, part, err);
	return rc == 0 ? kind : MESSAGE_BAD;
}

int entry_read_entry(struct entry_reader *r, struct entry_header *h, struct err *err)
{
	if (read_fields(r, ENTRY_FIELDS, "no entry", err) != 0 || read_int(r, &h->now_us, err) != 0 ||
	    read_uint(r, UINT64_MAX, &h->seed, err) != 0 || read_name(r, h->role, sizeof h->role, err) != 0 ||
	    read_name(r, h->timezone, sizeof h->timezone, err) != 0 ||
	    read_uint(r, UINT64_MAX, &h->schema_version, err) != 0 ||
	    read_uint8(r, &h->isolation, err) != 0 || read_uint8(r, &h->flags, err) != 0)
		return -1;
	return read_count(r, &h->nstatements, err);
}

/* Both or neither. */
static int read_told(struct entry_reader *r, struct statement_header *h, struct err *err)
{
	size_t left = bytes_left(r);

	h->told_changes = 0;
	h->told_rows_hash = 0;
	h->has_told = left == 0 || r->bytes[r->at] != NIL;
	if (h->has_told)
		return read_int(r, &h->told_changes, err) != 0
			   ? -1
			   : read_uint(r, UINT64_MAX, &h->told_rows_hash, err);
	if (left < 2 || r->bytes[r->at + 1] != NIL)
		return bad(r, err, "half of what the client was told");
	r->at += 2;
	return 0;
}

int entry_read_statement(struct entry_reader *r, struct statement_header *h, struct err *err)
{
	msgpack_object_bin sql = { 0 };

	if (read_fields(r, STATEMENT_FIELDS, "no statement", err) != 0 ||
	    read_bytes(r, MSGPACK_OBJECT_STR, &sql, err) != 0 || read_uint8(r, &h->flags, err) != 0 ||
	    read_uint32(r, &h->ncolumns, err) != 0)
		return -1;
	if (h->ncolumns > ENTRY_COLUMNS_MAX)
		return bad(r, err, "more columns than a statement can have before");
	h->sql = sql.ptr;
	h->sql_len = sql.size;
	if (read_count(r, &h->nrows, err) != 0 || read_told(r, h, err) != 0)
		return -1;
	/* A row has a byte and one more for each column at least. */
	if ((uint64_t)h->nrows * (h->ncolumns + 1) > bytes_left(r))
		return bad(r, err, "a count of more rows than bytes follow before");
	return 0;
}

static bool value_of_object(const msgpack_object *object, struct value *v)
{
	switch (object->type) {
	case MSGPACK_OBJECT_NIL: *v = value_null(); return true;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		*v = (struct value){ .kind = VALUE_INT };
		return int_of_object(object, &v->i);
	case MSGPACK_OBJECT_FLOAT64: *v = value_float(object->via.f64); return true;
	case MSGPACK_OBJECT_STR: *v = value_text(object->via.str.ptr, object->via.str.size); return true;
	case MSGPACK_OBJECT_BIN: *v = value_blob(object->via.bin.ptr, object->via.bin.size); return true;
	default: return false;
	}
}

int entry_read_row(struct entry_reader *r, struct value *values, size_t n, struct err *err)
{
	if (read_fields(r, n, "a row of another number of values", err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		msgpack_object object;
		size_t at = r->at;

		if (read_scalar(r, &object, err) != 0)
			return -1;
		if (!value_of_object(&object, &values[i])) {
			r->at = at;
			return bad(r, err, "an integer of more than 63 bits");
		}
	}
	return 0;
}

/* Little-endian and without padding, so that every machine hashes the same bytes. */
uint64_t row_hash(uint64_t hash, const struct value *values, size_t n)
{
	uint64_t count = htole64(n);

	hash = hash_chain64(hash, &count, sizeof count);
	for (size_t i = 0; i < n; i++) {
		const struct value *v = &values[i];
		bool has_bytes = v->kind == VALUE_TEXT || v->kind == VALUE_BLOB;
		uint64_t word = has_bytes ? v->len : v->kind == VALUE_NULL ? 0 : (uint64_t)v->i;
		uint8_t head[9] = { (uint8_t)v->kind };

		word = htole64(word);
		memcpy(head + 1, &word, sizeof word);
		hash = hash_chain64(hash, head, sizeof head);
		if (has_bytes && v->len > 0)
			hash = hash_chain64(hash, v->blob, v->len);
	}
	return hash;
}
