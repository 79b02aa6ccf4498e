"""Count the common words of each language over the texts that this project wrote itself: `rules/frequent.txt`.

    .venv/bin/python tools/frequent.py

The texts are the seeds' pages, the labelled texts of the gates and what proves the concepts; the stop words of
grouping count as if they were in some more. Run it when these have grown; what it writes decides which of a rule's
words are looked for first, so it changes speed and no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

import yaml

from extractors.choose import extract
from rules import tokens
from rules.concepts import catalogue
from rules.document import primary
from rules.tokens import is_alone
from stories.common import STOP, WEAK

ROOT = Path(__file__).parents[1]
FEWEST = 3  # texts that a word is in
MORE = 20  # texts that a stop word is thought to be in beside
MOST = 500  # words of a language
HEAD = """\
# The commonest words of a language, commonest first, folded: which of a rule's words to look for first.
# Counted by tools/frequent.py over this project's own texts. A word missing here costs time, never a match.
"""


def texts() -> Iterator[tuple[str, str]]:
    """Language and text of everything that is counted."""
    for page in sorted((ROOT / "seeds" / "pages").rglob("*.html")):
        yield "en", extract(page.read_bytes(), url="https://seeds.example/").text
    for file in sorted((ROOT / "tests" / "gates" / "matching").glob("*.tune.yaml")):
        for item in yaml.safe_load(file.read_text("utf-8")):
            yield primary(item["language"]), f"{item['title']}\n{item['text']}"
    for file in sorted((ROOT / "tests" / "gates" / "stories").glob("*.yaml")):
        for pair in yaml.safe_load(file.read_text("utf-8")):
            for side in "ab":
                language = pair[side].get("language", pair.get("language", "en"))
                yield primary(language), f"{pair[side]['title']}\n{pair[side]['text']}"
    for concept in catalogue():
        for by_language in (concept.match, concept.ignore):
            for language, said in by_language.items():
                yield from ((primary(language), text) for text in said)


def main() -> None:
    """Write the list anew."""
    counts: dict[str, Counter[str]] = {}
    for language, text in texts():
        words = {word.casefold() for word in tokens.words(text) if word.isalpha() and not is_alone(word)}
        counts.setdefault(language, Counter()).update(words)
    for language, stops in STOP.items():
        counts.setdefault(language, Counter()).update(dict.fromkeys(filter(str.isalpha, stops), MORE))
    counts["en"].update(dict.fromkeys(WEAK & counts["en"].keys(), MORE))
    lines = []
    for language in sorted(counts):
        ranked = sorted((-count, word) for word, count in counts[language].items() if count >= FEWEST)
        for line in wrap(" ".join(word for _, word in ranked[:MOST]), 116, break_on_hyphens=False):
            lines.append(f"{language}: {line}\n")
    (ROOT / "rules" / "frequent.txt").write_text(HEAD + "".join(lines), "utf-8")


if __name__ == "__main__":
    main()
