"""The frontend/backend protocol by hand, for what no driver would send."""

import socket
import struct


def message(kind, body=b""):
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def text(*parts):
    return b"".join(p.encode() + b"\0" for p in parts)


def startup(version=(3, 0), **options):
    body = struct.pack("!HH", *version) + text(*(x for kv in options.items() for x in kv)) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def parse(query, name="", oids=()):
    return message("P", text(name, query) + struct.pack("!h", len(oids)) + b"".join(struct.pack("!I", o) for o in oids))


def bind(params=(), portal="", statement="", formats=(), results=()):
    body = text(portal, statement) + struct.pack("!h", len(formats)) + b"".join(struct.pack("!h", f) for f in formats)
    body += struct.pack("!h", len(params))
    for p in params:
        body += struct.pack("!i", -1) if p is None else struct.pack("!i", len(p)) + p
    return message("B", body + struct.pack("!h", len(results)) + b"".join(struct.pack("!h", f) for f in results))


def describe(kind="P", name=""):
    return message("D", kind.encode() + text(name))


def close(kind="S", name=""):
    return message("C", kind.encode() + text(name))


def execute(portal="", rows=0):
    return message("E", text(portal) + struct.pack("!i", rows))


def query(sql):
    return message("Q", text(sql))


SYNC, FLUSH, TERMINATE = message("S"), message("H"), message("X")


class Wire:
    """A connection that shows every message it gets, as (type, body)."""

    def __init__(self, port, start=True, **options):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.settimeout(30)
        self.buffer = b""
        if start:
            self.send(startup(**{"user": "nqlite", "database": "nqlite", **options}))
            self.greeting = self.until("Z")

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def take(self, n):
        while len(self.buffer) < n:
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError
            self.buffer += more
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def read(self):
        kind, length = struct.unpack("!ci", self.take(5))
        return kind.decode(), self.take(length - 4)

    def until(self, *kinds):
        """All messages up to one of these types."""
        got = []
        while True:
            got.append(self.read())
            if got[-1][0] in kinds:
                return got

    def ask(self, *parts):
        self.send(*parts)
        return self.until("Z")

    def closed(self):
        """True when the server closes the connection; what came before is thrown away."""
        try:
            while self.socket.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self):
        self.socket.close()


def kinds(messages):
    return "".join(m[0] for m in messages)


def fields(body):
    """The fields of an ErrorResponse or NoticeResponse."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def error(messages):
    return next(fields(body) for kind, body in messages if kind == "E")


def rows(messages):
    """DataRows as lists of bytes or None."""
    result = []
    for kind, body in messages:
        if kind != "D":
            continue
        n, at, row = struct.unpack_from("!h", body)[0], 2, []
        for _ in range(n):
            length = struct.unpack_from("!i", body, at)[0]
            at += 4
            row.append(None if length < 0 else body[at:at + length])
            at += max(length, 0)
        result.append(row)
    return result


def tags(messages):
    return [body[:-1].decode() for kind, body in messages if kind == "C"]


def column_types(messages):
    """Type OIDs of the first RowDescription."""
    body = next(body for kind, body in messages if kind == "T")
    n, at, oids = struct.unpack_from("!h", body)[0], 2, []
    for _ in range(n):
        at = body.index(b"\0", at) + 1
        oids.append(struct.unpack_from("!I", body, at + 6)[0])
        at += 18
    return oids
