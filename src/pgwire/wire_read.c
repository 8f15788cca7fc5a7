#include "pgwire/wire.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "pgwire/bytes.h"

#define CODE_CANCEL (1234u << 16 | 5678u)
#define CODE_SSL    (1234u << 16 | 5679u)
#define CODE_GSSENC (1234u << 16 | 5680u)

/* Messages that carry no data of the user's have no reason to be large: PostgreSQL's PQ_SMALL_MESSAGE_LIMIT and
 * PG_MAX_AUTH_TOKEN_LENGTH. 0: the caller's limit alone. An absent type is unknown. */
#define SMALL_MAX 10000
#define TOKEN_MAX 65535

static const struct {
	bool known;
	uint32_t len_max;
} message_types[128] = {
	['B'] = { true, 0 },         /* Bind */
	['C'] = { true, SMALL_MAX }, /* Close */
	['D'] = { true, SMALL_MAX }, /* Describe */
	['E'] = { true, SMALL_MAX }, /* Execute */
	['F'] = { true, 0 },         /* FunctionCall */
	['H'] = { true, SMALL_MAX }, /* Flush */
	['P'] = { true, 0 },         /* Parse */
	['Q'] = { true, 0 },         /* Query */
	['S'] = { true, SMALL_MAX }, /* Sync */
	['X'] = { true, SMALL_MAX }, /* Terminate */
	['c'] = { true, SMALL_MAX }, /* CopyDone */
	['d'] = { true, 0 },         /* CopyData */
	['f'] = { true, SMALL_MAX }, /* CopyFail */
	['p'] = { true, TOKEN_MAX }, /* PasswordMessage and the SASL and GSS responses */
};

/* ---- a cursor over a body that gives nothing beyond its end ---- */

struct reader {
	const uint8_t *at;
	size_t left;
	struct err *err;
	bool failed;
};

static struct reader reader_of(const struct message *m, struct err *err)
{
	return (struct reader){ .at = m->body, .left = m->len, .err = err };
}

/* The first thing that is wrong with a message is what its sender hears. */
static void fail(struct reader *r, const char *sentence)
{
	if (!r->failed)
		err_set(r->err, SQLSTATE_PROTOCOL_VIOLATION, "%s", sentence);
	r->failed = true;
}

static const uint8_t *take(struct reader *r, size_t n)
{
	if (r->failed || n > r->left) {
		fail(r, "insufficient data left in message");
		return NULL;
	}
	const uint8_t *p = r->at;
	r->at += n;
	r->left -= n;
	return p;
}

static uint16_t take16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return p == NULL ? 0 : load16(p);
}

static uint32_t take32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p == NULL ? 0 : load32(p);
}

static const char *take_str(struct reader *r, size_t *len)
{
	const uint8_t *nul = r->failed || r->left == 0 ? NULL : memchr(r->at, '\0', r->left);

	if (nul == NULL) {
		fail(r, "invalid string in message");
		return "";
	}
	const char *text = (const char *)r->at;
	size_t n = (size_t)(nul - r->at);
	if (wire_check_utf8(text, n, r->err) != 0) {
		r->failed = true;
		return "";
	}
	take(r, n + 1);
	if (len != NULL)
		*len = n;
	return text;
}

static int finish(struct reader *r)
{
	if (!r->failed && r->left > 0)
		fail(r, "invalid message format");
	return r->failed ? -1 : 0;
}

/* ---- startup ---- */

/* Could these first bytes of a length begin a startup packet? Each byte says it alone, so that an HTTP or TLS client that
 * came to the wrong door is told at its first byte. */
static bool may_be_startup(const uint8_t *bytes, size_t len)
{
	if ((len > 0 && bytes[0] != 0) || (len > 1 && bytes[1] != 0))
		return false;
	return len < 4 || (load32(bytes) >= 8 && load32(bytes) <= STARTUP_LEN_MAX);
}

/* The options: pairs of texts up to an empty name, which is the packet's last byte. */
static int parse_options(const uint8_t *at, size_t left, struct startup *out, struct err *err)
{
	/* With the last byte a NUL, no text can run over the end. */
	if (left == 0 || at[left - 1] != '\0')
		goto bad_layout;
	while (left > 1) {
		const char *name = (const char *)at;
		size_t name_len = strlen(name);
		if (name_len == 0 || name_len + 1 >= left)
			goto bad_layout;
		const char *value = name + name_len + 1;
		size_t pair_len = name_len + strlen(value) + 2;
		if (pair_len >= left)
			goto bad_layout;
		if (out->noptions == STARTUP_OPTIONS_MAX)
			return err_set(err, SQLSTATE_LIMIT_EXCEEDED,
			    "startup packet has more than %d options", STARTUP_OPTIONS_MAX);
		out->options[out->noptions++] = (struct startup_option){ name, value };
		at += pair_len;
		left -= pair_len;
	}
	return 0;

bad_layout:
	return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
	    "invalid startup packet layout: expected terminator as last byte");
}

static int parse_startup(const uint8_t *packet, size_t len, struct startup *out, struct err *err)
{
	uint32_t code = load32(packet + 4);

	out->noptions = 0;
	switch (code) {
	case CODE_SSL: out->kind = STARTUP_SSL; return 0;
	case CODE_GSSENC: out->kind = STARTUP_GSSENC; return 0;
	case CODE_CANCEL:
		if (len != 16)
			return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid length of startup packet");
		out->kind = STARTUP_CANCEL;
		out->cancel_pid = load32(packet + 8);
		out->cancel_secret = load32(packet + 12);
		return 0;
	default:
		out->kind = STARTUP_PROTOCOL;
		out->major = (uint16_t)(code >> 16);
		out->minor = (uint16_t)code;
		if (out->major != 3)
			return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
			    "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0", out->major,
			    out->minor);
		return parse_options(packet + 8, len - 8, out, err);
	}
}

enum wire_read wire_read_startup(
    const uint8_t *bytes, size_t len, struct startup *out, size_t *used, struct err *err)
{
	*used = 0;
	if (!may_be_startup(bytes, len)) {
		err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid length of startup packet");
		return WIRE_FAILED;
	}
	if (len < 4)
		return WIRE_MORE;
	*used = load32(bytes);
	if (len < *used)
		return WIRE_MORE;
	return parse_startup(bytes, *used, out, err) == 0 ? WIRE_READY : WIRE_FAILED;
}

/* ---- messages ---- */

enum wire_read wire_read_message(
    const uint8_t *bytes, size_t len, size_t len_max, struct message *out, size_t *used, struct err *err)
{
	*used = 0;
	if (len == 0)
		return WIRE_MORE;
	uint8_t type = bytes[0];
	if (type >= 128 || !message_types[type].known) {
		err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d", type);
		return WIRE_FAILED;
	}
	if (len < 5)
		return WIRE_MORE;

	size_t message_len = load32(bytes + 1);
	size_t type_max = message_types[type].len_max;
	if (message_len < 4 || (type_max != 0 && message_len - 4 > type_max)) {
		err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid message length");
		return WIRE_FAILED;
	}
	if (message_len > len_max) {
		err_set(err, SQLSTATE_LIMIT_EXCEEDED,
		    "message of %zu bytes is longer than the limit of %zu bytes", message_len, len_max);
		return WIRE_FAILED;
	}
	*used = message_len + 1;
	if (len < *used)
		return WIRE_MORE;
	*out = (struct message){ .type = (char)type, .body = bytes + 5, .len = message_len - 4 };
	return WIRE_READY;
}

int wire_parse_parse(const struct message *m, struct msg_parse *out, struct err *err)
{
	struct reader r = reader_of(m, err);

	out->query_len = 0;
	out->statement = take_str(&r, NULL);
	out->query = take_str(&r, &out->query_len);
	out->nparams = take16(&r);
	out->param_oids = take(&r, (size_t)out->nparams * 4);
	return finish(&r);
}

static const uint8_t *take_formats(struct reader *r, uint16_t *n)
{
	*n = take16(r);
	const uint8_t *codes = take(r, (size_t)*n * 2);

	for (size_t i = 0; codes != NULL && i < *n; i++) {
		uint16_t code = load16(codes + i * 2);
		if (code > 1 && !r->failed) {
			err_set(
			    r->err, SQLSTATE_INVALID_PARAMETER, "unsupported format code: %d", (int16_t)code);
			r->failed = true;
		}
	}
	return codes;
}

int wire_parse_bind(const struct message *m, struct msg_bind *out, struct err *err)
{
	struct reader r = reader_of(m, err);

	out->portal = take_str(&r, NULL);
	out->statement = take_str(&r, NULL);
	out->param_formats = take_formats(&r, &out->nparam_formats);
	out->nparams = take16(&r);
	if (!r.failed && out->nparam_formats > 1 && out->nparam_formats != out->nparams) {
		r.failed = true;
		err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
		    "bind message has %d parameter formats but %d parameters", out->nparam_formats,
		    out->nparams);
	}
	out->params = r.at;
	for (uint16_t i = 0; i < out->nparams && !r.failed; i++) {
		uint32_t len = take32(&r);
		if (len != UINT32_MAX)
			take(&r, len);
	}
	out->result_formats = take_formats(&r, &out->nresult_formats);
	return finish(&r);
}

int wire_parse_target(const struct message *m, struct msg_target *out, struct err *err)
{
	struct reader r = reader_of(m, err);

	if (r.left == 0)
		fail(&r, "no data left in message");
	const uint8_t *kind = take(&r, 1);
	out->kind = kind == NULL ? '\0' : (char)*kind;
	out->name = take_str(&r, NULL);
	if (finish(&r) != 0)
		return -1;
	if (out->kind != 'S' && out->kind != 'P')
		return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid %s message subtype %d",
		    m->type == 'C' ? "CLOSE" : "DESCRIBE", (uint8_t)out->kind);
	return 0;
}

int wire_parse_execute(const struct message *m, struct msg_execute *out, struct err *err)
{
	struct reader r = reader_of(m, err);

	out->portal = take_str(&r, NULL);
	out->rows_max = (int32_t)take32(&r);
	/* "Zero denotes no limit"; PostgreSQL takes what is below zero in the same way. */
	if (out->rows_max < 0)
		out->rows_max = 0;
	return finish(&r);
}

int wire_parse_text(const struct message *m, const char **text, size_t *len, struct err *err)
{
	struct reader r = reader_of(m, err);

	*len = 0;
	*text = take_str(&r, len);
	return finish(&r);
}

int wire_parse_empty(const struct message *m, struct err *err)
{
	struct reader r = reader_of(m, err);

	return finish(&r);
}

oid_t wire_param_oid(const struct msg_parse *m, uint16_t i)
{
	return load32(m->param_oids + (size_t)i * 4);
}

int wire_format_code(uint16_t ncodes, const uint8_t *codes, size_t i)
{
	if (ncodes == 0)
		return 0;
	if (ncodes == 1)
		return load16(codes);
	return i < ncodes ? load16(codes + i * 2) : 0;
}

struct wire_param wire_next_param(const uint8_t **cursor)
{
	struct wire_param p = { .len = (int32_t)load32(*cursor), .data = *cursor + 4 };

	*cursor += 4 + (p.len > 0 ? (size_t)p.len : 0);
	return p;
}

int wire_check_utf8(const char *text, size_t len, struct err *err)
{
	if (len == 0)
		return 0;
	size_t valid = utf8_valid_len(text, len);
	const char *nul = memchr(text, '\0', valid);

	if (nul == NULL && valid == len)
		return 0;

	/* PostgreSQL shows the bytes that the first one announces, as far as they came. */
	size_t at = nul != NULL ? (size_t)(nul - text) : valid;
	uint8_t first = (uint8_t)text[at];
	size_t n = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 1;
	char shown[4 * 5 + 1] = "";
	size_t shown_len = 0;

	for (size_t i = at; i < len && i < at + n; i++)
		shown_len += (size_t)snprintf(shown + shown_len, sizeof(shown) - shown_len, "%s0x%02x",
		    i > at ? " " : "", (uint8_t)text[i]);
	return err_set(err, SQLSTATE_BAD_ENCODING, "invalid byte sequence for encoding \"UTF8\": %s", shown);
}
