"""One node without NATS: the same promises, its file is the log."""

import subprocess
import threading

import psycopg2
import pytest

from conftest import BIN, Node


def test_what_was_acknowledged_survives_kill_9(directory):
    node = Node(directory, "killed").start()
    node.psql("-c", "CREATE TABLE t (id int PRIMARY KEY)")
    acknowledged, stop = [], threading.Event()

    def write(first):
        connection = None
        i = first
        while not stop.is_set():
            try:
                connection = connection or node.connect()
                connection.cursor().execute("INSERT INTO t VALUES (%s)", (i,))
                acknowledged.append(i)
            except psycopg2.Error:
                connection = None
            i += 8

    writers = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for w in writers:
        w.start()
    for _ in range(5):
        target = len(acknowledged) + 200
        while len(acknowledged) < target:
            pass
        node.kill()
        node.start()
    stop.set()
    for w in writers:
        w.join()
    present = {r[0] for r in node.sql("SELECT id FROM t")}
    assert set(acknowledged) <= present
    assert node.stop() == 0


def test_a_restarted_node_goes_on_from_its_file(directory):
    node = Node(directory, "restarted").start()
    node.psql("-c", "CREATE TABLE t (id serial PRIMARY KEY, v text)", "-c", "INSERT INTO t (v) VALUES ('a'), ('b')")
    assert node.stop() == 0
    node.start()
    assert node.sql("INSERT INTO t (v) VALUES ('c') RETURNING id") == [(3,)]
    assert node.stop() == 0


def test_memory_keeps_nothing_and_works_alike(directory):
    node = Node(directory, "memory")
    node.data_dir = ":memory:"
    node.start()
    node.psql("-c", "CREATE TABLE t (id int)", "-c", "BEGIN; INSERT INTO t VALUES (1); COMMIT")
    assert node.sql("SELECT * FROM t") == [(1,)]
    assert node.stop() == 0


@pytest.mark.parametrize("args,sentence", [
    (["--nosuch"], 'unknown option "nosuch" (nqlite --help lists all)'),
    (["--pg-listen", "5432"], '--pg-listen: "5432" is not HOST:PORT'),
    (["--pg-listen", "0.0.0.0:5432"], "--pg-listen 0.0.0.0:5432 is not loopback"),
    (["--creds", "a", "--token", "b", "--nats-host", "nats://x"], "--creds and --token exclude each other"),
    (["--log-level", "loud"], '--log-level: "loud" is not error, warning, info or debug'),
    (["--write-wait", "soon"], '--write-wait: "soon" is not a duration'),
    (["--config", "/nosuch/file"], "open /nosuch/file"),
    (["--data-dir"], "--data-dir needs a value"),
])
def test_a_wrong_option_says_what_is_wrong_and_exits_2(args, sentence):
    result = subprocess.run([BIN, *args], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2 and sentence in result.stderr and result.stderr.count("\n") == 1


def test_options_come_from_the_environment_and_the_file_too(directory, tmp_path):
    file = tmp_path / "nqlite.conf"
    file.write_text("# a comment\nlog-level = nonsense\n")
    result = subprocess.run([BIN, "--config", str(file)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2 and "nqlite.conf:2" in result.stderr
    result = subprocess.run([BIN], env={"NQLITE_PG_LISTEN": "bad"}, capture_output=True, text=True, timeout=30)
    assert result.returncode == 2 and "NQLITE_PG_LISTEN" in result.stderr


def test_a_port_in_use_is_said_and_nothing_is_left(directory):
    node = Node(directory, "first").start()
    other = Node(directory, "second")
    result = subprocess.run([BIN, "--data-dir", str(other.data_dir), "--pg-listen", f"127.0.0.1:{node.pg_port}",
                             "--http-listen", f"127.0.0.1:{other.http_port}"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and "--pg-listen: listen on" in result.stderr and "Address already in use" in result.stderr
    assert node.stop() == 0


def test_a_file_that_is_no_database_is_refused(directory):
    node = Node(directory, "broken")
    node.file.parent.mkdir(parents=True)
    node.file.write_bytes(b"this is no database" * 1000)
    result = subprocess.run([BIN, "--data-dir", str(node.data_dir), "--pg-listen", f"127.0.0.1:{node.pg_port}",
                             "--http-listen", f"127.0.0.1:{node.http_port}"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and "not a database" in result.stderr


def test_a_unix_socket_is_where_libpq_looks(directory, tmp_path):
    node = Node(directory, "unix")
    process = subprocess.Popen([BIN, "--data-dir", str(node.data_dir), "--pg-listen", f"{tmp_path}:5433",
                                "--http-listen", f"127.0.0.1:{node.http_port}"], stderr=subprocess.DEVNULL)
    node.process = process
    node.wait_ready()
    result = subprocess.run(["psql", "-X", "-At", "-h", str(tmp_path), "-p", "5433", "-U", "nqlite", "-c", "SELECT 1"],
                            capture_output=True, text=True, timeout=30)
    assert result.stdout == "1\n", result.stderr
    assert node.stop() == 0
    assert not list(tmp_path.iterdir())
