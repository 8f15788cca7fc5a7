#!/usr/bin/env python3
"""SQL as a client sees it: statements of sql_cases.sql and what PostgreSQL 15 answers to each, in sql_cases.tsv.

A line of sql_cases.sql is a statement, "-- name" begins a group with an empty database and a connection of its own, and "$ a | b :: .."
is run with these parameters (NULL is NULL) in the extended protocol. What begins with SELECT, VALUES, WITH, TABLE or SHOW runs in both
protocols. Rows are compared in any order unless the statement has an ORDER BY.

To write the answers anew: test_sql.py PORT, with a PostgreSQL 15 whose user and database are nqlite (LC_ALL=C, UTF8)."""

import json
import pathlib
import re
import sys

import pytest

from wire import SYNC, Wire, bind, describe, execute, fields, message, parse, query, rows, tags

HERE = pathlib.Path(__file__).resolve().parent
CASES, ANSWERS = HERE / "sql_cases.sql", HERE / "sql_cases.tsv"
READS = ("select", "values", "with", "table", "show")


def cases():
    """(group, statement) in the order of the file."""
    group = ""
    for line in CASES.read_text().splitlines():
        if line.startswith("-- "):
            group = line[3:]
        elif line:
            yield group, line


def columns(body):
    """Name, type, length and modifier of each column of a RowDescription."""
    n, at, result = int.from_bytes(body[:2], "big"), 2, []
    for _ in range(n):
        end = body.index(b"\0", at)
        number = [int.from_bytes(body[end + a:end + b], "big", signed=a > 7) for a, b in ((7, 11), (11, 13), (13, 17))]
        result.append([body[at:end].decode(), *number])
        at = end + 19
    return result


def readable(messages):
    """What matters of the messages, as JSON has it. After an error the rows that went before it, and their description, don't."""
    result, failed = [], any(kind == "E" for kind, _ in messages)
    for kind, body in messages:
        if kind == "T" and not failed:
            result.append(["columns", columns(body)])
        elif kind == "D" and not failed:
            result.append(["row", [v if v is None else v.decode() for v in rows([(kind, body)])[0]]])
        elif kind == "C":
            result.append(["done", body[:-1].decode()])
        elif kind == "E":
            error = fields(body)
            result.append(["error", error["C"], error["M"], int(error.get("P", 0))])
        elif kind == "N":
            result.append(["notice", fields(body)["M"]])
        elif kind == "S":
            result.append(["setting", *(v.decode() for v in body[:-1].split(b"\0"))])
        elif kind == "t":
            result.append(["parameters", [int.from_bytes(body[i:i + 4], "big") for i in range(2, len(body), 4)]])
        elif kind == "Z":
            result.append(["ready", body.decode()])
    return result


def in_any_order(statement, answer):
    if "order by" in statement.lower():
        return answer
    ordered = iter(sorted((m for m in answer if m[0] == "row"), key=repr))
    return [next(ordered) if m[0] == "row" else m for m in answer]


def extended(connection, statement, params=()):
    return readable(connection.ask(parse(statement), describe("S"), bind(params), execute(), SYNC))


def answers(connection, statement):
    """Of each protocol that the statement is run in."""
    if statement.startswith("$ "):
        values, _, statement = statement[2:].partition(" :: ")
        params = [None if v == "NULL" else v.encode() for v in values.split(" | ")]
        return [in_any_order(statement, extended(connection, statement, params))]
    result = [in_any_order(statement, readable(connection.ask(query(statement))))]
    if statement.lower().startswith(READS) and not re.search("(?i)insert|update|delete|;", statement):
        result.append(in_any_order(statement, extended(connection, statement)))
    return result


def empty(port):
    """A new connection to a database without tables."""
    connection = Wire(port, TimeZone="UTC")
    for what in ("view", "table"):
        found = rows(connection.ask(query(f"select {what}name from pg_{what}s where schemaname = 'public'")))
        for name, in found:
            connection.ask(query(f'drop {what} if exists "{name.decode()}" cascade'))
    return connection


class Groups:
    """The connection of the group that is under way."""

    def __init__(self, port):
        self.port, self.group, self.connection = port, None, None

    def connection_of(self, group):
        if group != self.group:
            self.close()
            self.group, self.connection = group, empty(self.port)
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()


@pytest.fixture(scope="module")
def groups(node):
    groups = Groups(node.pg_port)
    yield groups
    groups.close()


def recorded():
    lines = ANSWERS.read_text().splitlines() if ANSWERS.exists() else []
    return [tuple(line.split("\t")) for line in lines]


@pytest.mark.parametrize("group,statement,expected", recorded())
def test_the_answer_is_postgres_s(groups, group, statement, expected):
    assert answers(groups.connection_of(group), statement) == json.loads(expected)


def test_every_case_has_its_answer():
    assert [(group, statement) for group, statement, _ in recorded()] == list(cases())


def test_the_first_read_after_a_start_sees_the_first_write(node):
    """Every loop reads once before anything was written, so all hold their first snapshot."""
    node.kill()
    node.start()
    connections = [Wire(node.pg_port) for _ in range(8)]
    for connection in connections:
        connection.ask(query("select 1"))
    connections[0].ask(query("create table first_write (a int); insert into first_write values (1)"))
    for connection in connections:
        assert rows(connection.ask(query("select a from first_write"))) == [[b"1"]]
        connection.close()


def test_as_many_parameters_as_the_protocol_can_bind(node):
    n, connection = 65535, Wire(node.pg_port)
    body = b"\0\0\0\0" + n.to_bytes(2, "big") + b"".join(b"\0\0\0\x05%05d" % i for i in range(n)) + b"\0\0"
    wanted = ", ".join(f"${i}" for i in range(1, n + 1))
    got = connection.ask(parse(f"select g from generate_series(65533, 65536) g where g in ({wanted}) order by g"), message("B", body),
                         execute(), SYNC)
    assert rows(got) == [[b"65533"], [b"65534"]]
    connection.ask(query("create table many_parameters (a int, b text)"))
    wanted = ", ".join(f"(${i}, ${i + 1})" for i in range(2, n, 2))
    got = connection.ask(parse(f"insert into many_parameters values ($1, ''), {wanted}"), message("B", body), execute(), SYNC)
    assert tags(got) == ["INSERT 0 32768"]
    assert rows(connection.ask(query("select count(*), max(a), max(b) from many_parameters"))) == [[b"32768", b"65533", b"65534"]]
    connection.close()


if __name__ == "__main__":
    groups = Groups(int(sys.argv[1]))
    lines = [f"{group}\t{statement}\t{json.dumps(answers(groups.connection_of(group), statement), ensure_ascii=False)}\n"
             for group, statement in cases()]
    ANSWERS.write_text("".join(lines))
