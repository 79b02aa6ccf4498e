"""`/try`: a text or a page, and what every rule says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from core.errors import InputError, NotAvailable, WirewatchError
from core.settings import Settings
from core.text import clean, one_line
from pipeline import in_worker
from pipeline.asking import fetched_alone
from pipeline.verdicts import Answer, Nearly
from rules.config import Watch
from rules.document import ArticleText
from storage import configs
from storage.engine import Database
from web.controls import AWAY_S, Button, Line
from web.frame import frame, page_at, show
from web.rulebook import Rulebook
from web.trials import Trials

LONGEST = 500_000  # characters of a text that is pasted


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All that is shown of one text: what matches, what nearly does, and how many of the rest there are."""

    title: str
    matches: tuple[Answer, ...]
    near: tuple[Answer, ...]
    troubled: tuple[Answer, ...]  # too costly on it, or failing
    rest: int
    off: int
    unseen: int  # rules that share words with it and were not looked at for near misses
    trouble: str = ""  # why there are no near misses


def register(db: Database, settings: Settings, book: Rulebook, trials: Trials) -> None:
    """Add the page."""

    @page_at("/try", reconnect_timeout=AWAY_S)
    async def try_page(url: str = "") -> None:
        with frame("Try a text", at="/rules"):
            Tryout(db, settings, book, trials, one_line(url))


def gather(
    watch: Watch,
    off: Collection[str],
    article: ArticleText,
    decided: tuple[Answer, ...],
    near: Nearly | None,
    trouble: str,
) -> Verdicts:
    """The verdicts of all rules, put together.

    `off`: those that were switched off by themselves. `decided`: the rules that match, and those in trouble.
    """
    on = sum(rule.enabled and rule.id not in off for rule in watch.rules)
    answers = near.answers if near else ()
    return Verdicts(
        title=article.title,
        matches=tuple(one for one in decided if not one.failed),
        near=answers,
        troubled=tuple(one for one in decided if one.failed),
        rest=on - len(decided) - len(answers),
        off=len(watch.rules) - on,
        unseen=near.possible - near.explained if near else 0,
        trouble=trouble,
    )


class Tryout:
    """One visitor's text and its verdicts."""

    def __init__(self, db: Database, settings: Settings, book: Rulebook, trials: Trials, url: str) -> None:
        self._db, self._settings, self._book, self._trials = db, settings, book, trials
        with ui.element("div").classes("card tryout"):
            self._url = _field("Address of a page", url)
            show("try_or.html")
            self._title = _field("Title")
            self._body = ui.textarea("Text").props(f"outlined dense rows=6 maxlength={LONGEST}")
            self._language = _field("Language, such as en")
        with ui.element("div").classes("actions"):
            self._button = Button("Try it", self._try, main=True)
            self._status = Line()
        self._result = ui.element("div")

    async def _try(self) -> None:
        self._button.enable(False)
        self._status.text = "Trying …"
        self._result.clear()
        try:
            await self._tried(await self._article())
        except (InputError, NotAvailable) as error:
            self._status.text = f"{error.message}: {error.hint}" if error.hint else error.message
        finally:
            self._button.enable(True)

    async def _article(self) -> ArticleText:
        """What is asked about. Raises InputError or NotAvailable when it cannot be had."""
        url, body, title = (str(one.value or "").strip() for one in (self._url, self._body, self._title))
        language = one_line(str(self._language.value or ""), 20)
        if url:
            answer = await fetched_alone(self._settings, url)
            page: tuple[Any, ...] = (answer.body, answer.url, answer.content_type, answer.charset, language)
            return await self._trials.read(in_worker.read_page, *page)
        if not body and not title:
            raise InputError("there is no text yet", hint="paste one, or name the address of a page")
        return ArticleText(
            id="text", title=one_line(title), text=clean(body[:LONGEST]), language=language, fallback_language=language
        )

    async def _tried(self, article: ArticleText) -> None:
        now, watch = await self._book.active()
        off = frozenset(await self._db.read(configs.switched_off))
        asked = (self._trials.folder, now.text, article, off)
        decided = await self._trials.careful(in_worker.tried, *asked)  # one rule may be dear
        near, trouble = None, ""
        try:
            near = await self._trials.quick(in_worker.nearly, *asked)
        except WirewatchError as error:
            trouble = error.message
        self._status.text = "Done"
        if self._result.is_deleted:
            return
        with self._result:
            show(
                "try_verdicts.html", page=gather(watch, off, article, decided, near, trouble), language=article.language
            )


def _field(label: str, value: str = "") -> ui.input:
    return ui.input(label, value=value).props("outlined dense")
