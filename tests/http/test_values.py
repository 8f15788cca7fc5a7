"""What goes in comes out: integers, text, BLOBs, floats; and writes that say what they did."""

import base64
import json
import math
import re

import pytest


@pytest.fixture(scope="module")
def table(node):
    assert node.http("/db/query", ["CREATE TABLE v (id INTEGER PRIMARY KEY, x)"])[0] == 200
    return "v"


def there_and_back(node, value, options=""):
    status, answer = node.http(f"/db/query{options}", [["INSERT INTO v(x) VALUES(?) RETURNING x, typeof(x) AS t", value]])
    assert status == 200, answer
    returned = answer["results"][0]["values"][0]
    status, answer = node.http(f"/db/query{options}", ["SELECT x, typeof(x) AS t FROM v WHERE id = (SELECT max(id) FROM v)"])
    assert answer["results"][0]["values"][0] == returned or value != value
    assert list(answer["results"][0]["rows"][0].values()) == answer["results"][0]["values"][0]
    return tuple(returned)


@pytest.mark.parametrize("i", [0, 1, -1, 2**31, -2**31 - 1, 2**53 + 1, -2**53 - 1, 2**63 - 1, -2**63])
def test_integers_are_exact(node, table, i):
    assert there_and_back(node, i) == (i, "integer")


@pytest.mark.parametrize("f", [0.1, 1.0, -2.5, 1e300, 5e-324, 1.7976931348623157e308, 123456789012345680.0, 1e21, 1 / 3])
def test_floats_are_the_shortest_that_read_back(node, table, f):
    back, kind = there_and_back(node, f)
    assert (back, kind) == (f, "real") and isinstance(back, float)


def test_infinities_read_back_as_infinities(node, table):
    answer = node.http("/db/query", ["SELECT 9e999 AS a, -9e999 AS b, 9e999 - 9e999 AS c"])[1]
    assert answer["results"][0]["values"] == [[math.inf, -math.inf, None]]


@pytest.mark.parametrize("text", ["", "é€😀", "\"\\/\b\f\n\r\t\x00\x01\x7f\u2028", "a'; DROP TABLE v; --", "x" * 100000, "null", "x'4", "x'zz'", "y'41'"])
def test_text_is_what_it_was(node, table, text):
    assert there_and_back(node, text) == (text, "text")


def test_null_true_and_false(node, table):
    assert there_and_back(node, None) == (None, "null")
    assert there_and_back(node, True) == (1, "integer")
    assert there_and_back(node, False) == (0, "integer")


@pytest.mark.parametrize("bytes_", [b"SQL", b"\x00\xff", bytes(range(256)), b"ab", b""])
def test_an_array_of_bytes_is_a_blob(node, table, bytes_):
    assert there_and_back(node, list(bytes_)) == (base64.b64encode(bytes_).decode(), "blob")
    assert there_and_back(node, list(bytes_), "?blob_array") == (list(bytes_), "blob")


def test_hexadecimal_text_is_a_blob(node, table):
    assert there_and_back(node, "x'DEADbeef'") == (base64.b64encode(b"\xde\xad\xbe\xef").decode(), "blob")
    assert there_and_back(node, "X''") == ("", "blob")


def test_one_number_in_a_nested_array_is_a_number(node, table):
    """[[SQL, [p1]]] is the original's list of parameters; rqlite's own paths take it for a BLOB."""
    assert there_and_back(node, [83]) == (83, "integer")
    node.http("/db/execute", [["INSERT INTO v(x) VALUES(?)", [83]]])
    assert node.http("/db/query", ["SELECT typeof(x) AS t FROM v ORDER BY id DESC LIMIT 1"])[1]["results"][0]["rows"] == [{"t": "blob"}]


def test_statements_that_are_not_ascii(node, table):
    sql = "SELECT 'Ünïcødé 漢字 😀' AS \"größe\", 'end' AS z"
    assert node.http("/db/query", [sql])[1]["results"][0]["rows"] == [{"größe": "Ünïcødé 漢字 😀", "z": "end"}]
    from urllib.parse import quote
    assert node.http("/db/query?q=" + quote(sql))[1]["results"][0]["rows"][0]["größe"] == "Ünïcødé 漢字 😀"
    answer = node.http("/db/query", ["INSERT INTO v(x) VALUES('漢字漢字漢字漢字') RETURNING x"])[1]
    assert answer["results"][0]["rows"] == [{"x": "漢字漢字漢字漢字"}]


def test_text_that_is_not_utf8_is_marked(node):
    status, text = node.http("/db/query", ["SELECT CAST(x'61ff62' AS TEXT) AS a"], raw=True)
    assert json.loads(text)["results"][0]["values"] == [["a\ufffdb"]]


def test_a_query_in_the_uri_must_be_utf8(node):
    assert node.http("/db/query?q=SELECT%20'%ff'")[0] == 400


def test_types_are_declared_or_seen(node, table):
    node.http("/db/query", ["CREATE TABLE d (a VARCHAR(20), b Double Precision, c)", "INSERT INTO d VALUES('x', 1, x'00')"])
    answer = node.http("/db/query", ["SELECT a, b, c, 1 + 1, 'x', 1.5, NULL FROM d", "SELECT a, 1 + 1 FROM d WHERE 0"])[1]
    assert answer["results"][0]["types"] == ["varchar(20)", "double precision", "blob", "integer", "text", "real", "null"]
    assert answer["results"][1]["types"] == ["varchar(20)", ""]


def test_a_write_is_what_returning_says(node):
    node.http("/db/query", ["CREATE TABLE det (id INTEGER PRIMARY KEY, t TEXT DEFAULT (datetime('now')), r DEFAULT (random()), c DEFAULT CURRENT_TIMESTAMP, b)"])
    answer = node.http("/db/query", ["INSERT INTO det(b) VALUES(randomblob(8)), (randomblob(8)) RETURNING *"])[1]
    returned = answer["results"][0]["values"]
    assert node.http("/db/query", ["SELECT * FROM det"])[1]["results"][0]["values"] == returned
    assert returned[0][2] != returned[1][2] and returned[0][4] != returned[1][4]
    assert returned[0][1] == returned[0][3] == returned[1][1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", returned[0][1])
    again = node.http("/db/query", ["INSERT INTO det(b) VALUES(randomblob(8)) RETURNING r, b"])[1]["results"][0]["values"]
    assert again[0][0] not in (returned[0][2], returned[1][2])


def test_returning_without_a_row(node, table):
    result = node.http("/db/query", ["DELETE FROM v WHERE id = -1 RETURNING id"])[1]["results"][0]
    assert result["columns"] == ["id"] and result["rows"] == [] and "nats" in result


def test_a_thousand_statements_in_one_request(node, table):
    body = [["INSERT INTO v(x) VALUES(?) RETURNING x", i] for i in range(1000)]
    answer = node.http("/db/query", body)[1]
    assert [r["rows"][0]["x"] for r in answer["results"]] == list(range(1000))
