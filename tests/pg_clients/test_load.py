"""What a node costs: streaming, slow queries beside fast ones, idle connections, clients that never read."""

import os
import pathlib
import socket
import statistics
import threading
import time

from conftest import Node, wait_for
from wire import Wire, query, rows, startup


def memory(node):
    """Resident bytes of the daemon."""
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


def peak_while(node, work):
    """The most memory seen while work() runs, beyond what was there before."""
    before, peak, done = memory(node), [0], threading.Event()

    def watch():
        while not done.wait(0.02):
            peak[0] = max(peak[0], memory(node))

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return peak[0] - before


def stream(w, sql):
    """Counts DataRows without keeping them."""
    w.send(query(sql))
    n = 0
    buffer = b""
    while True:
        buffer += w.socket.recv(1 << 20)
        at = 0
        while len(buffer) - at >= 5:
            length = int.from_bytes(buffer[at + 1:at + 5], "big") + 1
            if len(buffer) - at < length:
                break
            kind = buffer[at]
            n += kind == 68
            at += length
            if kind == 90:
                return n
        buffer = buffer[at:]


def test_ten_million_rows_stream_in_little_memory(node):
    w = Wire(node.pg_port)
    stream(w, "SELECT g FROM generate_series(1, 1000) g")
    counted = []
    extra = peak_while(node, lambda: counted.append(stream(w, "SELECT g FROM generate_series(1, 10000000) g")))
    assert counted == [10000000]
    assert extra < 32 << 20, f"{extra >> 20} MB"


def test_a_client_that_does_not_read_stops_its_query_and_nobody_else(node):
    slow = Wire(node.pg_port)
    extra = peak_while(node, lambda: (slow.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)")),
                                      [Wire(node.pg_port).ask(query("SELECT 1")) for _ in range(50)]))
    assert extra < 32 << 20
    slow.close()


def test_a_client_that_never_reads_is_closed(directory):
    node = Node(directory, "stall", args=["--stall-timeout", "300ms"]).start()
    w = Wire(node.pg_port)
    w.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)"))
    wait_for(lambda: "does not read its results" in node.log(), "the stalled client is closed", process=node.process)
    assert rows(Wire(node.pg_port).ask(query("SELECT 1"))) == [[b"1"]]
    node.stop()


def latencies(node, seconds):
    w, times, end = Wire(node.pg_port), [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        w.ask(query("SELECT 1"))
        times.append(time.perf_counter() - start)
    w.close()
    return statistics.quantiles(times, n=100)[98]


def test_long_queries_leave_the_latency_of_others_as_it_was(node):
    alone = latencies(node, 2)
    busy = Wire(node.pg_port)
    busy.send(query("SELECT count(*) FROM generate_series(1, 100000000000)"))
    sleeping = [Wire(node.pg_port) for _ in range(10)]
    for w in sleeping:
        w.send(query("SELECT pg_sleep(100)"))
    beside = latencies(node, 2)
    for w in sleeping + [busy]:
        w.close()
    # On two processors the query takes one: what is held against is that nobody waits for its end.
    assert beside < max(20 * alone, 0.05), f"p99 {alone * 1000:.2f} ms alone, {beside * 1000:.2f} ms beside long queries"


def test_ten_thousand_idle_connections_are_cheap(node):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    n = min(10000, hard - 200)
    before = memory(node)
    open_sockets = []
    for i in range(n):
        # Many local addresses, so that ports don't run out.
        s = socket.create_connection(("127.0.0.1", node.pg_port), 30, source_address=(f"127.0.1.{i % 250 + 1}", 0))
        s.sendall(startup(user="nqlite"))
        open_sockets.append(s)
    for s in open_sockets:
        got = b""
        while not got.endswith(b"Z\0\0\0\5I"):
            got += s.recv(4096)
    each = (memory(node) - before) / n
    for s in open_sockets:
        s.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert each < 16384, f"{each:.0f} bytes each"
    assert rows(Wire(node.pg_port).ask(query("SELECT 1"))) == [[b"1"]]
    assert os.path.exists(f"/proc/{node.process.pid}")
