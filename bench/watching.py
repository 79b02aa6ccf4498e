"""The watch file of the measurements: the seeds' rules, and as many made-up ones as a team has."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from ruamel.yaml import YAML

import seeds
from bench import words

TROUBLES = ("flood OR earthquake OR landslide", "arson OR blackmail", "typhoid OR cholera", "hijack OR ransom")
FEWEST_PEOPLE = 5  # of one rule that asks for people: about one made-up article in twenty matches some rule


def watch_text(feeds: Sequence[str], rules: int, *, seed: int) -> str:
    """A watch file (YAML, as JSON) with these feeds, `rules` made-up rules and those of the seeds."""
    watch = YAML(typ="safe").load((seeds.SEEDS / "watch.yaml").read_text("utf-8"))
    made = _rules(random.Random(seed))
    for number in range(rules):
        watch["rules"][f"made-up-{number}"] = {"title": f"Made-up rule {number}", "match": next(made)}
    watch["feeds"] = [{"url": url, "name": url, "language": "en", "first_poll": "36500d"} for url in feeds]
    return json.dumps(watch, ensure_ascii=False)


def _rules(chance: random.Random) -> Iterator[str]:
    """Rules without end: people by name; a town near a trouble; two groups, a deed and a town."""
    while True:
        yield " OR ".join(f'"{chance.choice(words.GIVEN)} {chance.choice(words.FAMILY)}"' for _ in range(FEWEST_PEOPLE))
        for _ in range(9):
            yield f'"{chance.choice(words.TOWNS)}" NEAR/10 ({chance.choice(TROUBLES)})'
            one, other = chance.sample(words.GAPS["people"], 2)
            deed, town = chance.choice(words.GAPS["plain"]), chance.choice(words.TOWNS)
            yield f'near/15("{one}", "{other}", {deed}) AND title:"{town}"'
