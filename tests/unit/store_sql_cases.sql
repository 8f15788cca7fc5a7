-- One statement a line, run by PostgreSQL (store_sql_cases.py writes what it answers into store_sql_cases.tsv) and, translated,
-- by SQLite (store_sql_run_test.c). The tables are those of store_sql_fixture.sql.
SELECT 1
SELECT 1 + 2, 7 / 2, -7 / 2, 7 % 3, -7 % 3, 2 * 3 - 1
SELECT 2147483647 + 1
SELECT 2147483647::int8 + 1
SELECT 9223372036854775807 + 1
SELECT -9223372036854775808 / -1
SELECT 9223372036854775807 * 2
SELECT (-2147483648)::int / -1
SELECT 32767::int2 + 1::int2
SELECT 1 / 0
SELECT 1 % 0
SELECT 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, -16 >> 2, 1 << 33, 1::int8 << 40
SELECT 1.5 + 1, 1.5 * 2, 1.50 - 0.5, 10.0 / 3, 1 / 3.0, 10.5 % 3, -1.5, 1.5 = 1.50, 1.5 > 1
SELECT 2::numeric / 3, 100000.0 / 7, 0.0001 / 3, 123456789012345678901234567890 * 10, 1e20 + 1
SELECT 1.5::float8 + 1, 1e308::float8 * 10
SELECT 0.1::float8 + 0.2::float8, 1::float8 / 3, 2::float8 ^ 10, 'NaN'::float8 + 1, 1 / 0::float8
SELECT 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 1e300::float8
SELECT 1::float4 / 3::float4, 1.1::float4, 1.1::float4::float8
SELECT round(2.5), round(3.5), round(2.5::float8), round(3.5::float8), round(1.2345, 2), round(1234.5, -2), trunc(1.99), trunc(-1.99, 1)
SELECT ceil(1.2), floor(-1.2), ceil(1.2::float8), floor(-1.2::float8), abs(-5), abs(-5.5), sign(-3.2), sqrt(2::float8), mod(7, 3), mod(7.5, 2)
SELECT power(2::float8, 3), exp(0::float8), ln(1::float8), log(100::float8), pi(), cbrt(27::float8)
SELECT ln(0::float8)
SELECT sqrt(-1::float8)
SELECT 1.5::int, 2.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int
SELECT 1e10::int
SELECT 70000::int2
SELECT 3000000000::int
SELECT 'abc'::int
SELECT '12'::int + 1, int '5', '  7 '::int
SELECT 'abc' || 'def', 'a' || 1, 1 || 'a', 'a' || NULL, 'x' || true, 'n' || 1.50
SELECT NULL || NULL
SELECT lower('ABC'), upper('abc'), length('héllo'), char_length('abc'), octet_length('héllo'), initcap('hello wORLD x-y')
SELECT substr('hello', 2), substr('hello', 2, 3), substring('hello' from 2 for 3), substring('hello' from 0 for 3), substring('hello' for 2), substr('hello', -1, 4)
SELECT substr('hello', 2, -1)
SELECT position('l' in 'hello'), strpos('hello', 'z'), replace('hello', 'l', 'L'), trim('  x '), trim(both 'x' from 'xxaxx'), ltrim('xxa', 'x'), rtrim('axx', 'x'), btrim(' a ')
SELECT left('hello', 2), left('hello', -2), right('hello', 2), right('hello', -2), repeat('ab', 3), reverse('héllo')
SELECT concat('a', NULL, 1, true, 1.5), concat_ws(',', 'a', NULL, 'b', 2), split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), lpad('7', 3, '0'), rpad('ab', 5, 'xy'), lpad('hello', 2)
SELECT ascii('é'), chr(233), md5('abc'), to_hex(255), starts_with('hello', 'he'), translate('12345', '143', 'ax')
SELECT quote_ident('Foo'), quote_ident('foo'), quote_ident('select'), quote_literal('it''s'), quote_nullable(NULL::text)
SELECT encode('abc'::bytea, 'hex'), decode('616263', 'hex'), encode('\x0001ff'::bytea, 'base64')
SELECT 'hello' LIKE 'h%', 'hello' LIKE 'H%', 'hello' ILIKE 'H%', 'hello' NOT LIKE '%z%', 'a%c' LIKE 'a\%c', 'abc' LIKE 'a_c', 'héllo' LIKE 'h_llo', 'a*c' LIKE 'a*c', 'abc' LIKE 'a*c', 'a[b' LIKE 'a[b'
SELECT 'a%c' LIKE 'a!%c' ESCAPE '!', 'abc' LIKE 'a!%c' ESCAPE '!'
SELECT 'hello' ~ '^h', 'hello' ~* 'L+', 'hello' !~ 'z', 'public' OPERATOR(pg_catalog.~) '^(public)$'
SELECT 1 = 1, 1 <> 1, 1 != 2, 1 < 2, 'a' < 'b', true > false, 1::int2 = 1::int8
SELECT true, false, true AND false, true OR NULL, NOT true, NULL AND false
SELECT 1 IS NULL, NULL IS NULL, true IS TRUE, NULL IS TRUE, NULL IS NOT TRUE, NULL IS UNKNOWN, false IS FALSE
SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 1 IS DISTINCT FROM 1, 1.0 IS DISTINCT FROM 1.00
SELECT 5 BETWEEN 1 AND 10, 5 NOT BETWEEN 1 AND 3, 5 BETWEEN SYMMETRIC 10 AND 1, 1.5 BETWEEN 1 AND 2
SELECT 1 IN (1, 2), 3 NOT IN (1, 2), 1 IN (2, NULL), 'a' IN ('a', 'b'), 1.0 IN (1, 2), 1 IN (1.0, 2.0)
SELECT 1 = ANY (ARRAY[1, 2]), 3 = ANY ('{1,2}'::int[]), 2 > ALL (ARRAY[0, 1]), 1 <> ALL (ARRAY[2, 3]), 2 < ANY ('{1,NULL}'::int[]), true = ANY (ARRAY[true, false])
SELECT coalesce(NULL, 1), coalesce(NULL, 'a'), nullif(1, 1), nullif(1, 2), greatest(1, 3, 2), least(1.5, 1, NULL), greatest('a', 'b')
SELECT CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END, CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END, CASE WHEN false THEN 1 END, CASE WHEN true THEN 1 ELSE 2.5 END
SELECT 1::text, true::text, 1.50::text, 'x'::varchar(3), 'abcdef'::varchar(3), 'abcdef'::char(3), 1.5::float8::text, 1::bool, true::int
SELECT 'abc'::char(5) = 'abc  '::char(5), 'ab'::char(3) || 'x'
SELECT date '2024-02-29', timestamp '2024-02-29 12:34:56.789', '2024-01-01'::date < '2024-01-02'::date, date '2024-01-31' + 1, date '2024-03-01' - date '2024-02-01', date '2024-01-01' - 1
SELECT '2024-02-30'::date
SELECT extract(year from timestamp '2024-02-29 12:34:56.789'), extract(epoch from timestamp '2024-02-29 12:34:56.789'), extract(second from timestamp '2024-02-29 12:34:56.789'), extract(dow from date '2024-02-29'), extract(week from date '2021-01-03'), date_part('doy', date '2024-12-31')
SELECT date_trunc('month', timestamp '2024-02-29 12:34:56.789'), date_trunc('week', timestamp '2024-02-29 12:34:56'), date_trunc('hour', timestamp '2024-02-29 12:34:56')
SELECT date '2024-02-29' = timestamp '2024-02-29 00:00:00', (timestamp '2024-02-29 12:00:00')::date, (date '2024-02-29')::timestamp
SELECT ARRAY[1, 2, 3], ARRAY['a', 'b'], ARRAY[1.5, 2], ARRAY[true, false, NULL], '{1,2}'::int[], ARRAY[]::int[]
SELECT array_length(ARRAY[1, 2, 3], 1), array_length(ARRAY[]::int[], 1), cardinality(ARRAY[1, 2]), array_position(ARRAY['a', 'b'], 'b'), array_position(ARRAY[1, 2], 3), ARRAY[1] || 2, ARRAY[1] || ARRAY[2, 3], array_to_string(ARRAY[1, 2, NULL], ','), array_to_string(ARRAY[1, NULL], ',', '*')
SELECT (1, 2) = (1, 2), (1, 2) < (1, 3), (1, 2) <> (1, 2), (1, 2) >= (2, 0)
SELECT current_database() IS NOT NULL, pg_typeof(1)::text, pg_typeof('a'::text)::text, version() LIKE 'PostgreSQL%', now() IS NOT NULL, random() < 1
SELECT gen_random_uuid() IS NOT NULL, current_user IS NOT NULL, current_schema, CURRENT_DATE IS NOT NULL, CURRENT_TIMESTAMP = now()
SELECT format_type(23, NULL), format_type(1043, 14), format_type(1007, -1), format_type(1114, 3)
SELECT 'a' COLLATE "C" < 'B' COLLATE "C"
SELECT 't'::regclass = 't'::regclass, 'int4'::regtype::text, 'integer'::regtype::oid
SELECT * FROM t ORDER BY id
SELECT t.* FROM t ORDER BY a, id
SELECT id, a FROM t ORDER BY a DESC, id
SELECT id, a FROM t ORDER BY a NULLS FIRST, id LIMIT 2
SELECT id, a FROM t ORDER BY a DESC NULLS LAST, id OFFSET 1
SELECT id AS x, b FROM t ORDER BY x DESC LIMIT 1 OFFSET 1
SELECT id FROM t ORDER BY 1 DESC FETCH FIRST 2 ROWS ONLY
SELECT id FROM t ORDER BY id LIMIT NULL
SELECT id FROM t ORDER BY id LIMIT -1
SELECT id FROM t ORDER BY id OFFSET -1
SELECT id FROM t ORDER BY 3
SELECT id FROM t ORDER BY length(b), id
SELECT id, c FROM t WHERE c > 1.5 ORDER BY c, id
SELECT id FROM t WHERE a = 5
SELECT id FROM t WHERE a = '10'
SELECT id FROM t WHERE e ORDER BY id
SELECT id FROM t WHERE b LIKE 'o%' ORDER BY id
SELECT id FROM t WHERE b ~ '^t' ORDER BY id
SELECT id FROM t WHERE id IN (SELECT t_id FROM u) ORDER BY id
SELECT id FROM t WHERE id NOT IN (SELECT t_id FROM u WHERE t_id IS NOT NULL) ORDER BY id
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id) ORDER BY id
SELECT id FROM t WHERE a > ALL (SELECT small FROM t WHERE small IS NOT NULL) ORDER BY id
SELECT id FROM t WHERE a >= ANY (SELECT small FROM t) ORDER BY id
SELECT (SELECT count(*) FROM u), (SELECT b FROM t WHERE id = 1), (SELECT b FROM t WHERE id = 99)
SELECT (SELECT b FROM t)
SELECT (SELECT id, b FROM t)
SELECT id, (SELECT max(name) FROM u WHERE u.t_id = t.id) AS n FROM t ORDER BY id
SELECT ARRAY(SELECT id FROM t ORDER BY id)
SELECT count(*), count(a), sum(a), avg(a), min(a), max(a) FROM t
SELECT sum(big), avg(big), sum(c), avg(c), max(c), min(c), sum(d), avg(d), sum(small), avg(small) FROM t
SELECT count(*), sum(a), avg(a), min(b), string_agg(b, ','), array_agg(a), bool_and(e) FROM t WHERE false
SELECT bool_and(e), bool_or(e), every(e), min(b), max(b), max(ts), bit_or(a), bit_and(a) FROM t
SELECT string_agg(b, ',' ORDER BY b), string_agg(b, ',' ORDER BY id DESC), array_agg(a ORDER BY id), array_agg(b ORDER BY b DESC), array_agg(e ORDER BY id) FROM t
SELECT count(DISTINCT a), sum(DISTINCT a), count(DISTINCT c) FROM t
SELECT count(*) FILTER (WHERE a > 5), sum(a) FILTER (WHERE e) FROM t
SELECT avg(x) FROM (VALUES (1), (2)) AS v(x)
SELECT avg(x), sum(x) FROM (VALUES (1.5), (2.25)) AS v(x)
SELECT sum(x) FROM (VALUES (9223372036854775807), (9223372036854775807)) AS v(x)
SELECT e, count(*) FROM t GROUP BY e ORDER BY e
SELECT e AS flag, count(*) AS n FROM t GROUP BY flag ORDER BY n DESC, flag
SELECT a + 1, count(*) FROM t GROUP BY a + 1 ORDER BY 1
SELECT a % 2 AS p, sum(a) FROM t WHERE a IS NOT NULL GROUP BY 1 HAVING sum(a) > 1 ORDER BY 1
SELECT c, count(*) FROM t GROUP BY c ORDER BY c
SELECT t.id, t.b, count(u.id) FROM t LEFT JOIN u ON u.t_id = t.id GROUP BY t.id ORDER BY t.id
SELECT b, count(*) FROM t GROUP BY a ORDER BY 1
SELECT id FROM t HAVING count(*) > 1
SELECT sum(a), b FROM t
SELECT id FROM t WHERE count(*) > 1
SELECT sum(count(*)) FROM t
SELECT DISTINCT e FROM t ORDER BY e
SELECT DISTINCT c FROM t ORDER BY c
SELECT DISTINCT e FROM t ORDER BY id
SELECT DISTINCT ON (e) e, id FROM t ORDER BY e, id DESC
SELECT DISTINCT ON (e) id FROM t ORDER BY id
SELECT t.id, u.name FROM t JOIN u ON u.t_id = t.id ORDER BY t.id, u.name
SELECT t.id, u.name FROM t, u WHERE u.t_id = t.id ORDER BY 1, 2
SELECT t.id, u.name FROM t LEFT JOIN u ON u.t_id = t.id ORDER BY t.id, u.name
SELECT t.id, u.name FROM t RIGHT JOIN u ON u.t_id = t.id ORDER BY t.id, u.name
SELECT t.id, u.name FROM t FULL JOIN u ON u.t_id = t.id ORDER BY t.id, u.name
SELECT count(*) FROM t CROSS JOIN u
SELECT id, b, name FROM t JOIN u USING (id) ORDER BY id
SELECT * FROM (SELECT id, b FROM t) x NATURAL JOIN (SELECT id, name FROM u) y ORDER BY id
SELECT id, x.b, y.name FROM (SELECT id, b FROM t) x FULL JOIN (SELECT id + 1 AS id, name FROM u) y USING (id) ORDER BY id
SELECT * FROM t a JOIN (u JOIN t b ON u.t_id = b.id) ON a.id = u.id ORDER BY a.id
SELECT x.n FROM (SELECT id * 2 AS n FROM t) AS x WHERE x.n > 2 ORDER BY x.n
SELECT * FROM (SELECT 1, 2) AS x(a, b)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, s) ORDER BY n DESC
VALUES (1, 'x'), (2, NULL) ORDER BY 1 DESC
VALUES (1), (2.5), (NULL)
SELECT o.n FROM t CROSS JOIN LATERAL (SELECT t.id + 1) AS o(n) ORDER BY o.n
SELECT o.n, count(*) FROM t LEFT JOIN LATERAL (SELECT t.e) AS o(n) ON true GROUP BY o.n ORDER BY 1
SELECT * FROM generate_series(1, 3)
SELECT g FROM generate_series(10, 1, -4) AS g
SELECT s.x * 2 FROM generate_series(1, 3) AS s(x) WHERE x > 1
SELECT generate_series(1, 3)
SELECT count(*), sum(g) FROM generate_series(1, 100000) g
SELECT * FROM generate_series(1, 3, 0)
SELECT t.id, g FROM t, generate_series(1, t.id) g WHERE t.id < 3 ORDER BY 1, 2
SELECT * FROM unnest(ARRAY[1, 2])
SELECT unnest(ARRAY['a', 'b'])
SELECT * FROM lower('ABC')
SELECT id FROM t UNION SELECT id FROM u ORDER BY id
SELECT a FROM t UNION ALL SELECT small FROM t ORDER BY 1
SELECT 1 UNION SELECT 2.5 UNION SELECT NULL ORDER BY 1
SELECT 'a' UNION SELECT 'b' ORDER BY 1
SELECT 1 UNION SELECT 'a'
SELECT 1 UNION SELECT true
SELECT 1, 2 UNION SELECT 1
SELECT count(*) FROM (SELECT 1.0 UNION SELECT 1.00) x
SELECT id FROM t INTERSECT SELECT t_id FROM u ORDER BY 1
SELECT id FROM t EXCEPT SELECT t_id FROM u ORDER BY 1
SELECT t_id FROM u EXCEPT ALL SELECT 1 ORDER BY 1
SELECT t_id FROM u INTERSECT ALL (SELECT 1 UNION ALL SELECT 1) ORDER BY 1
(SELECT id FROM t ORDER BY id DESC LIMIT 1) UNION ALL (SELECT id FROM t ORDER BY id LIMIT 1)
SELECT 1 UNION ALL SELECT 2 UNION SELECT 2 ORDER BY 1
SELECT 1 UNION ALL (SELECT 2 UNION SELECT 2) ORDER BY 1
SELECT id FROM t UNION SELECT id FROM u ORDER BY id + 1
WITH x AS (SELECT id, b FROM t WHERE id < 3) SELECT * FROM x ORDER BY id
WITH x(n) AS (SELECT id FROM t), y AS (SELECT n + 1 AS m FROM x) SELECT sum(m) FROM y
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r ORDER BY n
WITH RECURSIVE f(a, b) AS (VALUES (0, 1) UNION ALL SELECT b, a + b FROM f WHERE b < 50) SELECT a FROM f ORDER BY a
WITH x AS MATERIALIZED (SELECT 1 AS n) SELECT x.n, y.n FROM x, x AS y
SELECT * FROM (WITH z AS (SELECT 7 AS q) SELECT q FROM z) s
SELECT id, row_number() OVER (ORDER BY id DESC), rank() OVER (ORDER BY e), dense_rank() OVER (ORDER BY e) FROM t ORDER BY id
SELECT id, sum(a) OVER (ORDER BY id), sum(a) OVER (PARTITION BY e), avg(a) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id
SELECT id, lag(id) OVER (ORDER BY id), lead(id, 1, 0) OVER (ORDER BY id), first_value(b) OVER w, last_value(b) OVER w FROM t WINDOW w AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id
SELECT id, sum(c) OVER (ORDER BY id), sum(d) OVER (ORDER BY id) FROM t ORDER BY id
SELECT e, sum(sum(a)) OVER (ORDER BY e) FROM t GROUP BY e ORDER BY e
SELECT id FROM t WHERE row_number() OVER () = 1
SELECT row_number() FROM t
SELECT nope FROM t
SELECT t.nope FROM t
SELECT x.id FROM t
SELECT id FROM t, u
SELECT * FROM nope
SELECT * FROM nope.nope
SELECT 1 + 'a'::text
SELECT 'a' + 'b'
SELECT true + 1
SELECT - 'a'::text
SELECT nope(1)
SELECT lower(1)
SELECT nope.nope(1)
SELECT length(1, 2)
SELECT 1 FROM t WHERE id
SELECT 1 FROM t WHERE 'x'
SELECT NOT 1
SELECT CASE WHEN 1 THEN 2 END
SELECT CASE WHEN true THEN 1 ELSE 'x'::text END
SELECT coalesce(1, true)
SELECT '1'::nope
SELECT 1::date
SELECT id FROM t AS x, u AS x
SELECT *
SELECT true::date
SELECT id FROM t LIMIT 'x'
SELECT id FROM t LIMIT id
SELECT count() FROM t
SELECT lower(DISTINCT b) FROM t
SELECT a FROM t GROUP BY 5
SELECT "B" FROM t
SELECT T.ID FROM T WHERE B = 'one'
SELECT 1 AS "Mixed", 2 AS lower
SELECT id::text, b::varchar, upper(b), id + 1, 'x', NULL, a::int8 AS z FROM t WHERE id = 1
SELECT exists(SELECT 1), ARRAY(SELECT 1), (SELECT 5 AS five), CASE WHEN true THEN b END, coalesce(a, 1), greatest(a, 1) FROM t WHERE id = 1
SELECT max(id) + 1 AS m FROM t WHERE b <> '' HAVING max(id) > 0
SELECT count(*) FROM t WHERE ts > '2024-01-01' AND ts < timestamp '2024-06-01'
SELECT count(*) FROM t WHERE ts > date '2024-01-01'
SELECT id FROM t WHERE v = 'x' OR v IN ('y', 'z') ORDER BY id
SELECT id FROM t WHERE big = 9007199254740993
SELECT id FROM t WHERE a > 1.5 AND d < 100 ORDER BY id
SELECT id FROM t WHERE id = 1.0
SELECT id FROM t WHERE (id, b) = (1, 'one')
SELECT id FROM t WHERE (id, a) IN ((1, 10), (2, 5)) ORDER BY id
SELECT id FROM t WHERE (id, id) IN (SELECT t_id, id FROM u) ORDER BY id
SELECT 1 WHERE false
SELECT 1 WHERE NULL
SELECT 'it''s', E'a\nb', $$dollar$$, U&'\0041'
SELECT b FROM t WHERE id = 1 FOR UPDATE
SELECT count(*) FROM t FOR UPDATE
TABLE u
SELECT id FROM t ORDER BY 'x'
SELECT id, 5 AS five FROM t GROUP BY id, five ORDER BY five, id
SELECT length(b) AS n, count(*) FROM t GROUP BY n ORDER BY n
SELECT -a, +a, - (-5), @ -5 FROM t WHERE id = 1
SELECT '\x6162'::bytea, 'abc'::bytea = '\x616263'
SELECT 9223372036854775807, -9223372036854775808, 1e3, .5, 1.0e-2
SELECT true = 't', 'f' = false
SELECT 5 > '3', '10' > 9
SELECT o.n, p.x, pg_catalog.count(i.id) FROM t AS c JOIN u AS n ON (n.id = c.id) CROSS JOIN LATERAL (SELECT pg_catalog.array_position(pg_catalog.current_schemas(true), n.name::name)) AS o(n) LEFT JOIN (SELECT 1 AS x, 2 AS id) AS p ON (p.id = c.id) LEFT JOIN u AS i ON (c.id = i.t_id) WHERE c.b = 'one' AND o.n IS NOT NULL GROUP BY 1, 2 ORDER BY 1 ASC LIMIT 1
SELECT id FROM t WHERE a IN (5, 10) AND b > 'f' OR NOT e ORDER BY id
SELECT id, CASE WHEN a IS NULL THEN 'none' WHEN a > 5 THEN 'big' ELSE 'small' END AS size FROM t ORDER BY id
SELECT coalesce(sum(a), 0) FROM t WHERE id > 100
SELECT e, a, count(*) FROM t GROUP BY e, a ORDER BY e NULLS FIRST, a DESC NULLS LAST
SELECT max(length(b)), min(upper(b)) FROM t
SELECT upper(b) AS u, count(*) FROM t GROUP BY upper(b) HAVING count(*) >= 1 ORDER BY upper(b)
SELECT count(*) FROM t WHERE b LIKE '%' || 'o' || '%'
SELECT b FROM t WHERE b LIKE $$%e_$$ ORDER BY b
SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY e ORDER BY id DESC) AS rn FROM t) q WHERE rn = 1 ORDER BY id
SELECT t.id, (SELECT count(*) FROM u WHERE u.t_id = t.id AND u.name IS NOT NULL) FROM t ORDER BY 2 DESC, 1
SELECT id FROM t WHERE id = (SELECT max(t_id) FROM u)
SELECT id FROM t WHERE id = (SELECT t_id FROM u)
SELECT a.id, b.id FROM t a LEFT JOIN t b ON a.a = b.a AND a.id < b.id ORDER BY a.id
SELECT t.id, u.id FROM t JOIN u ON t.id = u.t_id AND u.name = 'b'
SELECT count(*) FROM t NATURAL JOIN u
SELECT * FROM t JOIN u USING (nope)
SELECT id FROM (SELECT * FROM t) x JOIN u ON x.id = u.id
SELECT * FROM (SELECT id FROM t)
SELECT x FROM (SELECT 1 AS x) a, (SELECT 2 AS y) b WHERE x < y
SELECT a.x + b.x FROM (SELECT 1 AS x) a, (SELECT 2 AS x) b
SELECT x FROM (SELECT 1 AS x) a, (SELECT 2 AS x) b
SELECT 1 AS a, 2 AS a ORDER BY a
SELECT id AS a, a FROM t ORDER BY a
SELECT b AS id FROM t GROUP BY id ORDER BY 1
SELECT b, max(a) FROM t GROUP BY b ORDER BY max(a) DESC NULLS LAST, b LIMIT 2
SELECT b FROM t ORDER BY count(*)
SELECT (SELECT t.b) FROM t ORDER BY 1
SELECT (SELECT max(t.a)) FROM t
SELECT max(a) FROM t ORDER BY max(a)
SELECT a FROM t GROUP BY a HAVING a > 5
SELECT a + 1 FROM t GROUP BY a ORDER BY a + 1
SELECT a + 2 FROM t GROUP BY a + 1
SELECT count(*) AS c FROM t GROUP BY c
SELECT id, b FROM t WHERE (a, id) > (5, 2) ORDER BY id
SELECT 2 + 3 * 4 - 10 / 3 % 2, (2 + 3) * 4, -2 ^ 2, 2 ^ 3 ^ 2
SELECT 0.1 + 0.2 = 0.3, 1.10 = 1.1, 1e2 = 100, 0.5::float8 = 0.5
SELECT 10 / 4, 10 / 4.0, 10.00 / 4, 1.0 / 3.0, 2.0 * 3.00, 5 % 2.5, -5 / 2, -5 % 2, 5.0 % -3
SELECT avg(a), avg(c), sum(c) FROM t
SELECT sum(1.5), sum(2), avg(2), count(1), max(1), min('x') FROM t
SELECT string_agg(name, '; ' ORDER BY name) FROM u
SELECT string_agg(DISTINCT b, ',') FROM t
SELECT string_agg(b) FROM t
SELECT round(avg(a), 2), round(12345.678, 1), round(-2.5), round(1e3), trunc(12.99), trunc(-12.999, 2)
SELECT round(avg(a), 2) FROM t
SELECT interval '1 day'
SELECT timestamp '2024-01-01' < '2024-01-02', '2024-01-01' < date '2024-01-02', max(ts), min(ts) FROM t
SELECT date 'not a date'
SELECT true::int + 1, 5::bool, 'yes'::bool, 'maybe'::bool
SELECT '5' + 1, 1 + '5', '1.5' + 1
SELECT 'x' = 'x', 'x' < 'y', '1' = 1, 'abc' = NULL
SELECT upper('a') || lower('B') || 3, 'a' || 'b' || NULL IS NULL
SELECT 3 = 3.0, 3::float8 = 3, 3::numeric = 3::float8, 16777217::float4 = 16777217
SELECT big = 9007199254740993, big = 9007199254740992, big > 9007199254740992.5, big::float8 = 9007199254740992 FROM t WHERE id = 1
SELECT big + 1, big * 2, small + small, small * 2 FROM t WHERE id = 1
SELECT small + 32767::int2 FROM t WHERE id = 1
SELECT a / 0 FROM t
SELECT d / 3, d * 2, d + a, d - 1.5, a / d FROM t WHERE id = 1
SELECT c * 2, c + 1, c / 3, c - 0.5, c > a, -c, abs(c), c::int, c::text, c::float8 FROM t WHERE id = 2
SELECT v || '!', length(v), upper(v), v = 'x', v < 'y', v || v FROM t WHERE id = 1
SELECT id FROM t WHERE v = 'x'::text
SELECT 'abc'::varchar, 'abc'::varchar(2), 'a  '::char(3) || 'b', length('a  '::char(3))
SELECT 'x'::"char", 'abc'::name, 12::oid, '12'::oid, 4294967295::oid
SELECT -1::oid
SELECT 1 WHERE 1 IN (SELECT id FROM t) AND 99 NOT IN (SELECT id FROM t)
SELECT 1 WHERE 'one' IN (SELECT b FROM t)
SELECT 1 WHERE 1 IN (SELECT id, a FROM t)
SELECT 1 WHERE 'x' IN (SELECT id FROM t)
SELECT 1 WHERE true IN (SELECT id FROM t)
SELECT id FROM t WHERE a IN (5, NULL) ORDER BY 1
SELECT id FROM t WHERE a NOT IN (5, NULL)
SELECT 1 IN ('1', '2'), 'a' IN ('b', 'c'), 1.5 IN (1, 1.5), NULL IN (1)
SELECT 1 IN ('x')
SELECT 1 IN (true)
SELECT 1 = ANY (SELECT id FROM t), 9 <> ALL (SELECT id FROM t), 5 = ALL (SELECT a FROM t WHERE a IS NOT NULL), 5 > ANY (SELECT a FROM t WHERE false)
SELECT 1 = ANY (5)
SELECT 1 = ANY ('{1,2,3}'), 'b' = ANY ('{a,b}')
SELECT 4 BETWEEN '1' AND 9, 'b' BETWEEN 'a' AND 'c', 1.5 NOT BETWEEN 1 AND 2, NULL BETWEEN 1 AND 2
SELECT CASE a WHEN 5 THEN 'five' WHEN 10 THEN 'ten' END FROM t ORDER BY id
SELECT CASE 1 WHEN 'x' THEN 2 END
SELECT nullif('a', 'b'), nullif(1, 1.0), nullif(1.0, 2), nullif(NULL, 1)
SELECT greatest(1, 2.5, '3'), least('b', 'a'), greatest(NULL, NULL), least(1, NULL)
SELECT greatest(1, 'x')
SELECT current_setting('nope.nope', true) IS NULL
SELECT pg_catalog.lower('X'), pg_catalog.upper(b) FROM pg_catalog.nope
SELECT public.lower('X')
SELECT lower
SELECT max(DISTINCT a), count(DISTINCT b), avg(DISTINCT a) FROM t
SELECT count(DISTINCT a) FILTER (WHERE id > 1), count(*) FILTER (WHERE 1) FROM t
SELECT first_value(id) OVER (PARTITION BY e ORDER BY id), ntile(2) OVER (ORDER BY id), nth_value(id, 2) OVER (ORDER BY id) FROM t ORDER BY id
SELECT sum(a) OVER w, count(*) OVER w FROM t WINDOW w AS (PARTITION BY e) ORDER BY id
SELECT rank() OVER (w ORDER BY id) FROM t WINDOW w AS (PARTITION BY e) ORDER BY id
SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM t ORDER BY id
SELECT sum(id) OVER nope FROM t
SELECT lower(b) OVER () FROM t
SELECT rank() OVER (ORDER BY sum(a)) FROM t GROUP BY e ORDER BY 1
SELECT * FROM t WHERE sum(a) OVER () > 1
VALUES (1, 2), (3)
VALUES (1), ('x')
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v ORDER BY column1
SELECT * FROM (VALUES (1)) v(a, b)
SELECT v.a FROM (VALUES (1, 2)) v(a)
SELECT * FROM (SELECT 1 UNION ALL SELECT 2) x ORDER BY 1 DESC
SELECT count(*) FROM (SELECT id FROM t UNION SELECT id FROM u) x
(SELECT 1) UNION (SELECT 2) ORDER BY 1 LIMIT 1
SELECT 1 UNION ALL SELECT 2 LIMIT 1 OFFSET 1
(SELECT id FROM t ORDER BY id LIMIT 2) EXCEPT SELECT 1
SELECT NULL UNION SELECT 1 ORDER BY 1
SELECT id, NULL FROM t WHERE id = 1 UNION ALL SELECT 7, 'x'
SELECT '1' UNION SELECT 1 ORDER BY 1
SELECT date '2024-01-01' UNION SELECT timestamp '2024-01-01 00:00:00'
SELECT 1 INTERSECT SELECT 1 UNION SELECT 3 EXCEPT SELECT 3 ORDER BY 1
SELECT a FROM t UNION SELECT b FROM t
WITH x AS (SELECT 1 AS a), x AS (SELECT 2) SELECT 1
WITH x(a, b) AS (SELECT 1) SELECT * FROM x
WITH x AS (SELECT id FROM t) SELECT x.id FROM x JOIN t ON t.id = x.id WHERE x.id IN (SELECT id FROM x WHERE id > 2) ORDER BY 1
WITH t AS (SELECT 5 AS id) SELECT id FROM t
WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT (n + 1) % 3 FROM r) SELECT count(*) FROM r
WITH RECURSIVE r(n, path) AS (SELECT id, b FROM t WHERE id = 1 UNION ALL SELECT u.id, path || u.name FROM r JOIN u ON u.t_id = r.n AND u.id > r.n) SELECT * FROM r ORDER BY n
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 0.5 FROM r WHERE n < 3) SELECT * FROM r
SELECT g, g * g FROM generate_series(1::int8, 3) AS g ORDER BY g DESC
SELECT t.b, g FROM t JOIN generate_series(1, 2) g ON g = t.id ORDER BY 1
SELECT generate_series(1, 2), b FROM t ORDER BY b, 1
SELECT a.n, b.n FROM generate_series(1, 2) a(n), generate_series(1, 2) b(n) ORDER BY 1, 2
SELECT id FROM t WHERE id IN (SELECT generate_series(1, 2)) ORDER BY id
SELECT x FROM unnest('{3,1,2}'::int[]) x ORDER BY x
SELECT count(*) FROM t WHERE t.b = 'one' AND "t"."id" = 1
SELECT DISTINCT a, e FROM t ORDER BY a, e
SELECT DISTINCT a + 1 FROM t ORDER BY a + 1
SELECT DISTINCT b FROM t ORDER BY length(b)
SELECT DISTINCT ON (a) a, id FROM t ORDER BY id
SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC LIMIT 2
SELECT id FROM t ORDER BY e, a DESC, id LIMIT 2 OFFSET 1
SELECT id FROM t ORDER BY b COLLATE "C" DESC LIMIT 1
SELECT id FROM t ORDER BY b COLLATE "nope"
SELECT id FROM t ORDER BY id USING <
SELECT 1 LIMIT 0
SELECT 1 LIMIT 2.5
SELECT id FROM t ORDER BY id LIMIT 1 + 1
SELECT id FROM t ORDER BY id OFFSET 2 ROWS FETCH NEXT ROW ONLY
SELECT id FROM t FOR SHARE OF nope
SELECT id FROM t WHERE id = 1 FOR UPDATE OF t SKIP LOCKED
SELECT id FROM t WHERE t.id = 1 AND t.nope = 2
SELECT nope.* FROM t
SELECT t.id.x FROM t
SELECT id FROM t GROUP BY id HAVING nope
SELECT 1 + nope(2)
SELECT concat(id, '-', b, '-', e, '-', c, '-', d, '-', ts) FROM t ORDER BY id
SELECT length(''), '' IS NULL, '' = '', 'a' > ''
SELECT 'ÄÖ' = 'ÄÖ', upper('äb'), length('日本語'), substr('日本語', 2, 1), position('語' in '日本語'), reverse('日本'), lpad('日', 3, '本')
SELECT extract(century from timestamp '2000-12-31'), extract(quarter from date '2024-05-01'), extract(isodow from date '2024-09-01'), extract(isoyear from date '2024-12-31'), extract(milliseconds from timestamp '2024-01-01 00:00:01.5'), extract(decade from date '2024-01-01')
SELECT extract(nope from date '2024-05-01')
SELECT (ts::date)::text, date_trunc('day', ts), extract(hour from ts) FROM t WHERE id = 1
SELECT ts::text, ts::date + 30, ts::time FROM t WHERE id = 2
SELECT now()::date = CURRENT_DATE
SELECT ARRAY[1, NULL, 3], ARRAY['a b', 'c"d', NULL], ARRAY['x'::text], ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, 2] <> '{1,3}'
SELECT ARRAY[1, 'x']
SELECT ARRAY[]
SELECT '{1,x}'::int[]
SELECT '{a,b}'::text[], ARRAY[1, 2]::text[], '{1,2}'::int[]::text
SELECT array_agg(id) FROM t WHERE id > 2
SELECT array_agg(b ORDER BY id DESC) FILTER (WHERE id > 1), array_agg(DISTINCT a) FROM t
