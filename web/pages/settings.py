"""`/settings`: the watch file's revisions, the channels, the people, and the installation's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import WirewatchError
from core.settings import Settings
from pipeline import channels, installation, revising
from pipeline.bootstrap import secrets_of
from pipeline.configure import diff
from storage import configs
from storage.engine import Database
from web.acts import agreed, number_of, show_acting
from web.controls import AWAY_S
from web.frame import frame, page_at, show
from web.pages.deliveries import acts
from web.pages.settings_people import people_section
from web.people import who
from web.text import told

SHOWN = 30
LINES = 2_000  # of the text, and of what leads to another, that are shown


@dataclass(frozen=True, slots=True)
class Compared:
    """Two revisions, and what leads from the older to the newer, a line each; `more` lines are not shown."""

    older: int
    newer: int
    lines: Sequence[str]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Revisions:
    """What the page shows of the watch file: of its text, `more` lines are not shown. `rest`: below which revision the
    next page begins; 0 = there is none.
    """

    active: configs.Line | None
    text: str
    more: int
    history: Sequence[configs.Line]
    rest: int
    compared: Compared | None


def register(db: Database, settings: Settings) -> None:
    """Add the page."""

    @page_at("/settings", reconnect_timeout=AWAY_S)  # a token is shown only once
    async def settings_page(a: str = "", b: str = "", before: str = "") -> None:
        chosen = (number_of(a), number_of(b))
        seen = 0  # the revision that is shown as the active one

        async def revisions() -> Mapping[str, object]:
            nonlocal seen
            page = await db.read(lambda session: gather(session, chosen, number_of(before)))
            seen = page.active.revision if page.active else 0
            return {"page": page}

        async def roll_back(revision: str) -> str:
            if not await agreed(f"Make the text of revision {revision} the active one?", "Roll back"):
                return ""
            now = SystemClock().now()
            done = await revising.roll_back(db, number_of(revision), who=who(), now=now, base=seen)
            if not done.changed:
                return f"Nothing to do: revision {done.revision} is active and has this text."
            return f"Revision {done.revision} is active, with the text of revision {revision}."

        with frame("Settings", at="/settings"):
            show("settings-ways.html")
            await show_acting("settings-revisions.html", revisions, {"roll-back": roll_back})
            await _channels(db, settings)
            await people_section(db)
            show("settings-installation.html", rows=installation.shown(settings))


async def _channels(db: Database, settings: Settings) -> None:
    async def values() -> Mapping[str, object]:
        try:
            rows = await channels.listing(db, settings, secrets_of(settings))
        except WirewatchError as error:
            return {"rows": [], "wrong": told(error)}
        return {"rows": rows, "wrong": ""}

    async def test(name: str) -> str:
        tried = await channels.test(db, settings, secrets_of(settings), name)
        said = [f"{one.target}: {one.result.cls.value}{f', {one.answer}' if one.answer else ''}" for one in tried]
        return f"A test message to {name}: " + "; ".join(said) + "."

    with ui.element("section").props("aria-labelledby=channels"):
        show("settings-channels-head.html")
        await show_acting("settings-channels.html", values, {"test": test, "resume-target": acts(db)["resume-target"]})


def gather(session: Session, chosen: tuple[int, int] = (0, 0), before: int = 0) -> Revisions:
    """The active revision and those below `before`, newest first; two chosen ones compared, where both are there."""
    rows = configs.listing(session, before, SHOWN + 1)
    active = configs.active(session)
    newest = next(iter(configs.listing(session, 0, 1)), None)
    lines = active.text.splitlines(keepends=True) if active else []
    return Revisions(
        active=newest,
        text="".join(lines[:LINES]),
        more=max(len(lines) - LINES, 0),
        history=rows[:SHOWN],
        rest=rows[SHOWN - 1].revision if len(rows) > SHOWN else 0,
        compared=_compared(session, *sorted(chosen)),
    )


def _compared(session: Session, older: int, newer: int) -> Compared | None:
    first, second = configs.get(session, older), configs.get(session, newer)
    if first is None or second is None:
        return None
    names = (f"revision {older}", f"revision {newer}")
    lines = diff(first.text, second.text, names).splitlines()
    return Compared(older, newer, lines[:LINES], max(len(lines) - LINES, 0))
