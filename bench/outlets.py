"""News pages as sites serve them: a made-up article in an outlet's design, and around it what makes such pages heavy.

The articles' pages are of seeds.build; the menus, scripts, styles, teasers and footers that are put around them here
make them some 40 to 80 KB long (more, if asked), of which the article is a tenth.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from statistics import median

import seeds
from bench import words
from bench.prose import Story, Writer
from seeds.build import Document, Meta, build_feed, build_page, documents

FEWEST_WORDS, MOST_WORDS = 250, 1_600  # of one article


@dataclass(frozen=True, slots=True)
class Outlet:
    """A news site: its address without a slash at the end, and what it serves by path. The first path is its feed."""

    base: str
    files: dict[str, bytes]

    @property
    def feed(self) -> str:
        """The address of its feed."""
        return self.base + next(iter(self.files))

    @property
    def pages(self) -> dict[str, bytes]:
        """Article pages by address."""
        return {self.base + path: body for path, body in self.files.items() if path.endswith(".html")}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a set of pages looks like, for whoever reads the measurement."""

    count: int
    kilobytes: tuple[float, float, float]  # smallest, median, largest
    elements: float  # median

    def __str__(self) -> str:
        low, middle, high = self.kilobytes
        return (
            f"{self.count} pages, {middle:.0f} KB in the middle ({low:.0f} to {high:.0f}), {self.elements:.0f} elements"
        )


def shape_of(pages: Sequence[bytes]) -> Shape:
    """Sizes in kilobytes (1,000 bytes), and how many elements begin in the middle page."""
    sizes = sorted(len(page) / 1_000 for page in pages)
    elements = median(page.count(b"<") - page.count(b"</") for page in pages)
    return Shape(len(sizes), (sizes[0], median(sizes), sizes[-1]), elements)


def outlets(bases: Sequence[str], count: int, *, seed: int, now: datetime, weight: float = 1.0) -> list[Outlet]:
    """So many made-up pages and those of the seeds, of the last hours, spread over sites at these addresses."""
    chance = random.Random(seed)
    writer = Writer(chance)
    made = [_document(writer, number, now) for number in range(count)]
    an_hour_ago = now - timedelta(hours=1)  # the seeds' pages, as if they were of today
    own = [replace(one, meta=replace(one.meta, published=an_hour_ago)) for one in documents()]
    shared: list[list[Document]] = [[] for _ in bases]
    for number, document in enumerate([*made, *own]):
        shared[number % len(bases)].append(document)
    return [_outlet(base, items, writer, weight) for base, items in zip(bases, shared, strict=True) if items]


def _document(writer: Writer, number: int, now: datetime) -> Document:
    chance = writer.chance
    story = writer.story(chance.randint(FEWEST_WORDS, MOST_WORDS))
    text, roles = written(story, [writer.headline() for _ in range(chance.randint(0, 3))], chance)
    published = now - timedelta(minutes=chance.randint(5, 300))
    site = chance.choice("ab")
    meta = Meta(f"{story.slug}-{number}", site, story.section, story.author, published, story.standfirst)
    return Document(text, roles, meta)


def written(story: Story, related: Sequence[str], chance: random.Random) -> tuple[str, dict[int, str]]:
    """A story as the text and roles that seeds.build takes: furniture stands between the paragraphs."""
    lines: list[tuple[str, str]] = [("headline", story.headline)]
    lines += [("caption", story.captions[0]), ("body", story.paragraphs[0])]
    between = [
        *(("caption", caption) for caption in story.captions[1:]),
        *(("subhead", subhead) for subhead in story.subheads),
        *(("related", title) for title in related),
        *(("ad", "Advertisement") for _ in range(len(story.paragraphs) // 6)),
    ]
    chance.shuffle(between)
    every = max(1, len(story.paragraphs) // (len(between) + 1))
    for place, paragraph in enumerate(story.paragraphs[1:], 1):
        if place % every == 0 and between:
            lines.append(between.pop())
        lines.append(("body", paragraph))
    roles = {number: role for number, (role, _) in enumerate(lines, 1) if role != "body"}
    return "\n".join(line for _, line in lines), roles


def _outlet(base: str, items: list[Document], writer: Writer, weight: float) -> Outlet:
    site = seeds.SITES[items[0].meta.site]
    at_one_site = [replace(one, meta=replace(one.meta, site=site.key)) for one in items]
    newest_first = sorted(at_one_site, key=lambda one: one.meta.published, reverse=True)
    files = {site.feed: build_feed(site, newest_first).replace(site.origin, base).encode()}
    for one in newest_first:
        page = dressed(build_page(one.text, one.roles, one.meta), base, writer, weight)
        files[one.path] = page.replace(site.origin, base).encode()
    return Outlet(base, files)


# -- what is put around an article


def dressed(page: str, base: str, writer: Writer, weight: float = 1.0) -> str:
    """The page with a head, a menu, teasers, scripts and a footer such as news sites have.

    With `weight` 1 a page has some 56 KB and 570 elements, with 3 some 150 KB and 1,500.
    """
    dress = _Dress(base, writer, weight)
    head, body = page.split("</head>", 1)
    opening, rest = body.split(">", 1)  # of <body …>
    content, end = rest.rsplit("</body>", 1)
    above = f"{head}{dress.head()}</head>{opening}>{dress.menu()}"
    return f"{above}{content}{dress.teasers()}{dress.footer()}{dress.scripts()}</body>{end}"


@dataclass(frozen=True, slots=True)
class _Dress:
    base: str
    writer: Writer
    weight: float

    def head(self) -> str:
        preload = self._many(4, 12, lambda: f'<link rel="preload" as="script" href="/static/{self._name()}.js">')
        metas = self._many(5, 20, lambda: f'<meta name="{self._name()}" content="{self._name()}">')
        rules = self._many(30, 180, lambda: f".{self._name()}{{margin:{self._figure()}px;top:{self._figure()}em}}")
        consent = f"<script>window.consent={self._settings(8, 40)};</script>"
        return f"{preload}{metas}<style>{rules}</style>{consent}"

    def menu(self) -> str:
        return f'<nav class="mega-menu" role="navigation"><ul>{"".join(map(self._group, words.SECTIONS))}</ul></nav>'

    def _group(self, section: str) -> str:
        links = self._many(
            5,
            14,
            lambda: (
                f'<li class="menu-item"><a href="{self.base}/{self._name()}/" data-track="nav">'
                f"<span>{self.writer.chance.choice(words.TOWNS)}</span></a></li>"
            ),
        )
        return f'<li><a href="{self.base}/{section.lower()}/">{section}</a><ul class="submenu">{links}</ul></li>'

    def teasers(self) -> str:
        """The cards under an article: picture, headline, some with a line of text."""
        grid = self._many(10, 36, self._card)
        return f'<section class="more"><h2>More from us</h2><div class="grid">{grid}</div></section>'

    def _card(self) -> str:
        picture = f"/img/{self._name()}"
        line = f"<p>{escape(self.writer.headline())}.</p>" if self.writer.chance.random() < 0.4 else ""
        return (
            f'<article class="card"><a href="{self.base}/{self._name()}.html"><figure><img loading="lazy" '
            f'src="{picture}-320.jpg" srcset="{picture}-640.jpg 640w, {picture}-960.jpg 960w" alt=""></figure>'
            f'<h3 class="card__title">{escape(self.writer.headline())}</h3></a>{line}'
            f"<time>{self._figure()} hours ago</time></article>"
        )

    def footer(self) -> str:
        towns = words.TOWNS
        links = self._many(
            15,
            45,
            lambda: f'<li><a href="{self.base}/{self._name()}.html">{self.writer.chance.choice(towns)}</a></li>',
        )
        sign_up = '<form action="/letters" method="post"><label>E-mail <input type="email" name="mail"></label></form>'
        letters = f'<div class="newsletter"><h4>Our letters</h4>{sign_up}</div>'
        return f'<div class="site-footer">{letters}<ul>{links}</ul></div>'

    def scripts(self) -> str:
        state = f'<script id="state" type="application/json">{self._settings(60, 330)}</script>'
        calls = self._many(5, 25, lambda: f"window.{self._name()}=[];push({self._settings(2, 9, weight=1)});")
        tags = self._many(3, 9, lambda: f'<script async src="/t/{self._name()}.js"></script>')
        return f"{state}<script>(function(){{{calls}}})();</script>{tags}"

    def _many(self, fewest: int, most: int, make: Callable[[], str]) -> str:
        return "".join(make() for _ in range(round(self.writer.chance.randint(fewest, most) * self.weight)))

    def _settings(self, fewest: int, most: int, weight: float | None = None) -> str:
        count = round(self.writer.chance.randint(fewest, most) * (weight or self.weight))
        return json.dumps({f"{self._name()}{number}": self._name() * 2 for number in range(count)})

    def _name(self) -> str:
        chance = self.writer.chance
        return f"{chance.choice(words.FAMILY)}-{chance.randrange(1 << 24):x}".lower()

    def _figure(self) -> int:
        return self.writer.chance.randint(2, 40)
