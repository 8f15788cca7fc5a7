/* Any bytes as a client's: the first byte says whether a startup packet or messages come; each message is parsed by the rules of its
 * type, and every field of what is accepted is read to its end. */
#include <stdlib.h>
#include <string.h>

#include "pgwire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads what the pointers lend, so that ASan sees those that lead astray. */
static size_t touched;

static void touch_text(const char *text)
{
	touched += strlen(text);
}

static void touch_bytes(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		touched += bytes[i];
}

static void run_parse(const struct message *m, struct err *err)
{
	struct msg_parse p;

	if (wire_parse_parse(m, &p, err) != 0)
		return;
	touch_text(p.statement);
	touch_text(p.query);
	if (strlen(p.query) != p.query_len)
		abort();
	for (uint16_t i = 0; i < p.nparams; i++)
		touched += wire_param_oid(&p, i);
}

static void run_bind(const struct message *m, struct err *err)
{
	struct msg_bind b;

	if (wire_parse_bind(m, &b, err) != 0)
		return;
	touch_text(b.portal);
	touch_text(b.statement);
	const uint8_t *cursor = b.params;
	for (uint16_t i = 0; i < b.nparams; i++) {
		struct wire_param p = wire_next_param(&cursor);
		if (p.len > 0)
			touch_bytes(p.data, (size_t)p.len);
		int format = wire_format_code(b.nparam_formats, b.param_formats, i);
		if (format != 0 && format != 1)
			abort();
	}
	for (size_t i = 0; i < 4; i++)
		touched += (size_t)wire_format_code(b.nresult_formats, b.result_formats, i);
}

static void run_message(const struct message *m, struct err *err)
{
	struct msg_target target;
	struct msg_execute execute;
	const char *text;
	size_t len;

	switch (m->type) {
	case 'P': run_parse(m, err); break;
	case 'B': run_bind(m, err); break;
	case 'C':
	case 'D':
		if (wire_parse_target(m, &target, err) == 0)
			touch_text(target.name);
		break;
	case 'E':
		if (wire_parse_execute(m, &execute, err) == 0)
			touch_text(execute.portal);
		break;
	case 'Q':
	case 'f':
	case 'p':
		if (wire_parse_text(m, &text, &len, err) == 0 && strlen(text) != len)
			abort();
		break;
	default: wire_parse_empty(m, err); break;
	}
}

static void run_startup(const uint8_t *bytes, size_t len, struct err *err)
{
	struct startup s;
	size_t used;

	if (wire_read_startup(bytes, len, &s, &used, err) != WIRE_READY)
		return;
	if (used > len)
		abort();
	for (size_t i = 0; i < s.noptions; i++) {
		touch_text(s.options[i].name);
		touch_text(s.options[i].value);
	}
}

/* A failure always has a SQLSTATE, and its message can be sent. */
static void send_error(const struct err *err)
{
	struct buf o;

	if (strlen(err->sqlstate) != 5)
		abort();
	buf_init(&o, 1 << 16);
	wire_put_error(&o, "FATAL", err);
	if (o.failed)
		abort();
	buf_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { .sqlstate = "" };

	if (size == 0)
		return 0;
	/* Of its exact size. */
	uint8_t *copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	if (copy[0] == 0) {
		run_startup(copy, size, &err);
	} else {
		struct message m;
		size_t at = 0, used;
		while (wire_read_message(copy + at, size - at, 1 << 20, &m, &used, &err) == WIRE_READY) {
			run_message(&m, &err);
			at += used;
		}
	}
	if (err.sqlstate[0] != '\0')
		send_error(&err);
	free(copy);
	return 0;
}
