"""`users`: named people, whose passwords are never an argument, and tokens that are shown once."""

from __future__ import annotations

from tests.cli.desk import Desk

PASSWORD = "correct horse"


def test_a_user_is_added_listed_and_removed(empty_desk: Desk) -> None:
    assert "no users" in empty_desk.run("users", "list").out
    assert empty_desk.run("users", "add", "ada", "--password-stdin", given=f"{PASSWORD}\n").code == 0
    token = empty_desk.run("users", "token", "ada", "--name", "ci").out.strip()
    assert token.startswith("ww_")
    (row,) = empty_desk.run("users", "list", "--json").rows
    assert (row["name"], row["ended"], row["tokens"], row["last_used"]) == ("ada", None, ["ci"], None)
    assert empty_desk.run("users", "token", "ada", "--name", "panel", "--read-only").out.startswith("ww_")
    (row,) = empty_desk.run("users", "list", "--json").rows
    assert (row["tokens"], row["read_only"]) == (["ci", "panel"], ["panel"])
    assert [empty_desk.run("users", "token", "ada", "--name", n, "--revoke").code for n in ("ci", "panel")] == [0, 0]
    assert empty_desk.run("users", "remove", "ada").code == 0
    (row,) = empty_desk.run("users", "list", "--json").rows
    assert row["ended"]
    assert row["tokens"] == []


def test_a_wrong_name_or_password_is_the_users_mistake(empty_desk: Desk) -> None:
    ended = empty_desk.run("users", "add", "ada", "--password-stdin", given="short")
    assert (ended.code, "10 to 1000 characters" in ended.err) == (2, True)
    assert empty_desk.run("users", "add", "ada", given="x").code == 2
    assert empty_desk.run("users", "token", "ada").code == 2
    assert empty_desk.run("users", "remove", "ada").code == 2


def test_a_password_is_changed_for_whoever_is_there(empty_desk: Desk) -> None:
    assert empty_desk.run("users", "password", "ada", "--password-stdin", given=PASSWORD).code == 2
    assert empty_desk.run("users", "add", "ada", "--password-stdin", given=PASSWORD).code == 0
    assert empty_desk.run("users", "password", "ada", "--password-stdin", given="battery staple").code == 0
    assert "--password" not in empty_desk.run("users", "add", "--help").out.replace("--password-stdin", "")
