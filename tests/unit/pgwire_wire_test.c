#include "pgwire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pgwire/bytes.h"

/* Bytes in a heap block of their exact size, so that ASan sees a read past the end. */
struct exact {
	uint8_t *bytes;
	size_t len;
};

static struct exact exact_of(const void *bytes, size_t len)
{
	struct exact e = { malloc(len == 0 ? 1 : len), len };

	assert_non_null(e.bytes);
	memcpy(e.bytes, bytes, len);
	return e;
}

#define BODY(text) (text), sizeof(text) - 1

/* ---- startup ---- */

static void put_startup(struct buf *b, uint32_t code, const char *rest, size_t rest_len)
{
	uint8_t *p = buf_extend(b, 8);

	assert_non_null(p);
	store32(p, (uint32_t)(8 + rest_len));
	store32(p + 4, code);
	buf_put(b, rest, rest_len);
}

static enum wire_read read_startup(
    uint32_t code, const char *rest, size_t rest_len, struct startup *out, struct err *err)
{
	struct buf b;
	size_t used;

	buf_init(&b, 1 << 20);
	put_startup(&b, code, rest, rest_len);
	/* Kept by the caller's `out` only as kinds and numbers; texts are compared before they go. */
	struct exact e = exact_of(b.data, b.len);
	enum wire_read got = wire_read_startup(e.bytes, e.len, out, &used, err);
	if (got == WIRE_READY)
		assert_int_equal(used, e.len);
	free(e.bytes);
	buf_release(&b);
	return got;
}

static void a_startup_packet_yields_its_options_in_order(void **state)
{
	(void)state;
	struct buf b;
	struct startup s;
	struct err err;
	size_t used;

	buf_init(&b, 1 << 16);
	put_startup(&b, 196608, BODY("user\0bob\0database\0shop\0options\0\0\0"));
	buf_put(&b, "Q", 1);
	assert_int_equal(wire_read_startup(b.data, b.len, &s, &used, &err), WIRE_READY);
	assert_int_equal(used, b.len - 1);
	assert_int_equal(s.kind, STARTUP_PROTOCOL);
	assert_int_equal(s.major, 3);
	assert_int_equal(s.minor, 0);
	assert_int_equal(s.noptions, 3);
	assert_string_equal(s.options[0].name, "user");
	assert_string_equal(s.options[0].value, "bob");
	assert_string_equal(s.options[1].name, "database");
	assert_string_equal(s.options[1].value, "shop");
	assert_string_equal(s.options[2].name, "options");
	assert_string_equal(s.options[2].value, "");
	buf_release(&b);
}

static void a_startup_packet_cut_at_any_byte_asks_for_more(void **state)
{
	(void)state;
	struct buf b;
	struct startup s;
	struct err err;
	size_t used;

	buf_init(&b, 1 << 16);
	put_startup(&b, 196608, BODY("user\0bob\0\0"));
	for (size_t n = 0; n < b.len; n++) {
		struct exact e = exact_of(b.data, n);
		assert_int_equal(wire_read_startup(e.bytes, n, &s, &used, &err), WIRE_MORE);
		assert_int_equal(used, n < 4 ? 0 : b.len);
		free(e.bytes);
	}
	buf_release(&b);
}

static void garbage_before_startup_is_refused_at_its_first_byte(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len, fails_at;
	} cases[] = {
		{ BODY("GET / HTTP/1.1\r\n"), 1 },
		{ BODY("\x16\x03\x01\x02\x00"), 1 },
		{ BODY("\x00\x01\x00\x00"), 2 },
		{ BODY("\x00\x00\x27\x11"), 4 }, /* 10001 */
		{ BODY("\x00\x00\x00\x07"), 4 },
		{ BODY("\x00\x00\x00\x00"), 4 },
		{ BODY("\xff\xff\xff\xff"), 1 },
	};
	struct startup s;
	struct err err;
	size_t used;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t n = 0; n <= cases[i].len; n++) {
			enum wire_read got =
			    wire_read_startup((const uint8_t *)cases[i].bytes, n, &s, &used, &err);
			assert_int_equal(got, n < cases[i].fails_at ? WIRE_MORE : WIRE_FAILED);
		}
		assert_string_equal(err.sqlstate, "08P01");
		assert_string_equal(err.message, "invalid length of startup packet");
	}
}

static void special_requests_are_told_apart(void **state)
{
	(void)state;
	struct startup s;
	struct err err;

	assert_int_equal(read_startup(80877103, NULL, 0, &s, &err), WIRE_READY);
	assert_int_equal(s.kind, STARTUP_SSL);
	assert_int_equal(read_startup(80877104, NULL, 0, &s, &err), WIRE_READY);
	assert_int_equal(s.kind, STARTUP_GSSENC);
	assert_int_equal(
	    read_startup(80877102, BODY("\x00\x00\x01\x02\xde\xad\xbe\xef"), &s, &err), WIRE_READY);
	assert_int_equal(s.kind, STARTUP_CANCEL);
	assert_int_equal(s.cancel_pid, 0x102);
	assert_true(s.cancel_secret == 0xdeadbeef);
	assert_int_equal(read_startup(80877102, BODY("\x00\x00\x01"), &s, &err), WIRE_FAILED);
	assert_string_equal(err.message, "invalid length of startup packet");
	assert_int_equal(read_startup(196610, BODY("\0"), &s, &err), WIRE_READY);
	assert_int_equal(s.minor, 2);
	assert_int_equal(read_startup(131072, BODY("bob\0"), &s, &err), WIRE_FAILED);
	assert_string_equal(err.sqlstate, "0A000");
	assert_string_equal(err.message, "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
}

static void a_startup_packet_of_a_wrong_layout_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *rest;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ BODY("user") },
		{ BODY("user\0") },
		{ BODY("user\0\0") },
		{ BODY("user\0bob") },
		{ BODY("user\0bob\0") },
		{ BODY("\0user\0bob\0\0") },
		{ BODY("user\0bob\0\0\0") },
	};
	struct startup s;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_startup(196608, cases[i].rest, cases[i].len, &s, &err), WIRE_FAILED);
		assert_string_equal(err.sqlstate, "08P01");
		assert_string_equal(
		    err.message, "invalid startup packet layout: expected terminator as last byte");
	}
}

static void too_many_startup_options_are_refused(void **state)
{
	(void)state;
	struct startup s;
	struct err err;
	struct buf rest;

	buf_init(&rest, 1 << 16);
	for (int i = 0; i < STARTUP_OPTIONS_MAX; i++)
		buf_put(&rest, "a\0b", 4);
	buf_put_byte(&rest, 0);
	assert_int_equal(read_startup(196608, (char *)rest.data, rest.len, &s, &err), WIRE_READY);
	rest.len--;
	buf_put(&rest, "a\0b\0", 5);
	assert_int_equal(read_startup(196608, (char *)rest.data, rest.len, &s, &err), WIRE_FAILED);
	assert_string_equal(err.sqlstate, "54000");
	buf_release(&rest);
}

/* ---- framing ---- */

static void a_message_cut_at_any_byte_asks_for_more(void **state)
{
	(void)state;
	static const char bytes[] = "Q\0\0\0\x0dSELECT 1\0Z";
	struct message m;
	struct err err;
	size_t used;

	for (size_t n = 0; n < 14; n++) {
		struct exact e = exact_of(bytes, n);
		assert_int_equal(wire_read_message(e.bytes, n, 1000, &m, &used, &err), WIRE_MORE);
		assert_int_equal(used, n < 5 ? 0 : 14);
		free(e.bytes);
	}
	assert_int_equal(wire_read_message((const uint8_t *)bytes, 15, 1000, &m, &used, &err), WIRE_READY);
	assert_int_equal(used, 14);
	assert_int_equal(m.type, 'Q');
	assert_int_equal(m.len, 9);
	assert_string_equal((const char *)m.body, "SELECT 1");
}

static void only_frontend_messages_are_taken(void **state)
{
	(void)state;
	struct message m;
	struct err err;
	size_t used;

	for (int type = 0; type < 256; type++) {
		uint8_t bytes[5] = { (uint8_t)type, 0, 0, 0, 4 };
		bool known = type != 0 && type < 128 && strchr("BCDEFHPQSXcdfp", type) != NULL;
		enum wire_read got = wire_read_message(bytes, 5, 1000, &m, &used, &err);
		assert_int_equal(got, known ? WIRE_READY : WIRE_FAILED);
		if (!known) {
			char sentence[64];
			snprintf(sentence, sizeof(sentence), "invalid frontend message type %d", type);
			assert_string_equal(err.message, sentence);
			assert_string_equal(err.sqlstate, "08P01");
		}
	}
}

static void hostile_lengths_are_refused_before_their_bytes_come(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *sqlstate, *sentence;
	} cases[] = {
		{ "Q\x00\x00\x00\x03", "08P01", "invalid message length" },
		{ "Q\x00\x00\x00\x00", "08P01", "invalid message length" },
		{ "Q\xff\xff\xff\xff", "54000",
		    "message of 4294967295 bytes is longer than the limit of 1000 bytes" },
		{ "Q\x80\x00\x00\x00", "54000",
		    "message of 2147483648 bytes is longer than the limit of 1000 bytes" },
		{ "d\x00\x00\x03\xe9", "54000",
		    "message of 1001 bytes is longer than the limit of 1000 bytes" },
		{ "S\x00\x01\x00\x00", "08P01", "invalid message length" },
		{ "E\x7f\xff\xff\xff", "08P01", "invalid message length" },
		{ "p\x00\x02\x00\x00", "08P01", "invalid message length" },
	};
	struct message m;
	struct err err;
	size_t used;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wire_read_message((const uint8_t *)cases[i].bytes, 5, 1000, &m, &used, &err),
		    WIRE_FAILED);
		assert_string_equal(err.sqlstate, cases[i].sqlstate);
		assert_string_equal(err.message, cases[i].sentence);
	}
	assert_int_equal(
	    wire_read_message((const uint8_t *)"d\x00\x00\x03\xe8", 5, 1000, &m, &used, &err), WIRE_MORE);
	assert_int_equal(used, 1001);
}

/* ---- bodies ---- */

/* Calls the parser that the type asks for; the results are looked at by the single tests. */
static int parse_body(const struct message *m, struct err *err)
{
	union {
		struct msg_parse parse;
		struct msg_bind bind;
		struct msg_target target;
		struct msg_execute execute;
	} out;
	const char *text;
	size_t len;

	switch (m->type) {
	case 'P': return wire_parse_parse(m, &out.parse, err);
	case 'B': return wire_parse_bind(m, &out.bind, err);
	case 'C':
	case 'D': return wire_parse_target(m, &out.target, err);
	case 'E': return wire_parse_execute(m, &out.execute, err);
	case 'Q':
	case 'f':
	case 'p': return wire_parse_text(m, &text, &len, err);
	default: return wire_parse_empty(m, err);
	}
}

static int parse_bytes(char type, const char *body, size_t len, struct err *err)
{
	struct exact e = exact_of(body, len);
	struct message m = { .type = type, .body = e.bytes, .len = len };
	int rc = parse_body(&m, err);

	free(e.bytes);
	return rc;
}

#define PARSE_BODY "s1\0SELECT $1, $2\0\0\2\0\0\0\x17\0\0\0\x19"
#define BIND_BODY                                        \
	"portal\0stmt\0\0\2\0\1\0\0\0\2\0\0\0\4\0\0\0\7" \
	"\xff\xff\xff\xff\0\1\0\1"

static const struct {
	char type;
	const char *body;
	size_t len;
} whole[] = {
	{ 'P', BODY(PARSE_BODY) },
	{ 'P', BODY("\0\0\0\0") },
	{ 'B', BODY(BIND_BODY) },
	{ 'B', BODY("\0\0\0\0\0\0\0\0") },
	{ 'D', BODY("Sstmt\0") },
	{ 'D', BODY("P\0") },
	{ 'C', BODY("Pportal\0") },
	{ 'E', BODY("portal\0\0\0\0\x0a") },
	{ 'Q', BODY("SELECT 1\0") },
	{ 'f', BODY("no more\0") },
	{ 'p', BODY("secret\0") },
	{ 'S', BODY("") },
	{ 'H', BODY("") },
	{ 'X', BODY("") },
	{ 'c', BODY("") },
};

static void every_body_cut_or_lengthened_is_malformed(void **state)
{
	(void)state;
	struct err err;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		assert_int_equal(parse_bytes(whole[i].type, whole[i].body, whole[i].len, &err), 0);
		for (size_t n = 0; n < whole[i].len; n++) {
			assert_int_equal(parse_bytes(whole[i].type, whole[i].body, n, &err), -1);
			assert_string_equal(err.sqlstate, "08P01");
		}
		struct buf b;
		buf_init(&b, 1 << 16);
		buf_put(&b, whole[i].body, whole[i].len);
		buf_put_byte(&b, 'x');
		assert_int_equal(parse_bytes(whole[i].type, (char *)b.data, b.len, &err), -1);
		assert_string_equal(err.message, "invalid message format");
		buf_release(&b);
	}
}

static void every_byte_of_a_body_may_be_anything(void **state)
{
	(void)state;
	struct err err;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t at = 0; at < whole[i].len; at++) {
			for (int byte = 0; byte < 256; byte++) {
				struct exact e = exact_of(whole[i].body, whole[i].len);
				e.bytes[at] = (uint8_t)byte;
				struct message m = { .type = whole[i].type, .body = e.bytes, .len = e.len };
				err_clear(&err);
				if (parse_body(&m, &err) != 0)
					assert_int_not_equal(err.sqlstate[0], 0);
				free(e.bytes);
			}
		}
	}
}

static void malformed_bodies_are_refused_in_postgresql_words(void **state)
{
	(void)state;
	static const struct {
		char type;
		const char *body;
		size_t len;
		const char *sqlstate, *sentence;
	} cases[] = {
		{ 'Q', BODY("SELECT 1"), "08P01", "invalid string in message" },
		{ 'Q', BODY("SELECT 1\0x"), "08P01", "invalid message format" },
		{ 'Q', BODY("SELECT '\xff'\0"), "22021",
		    "invalid byte sequence for encoding \"UTF8\": 0xff" },
		{ 'Q', BODY("'\xe2\x82'\0"), "22021",
		    "invalid byte sequence for encoding \"UTF8\": 0xe2 0x82 0x27" },
		{ 'P', BODY("\0\0\xff\xff"), "08P01", "insufficient data left in message" },
		{ 'P', BODY("\0\0\0\1\0\0\0"), "08P01", "insufficient data left in message" },
		{ 'B', BODY("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), "08P01",
		    "insufficient data left in message" },
		{ 'B', BODY("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"), "08P01",
		    "insufficient data left in message" },
		{ 'B', BODY("\0\0\xff\xff\0\0"), "08P01", "insufficient data left in message" },
		{ 'B', BODY("\0\0\0\0\0\0\xff\xff\0\0"), "08P01", "insufficient data left in message" },
		{ 'B', BODY("\0\0\0\1\0\2\0\0\0\0"), "22023", "unsupported format code: 2" },
		{ 'B', BODY("\0\0\0\0\0\0\0\1\xff\xff"), "22023", "unsupported format code: -1" },
		{ 'B', BODY("\0\0\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0"), "08P01",
		    "bind message has 2 parameter formats but 1 parameters" },
		{ 'D', BODY(""), "08P01", "no data left in message" },
		{ 'D', BODY("xname\0"), "08P01", "invalid DESCRIBE message subtype 120" },
		{ 'C', BODY("\xffname\0"), "08P01", "invalid CLOSE message subtype 255" },
		{ 'S', BODY("x"), "08P01", "invalid message format" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse_bytes(cases[i].type, cases[i].body, cases[i].len, &err), -1);
		assert_string_equal(err.message, cases[i].sentence);
		assert_string_equal(err.sqlstate, cases[i].sqlstate);
	}
}

static struct message message_of(char type, const char *body, size_t len)
{
	return (struct message){ .type = type, .body = (const uint8_t *)body, .len = len };
}

static void parse_yields_name_query_and_types(void **state)
{
	(void)state;
	struct message m = message_of('P', BODY(PARSE_BODY));
	struct msg_parse p;
	struct err err;

	assert_int_equal(wire_parse_parse(&m, &p, &err), 0);
	assert_string_equal(p.statement, "s1");
	assert_string_equal(p.query, "SELECT $1, $2");
	assert_int_equal(p.query_len, 13);
	assert_int_equal(p.nparams, 2);
	assert_int_equal(wire_param_oid(&p, 0), OID_INT4);
	assert_int_equal(wire_param_oid(&p, 1), OID_TEXT);
}

static void bind_yields_formats_and_values(void **state)
{
	(void)state;
	struct message m = message_of('B', BODY(BIND_BODY));
	struct msg_bind b;
	struct err err;

	assert_int_equal(wire_parse_bind(&m, &b, &err), 0);
	assert_string_equal(b.portal, "portal");
	assert_string_equal(b.statement, "stmt");
	assert_int_equal(b.nparams, 2);
	assert_int_equal(wire_format_code(b.nparam_formats, b.param_formats, 0), 1);
	assert_int_equal(wire_format_code(b.nparam_formats, b.param_formats, 1), 0);
	assert_int_equal(wire_format_code(b.nresult_formats, b.result_formats, 0), 1);
	assert_int_equal(wire_format_code(b.nresult_formats, b.result_formats, 9), 1);
	assert_int_equal(wire_format_code(0, NULL, 3), 0);

	const uint8_t *cursor = b.params;
	struct wire_param first = wire_next_param(&cursor);
	assert_int_equal(first.len, 4);
	assert_memory_equal(first.data, "\0\0\0\7", 4);
	assert_int_equal(wire_next_param(&cursor).len, -1);
}

static void a_bind_with_65535_parameters_is_taken(void **state)
{
	(void)state;
	struct buf b;
	struct msg_bind bind;
	struct err err;

	buf_init(&b, 1 << 20);
	buf_put(&b, "\0\0\0\0\xff\xff", 6);
	for (int i = 0; i < 65535; i++)
		buf_put(&b, "\0\0\0\1x", 5);
	buf_put(&b, "\0\0", 2);
	struct message m = { .type = 'B', .body = b.data, .len = b.len };
	assert_int_equal(wire_parse_bind(&m, &bind, &err), 0);
	assert_int_equal(bind.nparams, WIRE_PARAMS_MAX);
	const uint8_t *cursor = bind.params;
	for (int i = 0; i < 65535; i++)
		assert_int_equal(wire_next_param(&cursor).data[0], 'x');
	buf_release(&b);
}

static void execute_and_targets_yield_their_fields(void **state)
{
	(void)state;
	struct message m = message_of('E', BODY("p\0\0\0\0\x0a"));
	struct msg_execute e;
	struct msg_target t;
	struct err err;

	assert_int_equal(wire_parse_execute(&m, &e, &err), 0);
	assert_string_equal(e.portal, "p");
	assert_int_equal(e.rows_max, 10);
	m = message_of('E', BODY("\0\xff\xff\xff\xff"));
	assert_int_equal(wire_parse_execute(&m, &e, &err), 0);
	assert_int_equal(e.rows_max, 0);
	m = message_of('D', BODY("Sname\0"));
	assert_int_equal(wire_parse_target(&m, &t, &err), 0);
	assert_int_equal(t.kind, 'S');
	assert_string_equal(t.name, "name");
}

/* ---- builders ---- */

static void built(struct buf *o, const char *bytes, size_t len)
{
	assert_false(o->failed);
	assert_int_equal(o->len, len);
	assert_memory_equal(o->data, bytes, len);
	buf_clear(o);
}

static void builders_make_the_messages_of_chapter_55_7(void **state)
{
	(void)state;
	static const char *const unknown[] = { "_pq_.a" };
	static const oid_t types[] = { 23, 25 };
	struct buf o;

	buf_init(&o, 1 << 16);
	wire_put_auth_ok(&o);
	built(&o, BODY("R\0\0\0\x08\0\0\0\0"));
	wire_put_parameter_status(&o, "TimeZone", "UTC");
	built(&o, BODY("S\0\0\0\x11TimeZone\0UTC\0"));
	wire_put_backend_key(&o, 7, 0x01020304);
	built(&o, BODY("K\0\0\0\x0c\0\0\0\x07\x01\x02\x03\x04"));
	wire_put_negotiate(&o, 0, unknown, 1);
	built(&o, BODY("v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.a\0"));
	wire_put_ready(&o, 'T');
	built(&o, BODY("Z\0\0\0\5T"));
	wire_put_complete(&o, "INSERT 0 1");
	built(&o, BODY("C\0\0\0\x0fINSERT 0 1\0"));
	wire_put_parameter_description(&o, types, 2);
	built(&o, BODY("t\0\0\0\x0e\0\2\0\0\0\x17\0\0\0\x19"));
	wire_put_bare(&o, '1');
	built(&o, BODY("1\0\0\0\4"));
	wire_put_copy_response(&o, 'G', 0, 2);
	built(&o, BODY("G\0\0\0\x0b\0\0\2\0\0\0\0"));
	wire_put_copy_data(&o, "a\tb\n", 4);
	built(&o, BODY("d\0\0\0\x08"
		       "a\tb\n"));
	wire_put_notification(&o, 9, "ch", "hi");
	built(&o, BODY("A\0\0\0\x0e\0\0\0\x09"
		       "ch\0hi\0"));
	size_t at = wire_begin(&o, 'D');
	wire_put_int16(&o, 1);
	wire_put_int32(&o, 8);
	wire_put_int64(&o, 0x0102030405060708);
	wire_end(&o, at);
	built(&o, BODY("D\0\0\0\x12\0\1\0\0\0\x08\1\2\3\4\5\6\7\x08"));
	buf_release(&o);
}

static void a_row_description_carries_each_column(void **state)
{
	(void)state;
	static const struct wire_column columns[] = {
		{ .name = "id",
		    .table_oid = 16384,
		    .attnum = 1,
		    .type_oid = 23,
		    .type_len = 4,
		    .typmod = -1 },
		{ .name = "", .type_oid = 25, .type_len = -1, .typmod = -1, .format = 1 },
	};
	struct buf o;

	buf_init(&o, 1 << 16);
	wire_put_row_description(&o, columns, 2);
	built(&o, BODY("T\0\0\0\x2e\0\2"
		       "id\0\0\0\x40\0\0\1\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"
		       "\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\1"));
	wire_put_row_description(&o, NULL, 0);
	built(&o, BODY("T\0\0\0\6\0\0"));
	buf_release(&o);
}

static void an_error_carries_the_fields_that_are_filled(void **state)
{
	(void)state;
	struct err err;
	struct buf o;

	buf_init(&o, 1 << 16);
	err_set(&err, SQLSTATE_SYNTAX, "bad \"x\"");
	wire_put_error(&o, "ERROR", &err);
	built(&o, BODY("E\0\0\0\x23SERROR\0VERROR\0C42601\0Mbad \"x\"\0\0"));
	err_detail(&err, "d");
	err_hint(&err, "h");
	err_where(&err, "w");
	err.position = 1205;
	strcpy(err.schema, "s");
	strcpy(err.table, "t");
	strcpy(err.column, "c");
	strcpy(err.datatype, "i");
	strcpy(err.constraint, "n");
	wire_put_error(&o, "WARNING", &err);
	built(&o, BODY("N\0\0\0\x45SWARNING\0VWARNING\0C42601\0Mbad "
		       "\"x\"\0Dd\0Hh\0P1205\0Ww\0ss\0tt\0cc\0di\0nn\0\0"));
	err_set(&err, "22P02",
	    "a\xff"
	    "b\xc3");
	wire_put_error(&o, "FATAL", &err);
	built(&o, BODY("E\0\0\0\x20SFATAL\0VFATAL\0C22P02\0Ma?b?\0\0"));
	buf_release(&o);
}

static void a_full_buffer_makes_every_builder_fail_and_none_write(void **state)
{
	(void)state;
	static const struct wire_column column = { .name = "a" };
	static const char *const option = "x";
	static const oid_t type = 23;
	struct err err;

	err_set(&err, "XX000", "x");
	for (size_t max = 0; max < 12; max++) {
		struct buf o;
		buf_init(&o, max);
		wire_put_row_description(&o, &column, 1);
		assert_true(o.failed);
		wire_put_error(&o, "ERROR", &err);
		wire_put_negotiate(&o, 0, &option, 1);
		wire_put_parameter_description(&o, &type, 1);
		wire_put_ready(&o, 'I');
		wire_put_int64(&o, 1);
		wire_put_copy_response(&o, 'G', 0, 3);
		assert_true(o.failed);
		assert_true(o.len <= max);
		buf_release(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_startup_packet_yields_its_options_in_order),
		cmocka_unit_test(a_startup_packet_cut_at_any_byte_asks_for_more),
		cmocka_unit_test(garbage_before_startup_is_refused_at_its_first_byte),
		cmocka_unit_test(special_requests_are_told_apart),
		cmocka_unit_test(a_startup_packet_of_a_wrong_layout_is_refused),
		cmocka_unit_test(too_many_startup_options_are_refused),
		cmocka_unit_test(a_message_cut_at_any_byte_asks_for_more),
		cmocka_unit_test(only_frontend_messages_are_taken),
		cmocka_unit_test(hostile_lengths_are_refused_before_their_bytes_come),
		cmocka_unit_test(every_body_cut_or_lengthened_is_malformed),
		cmocka_unit_test(every_byte_of_a_body_may_be_anything),
		cmocka_unit_test(malformed_bodies_are_refused_in_postgresql_words),
		cmocka_unit_test(parse_yields_name_query_and_types),
		cmocka_unit_test(bind_yields_formats_and_values),
		cmocka_unit_test(a_bind_with_65535_parameters_is_taken),
		cmocka_unit_test(execute_and_targets_yield_their_fields),
		cmocka_unit_test(builders_make_the_messages_of_chapter_55_7),
		cmocka_unit_test(a_row_description_carries_each_column),
		cmocka_unit_test(an_error_carries_the_fields_that_are_filled),
		cmocka_unit_test(a_full_buffer_makes_every_builder_fail_and_none_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
