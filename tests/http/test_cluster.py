"""Three nodes: the same bytes everywhere, reads that wait, and NATS that goes away."""

import pytest

from conftest import Nats, Node, wait_for


def test_writes_give_the_same_bytes_on_every_node(cluster):
    a, b, c = cluster
    assert a.http("/db/query", ["CREATE TABLE d (id INTEGER PRIMARY KEY, n TEXT, t DEFAULT CURRENT_TIMESTAMP, r DEFAULT (random()), b DEFAULT (randomblob(16)))"])[0] == 200
    seq = 0
    for i in range(30):
        status, answer = cluster[i % 3].http(f"/db/query?min_seq={seq}", [["INSERT INTO d(n) VALUES(datetime('now') || ?) RETURNING *", i]])
        assert status == 200, answer
        seq = max(seq, answer["results"][0]["nats"]["seq"])
    contents = [n.http(f"/db/query?min_seq={seq}", ["SELECT * FROM d"])[1]["results"][0]["values"] for n in cluster]
    assert contents[0] == contents[1] == contents[2] and len(contents[0]) == 30


@pytest.mark.parametrize("level", ["linearizable", "strong"])
def test_a_linearizable_read_sees_what_was_written_elsewhere(cluster, level):
    cluster[0].http("/db/query", ["CREATE TABLE IF NOT EXISTS l (x)"])
    for i in range(20):
        assert cluster[i % 3].http("/db/query", [["INSERT INTO l VALUES(?)", i]])[0] == 200
        count = cluster[(i + 1) % 3].http(f"/db/query?level={level}", ["SELECT count(*) FROM l"])[1]["results"][0]["values"][0][0]
        assert count % 20 == (i + 1) % 20


def test_without_nats_reads_go_on_and_writes_say_so(directory):
    nats = Nats(directory, "own").start()
    node = Node(directory, "lonely", nats, ["--write-wait", "300ms"])
    node.start()
    assert node.http("/db/query", ["CREATE TABLE t (x)"])[0] == 200
    nats.kill()
    wait_for(lambda: node.http("/readyz")[0] == 503, "not ready without NATS")
    assert node.http("/readyz?noleader")[0] == 200
    assert node.http("/db/query?q=SELECT+*+FROM+t")[0] == 200
    status, answer = node.http("/db/query", ["INSERT INTO t VALUES(1)"])
    assert status == 503 and answer["results"][0]["error"]
    assert node.http("/db/query?level=strong&q=SELECT+1&timeout=100ms")[0] == 503
    nats.start()
    node.wait_ready()
    assert node.http("/db/query", ["INSERT INTO t VALUES(2)"])[0] == 200
    assert node.stop() == 0
    nats.kill()
