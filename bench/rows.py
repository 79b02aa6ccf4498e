"""What a report is made of: rows that hold ours beside a peer's, with the rounds that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.tables import table

MISSING = "not installed: `make bench-peers`"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours, from so many rounds, and a peer's for the same work in the same run.

    `peer` names it, "" when nobody else does this. `theirs` is empty when it is not installed; `note` then says so.
    """

    what: str
    unit: str
    ours: tuple[float, ...]
    peer: str = ""
    theirs: tuple[float, ...] = ()
    less_is_better: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Of the middle rounds: 2 is twice as good as the peer's, whichever way is better."""
        if not (self.ours and self.theirs and median(self.ours) and median(self.theirs)):
            return None
        ratio = median(self.ours) / median(self.theirs)
        return 1 / ratio if self.less_is_better else ratio

    def best(self, rounds: Sequence[float]) -> float:
        """The round that other programs on the machine disturbed least."""
        return min(rounds) if self.less_is_better else max(rounds)

    @property
    def cells(self) -> list[str]:
        """As it stands in the table."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        theirs = self.note or self._shown(self.theirs) if self.peer else "–"
        return [self.what, self.unit, self._shown(self.ours), self.peer or "–", theirs, ratio]

    def _shown(self, rounds: Sequence[float]) -> str:
        """The middle round; with more than one, the best as well."""
        if not rounds:
            return "–"
        middle = _number(median(rounds))
        return middle if len(rounds) == 1 else f"{middle} ({_number(self.best(rounds))})"

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": self.what, "unit": self.unit, "less_is_better": self.less_is_better, "peer": self.peer,
            "ours": _sides(self, self.ours), "theirs": _sides(self, self.theirs), "ratio": self.ratio,
            "note": self.note,
        }  # fmt: skip


def _sides(row: Row, rounds: Sequence[float]) -> dict[str, Any] | None:
    return {"middle": median(rounds), "best": row.best(rounds), "rounds": list(rounds)} if rounds else None


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one kind. `said` is what they were measured on; `why` what kept it from being measured."""

    title: str
    said: str
    rows: tuple[Row, ...] = ()
    seconds: float = 0.0
    why: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def markdown(self) -> str:
        """For people."""
        head = ["what", "unit", "ours", "peer", "theirs", "ratio"]
        body = f"Not measured: {self.why}" if self.why else table(head, [row.cells for row in self.rows])
        return f"## {self.title}\n\n{self.said}\n\n{body}"

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "title": self.title, "said": self.said, "seconds": round(self.seconds, 1), "why": self.why,
            "rows": [row.document for row in self.rows], "details": self.details,
        }  # fmt: skip
