"""Message by message: chapter 55 of PostgreSQL's documentation, held against a node."""

import socket
import struct

import pytest
from wire import (FLUSH, SYNC, TERMINATE, Wire, bind, close, column_types, describe, error, execute, fields, kinds, message,
                  parse, query, rows, startup, tags, text)


@pytest.fixture()
def wire(node):
    w = Wire(node.pg_port)
    yield w
    w.close()


@pytest.fixture(scope="module", autouse=True)
def table(node):
    node.psql("-c", "CREATE TABLE items (id int PRIMARY KEY, name text, price float8, ok bool)")
    node.psql("-c", "INSERT INTO items VALUES (1, 'one', 1.5, true), (2, 'two', NULL, false), (3, NULL, 3.25, NULL)")


# ---- startup ----

def test_greeting_has_all_thirteen_parameter_statuses(wire):
    names = {body.split(b"\0")[0].decode() for kind, body in wire.greeting if kind == "S"}
    assert names == {"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
                     "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
                     "session_authorization", "standard_conforming_strings", "TimeZone"}
    assert kinds(wire.greeting)[0] == "R" and kinds(wire.greeting)[-2:] == "KZ"


def test_ssl_and_gssenc_requests_are_answered_n_on_the_same_connection(node):
    w = Wire(node.pg_port, start=False)
    for code in (80877103, 80877104):
        w.send(struct.pack("!ii", 8, code))
        assert w.take(1) == b"N"
    w.send(startup(user="nqlite"))
    assert kinds(w.until("Z"))[0] == "R"


def test_newer_minor_version_is_negotiated(node):
    w = Wire(node.pg_port, start=False)
    w.send(startup(version=(3, 2), user="nqlite", **{"_pq_.something": "x"}))
    kind, body = w.read()
    assert kind == "v" and struct.unpack_from("!ii", body) == (3 << 16, 1) and b"_pq_.something" in body
    assert kinds(w.until("Z"))[-1] == "Z"


@pytest.mark.parametrize("options,sqlstate", [
    ({"user": "a", "database": "nosuch"}, "3D000"),
    ({"database": "nqlite"}, "28000"),
    ({"user": "a", "nosuch_setting": "1"}, "42704"),
    ({"user": "a", "client_encoding": "LATIN1"}, "22023"),
    ({"user": "a", "options": "-c nosuch=1"}, "42704"),
])
def test_wrong_startup_is_fatal(node, options, sqlstate):
    w = Wire(node.pg_port, start=False)
    w.send(startup(**options))
    e = error([w.read()])
    assert (e["S"], e["C"]) == ("FATAL", sqlstate)
    assert w.closed()


@pytest.mark.parametrize("database", ["nqlite", "postgres", "somebody"])
def test_three_names_reach_the_database(node, database):
    assert kinds(Wire(node.pg_port, user="somebody", database=database).greeting)[-1] == "Z"


def test_startup_options_are_settings(node):
    w = Wire(node.pg_port, options="-c TimeZone=Europe/Berlin --application-name=a\\ b", client_encoding="'utf-8'", DateStyle="ISO")
    assert rows(w.ask(query("SHOW timezone; SHOW application_name; SHOW client_encoding"))) == [[b"Europe/Berlin"], [b"a b"], [b"UTF8"]]


def test_changed_settings_are_reported_also_when_rolled_back(wire):
    got = wire.ask(query("SET application_name = 'x'"))
    assert ("S", b"application_name\0x\0") in got
    assert ("S", b"application_name\0y\0") in wire.ask(query("BEGIN; SET application_name = 'y'"))
    assert ("S", b"application_name\0x\0") in wire.ask(query("ROLLBACK"))


# ---- simple query ----

def test_several_statements_answer_in_order(wire):
    got = wire.ask(query("SELECT 1; SELECT 'a', NULL; ; SELECT 3"))
    assert kinds(got) == "TDCTDCTDCZ"
    assert rows(got) == [[b"1"], [b"a", None], [b"3"]]


def test_empty_query(wire):
    assert kinds(wire.ask(query(" ; -- nothing\n"))) == "IZ"


def test_syntax_error_anywhere_means_that_nothing_runs(wire):
    got = wire.ask(query("SELECT 1; SELEC 2"))
    assert kinds(got) == "EZ"
    e = error(got)
    assert (e["C"], e["M"], e["P"]) == ("42601", 'syntax error at or near "SELEC"', "11")


def test_position_counts_characters_over_the_whole_text(wire):
    e = error(wire.ask(query("SELECT 'äöü'; SELECT nosuch")))
    assert (e["C"], e["P"]) == ("42703", "22")


def test_statements_of_one_query_are_one_transaction(wire):
    got = wire.ask(query("INSERT INTO items VALUES (100, 'x', 0, true); INSERT INTO items VALUES (1, 'dup', 0, true)"))
    assert kinds(got) == "CEZ" and error(got)["C"] == "23505"
    assert rows(wire.ask(query("SELECT count(*) FROM items WHERE id = 100"))) == [[b"0"]]


def test_a_read_between_writes_sees_them(wire):
    got = wire.ask(query("INSERT INTO items VALUES (101, 'x', 0, true); SELECT count(*) FROM items WHERE id = 101;"
                         "DELETE FROM items WHERE id = 101"))
    assert tags(got) == ["INSERT 0 1", "SELECT 1", "DELETE 1"] and rows(got) == [[b"1"]]


def test_ddl_and_its_use_in_one_query(wire):
    got = wire.ask(query("CREATE TABLE fresh (a int); INSERT INTO fresh VALUES (7) RETURNING a; SELECT a + 1 FROM fresh; DROP TABLE fresh"))
    assert tags(got) == ["CREATE TABLE", "INSERT 0 1", "SELECT 1", "DROP TABLE"]
    assert rows(got) == [[b"7"], [b"8"]]


def test_unique_violation_is_said_as_postgresql_does(wire):
    e = error(wire.ask(query("INSERT INTO items VALUES (1, 'dup', 0, true)")))
    assert e["C"] == "23505" and e["M"] == 'duplicate key value violates unique constraint "items_pkey"'
    assert e["n"] == "items_pkey" and e["t"] == "items"


# ---- extended query ----

def test_parse_bind_describe_execute_in_one_packet(wire):
    got = wire.ask(parse("SELECT id, name, price, ok FROM items WHERE id = $1"), bind([b"1"]), describe(), execute(), SYNC)
    assert kinds(got) == "12TDCZ"
    assert rows(got) == [[b"1", b"one", b"1.5", b"t"]]
    assert column_types(got) == [23, 25, 701, 16]


def test_describe_of_a_statement_is_answered_on_flush(wire):
    wire.send(parse("SELECT id FROM items WHERE name = $1 AND id > $2", "s1"), describe("S", "s1"), FLUSH)
    got = wire.until("T")
    assert kinds(got) == "1tT"
    assert struct.unpack("!hII", got[1][1]) == (2, 25, 23)
    got = wire.ask(bind([b"two", struct.pack("!i", 0)], statement="s1", formats=[0, 1], results=[1]), execute(), SYNC)
    assert rows(got) == [[struct.pack("!i", 2)]]


def test_binary_results_of_every_type(wire):
    got = wire.ask(parse("SELECT true, 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 'a'::text, '\\x01ff'::bytea, 5::oid, 'n'::name"),
                   bind(results=[1]), execute(), SYNC)
    assert rows(got) == [[b"\x01", struct.pack("!h", 1), struct.pack("!i", 2), struct.pack("!q", 3), struct.pack("!f", 1.5),
                          struct.pack("!d", 2.5), b"a", b"\x01\xff", struct.pack("!I", 5), b"n"]]


def test_binary_parameters_of_every_type(wire):
    got = wire.ask(parse("SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float4, $6::float8, $7::text, $8::bytea, $9::oid"),
                   bind([b"\x01", struct.pack("!h", -1), struct.pack("!i", 2), struct.pack("!q", -3), struct.pack("!f", 0.5),
                         struct.pack("!d", 2.5), b"a", b"\x00\xff", struct.pack("!I", 4000000000)], formats=[1]), execute(), SYNC)
    assert rows(got) == [[b"t", b"-1", b"2", b"-3", b"0.5", b"2.5", b"a", b"\\x00ff", b"4000000000"]]


def test_row_limit_suspends_the_portal_and_goes_on(wire):
    wire.ask(query("BEGIN"))
    got = wire.ask(parse("SELECT id FROM items WHERE id <= 3 ORDER BY id"), bind(portal="p"), execute("p", 2), SYNC)
    assert kinds(got) == "12DDsZ" and got[-1][1] == b"T"
    got = wire.ask(execute("p", 2), SYNC)
    assert kinds(got) == "DCZ" and tags(got) == ["SELECT 1"]
    wire.ask(query("COMMIT"))
    assert error(wire.ask(execute("p"), SYNC))["C"] == "34000"


@pytest.mark.parametrize("sql,tag", [("SET application_name = 'j'", "SET"), ("BEGIN", "BEGIN"), ("COMMIT", "COMMIT"),
                                     ("INSERT INTO items VALUES (200, 'j', 0, true)", "INSERT 0 1"),
                                     ("DELETE FROM items WHERE id = 200", "DELETE 1")])
def test_row_limit_of_one_on_what_gives_no_rows_completes(wire, sql, tag):
    assert tags(wire.ask(parse(sql), bind(), execute(rows=1), SYNC)) == [tag]


def test_error_skips_until_sync(wire):
    got = wire.ask(parse("SELECT 1/0"), bind(), execute(), parse("SELECT 2"), bind(), execute(), SYNC)
    assert kinds(got) in ("12EZ", "1EZ") and error(got)["C"] == "22012"
    assert kinds(wire.ask(parse("SELECT 2"), bind(), execute(), SYNC)) == "12DCZ"


def test_pipeline_up_to_sync_is_one_transaction(wire):
    insert = "INSERT INTO items VALUES ($1, 'p', 0, true)"
    got = wire.ask(parse(insert, "ins"), bind([b"300"], statement="ins"), execute(), bind([b"301"], statement="ins"), execute(),
                   bind([b"300"], statement="ins"), execute(), SYNC)
    assert kinds(got) == "12C2C2EZ" and error(got)["C"] == "23505"
    assert rows(wire.ask(query("SELECT count(*) FROM items WHERE id >= 300"))) == [[b"0"]]
    got = wire.ask(bind([b"300"], statement="ins"), execute(), bind([b"301"], statement="ins"), execute(), SYNC)
    assert kinds(got) == "2C2CZ"
    assert tags(wire.ask(query("DELETE FROM items WHERE id >= 300"))) == ["DELETE 2"]


def test_flush_shows_a_writes_answer_before_sync(wire):
    wire.send(parse("INSERT INTO items VALUES (310, 'f', 0, true) RETURNING id"), bind(), describe(), execute(), FLUSH)
    got = wire.until("C")
    assert kinds(got) == "12TDC" and rows(got) == [[b"310"]]
    assert kinds(wire.ask(SYNC)) == "Z"
    assert tags(wire.ask(query("DELETE FROM items WHERE id = 310"))) == ["DELETE 1"]


def test_named_statements_live_until_closed(wire):
    wire.ask(parse("SELECT 1", "keep"), SYNC)
    assert error(wire.ask(parse("SELECT 2", "keep"), SYNC))["C"] == "42P05"
    assert kinds(wire.ask(bind(statement="keep"), execute(), SYNC)) == "2DCZ"
    assert kinds(wire.ask(close("S", "keep"), close("S", "never was"), SYNC)) == "33Z"
    assert error(wire.ask(bind(statement="keep"), SYNC))["C"] == "26000"


def test_two_commands_in_a_parse_are_refused(wire):
    assert error(wire.ask(parse("SELECT 1; SELECT 2"), SYNC))["C"] == "42601"


def test_wrong_number_of_parameters(wire):
    assert error(wire.ask(parse("SELECT $1::int"), bind([b"1", b"2"]), SYNC))["C"] == "08P01"


def test_bad_parameter_value(wire):
    assert error(wire.ask(parse("SELECT $1::int4"), bind([b"abc"]), execute(), SYNC))["C"] == "22P02"


def test_empty_parse(wire):
    assert kinds(wire.ask(parse(""), bind(), describe(), execute(), SYNC)) == "12nIZ"


def test_result_type_that_changed_is_said(wire):
    wire.ask(query("CREATE TABLE moving (a int)"))
    wire.ask(parse("SELECT * FROM moving", "m"), SYNC)
    wire.ask(query("ALTER TABLE moving ADD COLUMN b text"))
    e = error(wire.ask(bind(statement="m"), execute(), SYNC))
    assert (e["C"], e["M"]) == ("0A000", "cached plan must not change result type")
    wire.ask(query("DROP TABLE moving"))


# ---- transactions ----

def test_status_bytes(wire):
    status = lambda sql: wire.ask(query(sql))[-1][1]
    assert [status(s) for s in ("SELECT 1", "BEGIN", "SELECT 1", "SELECT nosuch", "SELECT 1", "ROLLBACK")] == [
        b"I", b"T", b"T", b"E", b"E", b"I"]


def test_commit_of_a_failed_transaction_answers_rollback(wire):
    wire.ask(query("BEGIN"))
    wire.ask(query("SELECT nosuch"))
    assert error(wire.ask(query("SELECT 1")))["C"] == "25P02"
    assert tags(wire.ask(query("COMMIT"))) == ["ROLLBACK"]


def test_a_transaction_sees_its_own_writes_and_others_do_not(node, wire):
    other = Wire(node.pg_port)
    wire.ask(query("BEGIN"))
    assert tags(wire.ask(query("UPDATE items SET name = 'mine' WHERE id = 1"))) == ["UPDATE 1"]
    assert rows(wire.ask(query("SELECT name FROM items WHERE id = 1"))) == [[b"mine"]]
    assert rows(other.ask(query("SELECT name FROM items WHERE id = 1"))) == [[b"one"]]
    wire.ask(query("ROLLBACK"))
    assert rows(wire.ask(query("SELECT name FROM items WHERE id = 1"))) == [[b"one"]]


def test_savepoints(wire):
    wire.ask(query("BEGIN"))
    wire.ask(query("INSERT INTO items VALUES (400, 's', 0, true)"))
    wire.ask(query("SAVEPOINT a"))
    wire.ask(query("INSERT INTO items VALUES (401, 's', 0, true)"))
    assert error(wire.ask(query("INSERT INTO items VALUES (400, 's', 0, true)")))["C"] == "23505"
    assert wire.ask(query("ROLLBACK TO a"))[-1][1] == b"T"
    assert rows(wire.ask(query("SELECT id FROM items WHERE id >= 400"))) == [[b"400"]]
    assert tags(wire.ask(query("COMMIT"))) == ["COMMIT"]
    assert tags(wire.ask(query("DELETE FROM items WHERE id >= 400"))) == ["DELETE 1"]


def test_conflicting_transactions_fail_cleanly_and_increments_do_not_conflict(node, wire):
    other = Wire(node.pg_port)
    wire.ask(query("INSERT INTO items VALUES (500, 'n', 1, true)"))
    for w in (wire, other):
        w.ask(query("BEGIN"))
        w.ask(query("UPDATE items SET price = price + 1 WHERE id = 500"))
    assert tags(wire.ask(query("COMMIT"))) == ["COMMIT"]
    assert tags(other.ask(query("COMMIT"))) == ["COMMIT"]
    assert rows(wire.ask(query("SELECT price FROM items WHERE id = 500"))) == [[b"3"]]
    other.ask(query("BEGIN"))
    assert tags(other.ask(query("DELETE FROM items WHERE id = 500"))) == ["DELETE 1"]
    wire.ask(query("DELETE FROM items WHERE id = 500"))
    assert error(other.ask(query("COMMIT")))["C"] == "40001"


# ---- COPY ----

def test_copy_in_and_out(wire):
    wire.ask(query("CREATE TABLE copied (a int, b text, c float8)"))
    wire.send(query("COPY copied FROM STDIN"))
    assert kinds(wire.until("G")) == "G"
    wire.send(message("d", b"1\ta\\tb\t1.5\n2\t\\N"), message("d", b"\t2\n3\t\t\\N\n"), message("c"))
    assert tags(wire.until("Z")) == ["COPY 3"]
    got = wire.ask(query("COPY copied TO STDOUT"))
    assert kinds(got) == "HdddcCZ"
    assert b"".join(body for kind, body in got if kind == "d") == b"1\ta\\tb\t1.5\n2\t\\N\t2\n3\t\t\\N\n"


def test_bad_copy_row_is_an_error_with_its_place_and_nothing_is_copied(wire):
    wire.send(query("COPY copied FROM STDIN"))
    wire.until("G")
    wire.send(message("d", b"9\tx\t1\nabc\ty\t2\n"), message("c"))
    e = error(wire.until("Z"))
    assert e["C"] == "22P02" and e["W"] == 'COPY copied, line 2, column a: "abc"'
    assert rows(wire.ask(query("SELECT count(*) FROM copied WHERE a = 9"))) == [[b"0"]]


def test_copy_fail_cancels(wire):
    wire.send(query("COPY copied FROM STDIN"))
    wire.until("G")
    wire.send(message("d", b"9\tx\t1\n"), message("f", text("no more")))
    e = error(wire.until("Z"))
    assert e["C"] == "57014" and "no more" in e["M"]


def test_copy_in_a_transaction_is_rolled_back_with_it(wire):
    wire.ask(query("BEGIN"))
    wire.send(query("COPY copied FROM STDIN"))
    wire.until("G")
    wire.send(message("d", b"77\tx\t1\n"), message("c"))
    assert tags(wire.until("Z")) == ["COPY 1"]
    assert rows(wire.ask(query("SELECT count(*) FROM copied WHERE a = 77"))) == [[b"1"]]
    wire.ask(query("ROLLBACK"))
    assert rows(wire.ask(query("SELECT count(*) FROM copied WHERE a = 77"))) == [[b"0"]]


# ---- cancel ----

def cancel(node, w):
    key = next(body for kind, body in w.greeting if kind == "K")
    with socket.create_connection(("127.0.0.1", node.pg_port)) as s:
        s.sendall(struct.pack("!ii", 16, 80877102) + key)
        assert s.recv(1) == b""


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(100)", "SELECT count(*) FROM generate_series(1, 100000000000)"])
def test_cancel_really_stops_a_query(node, wire, sql):
    wire.send(query(sql))
    other = Wire(node.pg_port)
    # The request may come before the query has begun: PostgreSQL's is a signal with the same race. It is asked until it was heard.
    wire.socket.settimeout(0.2)
    for _ in range(100):
        cancel(node, wire)
        try:
            got = wire.until("Z")
            break
        except TimeoutError:
            continue
    wire.socket.settimeout(30)
    e = error(got)
    assert (e["C"], e["M"]) == ("57014", "canceling statement due to user request")
    assert rows(wire.ask(query("SELECT 1"))) == [[b"1"]]
    other.close()


def test_statement_timeout(wire):
    wire.ask(query("SET statement_timeout = '100ms'"))
    e = error(wire.ask(query("SELECT pg_sleep(100)")))
    assert (e["C"], e["M"]) == ("57014", "canceling statement due to statement timeout")


# ---- bad input ----

@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, struct.pack("!i", 3), struct.pack("!ii", 8, 12345)])
def test_garbage_before_startup_closes_the_connection(node, garbage):
    w = Wire(node.pg_port, start=False)
    w.send(garbage)
    assert w.closed()


def test_message_over_the_limit_is_fatal(wire):
    wire.send(b"Q" + struct.pack("!i", 0x7fffffff))
    e = error([wire.read()])
    assert e["S"] == "FATAL" and wire.closed()


def test_unknown_message_is_fatal(wire):
    wire.send(message("~", b"x"))
    e = error([wire.read()])
    assert (e["S"], e["C"]) == ("FATAL", "08P01") and wire.closed()


def test_truncated_message_is_waited_for_and_the_rest_goes_on(node, wire):
    wire.send(query("SELECT 1")[:6])
    other = Wire(node.pg_port)
    assert rows(other.ask(query("SELECT 2"))) == [[b"2"]]
    wire.send(query("SELECT 1")[6:])
    assert rows(wire.until("Z")) == [[b"1"]]


def test_malformed_body_is_an_error(wire):
    got = wire.ask(message("B", b"\0\0\0\xff"), SYNC)
    assert error(got)["C"] == "08P01"
    assert rows(wire.ask(query("SELECT 1"))) == [[b"1"]]


def test_invalid_utf8_is_refused(wire):
    assert error(wire.ask(message("Q", b"SELECT '\xff\xfe'\0")))["C"] == "22021"


def test_terminate_closes(wire):
    wire.send(TERMINATE)
    assert wire.closed()


def test_notices_are_sent_unless_they_are_not_wanted(wire):
    got = wire.ask(query("DROP TABLE IF EXISTS never_was"))
    notice = next(fields(body) for kind, body in got if kind == "N")
    assert notice["M"] == 'table "never_was" does not exist, skipping'
    wire.ask(query("SET client_min_messages = warning"))
    assert kinds(wire.ask(query("DROP TABLE IF EXISTS never_was"))) == "CZ"
