"""Nodes, NATS servers and PostgreSQL for tests: real ones, on free ports, in directories that are deleted.

NQLITE_BIN names the daemon (default build/nqlite). Everything waits for a condition, with a deadline; nothing waits for a time.
"""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = os.environ.get("NQLITE_BIN", str(ROOT / "build" / "nqlite"))
DEADLINE = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, deadline=DEADLINE, process=None):
    """Polls until condition() is true; fails at once when the process ends."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline} s")
        select.select([], [], [], 0.01)


class Process:
    """A daemon with its log; killed at the end whatever happens."""

    def __init__(self, directory, name):
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        self.process = None

    def spawn(self, args, env=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self, number=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(DEADLINE)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill(signal.SIGABRT)
                raise AssertionError(f"{self.log_path}: did not stop:\n{self.log()[-3000:]}")
        return None if self.process is None else self.process.returncode


class Nats(Process):
    def __init__(self, directory, name="nats"):
        super().__init__(directory, name)
        self.store = pathlib.Path(directory) / name
        self.port = free_port()

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        self.spawn(["nats-server", "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.store)])
        wait_for(self.answers, "nats-server", process=self.process)
        return self

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                return s.recv(4) == b"INFO"
        except OSError:
            return False


class Node(Process):
    def __init__(self, directory, name="node", nats=None, args=()):
        super().__init__(directory, name)
        self.data_dir = pathlib.Path(directory) / name
        self.pg_port, self.http_port = free_port(), free_port()
        self.nats, self.args = nats, list(args)

    def start(self, wait=True):
        args = [BIN, "--data-dir", str(self.data_dir), "--pg-listen", f"127.0.0.1:{self.pg_port}",
                "--http-listen", f"127.0.0.1:{self.http_port}"]
        if self.nats is not None:
            args += ["--nats-host", self.nats if isinstance(self.nats, str) else self.nats.url]
        self.spawn(args + self.args)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        wait_for(lambda: self.http("/readyz")[0] == 200, f"{self.log_path.name} ready", process=self.process)

    @property
    def file(self):
        return self.data_dir / "nqlite" / "nqlite.db"

    def http(self, path, body=None, headers=None, method=None, raw=False):
        """(status, decoded JSON or text); (0, None) when nobody listens."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read()
        except (urllib.error.URLError, OSError):
            return 0, None
        if raw:
            return status, text
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def connect(self, **kwargs):
        import psycopg2

        connection = psycopg2.connect(host="127.0.0.1", port=self.pg_port, user="nqlite", dbname="nqlite", **kwargs)
        connection.autocommit = True
        return connection

    def sql(self, text, params=None):
        """Rows of one statement over a connection of its own; None when it gives no rows."""
        with self.connect() as connection:
            cursor = connection.cursor()
            cursor.execute(text, params)
            rows = cursor.fetchall() if cursor.description else None
        connection.close()
        return rows

    def psql(self, *args, input=None, check=True):
        command = ["psql", "-X", "-h", "127.0.0.1", "-p", str(self.pg_port), "-U", "nqlite", "-d", "nqlite", *args]
        result = subprocess.run(command, input=input, capture_output=True, text=True, timeout=120)
        if check and result.returncode != 0:
            raise AssertionError(f"{command}: {result.stderr}")
        return result

    def pgbench(self, *args, timeout=300):
        command = ["pgbench", "-h", "127.0.0.1", "-p", str(self.pg_port), "-U", "nqlite", *args, "nqlite"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, "LC_ALL": "C"})
        if result.returncode != 0:
            raise AssertionError(f"{command}: {result.stdout}{result.stderr}\n{self.log()[-2000:]}")
        return result.stdout


@pytest.fixture(scope="module")
def directory():
    path = tempfile.mkdtemp(prefix="nqlite-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def node(directory):
    """One embedded node for all tests of a file."""
    node = Node(directory).start()
    yield node
    code = node.stop()
    assert code == 0, f"the node stopped with {code}:\n{node.log()[-3000:]}"


@pytest.fixture(scope="module")
def nats(directory):
    server = Nats(directory).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def cluster(directory, nats):
    """Three nodes on one NATS server."""
    nodes = [Node(directory, f"node{i}", nats) for i in range(3)]
    for node in nodes:
        node.start(wait=False)
    for node in nodes:
        node.wait_ready()
    yield nodes
    for node in nodes:
        node.stop()
