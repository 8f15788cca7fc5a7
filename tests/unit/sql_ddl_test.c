#include "sql_statement_schema.h"

static void test_create_makes_tables_views_and_indexes(void **state)
{
	static const struct translation_case cases[] = {
		{ "create table pgbench_x(tid int,bid int,aid    int,delta int,mtime timestamp,filler "
		  "char(22))",
		    "CREATE TABLE \"pgbench_x\" (\"tid\" INTEGER, \"bid\" INTEGER, \"aid\" INTEGER, "
		    "\"delta\" INTEGER, \"mtime\" TEXT, \"filler\" TEXT)" },
		{ "create table x(a int not null, b text) with (fillfactor=100)",
		    "CREATE TABLE \"x\" (\"a\" INTEGER NOT NULL, \"b\" TEXT)" },
		{ "CREATE UNLOGGED TABLE x (a serial PRIMARY KEY, b varchar(3) UNIQUE DEFAULT 'q')",
		    "CREATE TABLE \"x\" (\"a\" INTEGER DEFAULT (nq_nextval('x_a_seq')) PRIMARY KEY, \"b\" "
		    "TEXT DEFAULT ('q'))\n"
		    "CREATE UNIQUE INDEX \"x_b_key\" ON \"x\" (\"b\")" },
		{ "CREATE TABLE x (a int REFERENCES t ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, b "
		  "int, FOREIGN KEY (b) REFERENCES x (a), PRIMARY KEY (a), CHECK (a > b), CONSTRAINT pos "
		  "CHECK (b > 0))",
		    "CREATE TABLE \"x\" (\"a\" INTEGER PRIMARY KEY, \"b\" INTEGER, CONSTRAINT \"x_check\" "
		    "CHECK ((\"a\" > \"b\")), CONSTRAINT \"pos\" CHECK ((\"b\" > 0)), CONSTRAINT "
		    "\"x_a_fkey\" FOREIGN KEY (\"a\") REFERENCES \"t\" (\"a\") ON DELETE CASCADE DEFERRABLE "
		    "INITIALLY DEFERRED, CONSTRAINT \"x_b_fkey\" FOREIGN KEY (\"b\") REFERENCES \"x\" "
		    "(\"a\"))" },
		{ "CREATE TABLE x (a int, b text, g int GENERATED ALWAYS AS (a * 2) STORED, PRIMARY KEY (b, "
		  "a))",
		    "CREATE TABLE \"x\" (\"a\" INTEGER NOT NULL, \"b\" TEXT NOT NULL, \"g\" INTEGER "
		    "GENERATED ALWAYS AS (nq_int4(\"a\" * 2)) STORED)\n"
		    "CREATE UNIQUE INDEX \"x_pkey\" ON \"x\" (\"b\", \"a\")" },
		{ "CREATE TABLE x (id bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT BY 2 CYCLE) "
		  "PRIMARY KEY)",
		    "CREATE TABLE \"x\" (\"id\" INTEGER DEFAULT (nq_nextval('x_id_seq')) PRIMARY KEY)" },
		{ "CREATE TABLE x (t timestamptz DEFAULT now(), n numeric(5, 2) DEFAULT 1.005 CHECK (n < "
		  "10))",
		    "CREATE TABLE \"x\" (\"t\" TEXT DEFAULT (now()), \"n\" TEXT COLLATE nq_numeric DEFAULT "
		    "(nq_numeric_scale('1.005', 327686)), CONSTRAINT \"x_n_check\" CHECK ((\"n\" COLLATE "
		    "nq_numeric < '10')))" },
		{ "CREATE TABLE IF NOT EXISTS t (a int)", "" },
		{ "CREATE TABLE x AS SELECT a, b, 1.5 AS c FROM t",
		    "CREATE TABLE \"x\" (\"a\" INTEGER, \"b\" TEXT, \"c\" TEXT COLLATE nq_numeric)\n"
		    "INSERT INTO \"x\" SELECT \"t\".\"a\", \"t\".\"b\", '1.5' FROM \"t\"" },
		{ "CREATE TABLE x (n, m) AS SELECT 1, 'x' WITH NO DATA",
		    "CREATE TABLE \"x\" (\"n\" INTEGER, \"m\" TEXT)" },
		{ "CREATE VIEW x (n) AS SELECT a, b FROM t WHERE a > 1",
		    "CREATE VIEW \"x\" (\"n\", \"b\") AS SELECT \"t\".\"a\", \"t\".\"b\" FROM \"t\" WHERE "
		    "(\"t\".\"a\" > 1)" },
		{ "CREATE OR REPLACE VIEW v AS SELECT a, 'x' AS b FROM t",
		    "DROP VIEW \"v\"\n"
		    "CREATE VIEW \"v\" (\"a\", \"b\") AS SELECT \"t\".\"a\", 'x' FROM \"t\"" },
		{ "CREATE INDEX ON t (b)", "CREATE INDEX \"t_b_idx\" ON \"t\" (\"b\")" },
		{ "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t USING hash (lower(b) DESC NULLS "
		  "LAST, a) WHERE a > 1",
		    "CREATE UNIQUE INDEX \"i\" ON \"t\" ((lower(\"b\")) DESC, \"a\") WHERE (\"a\" > 1)" },
		{ "CREATE INDEX IF NOT EXISTS t_c_idx ON t (c)", "" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), false);
}

static void test_what_can_t_be_created_is_refused(void **state)
{
	static const struct translation_case cases[] = {
		{ "CREATE TABLE t (a int)", "42P07 relation \"t\" already exists" },
		{ "CREATE TABLE t_pkey (a int)", "42P07 relation \"t_pkey\" already exists" },
		{ "CREATE TABLE x (a int, a text)", "42701 column \"a\" specified more than once" },
		{ "CREATE TABLE x (a int, \"A\" int)",
		    "0A000 a table whose columns differ in case only (\"a\", \"A\") is not supported" },
		{ "CREATE TABLE x (a nope)", "42704 type \"nope\" does not exist" },
		{ "CREATE TABLE x (a int PRIMARY KEY, b int PRIMARY KEY)",
		    "42P16 multiple primary keys for table \"x\" are not allowed" },
		{ "CREATE TABLE x (a int, PRIMARY KEY (b))",
		    "42703 column \"b\" named in key does not exist" },
		{ "CREATE TABLE x (a int, PRIMARY KEY (a, a))",
		    "42701 column \"a\" appears twice in primary key constraint" },
		{ "CREATE TABLE x (a int NULL NOT NULL)",
		    "42601 conflicting NULL/NOT NULL declarations for column \"a\" of table \"x\"" },
		{ "CREATE TABLE x (a int NULL PRIMARY KEY)",
		    "42601 conflicting NULL/NOT NULL declarations for column \"a\" of table \"x\"" },
		{ "CREATE TABLE x (a int DEFAULT 'q')",
		    "22P02 invalid input syntax for type integer: \"q\"" },
		{ "CREATE TABLE x (a int DEFAULT b)", "42703 column \"b\" does not exist" },
		{ "CREATE TABLE x (a int DEFAULT $1)", "42P02 there is no parameter $1" },
		{ "CREATE TABLE x (a int DEFAULT 1 DEFAULT 2)",
		    "42601 multiple default values specified for column \"a\" of table \"x\"" },
		{ "CREATE TABLE x (a text DEFAULT current_user)",
		    "0A000 an expression that depends on the session in a definition is not supported" },
		{ "CREATE TABLE x (a int CHECK (a))",
		    "42804 argument of CHECK must be type boolean, not type integer" },
		{ "CREATE TABLE x (a int CHECK (b > 1))", "42703 column \"b\" does not exist" },
		{ "CREATE TABLE x (a int, CONSTRAINT c CHECK (a > 1), CONSTRAINT c CHECK (a > 2))",
		    "42710 constraint \"c\" for relation \"x\" already exists" },
		{ "CREATE TABLE x (a int REFERENCES nope)", "42P01 relation \"nope\" does not exist" },
		{ "CREATE TABLE x (a int REFERENCES t (c))",
		    "42830 there is no unique constraint matching given keys for referenced table \"t\"" },
		{ "CREATE TABLE x (a int REFERENCES t (nope))",
		    "42703 column \"nope\" referenced in foreign key constraint does not exist" },
		{ "CREATE TABLE x (a int REFERENCES pgbench_history)",
		    "42704 there is no primary key for referenced table \"pgbench_history\"" },
		{ "CREATE TABLE x (a text REFERENCES t)",
		    "42804 foreign key constraint \"x_a_fkey\" cannot be implemented" },
		{ "CREATE TABLE x (a int, FOREIGN KEY (a, b) REFERENCES k)",
		    "42703 column \"b\" referenced in foreign key constraint does not exist" },
		{ "CREATE TABLE x (a int REFERENCES v)", "42809 referenced relation \"v\" is not a table" },
		{ "CREATE TABLE x (a int UNIQUE DEFERRABLE)",
		    "0A000 a deferrable primary key or unique constraint is not supported" },
		{ "CREATE TABLE x (a text GENERATED ALWAYS AS IDENTITY)",
		    "22023 identity column type must be smallint, integer, or bigint" },
		{ "CREATE TABLE x (a text COLLATE \"de_DE\")",
		    "0A000 the collation \"de_DE\" is not supported" },
		{ "CREATE TABLE nope.x (a int)", "3F000 schema \"nope\" does not exist" },
		{ "CREATE TABLE pg_catalog.x (a int)", "42501 permission denied to create \"pg_catalog.x\"" },
		{ "CREATE TABLE sqlite_x (a int)",
		    "42939 unacceptable name \"sqlite_x\": names that begin so are reserved" },
		{ "CREATE TABLE _nqlite_x (a int)",
		    "42939 unacceptable name \"_nqlite_x\": names that begin so are reserved" },
		{ "CREATE TABLE x ()", "0A000 a table without columns is not supported" },
		{ "CREATE TEMP TABLE x (a int)", "0A000 CREATE TEMPORARY TABLE is not supported" },
		{ "CREATE TABLE x (a int) PARTITION BY RANGE (a)", "0A000 PARTITION BY is not supported" },
		{ "CREATE TABLE x (LIKE t)", "0A000 CREATE TABLE (LIKE ..) is not supported" },
		{ "CREATE TABLE x (a int) INHERITS (t)", "0A000 INHERITS is not supported" },
		{ "CREATE TABLE x (ctid int)",
		    "42701 column name \"ctid\" conflicts with a system column name" },
		{ "CREATE VIEW t AS SELECT 1", "42P07 relation \"t\" already exists" },
		{ "CREATE OR REPLACE VIEW t AS SELECT 1 AS a", "42809 \"t\" is not a view" },
		{ "CREATE OR REPLACE VIEW v AS SELECT 'x' AS a",
		    "42P16 cannot change data type of view column \"a\" from integer to text" },
		{ "CREATE OR REPLACE VIEW v AS SELECT a AS b FROM t",
		    "42P16 cannot change name of view column \"a\" to \"b\"" },
		{ "CREATE VIEW x AS SELECT 1 AS a, 2 AS a", "42701 column \"a\" specified more than once" },
		{ "CREATE VIEW x (a, b) AS SELECT 1",
		    "42601 CREATE VIEW specifies more column names than columns" },
		{ "CREATE MATERIALIZED VIEW x AS SELECT 1",
		    "0A000 CREATE MATERIALIZED VIEW is not supported" },
		{ "CREATE INDEX t_pkey ON t (b)", "42P07 relation \"t_pkey\" already exists" },
		{ "CREATE INDEX ON t (nope)", "42703 column \"nope\" does not exist" },
		{ "CREATE INDEX ON v (a)", "42809 CREATE INDEX cannot be performed on relation \"v\"" },
		{ "CREATE INDEX ON nope (a)", "42P01 relation \"nope\" does not exist" },
		{ "CREATE UNIQUE INDEX ON t (a) NULLS NOT DISTINCT",
		    "0A000 UNIQUE NULLS NOT DISTINCT is not supported" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), false);
}

static void test_drop_names_the_kind_of_object(void **state)
{
	static const struct translation_case cases[] = {
		{ "drop table if exists nope, nope2", "" },
		{ "DROP TABLE t",
		    "SELECT nq_fail('2BP01', 'cannot drop table t because other objects depend on it') FROM "
		    "sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND "
		    "m.name NOT IN ('t') AND f.\"table\" COLLATE NOCASE IN ('t') LIMIT 1\n"
		    "DROP TABLE \"t\"" },
		{ "DROP TABLE s, w, s CASCADE", "SELECT nq_alter_table('s', 'drop references', NULL, NULL)\n"
						"SELECT nq_alter_table('w', 'drop references', NULL, NULL)\n"
						"PRAGMA defer_foreign_keys = ON\n"
						"DROP TABLE \"s\"\n"
						"DROP TABLE \"w\"\n"
						"PRAGMA defer_foreign_keys = OFF" },
		{ "DROP VIEW v", "DROP VIEW \"v\"" },
		{ "DROP INDEX t_c_idx", "DROP INDEX \"t_c_idx\"" },
		{ "DROP INDEX IF EXISTS nope", "" },
		{ "DROP TABLE nope", "42P01 table \"nope\" does not exist" },
		{ "DROP TABLE v", "42809 \"v\" is not a table" },
		{ "DROP TABLE t_c_idx", "42809 \"t_c_idx\" is not a table" },
		{ "DROP VIEW t", "42809 \"t\" is not a view" },
		{ "DROP INDEX t", "42809 \"t\" is not an index" },
		{ "DROP INDEX t_pkey",
		    "2BP01 cannot drop index t_pkey because constraint t_pkey on table t requires it" },
		{ "DROP INDEX nope", "42704 index \"nope\" does not exist" },
		{ "DROP VIEW nope", "42P01 view \"nope\" does not exist" },
		{ "DROP TABLE pg_class", "42501 permission denied: \"pg_class\" is a system catalog" },
		{ "DROP SEQUENCE s_id_seq", "0A000 DROP SEQUENCE is not supported" },
		{ "DROP SCHEMA public", "0A000 DROP SCHEMA is not supported" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), false);
}

static void test_alter_table_in_steps(void **state)
{
	static const struct translation_case cases[] = {
		{ "alter table pgbench_history add primary key (tid)",
		    "SELECT nq_fail('23502', 'column \"tid\" of relation \"pgbench_history\" contains null "
		    "values') FROM \"pgbench_history\" WHERE \"tid\" IS NULL LIMIT 1\n"
		    "SELECT nq_alter_table('pgbench_history', 'make rowid', 'tid', 'pgbench_history_pkey')" },
		{ "ALTER TABLE pgbench_history ADD CONSTRAINT h UNIQUE (tid, bid), ADD FOREIGN KEY (aid) "
		  "REFERENCES pgbench_accounts",
		    "CREATE UNIQUE INDEX \"h\" ON \"pgbench_history\" (\"tid\", \"bid\")\n"
		    "SELECT nq_alter_table('pgbench_history', 'add foreign key', 'CONSTRAINT "
		    "\"pgbench_history_aid_fkey\" FOREIGN KEY (\"aid\") REFERENCES \"pgbench_accounts\" "
		    "(\"aid\")', 'pgbench_history_aid_fkey')" },
		{ "ALTER TABLE t ADD COLUMN n int", "ALTER TABLE \"t\" ADD COLUMN \"n\" INTEGER" },
		{ "ALTER TABLE t ADD COLUMN n int NOT NULL DEFAULT 5 CHECK (n > 0)",
		    "ALTER TABLE \"t\" ADD COLUMN \"n\" INTEGER NOT NULL DEFAULT (5)\n"
		    "SELECT nq_fail('23514', 'check constraint \"t_n_check\" of relation \"t\" is violated "
		    "by some row') FROM \"t\" WHERE NOT ((\"n\" > 0)) LIMIT 1\n"
		    "SELECT nq_alter_table('t', 'add constraint', 'CONSTRAINT \"t_n_check\" CHECK ((\"n\" > "
		    "0))', 't_n_check')" },
		{ "ALTER TABLE pgbench_history ADD COLUMN id bigserial PRIMARY KEY",
		    "ALTER TABLE \"pgbench_history\" ADD COLUMN \"id\" INTEGER\n"
		    "UPDATE \"pgbench_history\" SET \"id\" = (nq_nextval('pgbench_history_id_seq'))\n"
		    "SELECT nq_alter_table('pgbench_history', 'set default', 'id', "
		    "'nq_nextval(''pgbench_history_id_seq'')')\n"
		    "SELECT nq_alter_table('pgbench_history', 'set not null', 'id', NULL)\n"
		    "SELECT nq_fail('23502', 'column \"id\" of relation \"pgbench_history\" contains null "
		    "values') FROM \"pgbench_history\" WHERE \"id\" IS NULL LIMIT 1\n"
		    "SELECT nq_alter_table('pgbench_history', 'make rowid', 'id', 'pgbench_history_pkey')" },
		{ "ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid()",
		    "ALTER TABLE \"t\" ADD COLUMN \"u\" TEXT\n"
		    "UPDATE \"t\" SET \"u\" = (gen_random_uuid())\n"
		    "SELECT nq_alter_table('t', 'set default', 'u', 'gen_random_uuid()')" },
		{ "ALTER TABLE t ADD COLUMN IF NOT EXISTS b text", "" },
		{ "ALTER TABLE t DROP COLUMN b",
		    "SELECT nq_fail('2BP01', 'cannot drop constraint t_b_key on table t because other "
		    "objects depend on it') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
		    "WHERE m.type = 'table' AND f.\"table\" = 't' COLLATE NOCASE AND coalesce(f.\"to\", 'b') "
		    "IN ('b') LIMIT 1\n"
		    "DROP INDEX \"t_b_key\"\n"
		    "SELECT nq_alter_table('t', 'drop column', 'b', NULL)" },
		{ "ALTER TABLE s DROP COLUMN IF EXISTS nope, DROP COLUMN id",
		    "SELECT nq_fail('2BP01', 'cannot drop constraint s_pkey on table s because other objects "
		    "depend on it') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE "
		    "m.type = 'table' AND f.\"table\" = 's' COLLATE NOCASE AND coalesce(f.\"to\", 'id') IN "
		    "('id') LIMIT 1\n"
		    "SELECT nq_alter_table('s', 'unmake rowid', 'id', NULL)\n"
		    "SELECT nq_alter_table('s', 'drop column', 'id', NULL)" },
		{ "ALTER TABLE t ALTER COLUMN b SET NOT NULL, ALTER b SET DEFAULT 'x', ALTER c DROP DEFAULT",
		    "SELECT nq_fail('23502', 'column \"b\" of relation \"t\" contains null values') FROM "
		    "\"t\" WHERE \"b\" IS NULL LIMIT 1\n"
		    "SELECT nq_alter_table('t', 'set not null', 'b', NULL)\n"
		    "SELECT nq_alter_table('t', 'set default', 'b', '''x''')\n"
		    "SELECT nq_alter_table('t', 'set default', 'c', NULL)" },
		{ "ALTER TABLE k ALTER z SET NOT NULL, ALTER z DROP NOT NULL",
		    "SELECT nq_fail('23502', 'column \"z\" of relation \"k\" contains null values') FROM "
		    "\"k\" WHERE \"z\" IS NULL LIMIT 1\n"
		    "SELECT nq_alter_table('k', 'set not null', 'z', NULL)\n"
		    "SELECT nq_alter_table('k', 'drop not null', 'z', NULL)" },
		{ "ALTER TABLE t DROP CONSTRAINT t_a_check, DROP CONSTRAINT t_b_key, DROP CONSTRAINT IF "
		  "EXISTS nope",
		    "SELECT nq_alter_table('t', 'drop constraint', 't_a_check', NULL)\n"
		    "SELECT nq_fail('2BP01', 'cannot drop constraint t_b_key on table t because other "
		    "objects depend on it') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
		    "WHERE m.type = 'table' AND f.\"table\" = 't' COLLATE NOCASE AND coalesce(f.\"to\", 'b') "
		    "IN ('b') LIMIT 1\n"
		    "DROP INDEX \"t_b_key\"" },
		{ "ALTER TABLE t DROP CONSTRAINT t_pkey",
		    "SELECT nq_fail('2BP01', 'cannot drop constraint t_pkey on table t because other objects "
		    "depend on it') FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE "
		    "m.type = 'table' AND f.\"table\" = 't' COLLATE NOCASE AND coalesce(f.\"to\", 'a') IN "
		    "('a') LIMIT 1\n"
		    "SELECT nq_alter_table('t', 'unmake rowid', 'a', NULL)" },
		{ "ALTER TABLE t ADD CONSTRAINT c CHECK (length(b) < 10)",
		    "SELECT nq_fail('23514', 'check constraint \"c\" of relation \"t\" is violated by some "
		    "row') FROM \"t\" WHERE NOT ((length(\"b\") < 10)) LIMIT 1\n"
		    "SELECT nq_alter_table('t', 'add constraint', 'CONSTRAINT \"c\" CHECK ((length(\"b\") < "
		    "10))', 'c')" },
		{ "ALTER TABLE pgbench_history ALTER COLUMN delta TYPE numeric(8, 2) USING delta / 100.0",
		    "SELECT nq_alter_table('pgbench_history', 'set type', 'delta', 'TEXT COLLATE "
		    "nq_numeric|nq_numeric_scale(nq_numeric_div(CAST(\"delta\" AS TEXT), ''100.0''), "
		    "524294)')" },
		{ "ALTER TABLE t RENAME TO tt", "ALTER TABLE \"t\" RENAME TO \"tt\"" },
		{ "ALTER TABLE t RENAME COLUMN b TO bb", "ALTER TABLE \"t\" RENAME COLUMN \"b\" TO \"bb\"" },
		{ "ALTER TABLE t SET (fillfactor = 70)", "" },
		{ "ALTER TABLE IF EXISTS nope ADD COLUMN a int", "" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), false);
}

static void test_a_bad_alter_is_refused(void **state)
{
	static const struct translation_case cases[] = {
		{ "ALTER TABLE nope ADD COLUMN a int", "42P01 relation \"nope\" does not exist" },
		{ "ALTER TABLE v ADD COLUMN a int",
		    "42809 ALTER TABLE cannot be performed on relation \"v\"" },
		{ "ALTER TABLE t ADD COLUMN b int", "42701 column \"b\" of relation \"t\" already exists" },
		{ "ALTER TABLE t ADD COLUMN n nope", "42704 type \"nope\" does not exist" },
		{ "ALTER TABLE t ADD COLUMN n int GENERATED ALWAYS AS (a) STORED",
		    "0A000 ADD COLUMN .. GENERATED ALWAYS AS is not supported" },
		{ "ALTER TABLE t ADD PRIMARY KEY (b)",
		    "42P16 multiple primary keys for table \"t\" are not allowed" },
		{ "ALTER TABLE t ADD CONSTRAINT t_b_key UNIQUE (c)",
		    "42P07 relation \"t_b_key\" already exists" },
		{ "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a > 1)",
		    "42710 constraint \"t_a_check\" for relation \"t\" already exists" },
		{ "ALTER TABLE t ADD UNIQUE (nope)", "42703 column \"nope\" named in key does not exist" },
		{ "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1) NOT VALID",
		    "0A000 NOT VALID is not supported" },
		{ "ALTER TABLE t DROP COLUMN nope",
		    "42703 column \"nope\" of relation \"t\" does not exist" },
		{ "ALTER TABLE t DROP CONSTRAINT nope",
		    "42704 constraint \"nope\" of relation \"t\" does not exist" },
		{ "ALTER TABLE t DROP CONSTRAINT t_partial",
		    "42704 constraint \"t_partial\" of relation \"t\" does not exist" },
		{ "ALTER TABLE k ALTER x DROP NOT NULL", "42P16 column \"x\" is in a primary key" },
		{ "ALTER TABLE w ALTER id DROP NOT NULL", "42P16 column \"id\" is in a primary key" },
		{ "ALTER TABLE w ALTER id SET DEFAULT 1",
		    "42601 column \"id\" of relation \"w\" is an identity column" },
		{ "ALTER TABLE t ALTER nope SET DEFAULT 1",
		    "42703 column \"nope\" of relation \"t\" does not exist" },
		{ "ALTER TABLE t ALTER b TYPE int",
		    "42804 column \"b\" cannot be cast automatically to type integer" },
		{ "ALTER TABLE t OWNER TO x", "0A000 ALTER TABLE .. OWNER TO is not supported" },
		{ "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "0A000 ROW LEVEL SECURITY is not supported" },
		{ "ALTER TABLE t RENAME TO s", "42P07 relation \"s\" already exists" },
		{ "ALTER TABLE t RENAME COLUMN nope TO x", "42703 column \"nope\" does not exist" },
		{ "ALTER TABLE t RENAME COLUMN a TO b",
		    "42701 column \"b\" of relation \"t\" already exists" },
		{ "ALTER TABLE t RENAME CONSTRAINT t_pkey TO x", "0A000 RENAME CONSTRAINT is not supported" },
		{ "ALTER INDEX t_pkey RENAME TO x", "0A000 ALTER INDEX is not supported" },
		{ "ALTER VIEW v RENAME TO x", "0A000 ALTER VIEW is not supported" },
		{ "ALTER SEQUENCE s_id_seq RESTART", "0A000 ALTER SEQUENCE is not supported" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), false);
}

static void test_the_catalog_s_rows_come_along(void **state)
{
	static const struct translation_case cases[] = {
		{ "CREATE TABLE x (a serial PRIMARY KEY, b varchar(3) UNIQUE)",
		    "CREATE TABLE \"x\" (\"a\" INTEGER DEFAULT (nq_nextval('x_a_seq')) PRIMARY KEY, \"b\" "
		    "TEXT)\n"
		    "DELETE FROM _nqlite_attribute WHERE class = (SELECT oid FROM _nqlite_class WHERE schema "
		    "= 'public' AND name = 'x')\n"
		    "DELETE FROM _nqlite_constraint WHERE class = (SELECT oid FROM _nqlite_class WHERE "
		    "schema = 'public' AND name = 'x')\n"
		    "INSERT OR REPLACE INTO _nqlite_class (oid, schema, name, kind, sqlite_name) VALUES "
		    "(nq_new_oid(), 'public', 'x', 'r', 'x')\n"
		    "INSERT OR REPLACE INTO _nqlite_attribute (class, attnum, name, type, typmod, not_null, "
		    "declared, default_pg, identity) VALUES ((SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 'x'), 1, 'a', 23, -1, 1, 'INTEGER', "
		    "'nextval(''x_a_seq''::regclass)', NULL)\n"
		    "INSERT OR REPLACE INTO _nqlite_class (oid, schema, name, kind, sqlite_name) VALUES "
		    "(nq_new_oid(), 'public', 'x_a_seq', 'S', 'x_a_seq')\n"
		    "INSERT OR REPLACE INTO _nqlite_sequence (name, class, start, increment, min, max, "
		    "last_value, is_called, cycle) VALUES ('x_a_seq', (SELECT oid FROM _nqlite_class WHERE "
		    "schema = 'public' AND name = 'x_a_seq'), 1, 1, 1, 2147483647, 1, 0, 0)\n"
		    "INSERT OR REPLACE INTO _nqlite_attribute (class, attnum, name, type, typmod, not_null, "
		    "declared, default_pg, identity) VALUES ((SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 'x'), 2, 'b', 1043, 7, 0, 'TEXT', NULL, NULL)\n"
		    "INSERT OR REPLACE INTO _nqlite_constraint (oid, class, name, kind, attnums, definition, "
		    "sqlite_index) VALUES (nq_new_oid(), (SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 'x'), 'x_pkey', 'p', '[1]', 'PRIMARY KEY (a)', NULL)\n"
		    "CREATE UNIQUE INDEX \"x_b_key\" ON \"x\" (\"b\")\n"
		    "INSERT OR REPLACE INTO _nqlite_class (oid, schema, name, kind, sqlite_name) VALUES "
		    "(nq_new_oid(), 'public', 'x_b_key', 'i', 'x_b_key')\n"
		    "INSERT OR REPLACE INTO _nqlite_constraint (oid, class, name, kind, attnums, definition, "
		    "sqlite_index) VALUES (nq_new_oid(), (SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 'x'), 'x_b_key', 'u', '[2]', 'UNIQUE (b)', 'x_b_key')" },
		{ "CREATE VIEW x AS SELECT a FROM t",
		    "CREATE VIEW \"x\" (\"a\") AS SELECT \"t\".\"a\" FROM \"t\"\n"
		    "DELETE FROM _nqlite_attribute WHERE class = (SELECT oid FROM _nqlite_class WHERE schema "
		    "= 'public' AND name = 'x')\n"
		    "INSERT OR REPLACE INTO _nqlite_class (oid, schema, name, kind, sqlite_name) VALUES "
		    "(nq_new_oid(), 'public', 'x', 'v', 'x')\n"
		    "INSERT OR REPLACE INTO _nqlite_attribute (class, attnum, name, type, typmod, not_null, "
		    "declared, default_pg, identity) VALUES ((SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 'x'), 1, 'a', 23, -1, 0, NULL, NULL, NULL)" },
		{ "DROP TABLE s",
		    "SELECT nq_fail('2BP01', 'cannot drop table s because other objects depend on it') FROM "
		    "sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND "
		    "m.name NOT IN ('s') AND f.\"table\" COLLATE NOCASE IN ('s') LIMIT 1\n"
		    "DELETE FROM _nqlite_class WHERE kind = 'i' AND sqlite_name IN (SELECT name FROM "
		    "sqlite_schema WHERE type = 'index' AND tbl_name = 's')\n"
		    "DELETE FROM _nqlite_attribute WHERE class = (SELECT oid FROM _nqlite_class WHERE schema "
		    "= 'public' AND name = 's')\n"
		    "DELETE FROM _nqlite_constraint WHERE class = (SELECT oid FROM _nqlite_class WHERE "
		    "schema = 'public' AND name = 's')\n"
		    "DELETE FROM _nqlite_sequence WHERE name = 's_id_seq'\n"
		    "DELETE FROM _nqlite_class WHERE kind = 'S' AND schema = 'public' AND name = 's_id_seq'\n"
		    "DELETE FROM _nqlite_class WHERE oid = (SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 's')\n"
		    "DROP TABLE \"s\"" },
		{ "ALTER TABLE t ADD COLUMN n int",
		    "INSERT INTO _nqlite_class (oid, schema, name, kind, sqlite_name) SELECT nq_new_oid(), "
		    "'public', 't', 'r', 't' WHERE NOT EXISTS (SELECT 1 FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 't')\n"
		    "INSERT OR IGNORE INTO _nqlite_constraint (oid, class, name, kind, attnums, definition) "
		    "VALUES (nq_new_oid(), (SELECT oid FROM _nqlite_class WHERE schema = 'public' AND name = "
		    "'t'), 't_a_check', 'c', '[1]', 'a > 0')\n"
		    "ALTER TABLE \"t\" ADD COLUMN \"n\" INTEGER\n"
		    "INSERT OR REPLACE INTO _nqlite_attribute (class, attnum, name, type, typmod, not_null, "
		    "declared, default_pg, identity) VALUES ((SELECT oid FROM _nqlite_class WHERE schema = "
		    "'public' AND name = 't'), 4, 'n', 23, -1, 0, 'INTEGER', NULL, NULL)" },
	};

	(void)state;
	assert_cases(cases, COUNT_OF(cases), true);
}

static void assert_tag(
    const char *text, const char *tag, enum statement_kind kind, bool is_ddl, const char *notice)
{
	struct made m = make(text);

	if (m.t == NULL)
		fail_msg("%s: %s", text, m.err.message);
	assert_string_equal(m.t->tag, tag);
	assert_int_equal(m.t->kind, kind);
	assert_int_equal(m.t->is_ddl, is_ddl);
	assert_int_equal(m.t->nnotices, notice != NULL);
	if (notice != NULL)
		assert_string_equal(m.t->notices[0], notice);
	for (size_t i = 0; i < m.t->nsteps; i++)
		assert_int_equal(m.t->steps[i].nslots, 0);
	drop(&m);
}

static void test_tags_and_notices(void **state)
{
	(void)state;
	assert_tag("CREATE TABLE x (a int)", "CREATE TABLE", STATEMENT_WRITE, true, NULL);
	assert_tag("CREATE TABLE IF NOT EXISTS t (a int)", "CREATE TABLE", STATEMENT_NOTHING, false,
	    "relation \"t\" already exists, skipping");
	assert_tag("CREATE TABLE x AS SELECT 1 AS a", "SELECT", STATEMENT_WRITE, true, NULL);
	assert_tag("CREATE VIEW x AS SELECT 1 AS a", "CREATE VIEW", STATEMENT_WRITE, true, NULL);
	assert_tag("CREATE INDEX ON t (b)", "CREATE INDEX", STATEMENT_WRITE, true, NULL);
	assert_tag("CREATE INDEX ON t USING gin (b)", "CREATE INDEX", STATEMENT_WRITE, true,
	    "access method \"gin\" is not supported, using btree");
	assert_tag("DROP TABLE IF EXISTS nope", "DROP TABLE", STATEMENT_NOTHING, false,
	    "table \"nope\" does not exist, skipping");
	assert_tag("DROP INDEX t_c_idx", "DROP INDEX", STATEMENT_WRITE, true, NULL);
	assert_tag("ALTER TABLE t ADD COLUMN n int", "ALTER TABLE", STATEMENT_WRITE, true, NULL);
	assert_tag("ALTER TABLE IF EXISTS nope RENAME TO x", "ALTER TABLE", STATEMENT_NOTHING, false,
	    "relation \"nope\" does not exist, skipping");
	assert_tag("ALTER TABLE t ADD COLUMN IF NOT EXISTS b int", "ALTER TABLE", STATEMENT_NOTHING, false,
	    "column \"b\" of relation \"t\" already exists, skipping");
}

static void test_a_wrong_kind_of_object_gets_a_hint(void **state)
{
	struct made m = make("DROP TABLE v");

	(void)state;
	assert_null(m.t);
	assert_string_equal(m.err.hint, "Use DROP VIEW to remove a view.");
	drop(&m);
	m = make("DROP INDEX t_b_key");
	assert_string_equal(m.err.hint, "You can drop constraint t_b_key on table t instead.");
	drop(&m);
	m = make("ALTER TABLE t ALTER b TYPE int");
	assert_string_equal(m.err.hint, "You might need to specify \"USING b::integer\".");
	drop(&m);
	m = make("CREATE TABLE x (a text REFERENCES t)");
	assert_string_equal(
	    m.err.detail, "Key columns \"a\" and \"a\" are of incompatible types: text and integer.");
	drop(&m);
}

/* 63 bytes, of which the parts give up alike. */
static void test_long_names_are_cut_as_postgres_cuts_them(void **state)
{
	struct made m = make("CREATE TABLE aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd "
			     "(eeeeeeeeeeffffffffffgggggggggghhhhhhhhhh int UNIQUE)");
	bool found = false;

	(void)state;
	assert_non_null(m.t);
	for (size_t i = 0; i < m.t->nsteps; i++)
		found |=
		    strstr(m.t->steps[i].sql,
			"INDEX \"aaaaaaaaaabbbbbbbbbbccccccccc_eeeeeeeeeeffffffffffggggggggg_key\"") != NULL;
	assert_true(found);
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_makes_tables_views_and_indexes),
		cmocka_unit_test(test_what_can_t_be_created_is_refused),
		cmocka_unit_test(test_drop_names_the_kind_of_object),
		cmocka_unit_test(test_alter_table_in_steps),
		cmocka_unit_test(test_a_bad_alter_is_refused),
		cmocka_unit_test(test_the_catalog_s_rows_come_along),
		cmocka_unit_test(test_tags_and_notices),
		cmocka_unit_test(test_a_wrong_kind_of_object_gets_a_hint),
		cmocka_unit_test(test_long_names_are_cut_as_postgres_cuts_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
