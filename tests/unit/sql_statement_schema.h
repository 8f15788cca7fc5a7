/* sql_statement_schema.h - a small schema, and one call to translate a text against it, for the tests of statements.
 *
 * Owns:     constant tables.
 * Runs on:  the test.
 * Promises: the tables of pgbench after its initialisation; t (a key that is the rowid), s (serial), k (composite key, generated
 *           column), w (identity), a view and a catalog.
 * Fails by: failing the test. */
#ifndef NQLITE_TESTS_SQL_STATEMENT_SCHEMA_H
#define NQLITE_TESTS_SQL_STATEMENT_SCHEMA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "sql/translate.h"

#define INT(name, n)                                                      \
	{                                                                 \
		name, OID_INT4, -1, n, false, false, NULL, NULL, 0, false \
	}
#define TEXT(name, n)                                                     \
	{                                                                 \
		name, OID_TEXT, -1, n, false, false, NULL, NULL, 0, false \
	}
#define KEY(name, n)                                                    \
	{                                                               \
		name, OID_INT4, -1, n, true, true, NULL, NULL, 0, false \
	}
#define CHARS(name, n, len)                                                        \
	{                                                                          \
		name, OID_BPCHAR, (len) + 4, n, false, false, NULL, NULL, 0, false \
	}
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const int16_t schema_first[] = { 1 }, schema_second[] = { 2 }, schema_both[] = { 1, 2 };

static const struct column accounts_columns[] = { KEY("aid", 1), INT("bid", 2), INT("abalance", 3),
	CHARS("filler", 4, 84) };
static const struct column branches_columns[] = { KEY("bid", 1), INT("bbalance", 2), CHARS("filler", 3, 88) };
static const struct column tellers_columns[] = { KEY("tid", 1), INT("bid", 2), INT("tbalance", 3),
	CHARS("filler", 4, 84) };
static const struct column history_columns[] = { INT("tid", 1), INT("bid", 2), INT("aid", 3), INT("delta", 4),
	{ "mtime", OID_TIMESTAMP, -1, 5, false, false, NULL, NULL, 0, false }, CHARS("filler", 6, 22) };
static const struct column t_columns[] = { KEY("a", 1), TEXT("b", 2),
	{ "c", OID_VARCHAR, 3 + 4, 3, false, false, "'x'", "'x'::character varying", 0, false } };
static const struct column s_columns[] = { { "id", OID_INT4, -1, 1, true, true, "nq_nextval('s_id_seq')",
					       "nextval('s_id_seq'::regclass)", 0, false },
	TEXT("name", 2) };
static const struct column k_columns[] = { { "x", OID_INT4, -1, 1, true, false, NULL, NULL, 0, false },
	{ "y", OID_TEXT, -1, 2, true, false, NULL, NULL, 0, false }, INT("z", 3),
	{ "g", OID_INT4, -1, 4, false, false, NULL, NULL, 0, true } };
static const struct column w_columns[] = {
	{ "id", OID_INT8, -1, 1, true, true, "nq_nextval('w_id_seq')", NULL, 'a', false }, INT("n", 2)
};
static const struct column v_columns[] = { INT("a", 1) };
static const struct column class_columns[] = { { "oid", OID_OID, -1, 1, true, false, NULL, NULL, 0, false },
	{ "relname", OID_NAME, -1, 2, true, false, NULL, NULL, 0, false } };

#define PKEY(name)                                                \
	{                                                         \
		{                                                 \
			name, 1, 'p', schema_first, 1, NULL, NULL \
		}                                                 \
	}
static const struct constraint accounts_keys[] = PKEY("pgbench_accounts_pkey");
static const struct constraint branches_keys[] = PKEY("pgbench_branches_pkey");
static const struct constraint tellers_keys[] = PKEY("pgbench_tellers_pkey");
static const struct constraint t_keys[] = { { "t_pkey", 1, 'p', schema_first, 1, NULL, NULL },
	{ "t_b_key", 2, 'u', schema_second, 1, NULL, NULL },
	{ "t_a_check", 3, 'c', schema_first, 1, NULL, "a > 0" },
	{ "t_partial", 4, 'x', schema_second, 1, "b IS NOT NULL", NULL } };
static const struct constraint s_keys[] = PKEY("s_pkey");
static const struct constraint k_keys[] = { { "k_pkey", 1, 'p', schema_both, 2, NULL, NULL } };
static const struct constraint w_keys[] = PKEY("w_pkey");

#define TABLE(oid, name, columns, keys)                                                                 \
	{                                                                                               \
		oid, "public", name, name, 'r', false, columns, COUNT_OF(columns), keys, COUNT_OF(keys) \
	}
#define PLAIN(oid, name, kind, columns)                                                     \
	{                                                                                   \
		oid, "public", name, name, kind, false, columns, COUNT_OF(columns), NULL, 0 \
	}
static const struct relation schema_relations[] = {
	TABLE(16384, "pgbench_accounts", accounts_columns, accounts_keys),
	TABLE(16385, "pgbench_branches", branches_columns, branches_keys),
	TABLE(16386, "pgbench_tellers", tellers_columns, tellers_keys),
	PLAIN(16387, "pgbench_history", 'r', history_columns),
	TABLE(16388, "t", t_columns, t_keys),
	TABLE(16389, "s", s_columns, s_keys),
	TABLE(16390, "k", k_columns, k_keys),
	TABLE(16391, "w", w_columns, w_keys),
	PLAIN(16392, "v", 'v', v_columns),
	PLAIN(16393, "s_id_seq", 'S', v_columns),
	{ 1259, "pg_catalog", "pg_class", "pg_class", 'r', true, class_columns, COUNT_OF(class_columns), NULL,
	    0 },
};

static const struct relation *schema_find(const struct schema *s, const char *schema_name, const char *name)
{
	(void)s;
	for (size_t i = 0; i < COUNT_OF(schema_relations); i++) {
		const struct relation *r = &schema_relations[i];

		if (strcmp(r->name, name) == 0 &&
		    (schema_name == NULL || strcmp(schema_name, r->schema) == 0))
			return r;
	}
	return NULL;
}

static const struct relation *schema_find_oid(const struct schema *s, oid_t oid)
{
	(void)s;
	for (size_t i = 0; i < COUNT_OF(schema_relations); i++) {
		if (schema_relations[i].oid == oid)
			return &schema_relations[i];
	}
	return NULL;
}

static bool schema_has(const struct schema *s, const char *name)
{
	(void)s;
	return strcmp(name, "public") == 0 || strcmp(name, "pg_catalog") == 0;
}

static const struct constraint *schema_find_index(
    const struct schema *s, const char *schema_name, const char *name, const struct relation **table)
{
	static const struct constraint plain = { "t_c_idx", 9, 'i', schema_second, 1, NULL, NULL };

	(void)s, (void)schema_name;
	*table = &schema_relations[4];
	if (strcmp(name, plain.name) == 0)
		return &plain;
	for (size_t i = 0; i < COUNT_OF(schema_relations); i++) {
		for (size_t j = 0; j < schema_relations[i].nconstraints; j++) {
			const struct constraint *c = &schema_relations[i].constraints[j];

			*table = &schema_relations[i];
			if (c->kind != 'c' && strcmp(c->name, name) == 0)
				return c;
		}
	}
	return NULL;
}

static const struct schema test_schema = { .version = 1,
	.find_relation = schema_find,
	.find_relation_by_oid = schema_find_oid,
	.has_schema = schema_has,
	.find_index = schema_find_index };

/* One translation at hand, from made() to drop(). */
struct made {
	struct translator *translator;
	struct arena arena;
	struct translated out;
	const struct translation *t; /* NULL: err */
	struct err err;
};

static inline struct made made_with(const char *text, bool literals_stay)
{
	struct made m = { .translator = translator_new(10, 10000) };
	struct translate_request request = {
		.text = text, .len = strlen(text), .schema = &test_schema, .literals_stay = literals_stay
	};

	assert_non_null(m.translator);
	arena_init(&m.arena, 1 << 24);
	if (translator_get(m.translator, &request, &m.arena, &m.out, &m.err) == 0)
		m.t = m.out.translation;
	return m;
}

/* Literals stay in the text, as with Parse: so they can be seen. */
static inline struct made make(const char *text)
{
	return made_with(text, true);
}

static inline void drop(struct made *m)
{
	if (m->t != NULL)
		translation_unref(m->t);
	translator_free(m->translator);
	arena_release(&m->arena);
}

/* A row of a table of cases: the steps' texts, each on its line; or the error as "SQLSTATE sentence". */
struct translation_case {
	const char *text, *expected;
};

/* `all`: also the steps that write the catalog's tables. */
static inline void render(struct buf *out, const struct made *m, bool all)
{
	if (m->t == NULL)
		buf_printf(out, "%s %s", m->err.sqlstate, m->err.message);
	for (size_t i = 0; m->t != NULL && i < m->t->nsteps; i++) {
		if (all || strstr(m->t->steps[i].sql, "_nqlite_") == NULL)
			buf_printf(out, "%s%s", out->len > 0 ? "\n" : "", m->t->steps[i].sql);
	}
}

static inline void assert_cases(const struct translation_case *cases, size_t n, bool all)
{
	for (size_t i = 0; i < n; i++) {
		struct made m = make(cases[i].text);
		struct buf out;

		buf_init(&out, 1 << 20);
		render(&out, &m, all);
		const char *text = buf_text(&out);
		if (text == NULL || strcmp(text, cases[i].expected) != 0)
			fail_msg("%s\ngave     %s\nexpected %s", cases[i].text, text, cases[i].expected);
		buf_release(&out);
		drop(&m);
	}
}

#endif
