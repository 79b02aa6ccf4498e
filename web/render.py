"""The templates: pieces of pages for NiceGUI to show, and whole small pages for links. Everything is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web import text

FOLDER = Path(__file__).with_name("templates")
STATIC = Path(__file__).with_name("static")

_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.globals.update(marked=text.marked, outside=text.outside, counted=text.counted, capped=text.capped)
_TEMPLATES.filters.update(when=text.when, short=text.short, why=text.why)


def render(template: str, **values: object) -> str:
    """A template filled in. Raises UndefinedError for a value that is missing."""
    return _TEMPLATES.get_template(template).render(values)
