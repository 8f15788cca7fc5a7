"""Clients as they come: many at once, gone in the middle, too large, too long; and a node that stops under them."""

import concurrent.futures
import http.client
import json
import signal
import socket
import threading
import urllib.parse

from conftest import DEADLINE, Node, wait_for

ENDLESS = "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


def raw(node, text):
    s = socket.create_connection(("127.0.0.1", node.http_port), DEADLINE)
    s.sendall(text if isinstance(text, bytes) else text.encode())
    return s


def ask(sql):
    return f"GET /db/query?q={urllib.parse.quote(sql)} HTTP/1.1\r\nHost: x\r\n\r\n"


def metric(node, name):
    return int(next(line.split()[1] for line in node.http("/metrics")[1].splitlines() if line.startswith(name + " ")))


def test_fifty_clients_at_once(node):
    node.http("/db/query", ["CREATE TABLE c (id INTEGER PRIMARY KEY, client INTEGER, n INTEGER)", "CREATE TABLE total (n INTEGER)", "INSERT INTO total VALUES(0)"])

    def client(number):
        connection = http.client.HTTPConnection("127.0.0.1", node.http_port, timeout=DEADLINE)
        for i in range(20):
            for body in ([["INSERT INTO c(client, n) VALUES(?, ?)", number, i], "UPDATE total SET n = n + 1"], [["SELECT count(*) AS n FROM c WHERE client = ?", number]]):
                connection.request("POST", "/db/query", json.dumps(body))
                response = connection.getresponse()
                answer = json.loads(response.read())
                assert response.status == 200, answer
            assert answer["results"][0]["rows"] == [{"n": i + 1}], "a client reads its own writes"
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(client, range(50)))
    assert node.http("/db/query?q=SELECT+n+FROM+total")[1]["results"][0]["values"] == [[1000]]
    assert node.http("/db/query?q=SELECT+count(*)+FROM+c")[1]["results"][0]["values"] == [[1000]]


def test_a_counter_read_in_the_same_request_is_never_read_twice(node):
    node.http("/db/query", ["CREATE TABLE counter (n INTEGER)", "INSERT INTO counter VALUES(0)"])

    def draw(_):
        answer = node.http("/db/query", ["UPDATE counter SET n = n + 1", "SELECT n FROM counter"])[1]
        return answer["results"][1]["rows"][0]["n"]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(draw, range(200))) == list(range(1, 201))


def test_a_read_stops_when_its_client_goes(node):
    for _ in range(20):
        s = raw(node, ask(ENDLESS))
        wait_for(lambda: metric(node, "nqlite_http_requests_under_way") == 1, "the read is under way")
        s.close()
        wait_for(lambda: metric(node, "nqlite_http_requests_under_way") == 0, "the read was stopped")
    assert node.http("/db/query?q=SELECT+1")[0] == 200


def test_a_long_read_does_not_make_others_wait(node):
    s = raw(node, ask(ENDLESS))
    wait_for(lambda: metric(node, "nqlite_http_requests_under_way") == 1, "the read is under way")
    for _ in range(20):
        assert node.http("/db/query?q=SELECT+1")[0] == 200
    s.close()
    wait_for(lambda: metric(node, "nqlite_http_requests_under_way") == 0, "the read was stopped")


def test_clients_that_go_before_their_answer(node):
    node.http("/db/query", ["CREATE TABLE g (x)"])
    body = json.dumps([["INSERT INTO g VALUES(?)", "y" * 1000]])
    request = f"POST /db/query HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    for _ in range(100):
        raw(node, request).close()
    wait_for(lambda: node.http("/db/query?q=SELECT+count(*)+FROM+g")[1]["results"][0]["values"] == [[100]], "all are written")
    for cut in (1, 10, 40, len(request) - 1):
        raw(node, request[:cut]).close()
    big = raw(node, ask("SELECT printf('%1000000s', value) FROM (VALUES(1),(2),(3),(4),(5),(6),(7),(8))".replace("value", "column1")))
    big.recv(10)
    big.close()
    assert node.http("/health")[0] == 200


def test_requests_in_a_row_on_one_connection(node):
    s = raw(node, ask("SELECT 1 AS a") + ask("SELECT 2 AS b") + ask("SELECT 3 AS c"))
    text = b""
    while text.count(b'"time"') < 3:
        text += s.recv(65536)
    assert text.index(b'"a"') < text.index(b'"b"') < text.index(b'"c"')
    s.close()


def test_a_body_that_is_too_large_is_refused(node):
    size = (64 << 20) + 1
    assert node.http("/db/query", b"[" + b" " * (size - 2) + b"]")[0] == 413
    assert node.http("/db/query", b"[" + b" " * (size - 3) + b"]")[1]["results"] == [{"error": "Empty array"}]
    assert node.http("/health")[0] == 200


def test_headers_that_are_too_large_are_refused(node):
    s = raw(node, "GET /health HTTP/1.1\r\nX: ")
    try:
        for _ in range(100):
            s.sendall(b"x" * 10000)
        s.recv(100)
    except OSError:
        pass
    s.close()
    assert node.http("/health")[0] == 200


def test_garbage_instead_of_http(node):
    for text in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET /health HTTP/9.9\r\n\r\n", b"\r\n" * 1000, b"BREW /pot HTTP/1.1\r\n\r\n", b"GET http://x:y/%zz HTTP/1.1\r\n\r\n"):
        s = raw(node, text)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass
        s.close()
    assert node.http("/health")[0] == 200


def test_an_answer_that_is_too_large_is_an_error(node):
    sql = "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c LIMIT 200) SELECT printf('%1000000s', x) AS y FROM c"
    status, answer = node.http("/db/query?q=" + urllib.parse.quote(sql))
    assert status == 400 and "the answer is larger than" in answer["results"][0]["error"]


def test_a_write_whose_rows_are_too_many_says_that_it_is_done(node):
    node.http("/db/query", ["CREATE TABLE large (x)"])
    sql = "INSERT INTO large SELECT printf('%1000000s', value) FROM json_each('[" + ",".join("1" * 90) + "]') RETURNING x"
    status, answer = node.http("/db/query", [sql])
    assert status == 400 and answer["results"][0]["error"].startswith("the write is done, but the answer is larger"), answer
    assert node.http("/db/query?q=SELECT+count(*)+FROM+large")[1]["results"][0]["values"] == [[90]]


def test_a_node_stops_with_requests_under_way(directory):
    node = Node(directory, "stopping").start()
    node.http("/db/query", ["CREATE TABLE s (x)"])
    endless = [raw(node, ask(ENDLESS)) for _ in range(3)]
    waiting = raw(node, "GET /db/query?q=SELECT+1&min_seq=1000000&timeout=1h HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_for(lambda: metric(node, "nqlite_http_requests_under_way") == 4, "the reads are under way")
    answers = []

    def write():
        while True:
            status, _ = node.http("/db/query", ["INSERT INTO s VALUES(1)"])
            if status != 200:
                return
            answers.append(status)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for t in writers:
        t.start()
    wait_for(lambda: len(answers) > 20, "writes are answered")
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(DEADLINE) == 0, node.log()
    for t in writers:
        t.join(DEADLINE)
    assert b" 503 " in waiting.recv(65536)
    for s in endless:
        text = b""
        while b"}" not in text[-5:]:
            more = s.recv(65536)
            if not more:
                break
            text += more
        assert b"canceling" in text or b"interrupt" in text, text
    node.start()
    assert node.http("/db/query?q=SELECT+count(*)+FROM+s")[1]["results"][0]["values"][0][0] >= len(answers)
    assert node.stop() == 0
