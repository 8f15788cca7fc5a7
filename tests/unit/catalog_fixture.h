/* catalog_fixture.h - a database in memory, its writer, and the catalog of the moment.
 *
 * Owns:     the store and the connection, from setup to teardown.
 * Runs on:  the test's thread.
 * Promises: sql() fails the test with SQLite's sentence.
 * Fails by: cmocka. */
#ifndef NQLITE_TESTS_CATALOG_FIXTURE_H
#define NQLITE_TESTS_CATALOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "catalog/catalog.h"
#include "store/store.h"

struct fixture {
	struct store *store;
	struct conn *conn;
	const struct catalog *catalog;
};

static inline void fail_with(const char *what, const struct err *err)
{
	print_error("%s: %s %s\n", what, err->sqlstate, err->message);
	fail();
}

static inline void sql(struct fixture *f, const char *text)
{
	struct err err = { 0 };

	if (conn_exec(f->conn, text, &err) != 0)
		fail_with(text, &err);
}

static inline void load(struct fixture *f)
{
	struct err err = { 0 };

	catalog_unref(f->catalog);
	f->catalog = NULL;
	if (catalog_load(f->conn, &f->catalog, &err) != 0)
		fail_with("catalog_load", &err);
	conn_set_tables_context(f->conn, f->catalog);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct logger logger = { 0 };
	struct store_options options = { .path = ":memory:", .tables = catalog_tables, .logger = &logger };
	struct err err = { 0 };

	assert_non_null(f);
	if (store_open(&f->store, &options, &err) != 0 || store_open_writer(f->store, &f->conn, &err) != 0 ||
	    catalog_create_tables(f->conn, &err) != 0)
		fail_with("setup", &err);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	catalog_unref(f->catalog);
	conn_close(f->conn);
	store_close(f->store);
	free(f);
	return 0;
}

/* ---- rows as text: columns parted by '|', rows by a newline; NULL is "-" ---- */

struct text_sink {
	struct row_sink sink; /* first */
	struct buf text;
};

static inline enum row_verdict on_text_row(
    struct row_sink *sink, const struct value *v, size_t n, struct err *err)
{
	struct buf *o = &((struct text_sink *)(void *)sink)->text;

	(void)err;
	buf_put_text(o, o->len == 0 ? "" : "\n");
	for (size_t i = 0; i < n; i++) {
		buf_put_text(o, i == 0 ? "" : "|");
		switch (v[i].kind) {
		case VALUE_NULL: buf_put_text(o, "-"); break;
		case VALUE_INT: buf_printf(o, "%lld", (long long)v[i].i); break;
		case VALUE_FLOAT: buf_printf(o, "%g", v[i].f); break;
		default: buf_put(o, v[i].text, v[i].len); break;
		}
	}
	return ROW_NEXT;
}

static inline void assert_rows(struct fixture *f, const char *query_text, const char *expected)
{
	struct text_sink sink = { .sink = { .on_row = on_text_row } };
	struct query query = { .sql = query_text, .sql_len = strlen(query_text), .is_internal = true };
	struct err err = { 0 };

	buf_init(&sink.text, 1 << 20);
	if (conn_run(f->conn, &query, &sink.sink, NULL, &err) != 0)
		fail_with(query_text, &err);
	assert_string_equal(buf_text(&sink.text), expected);
	buf_release(&sink.text);
}

/* ---- the catalog's answers ---- */

static inline const struct relation *relation(
    const struct fixture *f, const char *schema_name, const char *name)
{
	return f->catalog->schema.find_relation(&f->catalog->schema, schema_name, name);
}

static inline const struct relation *table(const struct fixture *f, const char *name)
{
	const struct relation *r = relation(f, "public", name);

	if (r == NULL) {
		print_error("no relation %s\n", name);
		fail();
	}
	return r;
}

static inline const struct constraint *constraint(const struct relation *r, const char *name)
{
	for (size_t i = 0; i < r->nconstraints; i++) {
		if (strcmp(r->constraints[i].name, name) == 0)
			return &r->constraints[i];
	}
	print_error("%s has no constraint %s, but:", r->name, name);
	for (size_t i = 0; i < r->nconstraints; i++)
		print_error(" %s", r->constraints[i].name);
	print_error("\n");
	fail();
	return NULL;
}

#endif
