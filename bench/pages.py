"""News pages as sites serve them: a made-up article in an outlet's design, and around it what makes such pages heavy.

The articles' pages are of seeds.build; the menus, scripts, styles, teasers and footers that are put around them here
make them some 30 to 80 KB long, of which the article is a tenth.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
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


def outlets(bases: Sequence[str], count: int, *, seed: int, now: datetime) -> list[Outlet]:
    """So many made-up pages and those of the seeds, of the last hours, spread over sites at these addresses."""
    chance = random.Random(seed)
    writer = Writer(chance)
    made = [_document(writer, number, now) for number in range(count)]
    own = [Document(one.text, one.roles, _moved(one.meta, now)) for one in documents()]
    shared: list[list[Document]] = [[] for _ in bases]
    for number, document in enumerate([*made, *own]):
        shared[number % len(bases)].append(document)
    return [_outlet(base, items, writer) for base, items in zip(bases, shared, strict=True) if items]


def _moved(meta: Meta, now: datetime) -> Meta:
    """A seed's page, as if it were of today."""
    return Meta(meta.slug, meta.site, meta.section, meta.author, now - timedelta(hours=1), meta.summary)


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


def _outlet(base: str, items: list[Document], writer: Writer) -> Outlet:
    site = seeds.SITES[items[0].meta.site]
    at_one_site = [Document(one.text, one.roles, _at(one.meta, site.key)) for one in items]
    newest_first = sorted(at_one_site, key=lambda one: one.meta.published, reverse=True)
    files = {site.feed: build_feed(site, newest_first).replace(site.origin, base).encode()}
    for one in newest_first:
        page = dressed(build_page(one.text, one.roles, one.meta), base, writer)
        files[one.path] = page.replace(site.origin, base).encode()
    return Outlet(base, files)


def _at(meta: Meta, site: str) -> Meta:
    return Meta(meta.slug, site, meta.section, meta.author, meta.published, meta.summary)


# -- what is put around an article


def dressed(page: str, base: str, writer: Writer) -> str:
    """The page with a head, a menu, teasers, scripts and a footer such as news sites have."""
    chance = writer.chance
    head, body = page.split("</head>", 1)
    opening, rest = body.split(">", 1)  # of <body …>
    content, end = rest.rsplit("</body>", 1)
    return "".join(
        [
            head,
            _head(chance),
            "</head>",
            opening,
            ">",
            _menu(base, chance),
            content,
            _teasers(base, writer),
            _footer(base, chance),
            _scripts(chance),
            "</body>",
            end,
        ]
    )


def _head(chance: random.Random) -> str:
    preload = "".join(
        f'<link rel="preload" as="script" href="/static/{_name(chance)}.js">' for _ in range(chance.randint(4, 12))
    )
    metas = "".join(f'<meta name="{_name(chance)}" content="{_name(chance)}">' for _ in range(chance.randint(5, 20)))
    rules = "".join(
        f".{_name(chance)}{{margin:{chance.randint(0, 40)}px;color:#{chance.randrange(4096):03x}}}"
        for _ in range(chance.randint(30, 180))
    )
    return f"{preload}{metas}<style>{rules}</style><script>window.consent={_settings(chance, 8, 40)};</script>"


def _menu(base: str, chance: random.Random) -> str:
    groups = []
    for section in words.SECTIONS:
        links = "".join(
            f'<li class="menu-item"><a href="{base}/{_name(chance)}/" data-track="nav"><span>{town}</span></a></li>'
            for town in chance.sample(words.TOWNS, chance.randint(5, 14))
        )
        groups.append(f'<li><a href="{base}/{section.lower()}/">{section}</a><ul class="submenu">{links}</ul></li>')
    return f'<nav class="mega-menu" role="navigation"><ul>{"".join(groups)}</ul></nav>'


def _teasers(base: str, writer: Writer) -> str:
    """The cards under an article: picture, headline, some with a line of text."""
    chance, cards = writer.chance, []
    for _ in range(chance.randint(10, 36)):
        story = escape(writer.headline())
        picture = f"/img/{_name(chance)}"
        line = f"<p>{escape(writer.headline())}.</p>" if chance.random() < 0.4 else ""
        cards.append(
            f'<article class="card"><a href="{base}/{_name(chance)}.html"><figure><img loading="lazy" '
            f'src="{picture}-320.jpg" srcset="{picture}-640.jpg 640w, {picture}-960.jpg 960w" alt=""></figure>'
            f'<h3 class="card__title">{story}</h3></a>{line}<time>{chance.randint(2, 23)} hours ago</time></article>'
        )
    return f'<section class="more"><h2>More from us</h2><div class="grid">{"".join(cards)}</div></section>'


def _footer(base: str, chance: random.Random) -> str:
    links = "".join(
        f'<li><a href="{base}/{_name(chance)}.html">{chance.choice(words.TOWNS)}</a></li>'
        for _ in range(chance.randint(15, 45))
    )
    sign_up = '<form action="/letters" method="post"><label>E-mail <input type="email" name="mail"></label></form>'
    return f'<div class="site-footer"><div class="newsletter"><h4>Our letters</h4>{sign_up}</div><ul>{links}</ul></div>'


def _scripts(chance: random.Random) -> str:
    state = f'<script id="state" type="application/json">{_settings(chance, 60, 330)}</script>'
    calls = "".join(
        f"window.{_name(chance)}=window.{_name(chance)}||[];{_name(chance)}.push({_settings(chance, 2, 9)});"
        for _ in range(chance.randint(5, 25))
    )
    tags = "".join(f'<script async src="/t/{_name(chance)}.js"></script>' for _ in range(chance.randint(3, 9)))
    return f"{state}<script>(function(){{{calls}}})();</script>{tags}"


def _settings(chance: random.Random, fewest: int, most: int) -> str:
    values = {f"{_name(chance)}{number}": _name(chance) * 2 for number in range(chance.randint(fewest, most))}
    return json.dumps(values)


def _name(chance: random.Random) -> str:
    return f"{chance.choice(words.FAMILY)}-{chance.randrange(1 << 24):x}".lower()
