"""`evidence`: what it writes any reader of web archives opens, and what is missing is said."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from tests.cli.desk import Desk


def read(content: bytes) -> list[tuple[Any, bytes]]:
    """Every record, its digests checked, with its content."""
    found = []
    for record in ArchiveIterator(BytesIO(content), check_digests="raise"):
        body = record.content_stream().read()
        assert record.digest_checker.passed
        found.append((record, body))
    return found


def of_type(records: list[tuple[Any, bytes]], kind: str) -> list[tuple[Any, bytes]]:
    """The records of a type."""
    return [(record, body) for record, body in records if record.rec_type == kind]


def stored(desk: Desk, query: str, *values: Any) -> list[Any]:
    """Rows of the desk's database; what the query changes is kept."""
    with sqlite3.connect(desk.folder / "data" / "wirewatch.db") as database:
        return database.execute(query, values).fetchall()


def largest(desk: Desk) -> tuple[int, int]:
    """The story of most articles, and how many they are."""
    ((story, articles),) = stored(desk, "SELECT id, articles FROM story ORDER BY articles DESC LIMIT 1")
    return story, articles


def test_a_story_is_written_with_its_pages_texts_and_deliveries(desk: Desk, tmp_path: Path) -> None:
    story, articles = largest(desk)
    file = tmp_path / "story.warc.gz"
    said = desk.run("evidence", str(story), "-o", str(file), "--json")
    assert (said.code, said.document) == (
        0,
        {"file": str(file), "articles": articles, "pages": articles, "missing": []},
    )
    assert [path.name for path in tmp_path.iterdir()] == ["story.warc.gz"]
    check = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(file)], capture_output=True, text=True, timeout=60
    )
    assert (check.returncode, check.stdout.count("digest pass")) == (0, 2 * articles + 2)
    records = read(file.read_bytes())
    assert {record.rec_headers.protocol for record, _ in records} == {"WARC/1.1"}
    ((about, info),) = of_type(records, "warcinfo")
    assert about.rec_headers.get_header("WARC-Filename") == "story.warc.gz"
    assert b"software: wirewatch/" in info
    pages = {one[1]: one for one in stored(desk, "SELECT url, sha256, size, headers FROM snapshot")}
    for record, body in of_type(records, "response"):
        digest = hashlib.sha256(body)
        url, _, size, headers = pages[digest.hexdigest()]
        assert (record.rec_headers.get_header("WARC-Target-URI"), len(body)) == (url, size)
        base = base64.b32encode(digest.digest()).decode()
        assert record.rec_headers.get_header("WARC-Payload-Digest") == f"sha256:{base}"
        assert record.http_headers.get_statuscode() == "200"
        assert record.http_headers.get_header("content-length") == str(size)
        assert record.http_headers.get_header("content-type") == dict(json.loads(headers))["content-type"]
    *proofs, whole = [json.loads(body) for _, body in of_type(records, "metadata")]
    assert len(proofs) == articles
    for proof in proofs:
        (hit,) = proof["hits"]
        assert (hit["story_id"], proof["missing"], len(proof["pages"])) == (story, [], 1)
        assert all(one["sentence"][start:end] for one in hit["sentences"] for start, end in one["marks"])
        text = f"{proof['article']['title']}\n{proof['article']['text']}"
        assert proof["sha256_of_title_and_text"] == hashlib.sha256(text.encode()).hexdigest()
    assert (whole["story"]["id"], whole["missing"]) == (story, [])
    assert whole["rule"]["as_matched"][0]["match"]
    assert any(alert["deliveries"] for alert in whole["alerts"])


def test_recipients_are_numbers_unless_they_are_asked_for(desk: Desk) -> None:
    (address,) = {row[0] for row in stored(desk, "SELECT recipient FROM target WHERE recipient LIKE '%@%'")}
    story = stored(desk, "SELECT a.story_id FROM delivery d JOIN alert a ON a.id = d.alert_id LIMIT 1")[0][0]
    for options, named in (([], False), (["--recipients"], True)):
        with desk.start("evidence", str(story), "-o", "-", *options) as process:
            assert process.stdout
            content = process.stdout.buffer.read()  # type: ignore[attr-defined]
        assert process.returncode == 0
        whole = of_type(read(content), "metadata")[-1][1].decode()
        assert (address in whole) == named
    assert "secret" not in whole.lower()


def test_what_is_missing_is_said_and_the_rest_is_written(own_desk: Desk, tmp_path: Path) -> None:
    story, articles = largest(own_desk)
    own = "article_id IN (SELECT article_id FROM hit WHERE story_id = ?)"
    damaged, *_ = stored(own_desk, f"SELECT id, url FROM snapshot WHERE {own}", story)
    stored(own_desk, "UPDATE snapshot SET body = substr(body, 1, length(body) - 9) WHERE id = ?", damaged[0])
    stored(own_desk, f"DELETE FROM snapshot WHERE id != ? AND {own}", damaged[0], story)
    said = own_desk.run("evidence", str(story), "-o", str(tmp_path / "x.warc"))
    lines = said.err.splitlines()
    assert (said.code, said.out) == (1, f"{tmp_path / 'x.warc'}: 0 pages of {articles} articles\n")
    assert len(lines) == articles
    assert [line for line in lines if f"snapshot {damaged[0]} ({damaged[1]}): what is stored of it is damaged" in line]
    assert sum("no page of it is kept" in line for line in lines) == articles - 1
    records = read((tmp_path / "x.warc").read_bytes())
    assert [record.rec_type for record, _ in records] == ["warcinfo", *["metadata"] * (articles + 1)]
    assert all(json.loads(body)["missing"] for record, body in records[1:])


def test_nothing_is_overwritten_unasked_and_nothing_half_is_left(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.warc.gz"
    file.write_bytes(b"mine")
    refused = desk.run("evidence", "1", "-o", str(file))
    assert (refused.code, file.read_bytes()) == (2, b"mine")
    assert "x.warc.gz is already there" in refused.err

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.warc._Writer.article", broken)
        assert desk.run("evidence", "1", "-o", str(file), "--force").code == 130
    assert ([path.name for path in tmp_path.iterdir()], file.read_bytes()) == (["x.warc.gz"], b"mine")
    assert desk.run("evidence", "1", "-o", str(file), "--force").code == 0
    assert read(file.read_bytes())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["99"], "there is no story 99"),
        (["1", "-o", "nosuch/x.warc.gz"], "No such file or directory"),
        (["1", "-o", "."], "is already there"),
        (["1", "-o", "-", "--json"], "standard output is for one of them"),
    ],
)
def test_what_cannot_be_written_is_refused(own_desk: Desk, arguments: list[str], says: str) -> None:
    refused = own_desk.run("evidence", *arguments)
    assert refused.code == 2
    assert says in refused.err
    assert not list(own_desk.folder.glob("*.warc*"))
