/* The extended query: Parse, Bind, Describe, Execute, Close, Flush, Sync (chapter 55.2.3). */
#include "session/state.h"

static void fail(struct session *s, struct err *err)
{
	s->is_extended = true;
	transaction_explain(s, err);
	session_fail(s, err);
}

/* ---- Parse ---- */

static int parse(struct session *s, const struct message *m, struct err *err)
{
	struct msg_parse msg;
	oid_t few[64], *types = few;

	if (wire_parse_parse(m, &msg, err) != 0)
		return -1;
	if (msg.nparams > sizeof(few) / sizeof(few[0])) {
		types = malloc(msg.nparams * sizeof(*types));
		if (types == NULL)
			return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	}
	for (uint16_t i = 0; i < msg.nparams; i++)
		types[i] = wire_param_oid(&msg, i);
	int rc = prepared_add(s, msg.statement, msg.query, msg.query_len, types, msg.nparams, err);
	if (types != few)
		free(types);
	if (rc == 0)
		wire_put_bare(&s->out, '1');
	return rc;
}

/* ---- Bind ---- */

static int read_param(struct session *s, struct portal *p, const struct wire_param *in, oid_t type,
    int format, struct buf *scratch, struct value *out, struct err *err)
{
	int rc;

	(void)s;
	if (in->len < 0) {
		*out = value_null();
		return 0;
	}
	buf_clear(scratch);
	if (format == 0)
		rc = format_read_text(type, -1, (const char *)in->data, (size_t)in->len, scratch, out, err);
	else if (format == 1)
		rc = format_read_binary(type, -1, in->data, (size_t)in->len, scratch, out, err);
	else
		rc = err_set(err, SQLSTATE_INVALID_PARAMETER, "unsupported format code: %d", format);
	if (rc != 0 || (out->kind != VALUE_TEXT && out->kind != VALUE_BLOB))
		return rc;
	/* The message goes with the next input, the portal stays. */
	out->text = arena_memdup(&p->arena, out->text, out->len);
	return out->text == NULL ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

static int read_params(struct session *s, struct portal *p, const struct msg_bind *msg, struct err *err)
{
	const uint8_t *cursor = msg->params;
	struct buf scratch;
	int rc = 0;

	if (msg->nparam_formats > 1 && msg->nparam_formats != msg->nparams)
		return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
		    "bind message has %u parameter formats but %u parameters", msg->nparam_formats,
		    msg->nparams);
	p->nparams = msg->nparams;
	p->params = arena_alloc(&p->arena, (msg->nparams + 1u) * sizeof(*p->params));
	if (p->params == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	buf_init(&scratch, s->host->limits->message_bytes_max);
	for (uint16_t i = 0; i < msg->nparams && rc == 0; i++) {
		struct wire_param in = wire_next_param(&cursor);
		int format = wire_format_code(msg->nparam_formats, msg->param_formats, i);
		rc = read_param(
		    s, p, &in, p->translation->param_types[i], format, &scratch, &p->params[i], err);
		if (rc != 0)
			err_where(err, "portal \"%s\" parameter $%u", msg->portal, i + 1u);
	}
	buf_release(&scratch);
	return rc;
}

static int fill_portal(
    struct session *s, struct portal *p, struct prepared *from, const struct msg_bind *msg, struct err *err)
{
	p->text = arena_strndup(&p->arena, from->text, from->text_len);
	p->text_len = from->text_len;
	p->declared = arena_memdup(&p->arena, from->declared, from->ndeclared * sizeof(*from->declared));
	if (p->text == NULL || p->declared == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	p->ndeclared = from->ndeclared;
	p->literals_stay = true;
	if (from->translation == NULL)
		return 0;
	translation_ref(from->translation);
	p->translation = from->translation;
	if (portal_refresh(s, p, err) != 0)
		return -1;
	if (from->translation != p->translation) {
		translation_ref(p->translation);
		translation_unref(from->translation);
		from->translation = p->translation;
	}
	if (msg->nparams != p->translation->nparams)
		return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
		    "bind message supplies %u parameters, but prepared statement \"%s\" requires %zu",
		    msg->nparams, from->name, p->translation->nparams);
	if (read_params(s, p, msg, err) != 0)
		return -1;
	return portal_set_formats(s, p, msg->nresult_formats, msg->result_formats, err);
}

static int find_prepared(struct session *s, const char *name, struct prepared **out, struct err *err)
{
	*out = prepared_find(s, name);
	if (*out != NULL)
		return 0;
	if (name[0] == '\0')
		return err_set(
		    err, SQLSTATE_INVALID_STATEMENT_NAME, "unnamed prepared statement does not exist");
	return err_set(
	    err, SQLSTATE_INVALID_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
}

static int bind(struct session *s, const struct message *m, struct err *err)
{
	struct msg_bind msg;
	struct prepared *from;

	if (wire_parse_bind(m, &msg, err) != 0 || find_prepared(s, msg.statement, &from, err) != 0)
		return -1;
	if (msg.portal[0] == '\0' && s->portal_unnamed != NULL)
		portal_drop(s, s->portal_unnamed);
	struct portal *p = portal_new(s);
	if (p == NULL)
		return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
	if (fill_portal(s, p, from, &msg, err) != 0 || portal_add(s, msg.portal, p, err) != 0) {
		portal_unref(s, p);
		return -1;
	}
	wire_put_bare(&s->out, '2');
	return 0;
}

/* ---- Describe, Close ---- */

static int find_portal(struct session *s, const char *name, struct portal **out, struct err *err)
{
	*out = portal_find(s, name);
	return *out != NULL ? 0 : err_set(err, SQLSTATE_NO_SUCH_CURSOR, "portal \"%s\" does not exist", name);
}

static bool gives_rows_by_protocol(const struct translation *t)
{
	return t != NULL && t->kind != STATEMENT_COPY_TO && t->kind != STATEMENT_COPY_FROM;
}

static int describe(struct session *s, const struct message *m, struct err *err)
{
	struct msg_target msg;
	struct prepared *prepared = NULL;
	struct portal *portal = NULL;
	const struct translation *t;

	if (wire_parse_target(m, &msg, err) != 0)
		return -1;
	if (msg.kind == 'S') {
		if (find_prepared(s, msg.name, &prepared, err) != 0)
			return -1;
		t = prepared->translation;
		wire_put_parameter_description(
		    &s->out, t == NULL ? NULL : t->param_types, t == NULL ? 0 : t->nparams);
	} else {
		if (find_portal(s, msg.name, &portal, err) != 0)
			return -1;
		t = portal->translation;
	}
	if (gives_rows_by_protocol(t))
		portal_put_row_description(s, t, portal == NULL ? NULL : portal->formats);
	else
		wire_put_bare(&s->out, 'n');
	return 0;
}

static int close_target(struct session *s, const struct message *m, struct err *err)
{
	struct msg_target msg;

	if (wire_parse_target(m, &msg, err) != 0)
		return -1;
	if (msg.kind == 'S') {
		struct prepared *p = prepared_find(s, msg.name);
		if (p != NULL)
			prepared_drop(s, p);
	} else {
		struct portal *p = portal_find(s, msg.name);
		if (p != NULL)
			portal_drop(s, p);
	}
	wire_put_bare(&s->out, '3');
	return 0;
}

/* ---- Execute, Flush, Sync ---- */

static int execute(struct session *s, const struct message *m, struct err *err)
{
	struct msg_execute msg;
	struct portal *p;

	if (wire_parse_execute(m, &msg, err) != 0 || find_portal(s, msg.portal, &p, err) != 0)
		return -1;
	/* execute_portal says its errors itself. */
	execute_portal(s, p, msg.rows_max > 0 ? (uint64_t)msg.rows_max : 0);
	return 0;
}

/* The client wants to see what it has so far: deferred writes are run where they can be seen. */
static void flush(struct session *s)
{
	if (s->transaction.ndeferred > 0)
		transaction_materialise(s);
}

static void sync(struct session *s)
{
	if (s->state == SESSION_SKIPPING) {
		session_move(s, SESSION_READY);
		if (s->transaction.kind == TRANSACTION_IMPLICIT)
			transaction_end(s, false);
	} else if (transaction_commit(s, AFTER_SYNC) == PROGRESS_WAIT) {
		return;
	}
	session_ready(s);
}

void extended_message(struct session *s, const struct message *m)
{
	struct err err;
	int rc = 0;

	if (m->type == 'S') {
		sync(s);
		return;
	}
	s->is_extended = true;
	switch (m->type) {
	case 'P': rc = parse(s, m, &err); break;
	case 'B': rc = bind(s, m, &err); break;
	case 'D': rc = describe(s, m, &err); break;
	case 'E': rc = execute(s, m, &err); break;
	case 'C': rc = close_target(s, m, &err); break;
	case 'H': flush(s); break;
	default: break;
	}
	if (rc != 0)
		fail(s, &err);
}
