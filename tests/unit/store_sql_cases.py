#!/usr/bin/env python3
"""Writes store_sql_cases.tsv: what PostgreSQL 15 answers to each line of store_sql_cases.sql.

    PGHOST=.. PGPORT=.. PGUSER=.. tests/unit/store_sql_cases.py      (in an empty database)

A line has three fields: the statement, then "ok" with names:types and rows, or "error" with SQLSTATE, sentence and @position."""
import os
import re
import subprocess

here = os.path.dirname(os.path.abspath(__file__))
MARK = "-- next --"


def psql(script):
    head = ("\\set QUIET on\n\\set VERBOSITY verbose\n\\pset tuples_only on\n\\pset format unaligned\n"
            "\\pset fieldsep '|'\n\\pset recordsep ' ; '\n\\pset null '<null>'\nset timezone = 'UTC';\n"
            "set client_min_messages = error;\n")
    done = subprocess.run(["psql", "-X", "-q"], input=head + script, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=True)
    return done.stdout


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def position(text):
    """" @n" for the caret under the statement; psql cuts long lines, which leaves it unknown."""
    shown = re.search(r"^LINE 1: (.*)\n( *)\^", text, re.M)
    if shown is None:
        return " @0"
    if shown.group(1).startswith("..."):
        return ""
    return " @%d" % (len(shown.group(2)) - len("LINE 1: ") + 1)


def answer(described, ran):
    error = re.search(r"ERROR:  (\w{5}): (.*)", described) or re.search(r"ERROR:  (\w{5}): (.*)", ran)
    if error:
        return "error\t%s %s%s" % (error.group(1), error.group(2), position(error.string))
    columns = " ".join("%s:%s" % tuple(c.rsplit("|", 1)) for c in described.strip("\n").split(" ; "))
    return "ok\t%s => %s" % (escape(columns), escape(ran.strip("\n")))


with open(os.path.join(here, "store_sql_cases.sql")) as f:
    cases = [line.rstrip("\n") for line in f if line.strip() and not line.startswith("--")]
with open(os.path.join(here, "store_sql_fixture.sql")) as f:
    fixture = f.read()

script = "begin;\n" + fixture + "\\echo " + MARK + "\n"
for case in cases:
    script += "savepoint s;\n%s \\gdesc\n\\echo %s\nrollback to s;\n" % (case, MARK)
    script += "%s;\n\\echo %s\nrollback to s;\nrelease s;\n" % (case, MARK)
parts = psql(script).split(MARK + "\n")[1:]
with open(os.path.join(here, "store_sql_cases.tsv"), "w") as f:
    for i, case in enumerate(cases):
        f.write("%s\t%s\n" % (case, answer(parts[2 * i], parts[2 * i + 1])))
