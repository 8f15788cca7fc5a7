"""Three nodes that know nothing of each other, and one NATS server."""

import concurrent.futures
import random
import threading
import time
import uuid

import psycopg2
import pytest

from conftest import Nats, Node, wait_for


def dump(node, sql):
    """Rows after everything that is in the log now, as the node stores them."""
    status, answer = node.http("/db/query?level=linearizable&q=" + sql.replace(" ", "%20"))
    assert status == 200, answer
    return answer["results"][0].get("values", [])


def same_everywhere(nodes, sql):
    rows = [dump(node, sql) for node in nodes]
    assert all(r == rows[0] for r in rows[1:]), f"nodes differ in {sql}"
    return rows[0]


def status(node):
    return node.http("/status")[1]


def test_writes_on_every_node_by_psql_and_curl_arrive_everywhere(cluster):
    cluster[0].psql("-c", "CREATE TABLE t (id int PRIMARY KEY, v text)")
    assert cluster[1].http("/db/query", ["INSERT INTO t VALUES (1, 'curl on node 1')"])[0] == 200
    wait_for(lambda: cluster[2].http("/db/query?q=SELECT%201%20FROM%20t")[0] == 200, "the table reaches node 2")
    cluster[2].psql("-c", "INSERT INTO t VALUES (2, 'psql on node 2')")
    assert same_everywhere(cluster, "SELECT * FROM t ORDER BY id") == [[1, "curl on node 1"], [2, "psql on node 2"]]


def test_values_that_differ_by_machine_and_moment_are_the_same_bytes(cluster):
    cluster[0].psql("-c", "CREATE TABLE det (id int PRIMARY KEY, at timestamptz DEFAULT CURRENT_TIMESTAMP, n timestamptz, r float8, u uuid)")
    node = cluster[1]
    for sql in ["CREATE TABLE hist (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, r INTEGER, b BLOB, d TEXT)",
                "CREATE TRIGGER keep AFTER INSERT ON det BEGIN INSERT INTO hist (r, b, d) "
                "VALUES (random(), randomblob(8), datetime('now') || CURRENT_TIMESTAMP); END"]:
        assert node.http("/db/query", [sql])[0] == 200
    for i, n in enumerate(cluster):
        n.psql("-c", f"INSERT INTO det (id, n, r, u) SELECT g, now(), random(), gen_random_uuid() FROM generate_series({i * 10}, {i * 10 + 4}) g")
    node.http("/db/query", ["INSERT INTO hist (r, d) VALUES (random(), datetime('now', 'subsec')), (random(), date('now'))"])
    rows = same_everywhere(cluster, "SELECT * FROM det ORDER BY id")
    assert len(rows) == 15 and len({r[3] for r in rows}) == 15 and len({r[4] for r in rows}) == 15
    hist = same_everywhere(cluster, "SELECT id, at, r, hex(b), d FROM hist ORDER BY id")
    assert len(hist) == 17 and len({r[2] for r in hist}) == 17


def test_an_answer_is_given_after_the_own_node_applied_the_write(cluster):
    cluster[0].psql("-c", "CREATE TABLE own (id int PRIMARY KEY)")
    for i in range(100):
        node = cluster[0]
        node.sql("INSERT INTO own VALUES (%s)", (i,))
        assert node.sql("SELECT count(*) FROM own") == [(i + 1,)]


def test_constraint_errors_come_from_the_apply_and_leave_nodes_equal(cluster):
    cluster[0].psql("-c", "CREATE TABLE uni (id int PRIMARY KEY)")
    same_everywhere(cluster, "SELECT * FROM uni")

    def insert(node):
        try:
            node.sql("INSERT INTO uni VALUES (1)")
            return "ok"
        except psycopg2.errors.UniqueViolation:
            return "duplicate"

    with concurrent.futures.ThreadPoolExecutor() as pool:
        outcomes = sorted(pool.map(insert, cluster))
    assert outcomes == ["duplicate", "duplicate", "ok"]
    assert same_everywhere(cluster, "SELECT * FROM uni") == [[1]]


def test_increments_from_all_nodes_are_never_lost(cluster):
    cluster[0].psql("-c", "CREATE TABLE counter (id int PRIMARY KEY, n int); INSERT INTO counter VALUES (1, 0)")
    same_everywhere(cluster, "SELECT * FROM counter")

    def count(node):
        with node.connect() as connection:
            cursor = connection.cursor()
            for _ in range(100):
                cursor.execute("UPDATE counter SET n = n + 1 WHERE id = 1")
                assert cursor.rowcount == 1

    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(count, cluster))
    assert same_everywhere(cluster, "SELECT n FROM counter") == [[300]]


def test_a_copy_larger_than_a_message_arrives_whole(cluster):
    cluster[0].psql("-c", "CREATE TABLE big (id int PRIMARY KEY, v text)")
    data = "".join(f"{i}\t{'x' * 100}\n" for i in range(50000)) + "\\.\n"
    cluster[0].psql("-c", r"\copy big from stdin", input=data)
    assert same_everywhere(cluster, "SELECT count(*), sum(id), sum(length(v)) FROM big") == [[50000, 1249975000, 5000000]]


def test_pgbench_runs_through_jetstream(cluster):
    cluster[0].pgbench("-i", "-q", "-s", "1")
    out = cluster[0].pgbench("-b", "simple-update", "-M", "prepared", "-c", "4", "-t", "50")
    assert "number of transactions actually processed: 200/200" in out
    same_everywhere(cluster, "SELECT sum(abalance), count(*) FROM pgbench_accounts")


def test_nodes_agree_on_the_running_hash(cluster):
    for node in cluster:
        dump(node, "SELECT 1")
    states = {}
    for node in cluster:
        s = status(node)["log"]
        states.setdefault(s["applied_seq"], set()).add(s["applied_hash"])
    assert all(len(hashes) == 1 for hashes in states.values()), states


def test_without_nats_reads_go_on_and_writes_fail_in_time_and_go_on_by_themselves(directory):
    nats = Nats(directory, "nats-away").start()
    node = Node(directory, "away", nats, ["--write-wait", "2s"]).start()
    node.psql("-c", "CREATE TABLE t (id int PRIMARY KEY)")
    node.sql("INSERT INTO t VALUES (1)")
    nats.stop()
    assert node.sql("SELECT count(*) FROM t") == [(1,)]
    with pytest.raises(psycopg2.OperationalError) as e:
        node.sql("INSERT INTO t VALUES (2)")
    assert e.value.pgcode in ("08006", "08007"), e.value.pgcode
    assert node.http("/readyz")[0] == 503
    nats.start()
    node.wait_ready()
    node.sql("INSERT INTO t VALUES (3)")
    rows = [r[0] for r in node.sql("SELECT id FROM t ORDER BY id")]
    assert rows in ([1, 3], [1, 2, 3]) and (e.value.pgcode == "08007" or rows == [1, 3])
    node.stop()
    nats.kill()


def test_a_write_that_waits_for_nats_is_done_when_it_is_back(directory):
    nats = Nats(directory, "nats-waits").start()
    node = Node(directory, "waits", nats, ["--write-wait", "60s"]).start()
    node.psql("-c", "CREATE TABLE t (id int PRIMARY KEY)")
    nats.stop()
    wait_for(lambda: node.http("/readyz")[0] == 503, "the node notices")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        write = pool.submit(node.sql, "INSERT INTO t VALUES (1) RETURNING id")
        nats.start()
        assert write.result(60) == [(1,)]
    node.stop()
    nats.kill()


def test_a_node_started_before_nats_becomes_ready(directory):
    nats = Nats(directory, "nats-late")
    node = Node(directory, "early", nats).start(wait=False)
    wait_for(lambda: node.http("/readyz")[0] == 503, "the node serves", process=node.process)
    nats.start()
    node.wait_ready()
    node.psql("-c", "CREATE TABLE t (id int)")
    node.stop()
    nats.kill()


# ---- a minute of murder ----

class Writer(threading.Thread):
    """Inserts unique keys on whichever node answers; remembers what was acknowledged, refused and unknown."""

    def __init__(self, number, nodes, stop):
        super().__init__()
        self.number, self.nodes, self.halt = number, nodes, stop
        self.acknowledged, self.refused, self.unknown = [], [], []

    def over_http(self, node, key):
        code, answer = node.http("/db/query", [["INSERT INTO load (id, node) VALUES (?, ?)", key, node.log_path.name]])
        if code == 0:
            return self.unknown
        if code == 200 and "nats" in answer["results"][0]:
            return self.acknowledged
        text = str(answer)
        return self.unknown if "unknown" in text or code == 503 else self.refused

    def over_pg(self, connection, node, key):
        try:
            connection.cursor().execute("INSERT INTO load (id, node) VALUES (%s, %s)", (key, node.log_path.name))
            return self.acknowledged
        except psycopg2.Error as e:
            if e.pgcode in ("08006", "57014"):
                return self.refused
            if e.pgcode is None or e.pgcode.startswith("08") or e.pgcode == "57P01":
                return self.unknown
            raise

    def run(self):
        connection = node = None
        while not self.halt.is_set():
            if self.number % 2 == 0:
                node = random.choice(self.nodes)
                key = str(uuid.uuid4())
                self.over_http(node, key).append(key)
                continue
            if connection is None or connection.closed:
                node = random.choice(self.nodes)
                try:
                    connection = node.connect()
                except psycopg2.OperationalError:
                    connection = None
                    continue
            key = str(uuid.uuid4())
            outcome = self.over_pg(connection, node, key)
            outcome.append(key)
            if outcome is self.unknown:
                connection = None


def test_nodes_killed_at_random_lose_nothing_and_do_nothing_twice(directory):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    nats = Nats(directory, "nats-chaos").start()
    nodes = [Node(directory, f"chaos{i}", nats) for i in range(3)]
    for node in nodes:
        node.start()
    nodes[0].psql("-c", "CREATE TABLE load (n serial PRIMARY KEY, id text NOT NULL, node text, at timestamptz DEFAULT now())")
    for node in nodes:
        dump(node, "SELECT * FROM load")
    stop = threading.Event()
    writers = [Writer(i, nodes, stop) for i in range(8)]
    for writer in writers:
        writer.start()
    end, kills = time.monotonic() + 60, 0
    while time.monotonic() < end:
        victim = chance.choice(nodes)
        done = sum(len(w.acknowledged) for w in writers)
        wait_for(lambda: sum(len(w.acknowledged) for w in writers) > done + chance.randrange(200), "load goes on")
        victim.kill()
        kills += 1
        victim.start(wait=False)
        if chance.random() < 0.5:
            victim.wait_ready()
    stop.set()
    for writer in writers:
        writer.join()
    for node in nodes:
        node.wait_ready()
    rows = same_everywhere(nodes, "SELECT n, id, node, at FROM load ORDER BY n")
    present = [r[1] for r in rows]
    acknowledged = [k for w in writers for k in w.acknowledged]
    refused = {k for w in writers for k in w.refused}
    unknown = {k for w in writers for k in w.unknown}
    print(f"{kills} kills, {len(acknowledged)} acknowledged, {len(refused)} refused, {len(unknown)} unknown, {len(present)} present")
    assert kills >= 10 and len(acknowledged) > 1000
    assert len(present) == len(set(present)), "something was applied twice"
    assert set(acknowledged) <= set(present), "something acknowledged is lost"
    assert not refused & set(present), "something refused is there"
    assert set(present) <= set(acknowledged) | unknown
    assert len({status(n)["log"]["applied_hash"] for n in nodes}) == 1
    for node in nodes:
        assert node.stop() == 0
    nats.kill()
