"""`check`, `apply`, `export`, `history`, `rollback`, `settings`, `schema`: the watch file and its revisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk

BROKEN = """\
version: 1
rules:
  a:
    title: A
    match: "near/10(foo, "
  b:
    title: B
    match: foo
    colour: red
feeds:
  - url: nowhere
channels:
  hook: {url: "webhook://${NO_SUCH_SECRET}/x"}
"""
PLACES = [(5, "rules.a.match"), (9, "rules.b"), (11, "feeds[1].url"), (13, "channels.hook.url")]


def test_check_counts_what_is_good(desk: Desk) -> None:
    assert desk.run("check").out == f"{desk.watch_file}: good: 4 rules, 15 examples, 2 feeds, 2 channels\n"
    assert desk.run("check", "--json").document == {
        "file": str(desk.watch_file), "ok": True, "rules": 4, "examples": 15, "feeds": 2, "channels": 2,
        "warnings": [],
    }  # fmt: skip


def test_check_names_every_problem_at_once_with_its_place(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(BROKEN)
    ended = empty_desk.run("check")
    assert (ended.code, ended.out) == (2, "")
    for line, item in PLACES:
        assert f"{empty_desk.watch_file}:{line}:" in ended.err
        assert item in ended.err
    document = empty_desk.run("check", "--json").document
    assert document["ok"] is False
    assert [(one["line"], one["item"]) for one in document["problems"]] == PLACES


def test_check_asks_for_no_secrets_when_told_so(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text('version: 1\nchannels:\n  hook: {url: "webhook://${NO_SUCH_SECRET}/x"}\n')
    assert empty_desk.run("check").code == 2
    assert "NO_SUCH_SECRET" in empty_desk.run("check").err
    assert empty_desk.run("check", "--no-secrets").code == 0


def test_check_refuses_a_channel_of_an_unknown_kind(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text("version: 1\nchannels:\n  pigeon: {url: 'pigeon://loft'}\n")
    ended = empty_desk.run("check")
    assert ended.code == 2
    said = f"{empty_desk.watch_file}:3:17: channels.pigeon: its URL is not one that can be sent to (mistyped, or "
    assert ended.err.startswith(said)


CHANNEL = "channels:\n  pigeon: {url: 'pigeon://loft'}\n"


@pytest.mark.parametrize(
    ("others", "place"),
    [
        ("rules:\n  a: {match: 'ferry AND'}\n", (5, "rules.a.match")),
        ("rules:\n  a: {match: ferry, examples: {match: [A bus.]}}\n", (5, "rules.a.examples.match[1]")),
        ("  hook: {url: 'webhook://${NO_SUCH_SECRET}/x'}\n", (4, "channels.hook.url")),
        ("  none: {}\n", (4, "channels.none")),
    ],
)
def test_check_tells_of_channels_together_with_all_else(empty_desk: Desk, others: str, place: tuple[int, str]) -> None:
    empty_desk.watch_file.write_text(f"version: 1\n{CHANNEL}{others}")
    problems = empty_desk.run("check", "--json").document["problems"]
    assert [(one["line"], one["item"]) for one in problems] == [(3, "channels.pigeon"), place]


def test_check_of_no_yaml_tells_that_only(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(f"version: 1\n{CHANNEL}rules: [\n")
    assert len(empty_desk.run("check", "--json").document["problems"]) == 1


def test_check_runs_the_rules_examples(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(
        "version: 1\nrules:\n  a:\n    title: A\n    match: ferry\n    examples: {match: [A bus ran late.]}\n"
    )
    ended = empty_desk.run("check")
    assert ended.code == 2
    assert f"{empty_desk.watch_file}:6:" in ended.err
    assert "does not match this example" in ended.err


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"\xff\xfe\x00", "not UTF-8 at byte 0"), (b"", "version: 1"), (b"a: [b\n", ":1:4:")],
)
@pytest.mark.parametrize("command", [["check"], ["apply"]])
def test_a_file_that_cannot_be_read_ends_with_2(
    empty_desk: Desk, command: list[str], content: bytes | None, said: str
) -> None:
    path = Path("other.yaml")
    if content is not None:
        path.write_bytes(content)
    ended = empty_desk.run(*command, path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "other.yaml" in ended.err


def test_a_folder_is_no_watch_file(empty_desk: Desk) -> None:
    ended = empty_desk.run("check", empty_desk.folder)
    assert ended.code == 2
    assert "Is a directory" in ended.err


def test_a_revision_is_applied_listed_printed_and_brought_back(own_desk: Desk) -> None:
    first = own_desk.watch_file.read_text()
    own_desk.watch_file.write_text(first.replace("title: Biden and Trong meet", "title: They meet"))
    assert "revision 2 is active now" in own_desk.run("apply", own_desk.watch_file).out
    assert "revision 2 was active already" in own_desk.run("apply", own_desk.watch_file).out
    assert "They meet" in own_desk.run("export").out
    assert [row["revision"] for row in own_desk.run("history", "--json").rows] == [2, 1]
    assert "2026" in own_desk.run("history").out or own_desk.run("history").code == 0
    assert "revision 3 is active, with the text of revision 1" in own_desk.run("rollback", "1").out
    assert own_desk.run("export").out == first


def test_a_file_does_not_overwrite_what_was_made_in_the_page_unless_forced(own_desk: Desk) -> None:
    assert own_desk.run("feeds", "add", "https://third.example/rss").code == 0
    assert own_desk.run("rollback", "1").code == 0
    own_desk.watch_file.write_text(own_desk.watch_file.read_text() + "# a change\n")
    refused = own_desk.run("apply", own_desk.watch_file)
    assert refused.code == 2
    assert "--force" in refused.err
    assert own_desk.run("apply", own_desk.watch_file, "--force").code == 0


def test_there_is_nothing_to_export_or_bring_back_before_the_first_revision(empty_desk: Desk) -> None:
    assert "there is no active revision yet" in empty_desk.run("export").err
    assert empty_desk.run("export").code == 2
    assert "there is no revision 7" in empty_desk.run("rollback", "7").err
    assert empty_desk.run("history").out == "no revision yet\n"
    assert empty_desk.run("history", "--json").out == ""


def test_settings_lists_all_and_shows_no_secret(empty_desk: Desk) -> None:
    secrets = {"WIREWATCH_SECRET_KEY": "hidden", "WIREWATCH_DATABASE": "postgresql://u:hidden@host/name"}
    ended = Desk(empty_desk.folder, secrets).run("settings", "--json")
    values = {row["setting"]: row["value"] for row in ended.rows}
    assert values["WIREWATCH_SECRET_KEY"] == "(set)"
    assert values["WIREWATCH_DATA"] == str(empty_desk.folder / "data")
    assert "hidden" not in ended.out
    assert "WIREWATCH_EVERY_SECONDS" in Desk(empty_desk.folder, secrets).run("settings").out


def test_schema_is_a_json_schema(empty_desk: Desk) -> None:
    assert empty_desk.run("schema").document["$schema"].startswith("https://json-schema.org/")
    assert empty_desk.run("schema", "--webhook").document["title"] == "What a webhook gets"


def test_secrets_stand_in_the_env_file_and_the_environment_goes_before_it(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_desk.watch_file.write_text('version: 1\nchannels: {hook: {url: "${HOOK_SECRET}"}}\nrules: {}\n')
    monkeypatch.chdir(empty_desk.folder)
    assert "the secret HOOK_SECRET is not set" in empty_desk.run("check").err
    Path("kept").mkdir()
    Path("kept/HOOK_SECRET").write_text("webhooks://hook.example/b\r\n", "utf-8-sig")  # as Notepad saves it
    assert Desk(empty_desk.folder, {"WIREWATCH_SECRETS": "kept"}).run("check").code == 0
    (empty_desk.folder / ".env").write_text('HOOK_SECRET="webhooks://hook.example/a$b"\n')
    assert empty_desk.run("check").code == 0
    shadowed = Desk(empty_desk.folder, {"HOOK_SECRET": "hook.example"})
    assert "a channel's url is a scheme" in shadowed.run("check").err


def test_secrets_of_a_folder_that_is_not_there_end_with_2(desk: Desk) -> None:
    ended = Desk(desk.folder, {"WIREWATCH_SECRETS": "/nowhere"}).run("check")
    assert ended.code == 2
    assert "/nowhere: no such secrets folder" in ended.err


@pytest.mark.parametrize("name", [".env", "secrets/HOOK"])
def test_a_secret_that_is_not_utf_8_ends_with_2_and_names_its_file(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(empty_desk.folder)
    Path("secrets").mkdir()
    Path("watch.yaml").write_text("version: 1\n")
    Path(name).write_bytes("HOOK=é".encode("latin-1"))
    ended = Desk(empty_desk.folder, {"WIREWATCH_SECRETS": "secrets"}).run("check")
    assert (ended.code, ended.err) == (2, f"{name}: not UTF-8 at byte 5\n  save it as UTF-8\n")


def test_check_warns_of_rules_that_cannot_match_in_one_of_their_languages(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(
        "version: 1\nentities: {A: {any: [ferry]}, B: {lang: {fr: [navire]}}}\n"
        "rules:\n  r:\n    match: '@A AND @B'\n    languages: [en, fr]\n"
    )
    ended = empty_desk.run("check")
    assert (ended.code, "good: 1 rules" in ended.out) == (0, True)
    assert (
        f"warning: {empty_desk.watch_file}:5:12: rules.r.match: no term of @B can match an article in en" in ended.err
    )
    (warning,) = empty_desk.run("check", "--json").document["warnings"]
    assert warning["item"] == "rules.r.match"


def test_a_channel_that_cannot_be_used_is_told_with_its_place(own_desk: Desk) -> None:
    own_desk.watch_file.write_text(
        'version: 1\nchannels:\n  chat: {url: "foo://bar"}\n  screen: {url: "terminal://"}\n'
    )
    checked, applied = own_desk.run("check"), own_desk.run("apply", own_desk.watch_file)
    for ended in (checked, applied):
        assert f"{own_desk.watch_file}:3:15: channels.chat: " in ended.err
        assert "screen" not in ended.err
    assert (checked.code, checked.out) == (2, "")
    assert (applied.code, "is active now" in applied.out) == (1, True)
