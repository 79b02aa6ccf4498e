"""How much of a text was found and how little else: F1 over runs of four words (of four letters where there are no
spaces), each counted as often as it stands there. And what trafilatura by itself finds, to be scored beside ours.
"""

from __future__ import annotations

import re
from collections import Counter

from trafilatura import bare_extraction

RUN = 4
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"  # Thai, Lao, kana, Chinese characters
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def f1(truth: str, found: str) -> float:
    """1 for the same words in the same order, 0 for nothing in common."""
    wanted, got = _runs(truth), _runs(found)
    common = sum((wanted & got).values())
    return 2 * common / max(1, sum(wanted.values()) + sum(got.values()))


def _runs(text: str) -> Counter[tuple[str, ...]]:
    tokens = _TOKEN.findall(text.lower())
    return Counter(tuple(tokens[n : n + RUN]) for n in range(max(1, len(tokens) - RUN + 1)) if tokens)


def by_trafilatura(html: bytes, *, fast: bool = False) -> str:
    """What trafilatura makes of a page by itself."""
    found = bare_extraction(html, fast=fast)
    return (found.text or "") if found else ""  # type: ignore[union-attr]
