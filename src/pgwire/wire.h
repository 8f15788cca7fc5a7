/* wire.h - the frontend/backend protocol 3.0: bytes <-> structs (PostgreSQL 15, chapter 55).
 *
 * Owns:     nothing; a parsed message borrows from the bytes that it was parsed from, a builder appends to a buf.
 * Runs on:  any thread; no fd, no clock, no state.
 * Promises: a parser never reads past the message, and never believes a length or a count that the bytes don't bear out.
 * Fails by: 08P01 for a message that is malformed, 0A000 for another major version, 22021 for a text that isn't UTF-8,
 *           54000 for one over the limit; builders by the buf's sticky `failed`. */
#ifndef NQLITE_PGWIRE_WIRE_H
#define NQLITE_PGWIRE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "pgwire/oid.h"

/* ---- frontend: what a client sends ---- */

enum wire_read {
	WIRE_MORE,   /* the bytes hold no whole message yet */
	WIRE_READY,  /* one message parsed; *used bytes belong to it */
	WIRE_FAILED, /* err says why; the connection can't go on */
};

enum startup_kind { STARTUP_PROTOCOL, STARTUP_SSL, STARTUP_GSSENC, STARTUP_CANCEL };

#define STARTUP_LEN_MAX     10000 /* PostgreSQL's MAX_STARTUP_PACKET_LENGTH */
#define STARTUP_OPTIONS_MAX 128
#define WIRE_PARAMS_MAX     65535 /* Int16 counts, read as unsigned */

struct startup_option {
	const char *name; /* NUL-terminated, borrowed */
	const char *value;
};

/* One startup packet. */
struct startup {
	enum startup_kind kind;
	uint16_t major, minor; /* STARTUP_PROTOCOL */
	uint32_t cancel_pid;   /* STARTUP_CANCEL: the backend key */
	uint32_t cancel_secret;
	size_t noptions;
	struct startup_option options[STARTUP_OPTIONS_MAX];
};

/* Parses the packet at the start of `bytes`. A first length that no startup packet can have is garbage: 08P01 at once, at the
 * first byte that says so. Another major version than 3 is 0A000. WIRE_MORE sets *used as wire_read_message does. */
enum wire_read wire_read_startup(
    const uint8_t *bytes, size_t len, struct startup *out, size_t *used, struct err *err);

/* A message as it lies in the bytes: type and body. */
struct message {
	char type;
	const uint8_t *body;
	size_t len; /* of the body */
};

/* Takes one message. `len_max` bounds the length field (54000, "message of N bytes is longer than ..."). An unknown type is
 * 08P01 "invalid frontend message type N". WIRE_MORE also sets *used to the bytes of the message if they are known, else 0. */
enum wire_read wire_read_message(
    const uint8_t *bytes, size_t len, size_t len_max, struct message *out, size_t *used, struct err *err);

struct wire_param {
	int32_t len;         /* -1: NULL */
	const uint8_t *data; /* borrowed */
};

/* The messages with a structure. Texts are NUL-terminated and borrowed from the message. Counts are as sent;
 * read single elements with the functions below, so that nothing needs to be allocated. */
struct msg_parse {
	const char *statement, *query;
	size_t query_len;
	uint16_t nparams;
	const uint8_t *param_oids; /* nparams x Int32 */
};

struct msg_bind {
	const char *portal, *statement;
	uint16_t nparam_formats;
	const uint8_t *param_formats; /* x Int16 */
	uint16_t nparams;
	const uint8_t *params; /* as they lie: Int32 length, bytes, .. */
	uint16_t nresult_formats;
	const uint8_t *result_formats;
};

struct msg_target { /* Describe and Close */
	char kind;  /* 'S' or 'P' */
	const char *name;
};

struct msg_execute {
	const char *portal;
	int32_t rows_max; /* 0: all; never below */
};

/* Each returns 0, or -1 with err (08P01 "invalid message format" and the like, as PostgreSQL words them). The connection can
 * go on: the message's end is known. wire_parse_bind has checked every length and format code. */
int wire_parse_parse(const struct message *m, struct msg_parse *out, struct err *err);
int wire_parse_bind(const struct message *m, struct msg_bind *out, struct err *err);
int wire_parse_target(const struct message *m, struct msg_target *out, struct err *err);
int wire_parse_execute(const struct message *m, struct msg_execute *out, struct err *err);
/* Query, PasswordMessage, CopyFail: one text. */
int wire_parse_text(const struct message *m, const char **text, size_t *len, struct err *err);
/* Sync, Flush, Terminate, CopyDone: no body. */
int wire_parse_empty(const struct message *m, struct err *err);

/* The i-th type OID of a Parse; i < nparams. */
oid_t wire_param_oid(const struct msg_parse *m, uint16_t i);
/* Format code (0 text, 1 binary) that applies to item i by the rule of Bind: none = 0, one = for all, else by item. */
int wire_format_code(uint16_t ncodes, const uint8_t *codes, size_t i);
/* Is it UTF-8 without a NUL? If not: 22021 'invalid byte sequence for encoding "UTF8": 0xff'. The parsers above and
 * format_read_.. have asked already. */
int wire_check_utf8(const char *text, size_t len, struct err *err);
/* Walks the parameters: `*cursor` starts as m->params. */
struct wire_param wire_next_param(const uint8_t **cursor);

/* ---- backend: what a server sends ---- */

/* A message is begun with its type, filled, ended; `at` is where it begins, and goes from begin to end. */
size_t wire_begin(struct buf *o, char type);
void wire_end(struct buf *o, size_t at);
void wire_put_int16(struct buf *o, uint16_t v);
void wire_put_int32(struct buf *o, uint32_t v);
void wire_put_int64(struct buf *o, uint64_t v);
void wire_put_str(struct buf *o, const char *text); /* with its NUL */

struct wire_column { /* one field of RowDescription */
	const char *name;
	oid_t table_oid;
	int16_t attnum;
	oid_t type_oid;
	int16_t type_len;
	int32_t typmod;
	int16_t format;
};

void wire_put_auth_ok(struct buf *o);
void wire_put_parameter_status(struct buf *o, const char *name, const char *value);
void wire_put_backend_key(struct buf *o, uint32_t pid, uint32_t secret);
/* `minor`: the newest of major 3 that the server speaks; `options`: the _pq_.* ones that it doesn't know. */
void wire_put_negotiate(struct buf *o, uint32_t minor, const char *const *options, size_t noptions);
void wire_put_ready(struct buf *o, char status); /* I, T or E */
/* severity: ERROR, FATAL, WARNING, NOTICE ..; ErrorResponse for the first two and PANIC, else NoticeResponse. */
void wire_put_error(struct buf *o, const char *severity, const struct err *err);
void wire_put_complete(struct buf *o, const char *tag);
void wire_put_row_description(struct buf *o, const struct wire_column *columns, size_t n);
void wire_put_parameter_description(struct buf *o, const oid_t *types, size_t n);
/* The messages without a body: '1' ParseComplete, '2' BindComplete, '3' CloseComplete, 'n' NoData, 'I' EmptyQueryResponse,
 * 's' PortalSuspended, 'c' CopyDone. */
void wire_put_bare(struct buf *o, char type);
/* 'G' CopyInResponse or 'H' CopyOutResponse, all columns in one format (0 or 1). */
void wire_put_copy_response(struct buf *o, char type, int format, size_t ncolumns);
void wire_put_copy_data(struct buf *o, const void *bytes, size_t len);
void wire_put_notification(struct buf *o, uint32_t pid, const char *channel, const char *payload);

#endif
