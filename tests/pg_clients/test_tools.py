"""psql and pgbench, unmodified."""

import re


def test_psql_shows_what_postgresql_would(node):
    node.psql("-c", "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date, score float8)")
    node.psql("-c", "INSERT INTO people VALUES (1, 'Ann', '1990-05-01', 1.5), (2, 'Bob', NULL, NULL)")
    assert node.psql("-At", "-c", "SELECT * FROM people ORDER BY id").stdout == "1|Ann|1990-05-01|1.5\n2|Bob||\n"
    assert node.psql("-At", "-c", "SELECT count(*), max(score), min(name) FROM people WHERE id > 5").stdout == "0||\n"


def test_psql_copies_both_ways(node):
    node.psql("-c", "CREATE TABLE copied (a int, b text)")
    node.psql("-c", r"\copy copied from stdin", input="1\tx\n2\t\\N\n\\.\n")
    assert node.psql("-c", r"\copy copied to stdout").stdout == "1\tx\n2\t\\N\n"


def test_psql_runs_a_script_in_one_transaction(node):
    script = "CREATE TABLE s (a int);\nINSERT INTO s SELECT * FROM generate_series(1, 10);\nSELECT count(*) FROM s;\n"
    assert node.psql("-At", "-1", "-f", "-", input=script).stdout.split() == ["CREATE", "TABLE", "INSERT", "0", "10", "10"]
    failed = node.psql("-1", "-v", "ON_ERROR_STOP=1", "-f", "-", input="INSERT INTO s VALUES (11);\nSELECT nosuch;\n", check=False)
    assert failed.returncode == 3
    assert node.psql("-At", "-c", "SELECT count(*) FROM s").stdout == "10\n"


def test_pgbench_initialises_and_selects_in_every_mode(node):
    node.pgbench("-i", "-s", "10", "-q")
    assert node.psql("-At", "-c", "SELECT count(*), min(aid), max(aid) FROM pgbench_accounts").stdout == "1000000|1|1000000\n"
    for mode in ("simple", "extended", "prepared"):
        out = node.pgbench("-S", "-M", mode, "-c", "8", "-j", "2", "-t", "500")
        assert "number of transactions actually processed: 4000/4000" in out
        assert "number of failed transactions: 0 (0.000%)" in out


def test_pgbench_point_selects_use_the_primary_key(node):
    plan = node.psql("-At", "-c", "EXPLAIN SELECT abalance FROM pgbench_accounts WHERE aid = 5").stdout
    assert re.search(r"SEARCH .*INTEGER PRIMARY KEY", plan)


def test_pgbench_builtin_scripts_run(node):
    for script in ("tpcb-like", "simple-update"):
        out = node.pgbench("-n", "-b", script, "-M", "prepared", "-c", "1", "-t", "50")
        assert "number of transactions actually processed: 50/50" in out
    sums = "SELECT (SELECT sum(abalance) FROM pgbench_accounts) - (SELECT sum(delta) FROM pgbench_history)"
    assert node.psql("-At", "-c", sums).stdout == "0\n"
