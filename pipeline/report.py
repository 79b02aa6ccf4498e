"""Counts of one cycle: every item once per step, with its outcome, so that the sums add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.reasons import Reason

STEPS = ("poll", "read", "match", "alert", "deliver", "index")


class Failure(NamedTuple):
    """One item that failed: a feed, a page, a channel and its recipient."""

    step: str
    item: str
    reason: str
    detail: str = ""


@dataclass
class Report:
    """Counts by step, outcome and reason, and the items that failed (for stderr)."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    failed_items: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, step: str, outcome: str, reason: Reason | str | None = None, by: int = 1) -> None:
        """One item (or `by`) of a step ended so."""
        if by:
            self.counts[step, outcome, str(reason or "")] += by

    def failed(self, step: str, item: str, reason: Reason | str, detail: str = "") -> None:
        """One item of a step failed: counted, and named."""
        self.count(step, "failed", reason)
        self.failed_items.append(Failure(step, item, str(reason), detail))
        self.failures.append(f"{step}: {item}: {reason}{f': {detail}' if detail else ''}")

    @property
    def sends_nothing(self) -> bool:
        """Whether nothing could be sent, whatever was owed: no good run, for whoever waits for its heartbeat."""
        return bool(self.counts["deliver", "failed", str(Reason.NOT_NOTED)])

    def add(self, other: Report) -> None:
        """Take in what another cycle came to."""
        self.counts += other.counts
        self.failures += other.failures
        self.failed_items += other.failed_items
        self.seconds += other.seconds

    def total(self, step: str, outcome: str = "") -> int:
        """How many items a step had, or had with this outcome."""
        return sum(n for (at, end, _), n in self.counts.items() if at == step and outcome in ("", end))

    def rows(self) -> list[dict[str, Any]]:
        """One row a step, outcome and reason, in the order of the way."""
        order = {step: place for place, step in enumerate(STEPS)}
        keys = sorted(self.counts, key=lambda key: (order.get(key[0], 9), key[1], key[2]))
        return [
            {"step": step, "outcome": outcome, "reason": reason, "count": self.counts[step, outcome, reason]}
            for step, outcome, reason in keys
        ]

    def steps(self) -> Mapping[str, Mapping[str, int]]:
        """Step → outcome → count."""
        table: dict[str, dict[str, int]] = {}
        for (step, outcome, _), n in self.counts.items():
            row = table.setdefault(step, {})
            row[outcome] = row.get(outcome, 0) + n
        return {step: table[step] for step in STEPS if step in table}
