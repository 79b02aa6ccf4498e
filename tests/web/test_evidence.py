"""A story's evidence as a download, for people who signed in."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlmodel import Session
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from core.settings import Settings
from storage import snapshots
from storage.engine import Database
from storage.tables import Snapshot
from tests.web import rows
from tests.web.asgi import Visitor
from web import evidence
from web.app import bare_app

BODY = b"<p>Dockers strike</p>" * 9


@pytest.fixture
def visitor(db: Database, tmp_path: Path) -> Visitor:
    """Somebody who looks at a database with one story."""

    def work(session: Session) -> None:
        told = [rows.Told("Dockers strike"), rows.Told("Dockers strike on", url="https://b.example/2")]
        rows.story(session, rows.feed(session), "Dockers strike", told, ago=timedelta(hours=1))
        made = snapshots.packed(BODY)
        url = "https://harbour-post.example/news/1"
        kept = Snapshot(article_id=1, at=rows.NOW, url=url, sha256=made.sha256, size=made.size, body=made.body)
        session.add(kept)

    db.write_now(work)
    settings = Settings(_env_file=None, config=tmp_path / "watch.yaml", data=tmp_path)
    return Visitor(bare_app(settings, db, "key"))


@pytest.mark.parametrize("in_memory", [evidence.IN_MEMORY, 1])
async def test_the_file_holds_the_pages_and_says_what_is_missing(
    visitor: Visitor, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "IN_MEMORY", in_memory)
    answer = await visitor.get("/stories/1/evidence.warc.gz")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/gzip")
    assert answer.headers["content-disposition"] == 'attachment; filename="story-1.warc.gz"'
    records = [(one, one.content_stream().read()) for one in ArchiveIterator(BytesIO(answer.content))]
    assert [body for one, body in records if one.rec_type == "response"] == [BODY]
    missing = json.loads(records[-1][1])["missing"]
    assert [one["article"] for one in missing] == ["https://b.example/2"]


async def test_a_story_that_is_none_has_no_evidence(visitor: Visitor) -> None:
    answer = await visitor.get("/stories/99/evidence.warc.gz")
    assert (answer.status_code, answer.text) == (404, "there is no story 99")
