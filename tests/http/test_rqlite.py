"""The paths and shapes of rqlite's clients, and servers that serve one family only."""

import pytest

from conftest import Node


@pytest.fixture
def table(node):
    node.http("/db/execute", ["DROP TABLE IF EXISTS foo"])
    assert node.http("/db/execute", ["CREATE TABLE foo (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"]) == (200, {"results": [{}]})


def test_execute_answers_in_rqlites_shape(node, table):
    assert node.http("/db/execute", ["INSERT INTO foo(name) VALUES('fiona')"]) == (
        200, {"results": [{"last_insert_id": 1, "rows_affected": 1}]})
    answer = node.http("/db/execute?timings", ["INSERT INTO foo(name) VALUES('b')"])[1]
    assert set(answer) == {"results", "time"} and set(answer["results"][0]) == {"last_insert_id", "rows_affected", "time"}


def test_statements_fail_alone_and_the_rest_goes_on(node, table):
    assert node.http("/db/execute", ["INSERT INTO foo(name) VALUES('a')", "INSERT INTO nope VALUES(1)", "INSERT INTO foo(name) VALUES('a')",
                                     ["INSERT INTO foo(name) VALUES(?)"], "INSERT INTO foo(name) VALUES('b')"]) == (200, {"results": [
        {"last_insert_id": 1, "rows_affected": 1}, {"error": "no such table: nope"}, {"error": "UNIQUE constraint failed: foo.name"},
        {"error": "not enough parameters: the statement has 1, 0 are given"}, {"last_insert_id": 2, "rows_affected": 1}]})


def test_in_a_transaction_the_first_error_ends_the_list(node, table):
    assert node.http("/db/execute?transaction", ["INSERT INTO foo(name) VALUES('a')", "INSERT INTO foo(name) VALUES('a')",
                                                 "INSERT INTO foo(name) VALUES('b')"]) == (200, {"results": [
        {"last_insert_id": 1, "rows_affected": 1}, {"error": "UNIQUE constraint failed: foo.name"}]})
    assert node.http("/db/execute?transaction", ["INSERT INTO foo(name) VALUES('a')", "INSERT INTO nope VALUES(1)"])[1] == {
        "results": [{}, {"error": "no such table: nope"}]}
    assert node.http("/db/request", ["SELECT count(*) FROM foo"])[1]["results"][0]["values"] == [[0]]


def test_request_mixes_reads_and_writes(node, table):
    assert node.http("/db/request", ["INSERT INTO foo(name) VALUES('a')", "SELECT * FROM foo", "SELECT * FROM foo WHERE 0", "SELECT * FROM nope",
                                     "DELETE FROM foo RETURNING name"]) == (200, {"results": [
        {"last_insert_id": 1, "rows_affected": 1}, {"columns": ["id", "name"], "types": ["integer", "text"], "values": [[1, "a"]]},
        {"columns": ["id", "name"], "types": ["integer", "text"]}, {"error": "no such table: nope"},
        {"columns": ["name"], "types": ["text"], "values": [["a"]]}]})


def test_request_associative(node, table):
    assert node.http("/db/request?associative", ["SELECT 7 AS id, 'siobhan' AS name"])[1] == {
        "results": [{"types": {"id": "integer", "name": "text"}, "rows": [{"id": 7, "name": "siobhan"}]}]}


def test_queue_tells_a_sequence_number(node, table):
    status, answer = node.http("/db/execute?queue", ["INSERT INTO foo(name) VALUES('q')"])
    assert status == 200 and answer["results"] == [] and answer["sequence_number"] > 0


def test_what_is_not_json_is_a_bad_request(node):
    for path in ("/db/execute", "/db/request"):
        assert node.http(path, b"[oops")[0] == 400


def test_version_header_options_unknown_paths_and_methods(node):
    import urllib.error
    import urllib.request

    def ask(path, method):
        request = urllib.request.Request(f"http://127.0.0.1:{node.http_port}{path}", method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()

    for path, method, status in (("/db/query", "OPTIONS", 200), ("/nope", "OPTIONS", 200), ("/nope", "GET", 404), ("/", "GET", 404), ("/db/querys", "POST", 404),
                                 ("/db/execute", "GET", 405), ("/db/query", "PUT", 405), ("/db/query", "DELETE", 405), ("/health", "POST", 405), ("/readyz", "PUT", 405),
                                 ("/health", "GET", 200), ("/health", "HEAD", 200), ("/db/query", "GET", 400), ("/db/query?q=SELECT%201", "HEAD", 200)):
        got, headers, body = ask(path, method)
        assert got == status, (path, method)
        assert headers["X-RQLITE-VERSION"], (path, method)
        if status >= 400:
            assert b'"error"' in body
        if status == 405:
            assert "OPTIONS" in headers["Allow"]


def test_health_readyz_status_and_metrics(node):
    assert node.http("/health") == (200, {"status": "ok"})
    assert node.http("/readyz") == (200, "[+]node ok\n[+]leader ok\n[+]store ok\n")
    assert node.http("/readyz?noleader")[0] == 200
    status = node.http("/status")[1]
    assert status["node"]["ready"] is True and status["log"]["applied_seq"] >= 0 and status["store"]["path"].endswith("nqlite.db")
    metrics = node.http("/metrics")[1]
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert values["nqlite_ready"] == "1" and int(values["nqlite_http_requests_total"]) > 0
    assert int(values["nqlite_applied_seq"]) == status["log"]["applied_seq"]


def test_a_server_of_the_originals_shape(directory):
    node = Node(directory, "nqlite-shape", args=["--http-shape", "nqlite"]).start()
    status, answer = node.http("/db/query", ["CREATE TABLE t (id INTEGER PRIMARY KEY, x)"])
    assert (status, answer["results"]) == (200, [{"nats": {"stream": "nqlite", "seq": 1, "duplicate": False}}]) and answer["time"] > 0
    assert node.http("/db/query", [["INSERT INTO t(x) VALUES(?)", "x'41'"], "INSERT INTO t(x) VALUES(2)"])[1]["results"] == [
        {"nats": {"stream": "nqlite", "seq": 2, "duplicate": False}}]
    assert node.http("/db/query?q=SELECT+*+FROM+t")[1]["results"] == [{"rows": [{"id": 1, "x": "x'41'"}, {"id": 2, "x": 2}]}]
    assert node.http("/db/query?q=SELECT+*+FROM+t+WHERE+0")[1]["results"] == [{"rows": []}]
    assert node.http("/db/query", ["INSERT INTO t(x) VALUES(3) RETURNING x"])[1]["results"] == [
        {"nats": {"stream": "nqlite", "seq": 3, "duplicate": False}, "rows": [{"x": 3}]}]
    assert node.http("/db/query?q=SELECT+*+FROM+foo") == (400, {"results": [{"error": "no such table: foo"}], "time": 0})
    assert node.http("/db/execute", ["SELECT 1"])[0] == 404
    assert node.stop() == 0


def test_a_server_of_rqlites_shape(directory):
    node = Node(directory, "rqlite-shape", args=["--http-shape", "rqlite"]).start()
    assert node.http("/db/execute", ["CREATE TABLE t (id INTEGER PRIMARY KEY)"]) == (200, {"results": [{}]})
    assert node.http("/db/query", ["SELECT * FROM t"]) == (200, {"results": [{"columns": ["id"], "types": ["integer"]}]})
    assert node.http("/db/query?q=SELECT+*+FROM+bar") == (200, {"results": [{"error": "no such table: bar"}]})
    assert node.http("/db/query", ["INSERT INTO t VALUES(1)"]) == (200, {"results": [{"error": "attempt to change database via query operation"}]})
    assert node.http("/db/request", ["SELECT count(*) FROM t"])[1]["results"][0]["values"] == [[0]]
    assert node.stop() == 0
