"""`prune`: says what goes, and what would."""

from __future__ import annotations

import sqlite3

from tests.cli.desk import Desk

LONG_AGO = "UPDATE feedpoll SET at = '2020-01-01 00:00:00.000000'"


def test_a_dry_run_counts_what_would_go_and_leaves_it(own_desk: Desk) -> None:
    assert own_desk.run("prune").out == "nothing is old enough\n"
    with sqlite3.connect(own_desk.folder / "data" / "wirewatch.db") as database:
        polls = database.execute(LONG_AGO).rowcount - 1  # the newest stays
    for _ in range(2):
        assert own_desk.run("prune", "--dry-run").out.split() == ["what", "would", "go", "polls", str(polls)]
    said = own_desk.run("prune", "--json")
    assert (said.code, said.document) == (0, {"dry_run": False, "rows": {"polls": polls}})
    assert own_desk.run("prune", "--dry-run", "--json").document == {"dry_run": True, "rows": {}}
