"""Everything the README prints for others to copy is run here: its rules, its channels, its commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import seeds
from alerts.channels import make_channel
from cli.main import app
from core.clock import SystemClock
from core.pool import WorkerPool
from extractors.choose import extract
from pipeline.policies import channel_settings
from rules.config import Watch, load
from rules.document import ArticleText, analyse
from rules.examples import check_examples
from rules.match import Matcher

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SECRETS = {"SMTP_PASSWORD": "open sesame", "SLACK_URL": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news"}
FOUND = {"port-strike": {"callender-port-strike"}}  # rule → the seeds' articles that it is to find
WALKOUT = "walkout"  # of the text in the README that its rule is tried on
# Quick and harmless: they are run, in this order. What each must print.
RUN = {"check": "1 rules", "rules test": "MATCHES", "apply": "revision 1 is active", "init": "is written"}
# Run elsewhere: `up` by `make soak` and tests/flows; these need articles, an archive, a mail server or an installation.
KNOWN_ONLY = {"up", "channels test", "articles why", "doctor", "evidence", "backfill"}


def fenced(language: str) -> list[str]:
    """The README's blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def commands(program: str) -> list[list[str]]:
    """Every command with this program that stands in a block, indented or between backticks: its words."""
    lines = [line for block in fenced("sh") for line in block.splitlines()]
    lines += re.findall(r"^    (\S.*)$", README, re.M)
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S))
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        names = [Path(word).name for word in words]
        if program in names[:1] or (names[:1] == ["docker"] and program in names):
            found.append(words[names.index(program) + 1 :])
    return found


def verbs(arguments: list[str]) -> tuple[Any, list[str], list[str]]:
    """The command that these arguments name, its words, and what is left for it."""
    command, path, left = typer.main.get_command(app), [], list(arguments)
    context = typer.Context(command)
    while isinstance(command, typer.core.TyperGroup):
        found = command.get_command(context, left[0]) if left else None
        assert found is not None, f"wirewatch {' '.join(arguments)}: no such command"
        path.append(left.pop(0))
        command = found
    return command, path, left


@cache
def watch() -> Watch:
    """The README's watch file: its first rule, and the channels that are added to it."""
    return load("".join(fenced("yaml")), file="README.md", env=SECRETS)


def test_every_rule_is_good_and_holds_its_examples() -> None:
    for block in fenced("yaml"):
        text = block if block.startswith("version:") else f"version: 1\n{block}"
        load(text, file="README.md", env=SECRETS)
    assert check_examples(watch()) == ()
    assert {rule.id for rule in watch().rules} == FOUND.keys()


def test_every_rule_finds_what_it_is_for_among_the_seeds() -> None:
    matcher = Matcher(watch().rules)
    found: dict[str, set[str]] = {rule: set() for rule in FOUND}
    for page in (seeds.SEEDS / "pages").rglob("*.html"):
        read = extract(page.read_bytes(), url=f"https://seeds.example/{page.name}")
        document = analyse(ArticleText(id=page.stem, title=read.title, text=read.text, language=read.language))
        for match in matcher.match(document).matches:
            found[match.rule].add(page.stem)
    assert found == FOUND


def test_the_first_rule_takes_ten_lines_and_telling_people_five() -> None:
    first, channels = fenced("yaml")
    assert first.count("\n") <= 10
    assert channels.count("\n") <= 5


def test_every_channel_can_be_made() -> None:
    pool = WorkerPool(1)
    made = [
        make_channel(channel_settings(one, SECRETS, trust_env=False), clock=SystemClock(), pool=pool)
        for one in watch().channels.values()
    ]
    pool.close()
    assert {channel.scheme for channel in made} == {"mailto", "slack"}


@pytest.mark.parametrize("arguments", commands("wirewatch"), ids=" ".join)
def test_every_command_exists_and_takes_these_arguments(arguments: list[str]) -> None:
    command, path, left = verbs(arguments)
    command.make_context(" ".join(path), left)
    assert " ".join(path) in RUN or " ".join(path) in KNOWN_ONLY


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {words[0] for words in commands("make")} <= targets


@pytest.mark.parametrize("name", RUN)
def test_quick_commands_do_what_the_readme_says(name: str, tmp_path: Path) -> None:
    if name != "init":
        (tmp_path / "watch.yaml").write_text("".join(fenced("yaml")), "utf-8")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WIREWATCH_")}
    environ |= {**SECRETS, "WIREWATCH_DATA": str(tmp_path / "data"), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    for arguments in commands("wirewatch"):
        if arguments[: len(name.split())] != name.split():
            continue
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            input="\n",
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert RUN[name] in done.stdout
    if name == "rules test":
        assert f"‹{WALKOUT}›" in done.stdout


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "staged a walkout"), ("en", "down tools"), ("fr", "en grève"), ("zh", "罢工")],
)
def test_the_concept_finds_the_words_that_are_printed_beside_it(language: str, text: str) -> None:
    assert f"*{text}*" in README
    rule = load("version: 1\nrules: {r: {match: '#strike'}}\n").rules[0]
    article = analyse(ArticleText(id="a", text=text, language=language, fallback_language=language))
    assert Matcher([rule]).match(article).matches


def test_every_picture_that_is_shown_is_there_and_none_lies_about_unseen() -> None:
    shown = re.findall(r"pictures/[\w-]+\.png", README + (ROOT / "docs" / "guide.md").read_text("utf-8"))
    assert set(shown) == {f"pictures/{one.name}" for one in (ROOT / "docs" / "pictures").iterdir()}
