"""The measurement of pages, on a folder of two."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.builders import CALM, STRIKE, page


@pytest.mark.filterwarnings("ignore")
def test_every_way_reads_a_folder_of_pages(tmp_path: Path) -> None:
    from bench.pages import WAYS, Stage, corpus, markdown, measure

    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "a.html").write_bytes(page("Strike", STRIKE))
    (tmp_path / "html" / "b.html.gz").write_bytes(gzip.compress(page("Glass house", CALM)))
    truth = {
        "a": {"articleBody": "\n".join(STRIKE), "url": "https://a.example/a"},
        "b": {"articleBody": " ".join(CALM)},
    }
    (tmp_path / "ground-truth.json").write_text(json.dumps(truth))
    said: list[str] = []
    found = measure(corpus(tmp_path), 1, said.append)
    assert set(found) == set(WAYS)
    assert found["ours"].f1 == pytest.approx(1)
    assert min(one.f1 for one in found.values()) > 0.8
    assert not said
    assert "| ours" in markdown({"two": found}, Stage(70, 2, 14.2))
