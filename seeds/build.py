"""Texts and their roles in, pages and feeds as an outlet would serve them out.

    texts/<slug>.txt + texts/<slug>.roles.yaml  ->  pages/<site>/<section>/<slug>.html, feeds/<outlet>

`python -m seeds.build` writes them all again. The same builder wraps the seed documents themselves, whose texts are
kept outside of the checkout and whose roles, line numbers only, are in `texts/originals/`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from ruamel.yaml import YAML

from seeds import SEEDS, SITES, Site

ROLES = frozenset(
    {"body", "headline", "kicker", "standfirst", "subhead", "pullquote", "caption"}
    | {"ad", "chrome", "comments", "player", "player-intro", "promo", "related", "related-intro"}
)
TOP = frozenset({"ad", "chrome", "kicker", "promo"})  # outside of the article when they come before all the rest of it
TAIL = frozenset({"comments"})
TEMPLATES = {"a": "eastward.html", "b": "harbour.html"}

Roles = Mapping[int, str]  # line number, from 1, to what the line is; a line without one is body text
Block = tuple[str, list[str]]  # neighbouring lines of one role


@dataclass(frozen=True)
class Meta:
    """What a page says of itself beside its text; `site` is a key of `SITES`, `published` has a zone."""

    slug: str
    site: str
    section: str
    author: str
    published: datetime
    summary: str


@dataclass(frozen=True)
class Document:
    """A text with the role of each of its lines."""

    text: str
    roles: Roles
    meta: Meta

    @property
    def title(self) -> str:
        """The headline."""
        return headline(self.text, self.roles)

    @property
    def path(self) -> str:
        """The page's URL path and, below its outlet's folder, its file."""
        return f"/{self.meta.section.lower()}/{self.meta.slug}.html"

    @property
    def url(self) -> str:
        """The page's address at its outlet."""
        return SITES[self.meta.site].origin + self.path


def load_roles(path: Path) -> tuple[Roles, Meta]:
    """The roles and the metadata of one `.roles.yaml`; ValueError for a role that does not exist."""
    loaded = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    roles = {line: role for lines, role in loaded["roles"].items() for line in _lines(str(lines))}
    if unknown := set(roles.values()) - ROLES:
        raise ValueError(f"{path.name}: no such role: {', '.join(sorted(unknown))}")
    meta = loaded["meta"] | {"slug": path.name.removesuffix(".roles.yaml")}
    return roles, Meta(**meta | {"published": datetime.fromisoformat(meta["published"])})


def _lines(written: str) -> range:
    """`7` or `7-9` as line numbers."""
    first, _, last = written.partition("-")
    return range(int(first), int(last or first) + 1)


def load_document(text_file: Path, roles_file: Path) -> Document:
    """One text with its roles."""
    return Document(text_file.read_text(encoding="utf-8"), *load_roles(roles_file))


def documents() -> list[Document]:
    """Every text of this project, the newest first."""
    texts = sorted((SEEDS / "texts").glob("*.txt"))
    found = [load_document(text, text.with_suffix(".roles.yaml")) for text in texts]
    return sorted(found, key=lambda document: document.meta.published, reverse=True)


def originals(folder: Path) -> list[Document]:
    """The seed documents themselves, from the folder that holds their texts."""
    roles = sorted((SEEDS / "texts" / "originals").glob("*.roles.yaml"))
    return [load_document(folder / file.name.replace(".roles.yaml", ".txt"), file) for file in roles]


def blocks(text: str, roles: Roles) -> list[Block]:
    """The lines that are not empty, stripped, gathered by role in their order."""
    lines = [(roles.get(n, "body"), line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [(role, [line for _, line in group]) for role, group in groupby(lines, key=lambda pair: pair[0])]


def headline(text: str, roles: Roles) -> str:
    """The line that is the headline; ValueError unless there is exactly one."""
    (line,) = _of_role(blocks(text, roles), "headline")
    return line


def body(text: str, roles: Roles) -> str:
    """The body's paragraphs, one a line: all that an extractor must return. Standfirst and subheads it may add."""
    return "\n".join(_of_role(blocks(text, roles), "body"))


def _of_role(among: Iterable[Block], role: str) -> list[str]:
    return [line for found, group in among if found == role for line in group]


def build_page(text: str, roles: Roles, meta: Meta) -> str:
    """The HTML page of a text in its outlet's design: every line stands in it, those of the article in their order."""
    document, site = Document(text, roles, meta), SITES[meta.site]
    top, article, tail = page_parts(blocks(text, roles))
    day, stamp = meta.published, meta.published.isoformat()
    return _environment.get_template(TEMPLATES[meta.site]).render(
        site=site,
        meta=meta,
        title=document.title,
        url=document.url,
        published=stamp,
        shown=f"{day:%B} {day.day}, {day.year}",
        json_ld=json_ld(document, site),
        top=top,
        article=article,
        tail=tail,
        lines=_of_role,
        link=lambda title: related_url(title, site),
    )


def page_parts(all_blocks: Sequence[Block]) -> tuple[list[Block], list[Block], list[Block]]:
    """What stands above the article, the article, and what stands below it."""
    start = next(n for n, (role, _) in enumerate(all_blocks) if role not in TOP)
    end = len(all_blocks) - (all_blocks[-1][0] in TAIL)
    return list(all_blocks[:start]), list(all_blocks[start:end]), list(all_blocks[end:])


def related_url(title: str, site: Site) -> str:
    """An address such as an outlet gives an article of this title; nothing is served there."""
    return f"{site.origin}/archive/{'-'.join(re.findall(r'[a-z0-9]+', title.lower()))}.html"


def json_ld(document: Document, site: Site) -> dict[str, Any]:
    """The schema.org NewsArticle that a page carries."""
    meta = document.meta
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": document.title,
        "description": meta.summary,
        "datePublished": meta.published.isoformat(),
        "author": {"@type": "Person", "name": meta.author},
        "publisher": {"@type": "Organization", "name": site.name},
        "mainEntityOfPage": document.url,
    }


def build_feed(site: Site, items: Sequence[Document]) -> str:
    """The feed of an outlet in the format that its file's suffix names; `items` have the newest first."""
    return _environment.get_template("feed" + Path(site.feed).suffix).render(
        site=site, items=items, newest=items[0].meta.published, rss_date=format_datetime
    )


def build_all() -> dict[Path, str]:
    """Every page and feed by its path below `SEEDS`."""
    everything = documents()
    built = {Path("pages", d.meta.site + d.path): build_page(d.text, d.roles, d.meta) for d in everything}
    for site in SITES.values():
        built[Path(site.feed.lstrip("/"))] = build_feed(site, [d for d in everything if d.meta.site == site.key])
    return built


_environment = Environment(
    loader=FileSystemLoader(SEEDS / "templates"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
)

if __name__ == "__main__":
    for relative, content in build_all().items():
        (SEEDS / relative).parent.mkdir(parents=True, exist_ok=True)
        (SEEDS / relative).write_text(content, encoding="utf-8")
