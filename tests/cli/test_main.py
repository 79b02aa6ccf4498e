"""The root: its help, how errors end, and what pipes and signals do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.commands import PLACES
from tests.cli.desk import ROOT, Desk

WATCH = ROOT / "seeds" / "watch.yaml"
HEAVY = ("prefect", "nicegui", "trafilatura", "sqlalchemy", "pydantic", "aiohttp", "lxml", "apprise", "rich", "asyncio")


def test_help_names_every_command_and_imports_none_of_their_rooms() -> None:
    asked = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cli", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert all(f"  {name} " in asked.stdout for name in PLACES)
    imported = {line.rpartition("|")[2].strip() for line in asked.stderr.splitlines()}
    rooms = ("fetching", "extractors", "rules", "stories", "alerts", "storage", "pipeline", "flows", "web")
    assert "cli.commands" in imported
    assert imported.isdisjoint({*HEAVY, *rooms})


def test_it_tells_its_version(empty_desk: Desk) -> None:
    assert empty_desk.run("--version").out == f"wirewatch {version('wirewatch')}\n"


def test_help_fits_eighty_columns(empty_desk: Desk) -> None:
    ended = Desk(empty_desk.folder, {"COLUMNS": "80"}).run("--help")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "..." not in ended.out.partition("To begin:")[2]


@pytest.mark.parametrize("name", PLACES)
def test_every_command_has_help(empty_desk: Desk, name: str) -> None:
    ended = empty_desk.run(name, "--help")
    assert ended.code == 0
    assert "Usage:" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "There is no command 'nosuch'"),
        (["feed"], "Did you mean feeds?"),
        (["feeds", "lst"], "Did you mean 'list'?"),
        (["--nosuch"], "--nosuch"),
        (["hits", "list", "--limit", "x"], "--limit"),
        (["hits", "list", "--limit", "0"], "--limit"),
        (["hits", "show", "x"], "HIT"),
        (["articles", "list", "--state", "bogus"], "'bogus' is not one of"),
        (["rollback", "x"], "REVISION"),
        (["web", "--port", "65536"], "--port"),
        (["match"], "--rules"),
        (["parse"], "sources"),
    ],
)
def test_a_wrong_option_ends_with_2_and_how_it_is_used(empty_desk: Desk, arguments: list[str], said: str) -> None:
    ended = empty_desk.run(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert "Usage:" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("WIREWATCH_PORT", "x", "WIREWATCH_PORT: "),
        ("WIREWATCH_ALLOW_ADDRESSES", "nowhere", "WIREWATCH_ALLOW_ADDRESSES: "),
        ("WIREWATCH_DATABASE", "mysql://host/name", "'mysql' is not supported"),
        ("WIREWATCH_DATABASE", "nonsense", "the database URL cannot be read"),
        ("WIREWATCH_DATABASE", "postgresql://u@h:x/name", "the database URL cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_with_2(empty_desk: Desk, setting: str, value: str, said: str) -> None:
    ended = Desk(empty_desk.folder, {setting: value}).run("history")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_data_folder_that_is_a_file_ends_with_2(empty_desk: Desk) -> None:
    (empty_desk.folder / "data").write_text("")
    ended = empty_desk.run("history")
    assert ended.code == 2
    assert str(empty_desk.folder / "data") in ended.err


def test_a_database_that_refuses_ends_with_3_and_keeps_its_password(empty_desk: Desk) -> None:
    ended = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": "postgresql://u:hidden@127.0.0.1:1/x"}).run("feeds", "list")
    assert ended.code == 3
    assert "127.0.0.1" in ended.err
    assert "doctor" in ended.err
    assert "hidden" not in ended.err


@pytest.mark.parametrize(("api", "code"), [("http://127.0.0.1:1/api", 3), ("nonsense", 2)])
def test_a_prefect_server_that_is_not_there_ends_with_3_and_one_that_cannot_be_with_2(
    empty_desk: Desk, api: str, code: int
) -> None:
    ended = Desk(empty_desk.folder, {"PREFECT_API_URL": api}).run("deploy")
    assert ended.code == code
    assert api in ended.err


def test_a_setting_of_others_does_not_stop_the_help(empty_desk: Desk) -> None:
    assert Desk(empty_desk.folder, {"WIREWATCH_PORT": "x"}).run("rules", "--help").code == 0


@pytest.mark.parametrize("arguments", [["schema"], ["settings"], ["rules", "list", "--json"]])
def test_a_reader_who_has_had_enough_is_no_error(desk: Desk, arguments: list[str]) -> None:
    started = desk.start(*arguments)
    assert started.stdin
    assert started.stdout
    assert started.stderr
    started.stdout.close()
    errors = started.stderr.read()
    assert (started.wait(), errors) == (0, "")
    started.stdin.close()
    started.stderr.close()


def test_an_interrupt_ends_a_command_without_a_traceback(desk: Desk) -> None:
    started = desk.start("match", "--rules", WATCH, "--jobs", "1")
    assert started.stdin
    assert started.stdout
    started.stdin.write('{"id": "a", "text": "Blinken arrives in Hanoi."}\n')
    started.stdin.flush()
    assert json.loads(started.stdout.readline())["id"] == "a"
    started.send_signal(signal.SIGINT)
    assert started.wait(60) == 130  # its input is still open: it did not end because there was nothing left to do
    _, errors = started.communicate()
    assert errors == ""


@pytest.mark.parametrize(("arguments", "read"), [([], "\\xfc"), (["--json"], "\\u00fc")])
def test_a_terminal_that_knows_few_letters_is_shown_the_others_by_number(
    empty_desk: Desk, arguments: list[str], read: str
) -> None:
    poor = Desk(empty_desk.folder, {"PYTHONIOENCODING": "ascii"})
    shown, errors = poor.start("concepts", "show", "strike", *arguments).communicate()
    assert (errors, read in shown) == ("", True)


def test_a_closed_standard_output_ends_no_command(desk: Desk) -> None:
    closed = desk.start("rules", "list", preexec_fn=lambda: os.close(1))
    assert (closed.communicate()[1], closed.returncode) == ("", 0)


def test_a_question_that_nobody_answers_ends_with_130(empty_desk: Desk) -> None:
    ended = empty_desk.run("init")
    assert (ended.code, ended.err) == (130, "\nno answer: nothing was done\n")
    assert not empty_desk.watch_file.exists()


def test_no_colour_is_printed_into_a_pipe(desk: Desk) -> None:
    assert "\x1b" not in desk.run("rules", "list").out


def test_the_console_script_is_this_program() -> None:
    assert (ROOT / "cli" / "main.py").read_text().count("def main()") == 1
    assert 'wirewatch = "cli.main:main"' in Path(ROOT / "pyproject.toml").read_text()


def test_the_next_commands_are_named_as_the_shell_finds_them(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called = tmp_path / ".venv" / "bin" / "wirewatch"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(called), "init"])
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = Desk(tmp_path).run("init", "--yes")
    assert ended.out.endswith("Next:\n  .venv/bin/wirewatch check\n  .venv/bin/wirewatch up\n")
    monkeypatch.setenv("PATH", str(called.parent))
    called.parent.mkdir(parents=True)
    called.touch(mode=0o755)
    ended = Desk(tmp_path).run("init", "--yes", tmp_path / "my other")
    assert f"  wirewatch --config '{tmp_path / 'my other' / 'watch.yaml'}' check\n" in ended.out


def test_a_run_by_a_watch_file_that_is_not_there_says_so_and_goes_on(own_desk: Desk) -> None:
    ended = own_desk.run("--config", "wacth.yaml", "run", "--once", "--step", "deliver")
    assert (ended.code, ended.err) == (0, "--config wacth.yaml: no such file; what was applied last goes on\n")
