"""`db …`: what room the database takes."""

from __future__ import annotations

from tests.cli.desk import Desk


def test_sizes_name_each_kind_with_its_rows_and_their_sum(desk: Desk) -> None:
    said = desk.run("db", "sizes", "--json").document
    by_kind = {one["what"]: one for one in said["sizes"]}
    assert said["with_indexes"]
    assert sum(one["bytes"] for one in said["sizes"]) == said["total"]
    assert by_kind["snapshots"]["rows"] == by_kind["texts"]["rows"] > 0
    assert by_kind["index"]["rows"] is None
    lines = desk.run("db", "sizes").out.splitlines()
    assert lines[0].split() == ["what", "rows", "MB"]
    assert {line.split()[0] for line in lines[1:]} == {*by_kind, "total"}
