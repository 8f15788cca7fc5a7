#!/usr/bin/env python3
"""nqlite beside PostgreSQL on the same machine, in one run: ratios, medians of interleaved rounds.

    bench/run.py [--rounds 3] [--seconds 3] [--scale 10] [--only NAME ..] [--json FILE]

Both run with their defaults: PostgreSQL 15 with fsync, embedded nqlite with synchronous=FULL; "nats" is one nqlite node and one nats-server.
Absolute figures say more about the machine than about either: quote the ratios.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from conftest import Nats, Node, free_port, wait_for  # noqa: E402

PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


class Postgres:
    """A PostgreSQL server of our own; as another user when we are root, since it refuses to run as root."""

    def __init__(self, directory):
        self.data = pathlib.Path(directory) / "postgres"
        self.pg_port = free_port()

    def run(self, *command):
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")

    def start(self):
        self.data.mkdir()
        if os.getuid() == 0:
            shutil.chown(self.data, "postgres")
        self.run(str(PG_BIN / "initdb"), "-D", str(self.data), "-A", "trust", "-U", "nqlite", "--locale=C", "-E", "UTF8")
        options = f"-p {self.pg_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        self.run(str(PG_BIN / "pg_ctl"), "-D", str(self.data), "-o", options, "-l", str(self.data / "log"), "-w", "start")
        subprocess.run(["createdb", "-h", "127.0.0.1", "-p", str(self.pg_port), "-U", "nqlite", "nqlite"], check=True)
        return self

    def stop(self):
        self.run(str(PG_BIN / "pg_ctl"), "-D", str(self.data), "-m", "fast", "-w", "stop")

    def memory(self):
        """Private memory of all backends (shared buffers are counted once, as nobody's)."""
        pids = subprocess.run(["pgrep", "-P", (self.data / "postmaster.pid").read_text().split()[0]], capture_output=True, text=True)
        return sum(private(int(pid)) for pid in pids.stdout.split())


def private(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Private_"))


def pgbench(server, *args):
    command = ["pgbench", "-n", "-h", "127.0.0.1", "-p", str(server.pg_port), "-U", "nqlite", *args, "nqlite"]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr}")
    return float(re.search(r"^tps = ([0-9.]+)", result.stdout, re.M)[1])


def psql(server, sql):
    subprocess.run(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(server.pg_port), "-U", "nqlite", "-d", "nqlite", "-c", sql], check=True)


def init_seconds(server, scale):
    start = time.perf_counter()
    subprocess.run(["pgbench", "-i", "-q", "-s", str(scale), "-h", "127.0.0.1", "-p", str(server.pg_port), "-U", "nqlite", "nqlite"],
                   check=True, capture_output=True)
    return time.perf_counter() - start


def idle_bytes(server, n=500):
    import psycopg2

    before = server.memory() if isinstance(server, Postgres) else private(server.process.pid)
    n = min(n, 150) if isinstance(server, Postgres) else n
    held = [psycopg2.connect(host="127.0.0.1", port=server.pg_port, user="nqlite", dbname="nqlite") for _ in range(n)]
    after = server.memory() if isinstance(server, Postgres) else private(server.process.pid)
    for c in held:
        c.close()
    return max(after - before, n) / n


class Bench:
    def __init__(self, args):
        self.args, self.results = args, []

    def wanted(self, name):
        return not self.args.only or any(o in name for o in self.args.only)

    def compare(self, name, postgres, ours, faster_is_more=True, rounds=None):
        """Rounds in turn, so that a machine that slows down slows both; the median of the ratios."""
        if not self.wanted(name):
            return
        rounds = [(postgres(), ours()) for _ in range(rounds or self.args.rounds)]
        ratio = statistics.median((b / a if faster_is_more else a / b) for a, b in rounds)
        a, b = (statistics.median(r[i] for r in rounds) for i in (0, 1))
        self.results.append({"name": name, "postgres": a, "nqlite": b, "ratio": ratio})
        print(f"{name:44} PostgreSQL {a:12.1f}   nqlite {b:12.1f}   {ratio:5.2f} x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--only", nargs="*", help="names, or parts of them")
    parser.add_argument("--json", help="write the results there too")
    args = parser.parse_args()
    bench = Bench(args)
    directory = tempfile.mkdtemp(prefix="nqlite-bench-")
    os.chmod(directory, 0o755)
    postgres, embedded = Postgres(directory).start(), Node(directory, "embedded").start()
    nats = Nats(directory).start()
    clustered = Node(directory, "clustered", nats).start()
    t, s = ["-T", str(args.seconds)], str(args.scale)
    try:
        bench.compare(f"pgbench -i -s {s}, seconds", lambda: init_seconds(postgres, s), lambda: init_seconds(embedded, s), False)
        if not bench.wanted("pgbench -i") and bench.wanted("select"):
            init_seconds(postgres, s), init_seconds(embedded, s)
        for mode in ("simple", "extended", "prepared"):
            for clients in (1, 8, 32):
                run = ["-S", "-M", mode, "-c", str(clients), *t]
                bench.compare(f"select, {mode}, {clients} clients, tps", lambda: pgbench(postgres, *run), lambda: pgbench(embedded, *run))
        script = pathlib.Path(directory) / "insert.sql"
        script.write_text("INSERT INTO one (v) VALUES ('hello');\n")
        for server in (postgres, embedded, clustered):
            psql(server, "CREATE TABLE one (id serial PRIMARY KEY, v text)")
        for name, server in (("embedded", embedded), ("nats", clustered)):
            for clients in (1, 8, 64):
                run = ["-f", str(script), "-M", "prepared", "-c", str(clients), *t]
                bench.compare(f"insert, {name}, {clients} clients, tps", lambda: pgbench(postgres, *run), lambda: pgbench(server, *run))
        # Once: what a closed connection gave back would serve the next round.
        bench.compare("idle connection, bytes", lambda: idle_bytes(postgres), lambda: idle_bytes(embedded), False, 1)
    finally:
        if args.json:
            pathlib.Path(args.json).write_text(json.dumps(bench.results, indent=1))
        for server in (embedded, clustered, nats):
            server.kill()
        postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
