"""The gate's articles: made up for this project, with what is true of each; pages/*.yaml holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class Article:
    """One article. A block of its body is a paragraph, or begins with `## ` (heading), `- ` (item), `> ` (quotation),
    `| ` (row of a table).
    """

    id: str
    layout: str
    title: str
    author: str
    date: date
    body: str
    language: str = "en"

    @property
    def blocks(self) -> list[str]:
        return self.body.split("\n")

    @property
    def text(self) -> str:
        """The body as a reader should find it, a block a line."""
        return "\n".join(words_of(block) for block in self.blocks)

    @property
    def lead(self) -> str:
        return words_of(self.blocks[0])

    @property
    def host(self) -> str:
        return f"www.{self.layout}.example"

    @property
    def path(self) -> str:
        return f"/{self.id}"

    @property
    def url(self) -> str:
        """The address that the page calls its own."""
        return f"https://{self.host}{self.path}"

    @property
    def html(self) -> str:
        """The body in the elements that are made for it."""
        return "".join(html_of(block) for block in self.blocks).replace("</ul><ul>", "").replace("</table><table>", "")


def words_of(block: str) -> str:
    """A block without its mark."""
    mark, _, rest = block.partition(" ")
    return rest if mark in ("##", "-", ">", "|") else block


def html_of(block: str) -> str:
    """A block as the element that is made for it."""
    text = escape(words_of(block), quote=False)
    match block.partition(" ")[0]:
        case "##":
            return f"<h2>{text}</h2>"
        case "-":
            return f"<ul><li>{text}</li></ul>"
        case ">":
            return f"<blockquote><p>{text}</p></blockquote>"
        case "|":
            return f"<table><tr>{''.join(f'<td>{cell.strip()}</td>' for cell in text.split('|'))}</tr></table>"
        case _:
            return f"<p>{text}</p>"


@cache
def articles() -> tuple[Article, ...]:
    """All of them, by id."""
    read = (values for file in FOLDER.glob("*.yaml") for values in yaml.safe_load(file.read_text("utf-8")))
    made = (Article(**{**values, "body": values["body"].strip()}) for values in read)
    return tuple(sorted(made, key=lambda one: one.id))


def others(article: Article, count: int, *, after: int = 0) -> list[Article]:
    """Other articles for what stands around one: of its language first."""
    rest = [one for one in articles() if one.id != article.id]
    rest.sort(key=lambda one: (one.language != article.language, (hash_of(one.id) * hash_of(article.id)) % 9973))
    return rest[after : after + count]


def hash_of(text: str) -> int:
    """A number that is the same in every run."""
    return sum(place * ord(letter) for place, letter in enumerate(text, 7))
