"""The words and patterns of words.yaml."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

_LOADED = YAML(typ="safe").load(Path(__file__).with_name("words.yaml").read_text("utf-8"))


def _listed(name: str) -> list[str]:
    return str(_LOADED[name]).split(", ")


GIVEN, FAMILY, TOWNS, SECTIONS = (_listed(name) for name in ("given", "family", "towns", "sections"))
BODIES, MATTERS = list[str](_LOADED["bodies"]), list[str](_LOADED["matters"])
SENTENCES, HEADLINES = list[str](_LOADED["sentences"]), list[str](_LOADED["headlines"])
CAPTIONS, SUBHEADS = list[str](_LOADED["captions"]), list[str](_LOADED["subheads"])
GAPS = {str(name): [str(one) for one in listed] for name, listed in _LOADED["gaps"].items()}
