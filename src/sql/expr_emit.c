#include "sql/expr.h"

#include <math.h>
#include <stdio.h>

#include "sql/functions.h"
#include "sql/select.h"

#define SLOTS_MAX 32000 /* SQLite takes 32766 parameters by default */

/* ---- constants ---- */

static void emit_float(struct buf *out, double f)
{
	char text[40];

	if (isinf(f)) {
		buf_put_text(out, f > 0 ? "9e999" : "-9e999");
		return;
	}
	snprintf(text, sizeof text, "%.17g", f);
	buf_put_text(out, text);
	if (strpbrk(text, ".e") == NULL)
		buf_put_text(out, ".0");
}

static void emit_bytes(struct buf *out, const uint8_t *bytes, size_t len)
{
	buf_put_text(out, "x'");
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", bytes[i]);
	buf_put_byte(out, '\'');
}

static void emit_text(struct buf *out, const char *text, size_t len)
{
	buf_put_byte(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'')
			buf_put_byte(out, '\'');
		buf_put_byte(out, (uint8_t)text[i]);
	}
	buf_put_byte(out, '\'');
}

static void emit_value(struct buf *out, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL: buf_put_text(out, "NULL"); break;
	case VALUE_INT:
		if (v->i == INT64_MIN) /* its digits alone are a REAL */
			buf_put_text(out, "(-9223372036854775807 - 1)");
		else
			buf_printf(out, v->i < 0 ? "(%lld)" : "%lld", (long long)v->i);
		break;
	case VALUE_FLOAT: emit_float(out, v->f); break;
	case VALUE_TEXT: emit_text(out, v->text, v->len); break;
	case VALUE_BLOB: emit_bytes(out, v->blob, v->len); break;
	}
}

/* A literal of the text becomes a parameter, unless its value decided something or it is read as two types. */
static bool emit_literal(struct pass *p, struct buf *out, const struct expr *e)
{
	struct literal *l = e->node->constant.literal;

	if (l == NULL || e->type == OID_UNKNOWN)
		return false;
	if (l->is_used && (l->type != e->type || l->typmod != e->typmod))
		l->is_pinned = true;
	if (l->is_pinned || p->nslots >= SLOTS_MAX) {
		l->is_pinned = true;
		return false;
	}
	l->is_used = true;
	l->type = e->type;
	l->typmod = e->typmod;
	emit_slot(p, out, (struct slot){ .source = SLOT_LITERAL, .index = (uint32_t)(l - p->literals) });
	return true;
}

static void emit_constant(struct pass *p, struct buf *out, const struct expr *e)
{
	const char *text = e->node->constant.text;

	if (text == NULL)
		buf_put_text(out, "NULL");
	else if (emit_literal(p, out, e))
		return;
	else if (e->type == OID_UNKNOWN)
		emit_text(out, text, strlen(text));
	else
		emit_value(out, &e->node->constant.value);
}

/* ---- columns ---- */

static void emit_column(struct buf *out, const struct expr *e)
{
	const struct range_entry *entry = e->node->column.entry;

	if (entry->sqlite_alias != NULL) {
		emit_name(out, entry->sqlite_alias);
		buf_put_byte(out, '.');
	}
	emit_name(out, entry->columns[e->node->column.index].sqlite_name);
}

/* ---- forms ---- */

/* The argument's text form, for functions of "any". */
static void emit_as_text(struct pass *p, struct buf *out, const struct expr *e)
{
	const struct type *t = type_find(e->type);

	if (t != NULL && t->category == 'S') {
		emit_expr(p, out, e);
	} else {
		buf_put_text(out, "nq_out(");
		emit_expr(p, out, e);
		buf_printf(out, ", %u)", e->type);
	}
}

static void emit_list(
    struct pass *p, struct buf *out, const struct expr_node *node, size_t from, bool as_text)
{
	for (size_t i = from; i < node->nargs; i++) {
		if (i > from)
			buf_put_text(out, ", ");
		if (as_text)
			emit_as_text(p, out, node->args[i]);
		else
			emit_expr(p, out, node->args[i]);
	}
}

/* %o1 and %o*. */
static const char *emit_out(struct pass *p, struct buf *out, const struct expr_node *node, const char *at)
{
	if (*at == '*')
		emit_list(p, out, node, 0, true);
	else
		emit_as_text(p, out, node->args[*at - '1']);
	return at + 1;
}

/* %c1: as a cast to text, which says "true" where the type's output says "t". */
static const char *emit_cast_text(
    struct pass *p, struct buf *out, const struct expr_node *node, const char *at)
{
	const struct expr *e = node->args[*at - '1'];

	if (e->type != OID_BOOL)
		return emit_out(p, out, node, at);
	buf_put_text(out, "(CASE ");
	emit_expr(p, out, e);
	buf_put_text(out, " WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)");
	return at + 1;
}

/* One placeholder; `at` stands behind the %. Returns what follows it. */
static const char *emit_placeholder(struct pass *p, struct buf *out, const struct expr *e, const char *at)
{
	const struct expr_node *node = e->node;
	const struct type *t = node->nargs > 0 ? type_find(node->args[0]->type) : NULL;

	switch (*at) {
	case '%': buf_put_byte(out, '%'); break;
	case '*': emit_list(p, out, node, 0, false); break;
	case '+': emit_list(p, out, node, 1, false); break;
	case 'o': return emit_out(p, out, node, at + 1);
	case 't': buf_printf(out, "%u", node->args[0]->type); break;
	case 'e': buf_printf(out, "%u", t != NULL ? t->element : OID_TEXT); break;
	case 'f':
		at++;
		emit_slot(p, out, (struct slot){ .source = SLOT_SESSION, .index = (uint32_t)(*at - '0') });
		break;
	case 'c': return emit_cast_text(p, out, node, at + 1);
	case 'q': emit_query(p, out, node->query, false); break;
	case 'Q': emit_query(p, out, node->query, true); break;
	default: emit_expr(p, out, node->args[*at - '1']); break;
	}
	return at + 1;
}

static void emit_form(struct pass *p, struct buf *out, const struct expr *e, const char *form)
{
	while (*form != '\0') {
		size_t plain = strcspn(form, "%");

		buf_put(out, form, plain);
		form += plain;
		if (*form == '%')
			form = emit_placeholder(p, out, e, form + 1);
	}
}

static void emit_joined(struct pass *p, struct buf *out, const struct expr *e)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < e->node->nargs; i++) {
		if (i > 0)
			buf_put_text(out, e->node->form);
		emit_expr(p, out, e->node->args[i]);
	}
	buf_put_byte(out, ')');
}

static void emit_case(struct pass *p, struct buf *out, const struct expr *e)
{
	size_t nwhens = e->node->nargs / 2;

	buf_put_text(out, "(CASE");
	for (size_t i = 0; i < nwhens; i++) {
		buf_put_text(out, " WHEN ");
		emit_expr(p, out, e->node->args[2 * i]);
		buf_put_text(out, " THEN ");
		emit_expr(p, out, e->node->args[2 * i + 1]);
	}
	buf_put_text(out, " ELSE ");
	emit_expr(p, out, e->node->args[2 * nwhens]);
	buf_put_text(out, " END)");
}

/* ---- order ---- */

void emit_compared(struct pass *p, struct buf *out, const struct expr *e)
{
	emit_expr(p, out, e);
	if (e->type == OID_NUMERIC)
		buf_put_text(out, " COLLATE " COLLATION_NUMERIC);
}

/* SQLite has NULLs first in an ascending order; what PostgreSQL wants is said only where there can be one, so that an index on a
 * NOT NULL column still serves. */
static void emit_direction(struct buf *out, const struct sort_item *item)
{
	bool first_by_default = !item->is_descending;

	if (item->is_descending)
		buf_put_text(out, " DESC");
	if (item->expr->is_nullable && item->nulls_first != first_by_default)
		buf_put_text(out, item->nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

void emit_sort(struct pass *p, struct buf *out, const struct sort_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_text(out, ", ");
		if (items[i].position > 0) {
			buf_printf(out, "%zu", items[i].position);
			if (items[i].expr->type == OID_NUMERIC)
				buf_put_text(out, " COLLATE " COLLATION_NUMERIC);
		} else {
			emit_compared(p, out, items[i].expr);
		}
		emit_direction(out, &items[i]);
	}
}

/* ---- aggregates and windows ---- */

/* parsenodes.h of PostgreSQL 15 */
enum {
	FRAME_NONDEFAULT = 0x00001,
	FRAME_RANGE = 0x00002,
	FRAME_ROWS = 0x00004,
	FRAME_GROUPS = 0x00008,
	FRAME_BETWEEN = 0x00010,
	FRAME_START_UNBOUNDED_PRECEDING = 0x00020,
	FRAME_END_UNBOUNDED_FOLLOWING = 0x00100,
	FRAME_START_CURRENT_ROW = 0x00200,
	FRAME_END_CURRENT_ROW = 0x00400,
	FRAME_START_OFFSET_PRECEDING = 0x00800,
	FRAME_END_OFFSET_PRECEDING = 0x01000,
	FRAME_START_OFFSET_FOLLOWING = 0x02000,
	FRAME_END_OFFSET_FOLLOWING = 0x04000,
	FRAME_EXCLUDE_CURRENT_ROW = 0x08000,
	FRAME_EXCLUDE_GROUP = 0x10000,
	FRAME_EXCLUDE_TIES = 0x20000,
};

static void emit_bound(struct pass *p, struct buf *out, const struct expr *offset, bool preceding,
    bool following, bool current_row, bool is_start)
{
	if (preceding || following) {
		emit_expr(p, out, offset);
		buf_put_text(out, preceding ? " PRECEDING" : " FOLLOWING");
	} else if (current_row) {
		buf_put_text(out, "CURRENT ROW");
	} else {
		buf_put_text(out, is_start ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
	}
}

static void emit_frame(struct pass *p, struct buf *out, const struct window *w)
{
	int32_t f = w->frame;

	if (!(f & FRAME_NONDEFAULT))
		return;
	buf_put_text(out, f & FRAME_ROWS     ? " ROWS BETWEEN "
			  : f & FRAME_GROUPS ? " GROUPS BETWEEN "
					     : " RANGE BETWEEN ");
	emit_bound(p, out, w->start, f & FRAME_START_OFFSET_PRECEDING, f & FRAME_START_OFFSET_FOLLOWING,
	    f & FRAME_START_CURRENT_ROW, true);
	buf_put_text(out, " AND ");
	emit_bound(p, out, w->end, f & FRAME_END_OFFSET_PRECEDING, f & FRAME_END_OFFSET_FOLLOWING,
	    f & FRAME_END_CURRENT_ROW || !(f & FRAME_BETWEEN), false);
	if (f & FRAME_EXCLUDE_CURRENT_ROW)
		buf_put_text(out, " EXCLUDE CURRENT ROW");
	else if (f & FRAME_EXCLUDE_GROUP)
		buf_put_text(out, " EXCLUDE GROUP");
	else if (f & FRAME_EXCLUDE_TIES)
		buf_put_text(out, " EXCLUDE TIES");
}

static void emit_window(struct pass *p, struct buf *out, const struct window *w)
{
	buf_put_text(out, " OVER (");
	for (size_t i = 0; i < w->npartition; i++) {
		buf_put_text(out, i == 0 ? "PARTITION BY " : ", ");
		emit_compared(p, out, w->partition[i]);
	}
	if (w->nsort > 0) {
		buf_put_text(out, w->npartition > 0 ? " ORDER BY " : "ORDER BY ");
		emit_sort(p, out, w->sort, w->nsort);
	}
	emit_frame(p, out, w);
	buf_put_byte(out, ')');
}

static void emit_sort_letters(struct buf *out, const struct sort_item *item)
{
	buf_printf(out, "%c%c%c", item->expr->type == OID_NUMERIC ? 'n' : 'v',
	    item->is_descending ? 'd' : 'a', item->nulls_first ? 'f' : 'l');
}

/* "nq_string_agg(%1, %2)" with an order inside is nq_string_agg_sorted(letters, keys.., %1, %2): three letters a key, and D before
 * them for DISTINCT, whose values are sorted too. */
static void emit_sorted_call(struct pass *p, struct buf *out, const struct expr *e)
{
	const struct call *call = e->node->call;
	const struct sort_item by_value = { .expr = e->node->args[0] };
	const struct sort_item *sort = call->nsort > 0 ? call->sort : &by_value;
	size_t nsort = call->nsort > 0 ? call->nsort : 1, name_len = strcspn(call->form, "(");

	buf_put(out, call->form, name_len);
	buf_put_text(out, call->is_distinct ? "_sorted('D" : "_sorted('");
	for (size_t i = 0; i < nsort; i++)
		emit_sort_letters(out, &sort[i]);
	buf_put_text(out, "', ");
	for (size_t i = 0; i < nsort; i++) {
		emit_expr(p, out, sort[i].expr);
		buf_put_text(out, ", ");
	}
	emit_form(p, out, e, call->form + name_len + 1);
}

static void emit_call(struct pass *p, struct buf *out, const struct expr *e)
{
	const struct call *call = e->node->call;
	size_t name_len = strcspn(call->form, "(");

	if ((call->nsort > 0 || call->is_distinct) && (call->flags & FUNCTION_ORDERED)) {
		emit_sorted_call(p, out, e);
	} else if (call->is_distinct) {
		buf_put(out, call->form, name_len);
		buf_put_text(out, "(DISTINCT ");
		emit_compared(p, out, e->node->args[0]);
		buf_put_byte(out, ')');
	} else if ((call->flags & FUNCTION_COLLATED) && e->node->nargs > 0 &&
		   e->node->args[0]->type == OID_NUMERIC) {
		buf_put(out, call->form, name_len + 1);
		emit_compared(p, out, e->node->args[0]);
		buf_put_byte(out, ')');
	} else {
		emit_form(p, out, e, call->form);
	}
	if (call->filter != NULL) {
		buf_put_text(out, " FILTER (WHERE ");
		emit_expr(p, out, call->filter);
		buf_put_byte(out, ')');
	}
	if (call->window != NULL)
		emit_window(p, out, call->window);
}

/* ---- all kinds ---- */

void emit_expr(struct pass *p, struct buf *out, const struct expr *e)
{
	const struct expr_node *node = e->node;

	switch (node->kind) {
	case NODE_COLUMN: emit_column(out, e); break;
	case NODE_CONST: emit_constant(p, out, e); break;
	case NODE_PARAM:
		emit_slot(p, out, (struct slot){ .source = SLOT_PARAM, .index = node->param - 1 });
		break;
	case NODE_FORM:
	case NODE_SUBQUERY: emit_form(p, out, e, node->form); break;
	case NODE_JOINED: emit_joined(p, out, e); break;
	case NODE_CASE: emit_case(p, out, e); break;
	case NODE_CALL: emit_call(p, out, e); break;
	case NODE_SETTING:
		emit_slot(p, out, (struct slot){ .source = SLOT_SETTING, .setting = node->setting });
		break;
	}
}

void emit_exprs(struct pass *p, struct buf *out, struct expr *const *exprs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_text(out, ", ");
		emit_expr(p, out, exprs[i]);
	}
}
