"""`demo`, whole: what it prints for programs and for people is what seeds/expected.yaml says must come out.

It is run as strangers run it, as a process of its own with Prefect's server inside, from a folder whose `.env` means
another database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cli.context import run_async
from cli.demo import environment, run
from core.settings import Settings
from seeds import SEEDS
from seeds.build import documents
from tests.cli.desk import ROOT

pytestmark = [pytest.mark.xdist_group("flows"), pytest.mark.timeout(600)]
EXPECTED: dict[str, Any] = YAML(typ="safe").load((SEEDS / "expected.yaml").read_text(encoding="utf-8"))
TITLES = {document.meta.slug: document.title for document in documents()}


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder of its own."""
    (folder / ".env").write_text("WIREWATCH_DATABASE=mysql://nowhere/x\nWIREWATCH_PORT=1\n")
    environ = os.environ | {"PYTHONPATH": str(ROOT), "WIREWATCH_DATABASE": "mysql://nowhere/y", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "cli", "demo", *arguments]
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """`demo --json`, once."""
    return demo(tmp_path_factory.mktemp("demo"), "--json", "--no-serve")


@pytest.fixture(scope="module")
def document(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it printed."""
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def slug(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".html")


def test_it_prints_one_document_with_the_keys_of_its_contract(
    ended: subprocess.CompletedProcess[str], document: dict[str, Any]
) -> None:
    keys = {"feeds", "entries", "articles", "hits", "stories", "alerts", "deliveries", "seconds"}
    assert document.keys() == keys
    assert all(one.keys() >= {"rule", "url", "spans"} for one in document["hits"])
    assert all(one.keys() == {"rule", "story", "text"} for one in document["alerts"])
    assert all(one.keys() == {"channel", "state"} for one in document["deliveries"])
    assert (document["feeds"], document["entries"], document["articles"]) == (2, len(TITLES), len(TITLES))
    assert ended.stderr == ""


def test_it_hits_what_it_should_and_nothing_else(document: dict[str, Any]) -> None:
    expected = {(name, rule) for name, one in EXPECTED["documents"].items() for rule in one["hits"]}
    assert {(slug(hit["url"]), hit["rule"]) for hit in document["hits"]} == expected
    assert len(document["hits"]) == len(expected)
    assert "myanmar-sanctions" not in {hit["rule"] for hit in document["hits"]}


def touches(span: dict[str, Any], words: str) -> bool:
    """Does a marked passage share a character with these words? They stand in its sentence, or it in them."""
    at = span["sentence"].find(words)
    start, end = (span[edge] - span["sentence_start"] for edge in ("start", "end"))
    return span["text"] in words if at < 0 else start < at + len(words) and at < end


def test_its_marked_passages_touch_what_they_should(document: dict[str, Any]) -> None:
    for hit in document["hits"]:
        expected = EXPECTED["documents"][slug(hit["url"])]["hits"][hit["rule"]]
        assert [words for words in expected["marked"] if not any(touches(one, words) for one in hit["spans"])] == []
        assert [words for words in expected.get("never", []) if any(touches(one, words) for one in hit["spans"])] == []


def test_each_story_makes_one_alert_delivered_once_to_each_channel(document: dict[str, Any]) -> None:
    assert [(one["rule"], one["articles"]) for one in document["stories"]] == [
        (one["rule"], len(one["documents"])) for one in EXPECTED["stories"]
    ]
    assert Counter(one["rule"] for one in document["alerts"]) == Counter(one["rule"] for one in EXPECTED["alerts"])
    assert {one["story"] for one in document["alerts"]} == {one["id"] for one in document["stories"]}
    sent = {one["channel"]: one["sent"] for one in EXPECTED["deliveries"]}
    assert Counter(one["channel"] for one in document["deliveries"] if one["state"] == "sent") == sent
    assert len(document["deliveries"]) == sum(sent.values())


def test_each_alert_names_the_article_its_rule_and_the_words(document: dict[str, Any]) -> None:
    headlines = {TITLES[name] for one in EXPECTED["stories"] for name in one["documents"]}
    for alert in document["alerts"]:
        assert alert["text"].partition("\n")[0] in headlines
        assert f"[{alert['rule']}]" in alert["text"]
        assert "‹" in alert["text"]


def test_for_people_it_shows_counts_alerts_silence_and_what_to_do_next(
    tmp_path: Path, prefect_api: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(tmp_path, 1).items():
        monkeypatch.setenv(name, value)
    run_async(run(Settings(_env_file=None), 1, as_json=False, started=time.monotonic()))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    lines = said.splitlines()
    hooks = [line for line in lines if line.startswith("  {")]
    text = [line for line in lines if line not in hooks]
    assert max(map(len, text)) <= 110
    assert {json.loads(line)["rule"] for line in hooks} == {one["rule"] for one in EXPECTED["alerts"]}
    for one in EXPECTED["alerts"]:
        assert f"[{one['rule']}]" in said
    silent = said.partition("SILENT")[2]
    assert silent.lstrip().startswith("myanmar-sanctions (Sanctions on Myanmar)")
    assert "@Myanmar" in silent
    assert "a link to another story" in " ".join(silent.split())
    assert all(f"wirewatch {command} " in silent for command in ("init", "check", "up"))
