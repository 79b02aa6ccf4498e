"""The watch file of the measurements: the seeds' rules, and as many made-up ones as a team has."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from ruamel.yaml import YAML

import seeds
from bench import words

TROUBLES = ("flood OR earthquake OR landslide", "arson OR blackmail", "typhoid OR cholera", "hijack OR ransom")
PEOPLE = 3  # of one rule that asks for people: about one made-up article in twenty matches some rule


def watch_text(feeds: Sequence[str], rules: int, *, seed: int) -> str:
    """A watch file (YAML, as JSON) with these feeds, `rules` made-up rules and those of the seeds."""
    watch = YAML(typ="safe").load((seeds.SEEDS / "watch.yaml").read_text("utf-8"))
    made = made_up(seed)
    for number in range(rules):
        watch["rules"][f"made-up-{number}"] = {"title": f"Made-up rule {number}", "match": next(made)}
    watch["feeds"] = [{"url": url, "name": url, "language": "en", "first_poll": "36500d"} for url in feeds]
    return json.dumps(watch, ensure_ascii=False)


def made_up(seed: int) -> Iterator[str]:
    """Rules without end: people by name; a town near a trouble; somebody's deed, with a town in the headline."""
    chance = random.Random(seed)
    while True:
        yield " OR ".join(f'"{chance.choice(words.GIVEN)} {chance.choice(words.FAMILY)}"' for _ in range(PEOPLE))
        for _ in range(9):
            yield f'"{chance.choice(words.TOWNS)}" NEAR/10 ({chance.choice(TROUBLES)})'
            name, deed, town = (chance.choice(some) for some in (words.FAMILY, words.GAPS["plain"], words.TOWNS))
            yield f'near/15("{name}", {deed}) AND title:"{town}"'
