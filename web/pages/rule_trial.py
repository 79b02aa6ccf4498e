"""Below the editor: what the rule finds and nearly finds among the stored articles, and what it would have told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from nicegui import ui

from core.errors import NotAvailable, WirewatchError
from pipeline import in_worker
from pipeline.drafts import Matches, Miss
from pipeline.in_worker import Rehearsed
from pipeline.preview import Day
from web.controls import Button, Line
from web.frame import show
from web.text import counted
from web.trials import Trials

T = TypeVar("T")

DAYS = 7.0  # of stored articles that the preview looks at
MONTH = 30.0  # of the backtest
Widen = Callable[[str, str, int], Awaitable[None]]  # a clause, a word beside it, or a limit for it


class Preview:
    """The newest matches with their marked words, how late it can be, and the near misses with what they lack."""

    def __init__(self, trials: Trials, widen: Widen) -> None:
        self._trials, self._widen = trials, widen
        with ui.element("section").props("aria-labelledby=preview"):
            show(
                "rule_section.html",
                id="preview",
                title="What it finds",
                note="in the stored articles of the last 7 days",
            )
            self._found = ui.element("div")
            self._promise = ui.element("div")
        with ui.element("section").props("aria-labelledby=near"):
            show("rule_section.html", id="near", title="What it nearly finds", note="articles that lack one clause")
            self._near = ui.element("div")

    async def look(self, text: str, rule: str, *, still: Callable[[], bool]) -> None:
        """Show both for a rule of this watch file; nothing more once it is not `still` the one that is asked for."""
        values = (self._trials.database, text, rule, DAYS)
        await self._fill(self._found, self._matches, in_worker.matches, values, still)
        if still():
            told = (self._trials.database, text, rule, self._trials.every_s)
            await self._fill(self._promise, self._told, in_worker.promised, told, still)
        if still():
            await self._fill(self._near, self._misses, in_worker.misses, values, still)

    async def _fill(
        self,
        place: ui.element,
        make: Callable[[T], None],
        work: Callable[..., T],
        values: tuple[object, ...],
        still: Callable[[], bool],
    ) -> None:
        """Show in its place what the work says, or why it says nothing."""
        fill: Callable[[], None]
        try:
            fill = partial(make, await self._trials.quick(work, *values))
        except WirewatchError as error:
            fill = partial(show, "rule_note.html", text=f"No preview: {error.message}")
        if still() and not place.is_deleted:
            place.clear()
            with place:
                fill()

    def _matches(self, found: Matches) -> None:
        show("rule_matches.html", found=found, cost=f"{found.micros:,.0f} µs" if found.looked_at else "")

    def _told(self, promise: str) -> None:
        show("rule_note.html", text=f"{promise[0].upper()}{promise[1:]}.")

    def _misses(self, found: tuple[Miss, ...]) -> None:
        if not found:
            show("rule_note.html", text="No article is a near miss.")
            return
        with ui.element("ul").classes("plain near"):
            for one in found:
                with ui.element("li").classes("card"):
                    show("rule_near.html", one=one)
                    self._offers(one)

    def _offers(self, one: Miss) -> None:
        """A button for each word that could stand beside the clause, or for the limit that would do."""
        offers = [(f"Add “{word}”", word, 0) for word in one.words]
        if one.limit:
            offers = [(f"Allow {counted(one.limit, 'word', 'words')}", "", one.limit)]
        with ui.element("div").classes("actions"):
            for text, word, limit in offers:
                Button(text, partial(self._widen, one.failed, word, limit))


class Backtest:
    """The last 30 days as the rule would have told them, when it is asked for."""

    def __init__(
        self, trials: Trials, text: Callable[[], str], saved: Callable[[], str], rule: Callable[[], str]
    ) -> None:
        self.dark = False
        self._trials, self._text, self._saved, self._rule = trials, text, saved, rule
        with ui.element("section").props("aria-labelledby=backtest"):
            show(
                "rule_section.html",
                id="backtest",
                title="What it would have told",
                note="in the last 30 days, beside the saved rule",
            )
            with ui.element("div").classes("actions"):
                self._button = Button("Run the backtest", self._run)
                self._status = Line()
            self._result = ui.element("div")

    async def _run(self) -> None:
        text = self._text()
        if not text:
            self._status.text = "Something is wrong with the rule: mend that first"
            return
        self._button.enable(False)
        self._status.text = "Running: a minute at most …"
        try:
            done = await self._trials.long(
                in_worker.backtest, self._trials.database, text, self._rule(), self._saved(), MONTH
            )
        except NotAvailable as error:
            self._status.text = f"No backtest: {error.message}"
        except WirewatchError as error:
            self._status.text = f"No backtest: {error.message.splitlines()[0]}"
        else:
            self._status.text = "Done"
            self._show(done)
        finally:
            self._button.enable(True)

    def _show(self, done: Rehearsed) -> None:
        if self._result.is_deleted:
            return
        self._result.clear()
        with self._result:
            show("rule_backtest.html", done=done, one=done.backtest, a_day=a_day(done))
            ui.echart(chart(done.backtest.days, dark=self.dark)).classes("chart").props(
                'role=img aria-label="Alerts, digests and hits a day; the table below has the numbers"'
            )
            show("rule_days.html", done=done, days=[day for day in done.backtest.days if day.hits or day.alerts])


def a_day(done: Rehearsed) -> str:
    """Alerts a day, as people say it."""
    one = done.backtest
    days = max((one.until - one.since).total_seconds() / 86400, 1)
    return f"{one.total('alerts') / days:.1f}"


def chart(days: tuple[Day, ...], *, dark: bool) -> dict[str, Any]:
    """Alerts and digests as bars and hits as a line, a day each."""
    text, line = ("#a4aeb9", "#343c45") if dark else ("#57606a", "#d9dde3")
    colours = ["#7fd0e4", "#f0c36b", "#a4aeb9"] if dark else ["#0b5a6e", "#b37a00", "#57606a"]
    axis = {"axisLabel": {"color": text}, "splitLine": {"lineStyle": {"color": line}}, "minInterval": 1}
    series = [
        {"name": "alerts", "type": "bar", "stack": "told", "data": [day.alerts for day in days]},
        {"name": "digests", "type": "bar", "stack": "told", "data": [day.digests for day in days]},
        {"name": "hits", "type": "line", "showSymbol": False, "data": [day.hits for day in days]},
    ]
    return {
        "animation": False,
        "color": colours,
        "grid": {"left": 40, "right": 12, "top": 36, "bottom": 28},
        "legend": {"top": 0, "textStyle": {"color": text}},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "xAxis": {"type": "category", "data": [f"{day.day:%d %b}" for day in days], "axisLabel": {"color": text}},
        "yAxis": {"type": "value", **axis},
        "series": series,
    }
