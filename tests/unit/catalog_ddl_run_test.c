/* PostgreSQL's statements, translated against the catalog of the moment and run step by step, each in its transaction. */
#include "catalog_fixture.h"

#include "sql/translate.h"

struct database {
	struct fixture *f;
	struct translator *translator;
	struct arena arena;
	struct err err;
	int64_t changes;
	struct text_sink rows;
};

static int open_database(void **state)
{
	struct database *d = calloc(1, sizeof(*d));
	void *f;

	assert_non_null(d);
	setup(&f);
	d->f = f;
	d->translator = translator_new(100, 10000);
	assert_non_null(d->translator);
	arena_init(&d->arena, 1 << 26);
	d->rows.sink.on_row = on_text_row;
	buf_init(&d->rows.text, 1 << 20);
	*state = d;
	return 0;
}

static int close_database(void **state)
{
	struct database *d = *state;
	void *f = d->f;

	translator_free(d->translator);
	arena_release(&d->arena);
	buf_release(&d->rows.text);
	teardown(&f);
	free(d);
	return 0;
}

static int run_step(struct database *d, const struct step *step, const struct value *literals)
{
	struct value *params = arena_zalloc(&d->arena, (step->nslots + 1) * sizeof(*params));
	struct query query = { .sql = step->sql,
		.sql_len = step->sql_len,
		.params = params,
		.nparams = step->nslots,
		.is_internal = step->is_internal };
	int64_t changes;

	for (size_t i = 0; i < step->nslots; i++) {
		assert_int_equal(step->slots[i].source, SLOT_LITERAL);
		params[i] = literals[step->slots[i].index];
	}
	if (conn_run(d->f->conn, &query, step->gives_result ? &d->rows.sink : NULL, &changes, &d->err) != 0)
		return -1;
	if (step->gives_result)
		d->changes = changes;
	return 0;
}

/* 0, or -1 with d->err; rows and changes of the statement are in d. */
static int attempt(struct database *d, const char *text)
{
	struct translate_request request = { .text = text, .len = strlen(text) };
	struct translated out;
	int rc = 0;

	load(d->f);
	request.schema = &d->f->catalog->schema;
	buf_clear(&d->rows.text);
	arena_reset(&d->arena);
	if (translator_get(d->translator, &request, &d->arena, &out, &d->err) != 0)
		return -1;
	sql(d->f, "BEGIN");
	for (size_t i = 0; rc == 0 && i < out.translation->nsteps; i++)
		rc = run_step(d, &out.translation->steps[i], out.literals);
	if (rc == 0 && out.translation->is_ddl)
		sql(d->f, "UPDATE _nqlite_state SET value = value + 1 WHERE key = 'schema_version'");
	if (rc != 0)
		catalog_explain_error(d->f->catalog, &d->err);
	sql(d->f, rc == 0 ? "COMMIT" : "ROLLBACK");
	translation_unref(out.translation);
	return rc;
}

static void pg(struct database *d, const char *text)
{
	if (attempt(d, text) != 0)
		fail_with(text, &d->err);
}

static void pg_rows(struct database *d, const char *text, const char *expected)
{
	pg(d, text);
	assert_string_equal(buf_text(&d->rows.text), expected);
}

static void pg_fails(struct database *d, const char *text, const char *sqlstate, const char *message)
{
	if (attempt(d, text) == 0)
		fail_msg("%s did not fail", text);
	assert_string_equal(d->err.message, message);
	assert_string_equal(d->err.sqlstate, sqlstate);
}

static void assert_sound(struct database *d)
{
	assert_rows(d->f, "PRAGMA integrity_check", "ok");
	assert_rows(d->f, "PRAGMA foreign_key_check", "");
	/* Nothing is left of a table that isn't there. */
	assert_rows(d->f,
	    "SELECT count(*) FROM _nqlite_attribute WHERE class NOT IN (SELECT oid FROM _nqlite_class)", "0");
	assert_rows(d->f,
	    "SELECT count(*) FROM _nqlite_constraint WHERE class NOT IN (SELECT oid FROM _nqlite_class)",
	    "0");
	assert_rows(d->f,
	    "SELECT name FROM _nqlite_class WHERE kind <> 'S' AND sqlite_name NOT IN (SELECT name FROM "
	    "sqlite_schema)",
	    "");
}

/* ---- pgbench ---- */

static void test_pgbench_s_initialisation_and_script(void **state)
{
	struct database *d = *state;
	static const char *const statements[] = {
		"drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
		"create table pgbench_history(tid int,bid int,aid    int,delta int,mtime timestamp,filler "
		"char(22))",
		"create table pgbench_tellers(tid int not null,bid int,tbalance int,filler char(84)) with "
		"(fillfactor=100)",
		"create table pgbench_accounts(aid    int not null,bid int,abalance int,filler char(84)) "
		"with (fillfactor=100)",
		"create table pgbench_branches(bid int not null,bbalance int,filler char(88)) with "
		"(fillfactor=100)",
		"truncate table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
		"insert into pgbench_branches(bid,bbalance) values(1,0)",
		"insert into pgbench_tellers(tid,bid,tbalance) values (2,1,0), (1,1,0)",
		"insert into pgbench_accounts values (3,1,0,''), (1,1,0,''), (2,1,0,'')",
		"vacuum analyze pgbench_branches",
		"alter table pgbench_branches add primary key (bid)",
		"alter table pgbench_tellers add primary key (tid)",
		"alter table pgbench_accounts add primary key (aid)",
		"alter table pgbench_tellers add constraint pgbench_tellers_bid_fkey foreign key (bid) "
		"references "
		"pgbench_branches",
		"alter table pgbench_accounts add constraint pgbench_accounts_bid_fkey foreign key (bid) "
		"references "
		"pgbench_branches",
		"alter table pgbench_history add constraint pgbench_history_aid_fkey foreign key (aid) "
		"references "
		"pgbench_accounts",
		"UPDATE pgbench_accounts SET abalance = abalance + -123 WHERE aid = 2",
		"UPDATE pgbench_tellers SET tbalance = tbalance + -123 WHERE tid = 1",
		"UPDATE pgbench_branches SET bbalance = bbalance + -123 WHERE bid = 1",
		"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 2, -123, "
		"CURRENT_TIMESTAMP)",
	};

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		pg(d, statements[i]);
	assert_int_equal(d->changes, 1);
	pg_rows(d, "SELECT abalance FROM pgbench_accounts WHERE aid = 2", "-123");
	pg_rows(d, "SELECT tid, delta, filler FROM pgbench_history", "1|-123|-");
	assert_true(table(d->f, "pgbench_accounts")->columns[0].is_rowid);
	assert_rows(d->f, "EXPLAIN QUERY PLAN SELECT abalance FROM pgbench_accounts WHERE aid = 2",
	    "2|0|0|SEARCH pgbench_accounts USING INTEGER PRIMARY KEY (rowid=?)");
	pg(d, statements[0]);
	assert_sound(d);
}

/* ---- CREATE TABLE ---- */

static void test_a_table_comes_back_from_the_catalog_as_it_was_declared(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE p (a int, b varchar(5) DEFAULT 'x', n numeric(5, 2), PRIMARY KEY (b, a), "
	      "CONSTRAINT pos CHECK (a > 0))");
	pg(d, "CREATE TABLE c (id serial PRIMARY KEY, pa int, pb varchar, t timestamptz DEFAULT now() NOT "
	      "NULL, "
	      "g int GENERATED ALWAYS AS (pa + 1) STORED, UNIQUE (pa, pb), FOREIGN KEY (pa, pb) REFERENCES p "
	      "(a, b) ON DELETE "
	      "SET NULL)");
	load(d->f);
	const struct relation *p = table(d->f, "p"), *c = table(d->f, "c");
	assert_int_equal(p->columns[1].typmod, 9);
	assert_true(p->columns[1].not_null);
	assert_string_equal(p->columns[1].default_pg, "'x'");
	assert_int_equal(p->columns[2].type, OID_NUMERIC);
	assert_int_equal(constraint(p, "p_pkey")->kind, 'p');
	assert_int_equal(constraint(p, "p_pkey")->attnums[0], 2);
	assert_string_equal(constraint(p, "pos")->expression, "a > 0");
	assert_true(c->columns[0].is_rowid);
	assert_string_equal(c->columns[0].default_sql, "nq_nextval('c_id_seq')");
	assert_string_equal(c->columns[0].default_pg, "nextval('c_id_seq'::regclass)");
	assert_true(c->columns[4].is_generated);
	assert_int_equal(constraint(c, "c_pa_pb_key")->kind, 'u');
	assert_int_equal(constraint(c, "c_pa_pb_fkey")->kind, 'f');
	assert_int_equal(c->nconstraints, 3);
	assert_sound(d);
}

static void test_constraints_fail_as_postgres_says_it(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE p (id int PRIMARY KEY, v text UNIQUE, CHECK (id < 100))");
	pg(d, "CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL REFERENCES p)");
	pg(d, "INSERT INTO p VALUES (1, 'a')");
	pg_fails(d, "INSERT INTO p VALUES (1, 'b')", "23505",
	    "duplicate key value violates unique constraint \"p_pkey\"");
	pg_fails(d, "INSERT INTO p VALUES (2, 'a')", "23505",
	    "duplicate key value violates unique constraint \"p_v_key\"");
	pg_fails(d, "INSERT INTO p VALUES (100, 'b')", "23514",
	    "new row for relation \"p\" violates check constraint \"p_id_check\"");
	pg_fails(d, "INSERT INTO p VALUES (NULL, 'b')", "23502",
	    "null value in column \"id\" of relation \"p\" violates not-null constraint");
	pg_fails(d, "INSERT INTO p (v) VALUES ('b')", "23502",
	    "null value in column \"id\" of relation \"p\" violates not-null constraint");
	pg_fails(d, "INSERT INTO c VALUES (1, NULL)", "23502",
	    "null value in column \"p\" of relation \"c\" violates not-null constraint");
	assert_int_equal(attempt(d, "INSERT INTO c VALUES (1, 5)"), -1);
	assert_string_equal(d->err.sqlstate, "23503");
	pg_fails(d, "UPDATE p SET id = NULL", "23502",
	    "null value in column \"id\" of relation \"p\" violates not-null constraint");
}

static void test_rows_go_in_and_come_out(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE s (id serial PRIMARY KEY, name text DEFAULT 'none', n int)");
	pg_rows(d, "INSERT INTO s (name) VALUES ('a'), (DEFAULT) RETURNING id, name, n", "1|a|-\n2|none|-");
	pg_rows(d, "INSERT INTO s DEFAULT VALUES RETURNING *", "3|none|-");
	pg_rows(d, "INSERT INTO s VALUES (DEFAULT, 'd', 4) RETURNING id", "4");
	pg(d, "INSERT INTO s (name, n) SELECT name || '!', id FROM s WHERE id < 3 ORDER BY id DESC");
	assert_int_equal(d->changes, 2);
	pg_rows(d, "SELECT id, name, n FROM s WHERE id > 4 ORDER BY id", "5|none!|2\n6|a!|1");
	pg_rows(d,
	    "INSERT INTO s VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET n = excluded.n, name = s.name "
	    "|| excluded.name RETURNING *",
	    "1|ax|9");
	pg(d, "INSERT INTO s VALUES (1, 'x') ON CONFLICT DO NOTHING");
	assert_int_equal(d->changes, 0);
	pg_rows(d,
	    "INSERT INTO s SELECT id, 'y', 1 FROM s WHERE id = 1 ON CONFLICT (id) DO UPDATE SET name = "
	    "excluded.name RETURNING name",
	    "y");
	pg_rows(d,
	    "UPDATE s AS q SET (name, n) = (SELECT o.name || '-', o.n FROM s o WHERE o.id = q.id - 1) WHERE "
	    "id = 2 RETURNING q.*",
	    "2|y-|9");
	pg_rows(d,
	    "UPDATE s q SET n = v.x FROM (VALUES (3, 33), (4, 44)) AS v (id, x) WHERE v.id = q.id RETURNING "
	    "q.id, n",
	    "3|33\n4|44");
	pg_rows(d, "DELETE FROM s q USING s o WHERE o.id = q.id AND o.n = 44 RETURNING q.id", "4");
	pg_rows(d,
	    "WITH big AS (SELECT id FROM s WHERE id > 4) DELETE FROM s WHERE id IN (SELECT id FROM big) "
	    "RETURNING id",
	    "5\n6");
	pg_rows(d, "SELECT count(*) FROM s", "3");
	pg(d, "TRUNCATE s RESTART IDENTITY");
	pg_rows(d, "INSERT INTO s DEFAULT VALUES RETURNING id", "1");
	assert_sound(d);
}

static void test_identity_and_sequences_count(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE i (id smallint GENERATED ALWAYS AS IDENTITY (START 32766), x int)");
	pg_rows(d, "INSERT INTO i (x) VALUES (1), (2) RETURNING id", "32766\n32767");
	pg_fails(d, "INSERT INTO i (x) VALUES (3)", "2200H",
	    "nextval: reached maximum value of sequence \"i_id_seq\" (32767)");
	pg(d, "CREATE TABLE j (id int GENERATED BY DEFAULT AS IDENTITY (INCREMENT -2 MINVALUE -5 MAXVALUE -1 "
	      "CYCLE), x int)");
	pg_rows(d, "INSERT INTO j (x) SELECT 1 FROM (VALUES (1), (2), (3), (4)) v RETURNING id",
	    "-1\n-3\n-5\n-1");
	pg_rows(d, "INSERT INTO j VALUES (7, 1) RETURNING id", "7");
}

/* ---- ALTER TABLE ---- */

static void test_a_primary_key_that_is_added_becomes_the_rowid(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE t (a int, b text DEFAULT 'q')");
	pg(d, "CREATE INDEX ON t (b)");
	pg(d, "CREATE VIEW v AS SELECT a, b FROM t");
	pg(d, "INSERT INTO t VALUES (3, 'c'), (1, 'a'), (2, 'b')");
	pg(d, "ALTER TABLE t ADD PRIMARY KEY (a)");
	assert_rows(d->f, "SELECT sql FROM sqlite_schema WHERE tbl_name = 't'",
	    "CREATE TABLE \"t\" (\"a\" INTEGER PRIMARY KEY, \"b\" TEXT DEFAULT ('q'))\nCREATE INDEX "
	    "\"t_b_idx\" ON \"t\" (\"b\")");
	pg_rows(d, "SELECT a, b FROM v ORDER BY a", "1|a\n2|b\n3|c");
	load(d->f);
	assert_int_equal(constraint(table(d->f, "t"), "t_pkey")->kind, 'p');
	pg(d, "ALTER TABLE t DROP CONSTRAINT t_pkey");
	pg(d, "INSERT INTO t VALUES (1, 'again')");
	pg_fails(d, "INSERT INTO t VALUES (NULL, 'x')", "23502",
	    "null value in column \"a\" of relation \"t\" violates not-null constraint");
	pg_fails(d, "ALTER TABLE t ADD PRIMARY KEY (a)", "23505", "could not create unique index \"t_pkey\"");
	pg(d, "ALTER TABLE t ALTER a DROP NOT NULL");
	pg(d, "UPDATE t SET a = NULL WHERE b = 'again'");
	pg_fails(d, "ALTER TABLE t ADD PRIMARY KEY (a)", "23502",
	    "column \"a\" of relation \"t\" contains null values");
	pg_rows(d, "SELECT count(*) FROM v", "4");
	assert_sound(d);
}

static void test_columns_come_and_go(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE t (a int PRIMARY KEY, b text)");
	pg(d, "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
	pg(d, "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 7, ADD d serial, ADD e text UNIQUE CHECK (e "
	      "<> '')");
	pg_rows(d, "SELECT a, c, d, e FROM t ORDER BY a", "1|7|1|-\n2|7|2|-");
	pg_fails(d, "UPDATE t SET e = '' WHERE a = 1", "23514",
	    "new row for relation \"t\" violates check constraint \"t_e_check\"");
	pg_fails(d, "ALTER TABLE t ADD f int NOT NULL", "23502",
	    "column \"f\" of relation \"t\" contains null values");
	pg_rows(d, "INSERT INTO t (a) VALUES (3) RETURNING c, d", "7|3");
	pg(d, "CREATE INDEX t_bc ON t (b, c)");
	pg(d, "ALTER TABLE t DROP COLUMN c");
	assert_rows(d->f, "SELECT count(*) FROM sqlite_schema WHERE name = 't_bc'", "0");
	pg(d, "ALTER TABLE t DROP d, DROP e");
	pg_rows(d, "SELECT * FROM t ORDER BY a", "1|x\n2|y\n3|-");
	assert_rows(d->f, "SELECT count(*) FROM _nqlite_sequence", "0");
	pg(d, "ALTER TABLE t DROP a");
	pg(d, "ALTER TABLE t ADD id bigserial PRIMARY KEY");
	pg_rows(d, "SELECT b, id FROM t ORDER BY id", "x|1\ny|2\n-|3");
	assert_sound(d);
}

static void test_columns_change(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE t (a int, b int DEFAULT 1, CONSTRAINT c CHECK (b > 0))");
	pg(d, "INSERT INTO t VALUES (1, 150), (2, NULL)");
	pg_fails(d, "ALTER TABLE t ALTER b SET NOT NULL", "23502",
	    "column \"b\" of relation \"t\" contains null values");
	pg(d, "UPDATE t SET b = 250 WHERE b IS NULL");
	pg(d, "ALTER TABLE t ALTER b SET NOT NULL, ALTER b SET DEFAULT 2 + 3");
	pg_rows(d, "INSERT INTO t VALUES (3) RETURNING b", "5");
	pg(d, "ALTER TABLE t ALTER b DROP DEFAULT");
	pg_fails(d, "INSERT INTO t VALUES (4)", "23502",
	    "null value in column \"b\" of relation \"t\" violates not-null constraint");
	pg(d, "ALTER TABLE t DROP CONSTRAINT c, ALTER b TYPE numeric(6, 1) USING b / 100.0");
	pg_rows(d, "SELECT a, b FROM t ORDER BY b DESC", "2|2.5\n1|1.5\n3|0.1");
	pg_fails(d, "ALTER TABLE t ADD CONSTRAINT big CHECK (b > 1)", "23514",
	    "check constraint \"big\" of relation \"t\" is violated by some row");
	pg(d, "ALTER TABLE t ADD CONSTRAINT small CHECK (b < 10)");
	pg(d, "ALTER TABLE t ALTER b TYPE text");
	pg(d, "ALTER TABLE t RENAME b TO bb");
	pg(d, "ALTER TABLE t RENAME TO tt");
	pg_rows(d, "SELECT bb FROM tt ORDER BY bb", "0.1\n1.5\n2.5");
	load(d->f);
	assert_int_equal(table(d->f, "tt")->columns[1].type, OID_TEXT);
	assert_int_equal(table(d->f, "tt")->nconstraints, 1);
	assert_sound(d);
}

static void test_foreign_keys_are_added_checked_and_dropped(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE p (id int PRIMARY KEY)");
	pg(d, "CREATE TABLE c (id int PRIMARY KEY, p int)");
	pg(d, "INSERT INTO p VALUES (1)");
	pg(d, "INSERT INTO c VALUES (1, 1), (2, 2)");
	pg_fails(d, "ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p", "23503",
	    "insert or update on table \"c\" violates foreign key constraint \"c_p_fkey\"");
	pg(d, "DELETE FROM c WHERE id = 2");
	pg(d, "ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE");
	/* the table is made anew, and what refers to it stays */
	pg(d, "ALTER TABLE p ADD x int DEFAULT 1, ALTER x TYPE text");
	pg_rows(d, "SELECT * FROM c", "1|1");
	pg_fails(d, "DROP TABLE p", "2BP01", "cannot drop table p because other objects depend on it");
	pg_fails(d, "ALTER TABLE p DROP CONSTRAINT p_pkey", "2BP01",
	    "cannot drop constraint p_pkey on table p because other objects depend on it");
	pg_fails(d, "TRUNCATE p", "0A000", "cannot truncate a table referenced in a foreign key constraint");
	pg(d, "TRUNCATE p, c");
	pg(d, "INSERT INTO p VALUES (1)");
	pg(d, "INSERT INTO c VALUES (1, 1)");
	pg(d, "DELETE FROM p");
	pg_rows(d, "SELECT count(*) FROM c", "0");
	pg(d, "ALTER TABLE c DROP CONSTRAINT c_p_fkey");
	pg(d, "INSERT INTO c VALUES (1, 99)");
	pg(d, "DROP TABLE p");
	assert_sound(d);
}

static void test_tables_that_refer_to_each_other_are_dropped_together(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE a (id int PRIMARY KEY, b int)");
	pg(d, "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)");
	pg(d, "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b");
	pg(d, "INSERT INTO a VALUES (1, NULL)");
	pg(d, "INSERT INTO b VALUES (1, 1)");
	pg(d, "UPDATE a SET b = 1");
	pg(d, "TRUNCATE a, b");
	pg(d, "INSERT INTO a VALUES (1, NULL)");
	pg(d, "INSERT INTO b VALUES (1, 1)");
	pg(d, "UPDATE a SET b = 1");
	pg(d, "DROP TABLE a, b");
	assert_rows(d->f, "SELECT count(*) FROM _nqlite_class", "0");
	assert_sound(d);
}

static void test_cascade_drops_the_foreign_keys_of_other_tables(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE p (id int PRIMARY KEY)");
	pg(d, "CREATE TABLE q (id int PRIMARY KEY)");
	pg(d, "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, q int REFERENCES q, CHECK (id > 0))");
	sql(d->f, "CREATE TABLE s (id INTEGER PRIMARY KEY, p INT DEFAULT 1 REFERENCES p (id) ON DELETE SET "
		  "NULL NOT NULL, "
		  "x TEXT, FOREIGN KEY (x) REFERENCES p)");
	pg(d, "INSERT INTO p VALUES (1)");
	pg(d, "INSERT INTO q VALUES (1)");
	pg(d, "INSERT INTO c VALUES (1, 1, 1)");
	pg(d, "DROP TABLE p CASCADE");
	assert_rows(d->f, "SELECT sql FROM sqlite_schema WHERE name IN ('c', 's') ORDER BY name",
	    "CREATE TABLE \"c\" (\"id\" INTEGER PRIMARY KEY, \"p\" INTEGER, \"q\" INTEGER, CONSTRAINT "
	    "\"c_id_check\" CHECK "
	    "((\"id\" > 0)), CONSTRAINT \"c_q_fkey\" FOREIGN KEY (\"q\") REFERENCES \"q\" (\"id\"))\n"
	    "CREATE TABLE s (id INTEGER PRIMARY KEY, p INT DEFAULT 1 NOT NULL, x TEXT)");
	pg(d, "INSERT INTO c VALUES (2, 99, 1)");
	assert_int_equal(attempt(d, "INSERT INTO c VALUES (3, 99, 9)"), -1);
	load(d->f);
	assert_int_equal(table(d->f, "c")->nconstraints, 3);
	assert_sound(d);
}

/* ---- views and indexes ---- */

static void test_views_and_indexes(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE t (a int, b text)");
	pg(d, "CREATE VIEW v (x, y) AS SELECT a + 1, lower(b) FROM t");
	pg(d, "CREATE UNIQUE INDEX ON t (lower(b)) WHERE a > 0");
	pg(d, "INSERT INTO t VALUES (1, 'Q'), (-1, 'q')");
	pg_rows(d, "SELECT x, y FROM v ORDER BY x", "0|q\n2|q");
	assert_int_equal(attempt(d, "INSERT INTO t VALUES (2, 'q')"), -1);
	assert_string_equal(d->err.sqlstate, "23505");
	pg(d, "CREATE OR REPLACE VIEW v AS SELECT a + 1 AS x, b AS y, a FROM t");
	pg_rows(d, "SELECT a, y FROM v WHERE x = 2", "1|Q");
	load(d->f);
	assert_int_equal(table(d->f, "v")->columns[1].type, OID_TEXT);
	assert_int_equal(table(d->f, "v")->ncolumns, 3);
	pg(d, "DROP INDEX t_lower_idx");
	pg(d, "INSERT INTO t VALUES (2, 'q')");
	pg(d, "DROP VIEW v");
	pg(d, "CREATE TABLE w AS SELECT b, count(*) AS n, sum(a) AS s FROM t GROUP BY b");
	assert_int_equal(d->changes, 2);
	load(d->f);
	assert_int_equal(table(d->f, "w")->columns[1].type, OID_INT8);
	assert_sound(d);
}

static void test_a_table_from_sqlite_s_dialect_is_altered(void **state)
{
	struct database *d = *state;

	sql(d->f, "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key\n name TEXT COLLATE NOCASE NOT NULL "
		  "DEFAULT ('x, (y'), "
		  "[odd name] VARCHAR(10) DEFAULT NULL CHECK ([odd name] <> 'z'), r INT REFERENCES t ON "
		  "DELETE SET NULL)");
	sql(d->f, "INSERT INTO t (id) VALUES (1)");
	pg(d, "ALTER TABLE t ALTER name DROP NOT NULL, ALTER name SET DEFAULT 'new', ADD n numeric(5, 2)");
	pg_rows(d, "INSERT INTO t (id, n) VALUES (2, 1.005) RETURNING name, n", "new|1.01");
	pg(d, "ALTER TABLE t ALTER name DROP DEFAULT");
	assert_rows(d->f, "SELECT sql FROM sqlite_schema WHERE name = 't'",
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key\n name TEXT COLLATE NOCASE, [odd name] "
	    "VARCHAR(10) DEFAULT NULL "
	    "CHECK ([odd name] <> 'z'), r INT REFERENCES t ON DELETE SET NULL, \"n\" TEXT COLLATE "
	    "nq_numeric)");
	load(d->f);
	assert_int_equal(table(d->f, "t")->columns[4].typmod, ((5 << 16) | 2) + 4);
	assert_sound(d);
}

static void test_what_fails_leaves_nothing_behind(void **state)
{
	struct database *d = *state;

	pg(d, "CREATE TABLE t (a int, b text)");
	pg(d, "INSERT INTO t VALUES (1, 'x'), (2, NULL)");
	assert_int_equal(attempt(d, "ALTER TABLE t ADD PRIMARY KEY (a), ALTER b SET NOT NULL"), -1);
	assert_int_equal(attempt(d, "ALTER TABLE t ALTER a TYPE text, ADD CHECK (a > 'z')"), -1);
	assert_rows(d->f, "SELECT sql FROM sqlite_schema WHERE name = 't'",
	    "CREATE TABLE \"t\" (\"a\" INTEGER, \"b\" TEXT)");
	pg_rows(d, "SELECT a FROM t ORDER BY a", "1\n2");
	assert_rows(d->f, "SELECT count(*) FROM _nqlite_constraint", "0");
	assert_sound(d);
}

/* The functions of the steps are not for users' texts. */
static void test_users_may_not_call_the_functions_of_the_steps(void **state)
{
	struct database *d = *state;
	static const char text[] = "SELECT nq_alter_table('t', 'drop column', 'a', NULL)";
	struct query query = { .sql = text, .sql_len = sizeof(text) - 1 };

	pg(d, "CREATE TABLE t (a int, b text)");
	assert_int_equal(conn_run(d->f->conn, &query, NULL, NULL, &d->err), -1);
	assert_string_equal(d->err.sqlstate, "42501");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)
	const struct CMUnitTest tests[] = {
		TEST(test_pgbench_s_initialisation_and_script),
		TEST(test_a_table_comes_back_from_the_catalog_as_it_was_declared),
		TEST(test_constraints_fail_as_postgres_says_it),
		TEST(test_rows_go_in_and_come_out),
		TEST(test_identity_and_sequences_count),
		TEST(test_a_primary_key_that_is_added_becomes_the_rowid),
		TEST(test_columns_come_and_go),
		TEST(test_columns_change),
		TEST(test_foreign_keys_are_added_checked_and_dropped),
		TEST(test_tables_that_refer_to_each_other_are_dropped_together),
		TEST(test_cascade_drops_the_foreign_keys_of_other_tables),
		TEST(test_views_and_indexes),
		TEST(test_a_table_from_sqlite_s_dialect_is_altered),
		TEST(test_what_fails_leaves_nothing_behind),
		TEST(test_users_may_not_call_the_functions_of_the_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
