"""The templates of the pages about rules, with one text in every place and one address behind every link."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from pipeline.drafts import Checked, Example, Matches, Miss, Shown
from pipeline.editing import Current
from pipeline.in_worker import Rehearsed
from pipeline.preview import Backtest, Day, Found
from pipeline.trying import Explained
from pipeline.verdicts import Answer
from web.atom import path
from web.pages.rule import Head
from web.pages.rule_marks import Fault
from web.pages.rules import Line, Listing
from web.pages.tryout import Verdicts

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


def pages(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each template and its values."""
    passage = {"field": text, "sentence": text, "marks": [[0, len(text) // 2]]}
    line = Line(text, text, (text,), text, text, 1, ((0, 1, 2),), text, "1", 1, "3 µs")
    yield "rules.html", {"page": Listing((line,), (text,), 1, 2, text), "tag": text, "q": text, "days": 30}
    yield "rules.html", {"page": Listing((), (), 0, 0, ""), "tag": text, "q": text, "days": 30}
    yield "rule_head.html", {"head": Head(text, 1, text, AT, text, text, path(text, text))}
    yield "rule_keys.html", {}
    yield "rule_section.html", {"id": "preview", "title": text, "note": text}
    yield "rule_note.html", {"text": text}
    fault, elsewhere = Fault(text, text, 1, 1, text, "^"), (text,)
    checked = Checked(examples=(Example(text, True, text), Example(text, False, text)))
    yield (
        "rule_verdict.html",
        {
            "faults": (fault,), "warnings": (fault,), "elsewhere": elsewhere, "examples": checked.examples,
            "explained": Explained(text, (text,), 1, 2),
        },
    )  # fmt: skip
    found = Found(1, text, url, text, AT)
    yield "rule_matches.html", {"found": Matches(1, 1, 1, (Shown(found, text, (passage,)),), 1.0, 1), "cost": text}
    yield "rule_near.html", {"one": Miss(found, text, text, (text,), 1)}
    now = Current(1, text, text, AT)
    yield "rule_conflict.html", {"now": now, "gone": True, "lines": (("-", text), ("+", text), (" ", text))}
    days = (Day(date(2026, 3, 5), 1, 1, 1, 1, 1, 1),)
    backtest = Backtest(text, AT, AT, 1, 1, (), days, 1, (found,), (found,))
    done = Rehearsed(backtest, 2, 2, compared=True)
    yield "rule_backtest.html", {"done": done, "one": backtest, "a_day": text}
    yield "rule_days.html", {"done": done, "days": days}
    yield "try_or.html", {}
    match, near = Answer(text, text, (passage,)), Answer(text, text, failed=text, miss=text)
    yield "try_verdicts.html", {"page": Verdicts(text, (match,), (near,), (near,), 1, 1, 1, text), "language": text}
