"""Drivers as they come from Debian: psycopg 2 and 3, asyncpg."""

import asyncio

import asyncpg
import psycopg
import psycopg2
import pytest


@pytest.fixture(scope="module", autouse=True)
def table(node):
    node.psql("-c", "CREATE TABLE t (id serial PRIMARY KEY, name text, data bytea, flag bool, n int8, f float8)")


def test_psycopg2_round_trip(node):
    connection = node.connect()
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t (name, data, flag, n, f) VALUES (%s, %s, %s, %s, %s) RETURNING id",
                   ("it's \\ ü", psycopg2.Binary(b"\0\xff\\"), True, 2**62, 0.1))
    (key,) = cursor.fetchone()
    cursor.execute("SELECT name, data, flag, n, f FROM t WHERE id = %s", (key,))
    name, data, flag, n, f = cursor.fetchone()
    assert (name, bytes(data), flag, n, f) == ("it's \\ ü", b"\0\xff\\", True, 2**62, 0.1)
    with pytest.raises(psycopg2.errors.UniqueViolation) as e:
        cursor.execute("INSERT INTO t (id) VALUES (%s)", (key,))
    assert e.value.diag.constraint_name == "t_pkey"
    connection.close()


def test_psycopg2_transaction_with_rollback(node):
    connection = node.connect()
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t (name) VALUES ('gone')")
    connection.rollback()
    cursor.execute("SELECT count(*) FROM t WHERE name = 'gone'")
    assert cursor.fetchone() == (0,)
    connection.commit()
    connection.close()


def test_psycopg3_prepared_and_binary(node):
    with psycopg.connect(f"host=127.0.0.1 port={node.pg_port} user=nqlite dbname=nqlite", autocommit=True) as connection:
        for i in range(10):  # the driver prepares at the fifth
            row = connection.execute("INSERT INTO t (name, n) VALUES (%s, %s) RETURNING n", (f"p{i}", i)).fetchone()
            assert row == (i,)
        cursor = connection.cursor(binary=True)
        assert cursor.execute("SELECT n, flag, name FROM t WHERE name = %b", ("p3",)).fetchone() == (3, None, "p3")
        with connection.pipeline():
            results = [connection.execute("SELECT %s::int4 + 1", (i,)) for i in range(5)]
            assert [r.fetchone()[0] for r in results] == [1, 2, 3, 4, 5]
        with connection.transaction():
            connection.execute("UPDATE t SET flag = true WHERE name = 'p1'")
        with cursor.copy("COPY t (name, n) FROM STDIN") as copy:
            for i in range(100):
                copy.write_row((f"c{i}", i))
        assert connection.execute("SELECT count(*), sum(n) FROM t WHERE name LIKE 'c%'").fetchone() == (100, 4950)


def test_asyncpg_describes_before_it_binds(node):
    async def run():
        connection = await asyncpg.connect(host="127.0.0.1", port=node.pg_port, user="nqlite", database="nqlite")
        assert await connection.fetchval("SELECT $1::int8 + 1", 41) == 42
        async with connection.transaction():
            await connection.execute("INSERT INTO t (name, n, data) VALUES ($1, $2, $3)", "async", 5, b"\0\1")
            assert await connection.fetchval("SELECT n FROM t WHERE name = $1", "async") == 5
        await connection.executemany("INSERT INTO t (name, n) VALUES ($1, $2)", [(f"m{i}", i) for i in range(200)])
        assert await connection.fetchval("SELECT count(*) FROM t WHERE name LIKE 'm%'") == 200
        async with connection.transaction():
            seen = [r["n"] async for r in connection.cursor("SELECT n FROM t WHERE name LIKE 'm%' ORDER BY n", prefetch=30)]
        assert seen == list(range(200))
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO t (id) SELECT min(id) FROM t")
        with pytest.raises(asyncio.TimeoutError):
            await connection.execute("SELECT pg_sleep(100)", timeout=0.2)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()

    asyncio.run(run())
