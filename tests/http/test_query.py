"""/db/query: every body that the original took, and the answer that both families of clients read."""

import pytest
from urllib.parse import quote


def post(node, body, options="", **kwargs):
    return node.http(f"/db/query{options}", body, **kwargs)


def get(node, sql, options=""):
    return node.http(f"/db/query?q={quote(sql)}{options}")


def rows(node, sql):
    status, answer = get(node, sql)
    assert status == 200, answer
    return answer["results"][0]["rows"]


@pytest.fixture
def table(node):
    assert post(node, ["DROP TABLE IF EXISTS foo", "CREATE TABLE foo (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)"])[0] == 200
    return "foo"


def test_a_read_answers_in_both_forms(node, table):
    post(node, ["INSERT INTO foo(name, age) VALUES('fiona', 20)"])
    status, answer = get(node, "SELECT * FROM foo")
    assert status == 200
    assert answer["results"] == [{
        "columns": ["id", "name", "age"], "types": ["integer", "text", "integer"],
        "values": [[1, "fiona", 20]], "rows": [{"id": 1, "name": "fiona", "age": 20}]}]
    assert isinstance(answer["time"], float)
    assert list(answer) == ["results", "time"]


def test_a_read_without_rows_has_no_values(node, table):
    status, answer = get(node, "SELECT id, 1+1 AS two FROM foo")
    assert (status, answer["results"]) == (200, [{"columns": ["id", "two"], "types": ["integer", ""], "rows": []}])


def test_a_write_tells_its_place_in_the_log(node, table):
    status, answer = post(node, ["INSERT INTO foo(name) VALUES('a'), ('b')"])
    assert status == 200
    result = answer["results"][0]
    assert result["nats"] == {"stream": "nqlite", "seq": result["nats"]["seq"], "duplicate": False}
    assert (result["last_insert_id"], result["rows_affected"]) == (2, 2)
    assert post(node, ["DELETE FROM foo"])[1]["results"][0]["nats"]["seq"] == result["nats"]["seq"] + 1


def test_ddl_leaves_out_what_is_zero(node):
    post(node, ["DROP TABLE IF EXISTS ddl"])
    assert list(post(node, ["CREATE TABLE ddl (a)"])[1]["results"][0]) == ["nats"]


@pytest.mark.parametrize("body", [
    [["INSERT INTO foo(name, age) VALUES(?, ?)", "a", 7]],
    [["INSERT INTO foo(name, age) VALUES(?2, ?1)", 7, "a"]],
    [["INSERT INTO foo(name, age) VALUES(:name, :age)", {"name": "a", "age": 7}]],
    [["INSERT INTO foo(name, age) VALUES(@name, $age)", {"name": "a", "age": 7, "unused": 1}]],
    [["INSERT INTO foo(name, age) VALUES(:name, :age)", {":name": "a", ":age": 7}]],
    [["INSERT INTO foo(name, age) VALUES(?, ?)", ["a", 7]]],
    [["INSERT INTO foo(name, age) VALUES(:name, :age)", "a", 7]],
    ["INSERT INTO foo(name, age) VALUES('a', 7)"],
])
def test_every_body_shape_of_one_statement(node, table, body):
    status, answer = post(node, body)
    assert status == 200, answer
    assert rows(node, "SELECT name, age FROM foo") == [{"name": "a", "age": 7}]


@pytest.mark.parametrize("body", [
    ["INSERT INTO foo(name) VALUES('a')", "INSERT INTO foo(name) VALUES('b')"],
    [["INSERT INTO foo(name) VALUES(?)", "a"], ["INSERT INTO foo(name) VALUES(:n)", {"n": "b"}]],
    ["INSERT INTO foo(name) VALUES('a')", ["INSERT INTO foo(name) VALUES(?)", "b"]],
    ["INSERT INTO foo(name) VALUES('a'); INSERT INTO foo(name) VALUES('b')"],
    ["INSERT INTO foo(name) VALUES('a'); INSERT INTO foo(name) VALUES('b'); -- done\n"],
    [["INSERT INTO foo(name) VALUES(?); INSERT INTO foo(name) VALUES(?)", "a", "b"]],
])
def test_every_body_shape_of_a_bulk(node, table, body):
    status, answer = post(node, body)
    assert status == 200, answer
    assert [r["nats"]["seq"] for r in answer["results"]] == [answer["results"][0]["nats"]["seq"]] * 2
    assert rows(node, "SELECT name FROM foo ORDER BY id") == [{"name": "a"}, {"name": "b"}]


def test_a_bulk_is_atomic(node, table):
    status, answer = post(node, ["INSERT INTO foo(id) VALUES(1)", "INSERT INTO foo(id) VALUES(1)", "INSERT INTO foo(id) VALUES(2)"])
    assert (status, answer) == (400, {"results": [{"error": "UNIQUE constraint failed: foo.id"}], "time": 0})
    assert rows(node, "SELECT * FROM foo") == []


def test_a_bulk_that_does_not_prepare_does_not_reach_the_log(node, table):
    seq = post(node, ["DELETE FROM foo"])[1]["results"][0]["nats"]["seq"]
    assert post(node, ["INSERT INTO foo(id) VALUES(1)", "INSERT INTO nope VALUES(1)"]) == (
        400, {"results": [{"error": "no such table: nope"}], "time": 0})
    assert post(node, ["DELETE FROM foo"])[1]["results"][0]["nats"]["seq"] == seq + 1


def test_reads_among_writes_are_answered_in_order(node, table):
    status, answer = post(node, ["SELECT count(*) AS n FROM foo", "INSERT INTO foo(name) VALUES('a')", "SELECT count(*) AS n FROM foo",
                                 "DELETE FROM foo", ["SELECT count(*) AS n FROM foo WHERE id > ?", 0]])
    assert status == 200, answer
    assert [r.get("rows") for r in answer["results"]] == [[{"n": 0}], None, [{"n": 1}], None, [{"n": 0}]]
    assert "nats" not in answer["results"][0] and "nats" in answer["results"][1]


def test_reads_alone_in_a_bulk(node):
    status, answer = post(node, ["SELECT 1 AS a", ["SELECT ? AS b", "x"], "VALUES(3)", "  -- a comment\n WITH t AS (SELECT 4 AS d) SELECT d FROM t"])
    assert status == 200
    assert [r["rows"] for r in answer["results"]] == [[{"a": 1}], [{"b": "x"}], [{"column1": 3}], [{"d": 4}]]


def test_a_failing_read_stands_in_its_place(node):
    status, answer = post(node, ["SELECT 1 AS a", "SELECT * FROM nope", "SELECT 2 AS b"])
    assert status == 400
    assert [r.get("error") for r in answer["results"]] == [None, "no such table: nope", None]


def test_a_read_that_fails_halfway_leaves_no_rows_behind(node):
    status, answer = post(node, ["SELECT abs(v) FROM (SELECT 1 AS v UNION ALL SELECT -9223372036854775808)"])
    assert (status, answer["results"]) == (400, [{"error": "integer overflow"}])


def test_ddl_and_what_needs_it_in_one_request(node):
    status, answer = post(node, [
        "DROP TABLE IF EXISTS made", "CREATE TABLE made (id INTEGER PRIMARY KEY, v TEXT);",
        ["INSERT INTO made(v) VALUES(:v) RETURNING *", {"v": "it's; one"}], ["INSERT INTO made(v) VALUES(?)", "two"],
        "CREATE TRIGGER made_t AFTER INSERT ON made BEGIN UPDATE made SET v = v || '!' WHERE id = new.id; DELETE FROM made WHERE v = 'x!'; END;"
        " INSERT INTO made(v) VALUES('three'); SELECT v FROM made ORDER BY id", "SELECT v FROM made WHERE 0"])
    assert status == 200, answer
    results = answer["results"]
    assert len(results) == 8
    assert results[2]["rows"] == [{"id": 1, "v": "it's; one"}]
    assert results[2]["columns"] == ["id", "v"]
    assert [r["v"] for r in results[6]["rows"]] == ["it's; one", "two", "three!"]
    assert results[7] == {"columns": ["v"], "types": ["text"], "rows": []}


def test_after_ddl_a_wrong_statement_rolls_the_ddl_back(node):
    post(node, ["DROP TABLE IF EXISTS gone"])
    status, answer = post(node, ["CREATE TABLE gone (a)", "INSERT INTO gone(b) VALUES(1)"])
    assert (status, answer["results"]) == (400, [{"error": "table gone has no column named b"}])
    assert get(node, "SELECT * FROM gone")[1]["results"] == [{"error": "no such table: gone"}]


def test_columns_follow_the_schema(node):
    post(node, ["DROP TABLE IF EXISTS wide", "CREATE TABLE wide (a)", "INSERT INTO wide VALUES(1)"])
    assert rows(node, "SELECT * FROM wide") == [{"a": 1}]
    assert post(node, ["INSERT INTO wide VALUES(2) RETURNING *"])[1]["results"][0]["rows"] == [{"a": 2}]
    post(node, ["ALTER TABLE wide RENAME COLUMN a TO z", "ALTER TABLE wide ADD COLUMN b DEFAULT 'x'"])
    for _ in range(8):
        assert rows(node, "SELECT * FROM wide WHERE z = 1") == [{"z": 1, "b": "x"}]
        assert post(node, ["DELETE FROM wide WHERE z = 2 RETURNING *"])[0] == 200
        answer = post(node, ["INSERT INTO wide VALUES(2, 'y') RETURNING *"])[1]
        assert answer["results"][0]["rows"] == [{"z": 2, "b": "y"}]


def test_several_statements_in_a_get(node):
    status, answer = get(node, "SELECT 1 AS a; SELECT 2 AS b;")
    assert (status, [r["rows"] for r in answer["results"]]) == (200, [[{"a": 1}], [{"b": 2}]])


def test_a_get_reads_only(node, table):
    status, answer = get(node, "INSERT INTO foo(name) VALUES('x')")
    assert status == 400 and "GET only reads" in answer["results"][0]["error"]
    assert rows(node, "SELECT * FROM foo") == []


@pytest.mark.parametrize("body, error", [
    (b"", "Missing body"), ({}, "Invalid. Not an array"), ("SELECT 1", "Invalid. Not an array"), (17, "Invalid. Not an array"),
    (b"null", "Invalid. Not an array"), ([], "Empty array")])
def test_the_originals_error_texts(node, body, error):
    assert post(node, body, method="POST") == (400, {"results": [{"error": error}], "time": 0})


def test_missing_query(node):
    assert node.http("/db/query") == (400, {"results": [{"error": "Missing query"}], "time": 0})
    assert node.http("/db/query?pretty")[0] == 400


def test_an_empty_query_is_missing_its_statement(node):
    status, answer = node.http("/db/query?q=")
    assert status == 400 and answer["results"][0]["error"] in ("Missing query", "Missing body")


@pytest.mark.parametrize("body", [
    b"[", b"[garbage", b"[\"SELECT 1\"", b"\xff\xfe", b"[\"\xff\"]", b"[\"SELECT 1\"] x", b"[" * 100000, b"{\"a\":" * 100000,
    [1], [None], [[]], [[1, 2]], [{"sql": "SELECT 1"}], b"[18446744073709551616]", b"[\"SELECT ?\", 1e999]"])
def test_garbage_is_refused_and_harms_nobody(node, body):
    status, answer = post(node, body)
    assert status == 400
    assert answer["results"][0]["error"]
    assert get(node, "SELECT 1")[0] == 200


@pytest.mark.parametrize("body, error", [
    ([["SELECT ?, ?", 1]], "not enough parameters: the statement has 2, 1 is given"),
    ([["SELECT ?", 1, 2]], "too many parameters: 1 is left over"),
    (["SELECT ?"], "not enough parameters: the statement has 1, 0 are given"),
    ([["SELECT :a", {"b": 1}]], "no value for parameter :a"),
    ([["SELECT ?", {"b": 1}]], "parameter 1 has no name, but parameters are given by name"),
    ([["SELECT :a, ?", {"a": 1}, 2]], "an object of named parameters must stand alone"),
    ([["SELECT ?, ?", 1, {"a": 1}]], "an object of named parameters must stand alone"),
    ([["SELECT ?, ?", 1, [{}]]], "an array as a parameter must hold bytes, from 0 to 255"),
    ([["INSERT INTO sqlite_nope VALUES(?)"]], "no such table: sqlite_nope")])
def test_parameters_that_do_not_fit(node, body, error):
    status, answer = post(node, body)
    assert (status, answer["results"]) == (400, [{"error": error}])


def test_an_empty_statement_answers_nothing(node):
    assert post(node, ["", " -- nothing\n;"])[1]["results"] == [{}, {}]


@pytest.mark.parametrize("sql, error", [
    ("BEGIN", "not authorized: BEGIN"), ("COMMIT", "not authorized: COMMIT"), ("SAVEPOINT s", "not authorized: SAVEPOINT"),
    ("ATTACH 'x.db' AS x", "not authorized: ATTACH"), ("VACUUM", "not authorized: VACUUM"), ("PRAGMA journal_mode = DELETE", "disallowed pragma"),
    ("PRAGMA writable_schema = 1", "disallowed pragma"), ("CREATE TEMP TABLE t (a)", "not authorized: temporary tables, indexes, triggers and views"),
    ("SELECT load_extension('x')", "not authorized to use function: load_extension"), ("/* x */ BEGIN; SELECT 1", "not authorized: BEGIN")])
def test_what_would_break_the_other_nodes_is_refused(node, sql, error):
    for body in ([sql], ["CREATE TABLE never (a)", sql], ["SELECT 1", [sql]]):
        status, answer = post(node, body)
        assert status == 400
        assert answer["results"][-1]["error"] == error
    assert get(node, "SELECT * FROM never")[1]["results"][0]["error"] == "no such table: never"


def test_our_own_tables_are_safe(node):
    names = [r["name"] for r in rows(node, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_nqlite\\_%' ESCAPE '\\'")]
    assert names
    for name in names:
        for sql in (f"DROP TABLE {name}", f"DELETE FROM {name}", f"ALTER TABLE {name} RENAME TO mine"):
            status, answer = post(node, [sql])
            assert status == 400 and "may not be modified" in answer["results"][0]["error"], (sql, answer)


def test_a_write_must_not_depend_on_its_node(node, table):
    status, answer = post(node, ["INSERT INTO foo(name) VALUES(sqlite_version())"])
    assert status == 400 and "sqlite_version" in answer["results"][0]["error"]
    assert rows(node, "SELECT sqlite_version() AS v")[0]["v"].startswith("3.")


def test_all_reads_of_a_request_see_one_state(node, table):
    body = ["SELECT count(*) AS n FROM foo"] * 50
    for i in range(5):
        post(node, [["INSERT INTO foo(name) VALUES(?)", str(i)]])
        counts = {r["rows"][0]["n"] for r in post(node, body)[1]["results"]}
        assert counts == {i + 1}


def test_plain_text_is_one_statement(node):
    status, answer = node.http("/db/query", b"SELECT 'a' AS x", {"Content-Type": "text/plain; charset=utf-8"})
    assert (status, answer["results"][0]["rows"]) == (200, [{"x": "a"}])


def test_timings_are_seconds(node, table):
    answer = post(node, ["SELECT 1", "SELECT 2"], "?timings")[1]
    assert all(0 < r["time"] < 5 for r in answer["results"]) and 0 < answer["time"] < 5
    assert "time" not in post(node, ["SELECT 1"])[1]["results"][0]
    assert "time" in post(node, ["DELETE FROM foo"], "?timings")[1]["results"][0]


def test_pretty_is_the_same_on_lines(node):
    body = ["SELECT 'a\"b[{,:\\' AS x, '[]' AS y", "SELECT 1 WHERE 0"]
    status, text = post(node, body, "?pretty", raw=True)
    assert text.startswith(b'{\n    "results": [\n        {\n            "columns": [\n                "x",')
    assert post(node, body, "?pretty")[1]["results"] == post(node, body)[1]["results"]


def test_associative(node, table):
    post(node, ["INSERT INTO foo VALUES(7, 'siobhan', NULL)"])
    assert get(node, "SELECT id, name, age FROM foo", "&associative")[1]["results"] == [
        {"types": {"id": "integer", "name": "text", "age": "integer"}, "rows": [{"id": 7, "name": "siobhan", "age": None}]}]
    assert get(node, "SELECT id FROM foo WHERE 0", "&associative")[1]["results"] == [{"types": {"id": "integer"}, "rows": []}]


def test_of_columns_with_one_name_the_last_is_the_member(node):
    result = get(node, "SELECT 1 AS a, 2 AS b, 3 AS a")[1]["results"][0]
    assert result["columns"] == ["a", "b", "a"] and result["values"] == [[1, 2, 3]] and result["rows"] == [{"b": 2, "a": 3}]


def test_false_turns_a_parameter_off(node):
    assert "columns" in get(node, "SELECT 1", "&associative=false")[1]["results"][0]


@pytest.mark.parametrize("options", ["level=none", "level=weak", "level=linearizable", "level=strong", "raft_index", "min_seq=1"])
def test_levels_of_reading(node, table, options):
    status, answer = get(node, "SELECT 1 AS a", f"&{options}")
    assert (status, answer["results"][0]["rows"]) == (200, [{"a": 1}])
    if options == "raft_index":
        assert answer["raft_index"] == post(node, ["DELETE FROM foo"])[1]["results"][0]["nats"]["seq"] - 1


@pytest.mark.parametrize("options", ["level=most", "min_seq=x", "min_seq=-1", "timeout=soon", "timeout=-1s"])
def test_a_parameter_that_is_wrong_is_named(node, options):
    status, answer = get(node, "SELECT 1", f"&{options}")
    assert status == 400 and options.split("=")[0] in answer["results"][0]["error"]


def test_min_seq_that_never_comes_is_a_time_out(node):
    status, answer = get(node, "SELECT 1", "&min_seq=1000000000&timeout=50ms")
    assert (status, answer["results"]) == (503, [{"error": "min_seq was not reached in time"}])
