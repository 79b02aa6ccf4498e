"""Changes to the list of feeds: each is an edit of the watch file and a new revision of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from core.errors import ConfigError, InputError, ItemFailed, Problem
from core.settings import Settings
from core.text import one_line
from core.urls import check
from fetching.client import Ask, Client, Fetched
from fetching.discover import FoundFeed, feed_links
from fetching.opml import FeedList
from fetching.parse import parse
from pipeline.asking import client_alone, fetched
from pipeline.configure import EMPTY, Applied, apply_text, hold, read_watch
from pipeline.revising import Conflict, conflict, revise
from rules import edit as edits
from rules.config import load
from rules.secrets import names_any
from storage import configs
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Edited:
    """A watch file's new text, and what was done to it; `left_out`: what could not be done, each with its place."""

    text: str
    summary: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The active revision after an edit, and what was done; `changed`: whether the edit made it; `left_out` as in
    Edited.
    """

    revision: int
    summary: str
    changed: bool
    left_out: tuple[str, ...] = ()


Edit = Callable[[str], Edited]
TRIES = 20  # of an edit that others overtake; one of them gets through each time
BY_HAND = "if that feed is to have the secret, write it into the watch file by hand; else leave it out"


def addable(url: str) -> str:
    """`url` itself, when a feed at it can be added. Raises InputError.

    An address with `${NAME}` cannot: it comes from a page or a list of somebody's, who would be sent that secret.
    """
    if names_any(url):
        raise InputError(_foreign(url), hint=BY_HAND)
    try:
        return check(url)
    except ItemFailed as error:
        raise InputError(
            f"{url}: {error.reason.sentence} ({error.detail})", hint="an address begins with https:// or http://"
        ) from None


def _foreign(url: str) -> str:
    return f"{one_line(url, 200)}: asks for a secret with ${{…}}"


def add(text: str, url: str, *, name: str = "", tags: Sequence[str] = ()) -> Edited:
    """The watch file with one more feed. Raises InputError when it is there already, and as `addable`."""
    addable(url)
    if url in _known(text):
        raise InputError(f"{url} is in the watch file already", hint="run `wirewatch feeds list`")
    return Edited(edits.add_feed(text, _entry(url, name, tags)), f"{url} added")


def add_all(text: str, found: FeedList, *, file: str = "the list") -> Edited:
    """The watch file with the feeds of a list that are not in it yet, but for those that ask for secrets and other
    addresses that cannot be used. Raises ConfigError where nothing is left.
    """
    known = _known(text)
    fresh = [one for one in found.feeds if one.url not in known]
    foreign = [Problem(_foreign(one.url), one.line, hint=BY_HAND) for one in fresh if names_any(one.url)]
    unusable = sorted([*found.unusable, *foreign], key=lambda problem: problem.line)
    if len(foreign) == len(found.feeds):
        raise ConfigError(file, unusable)
    taken = [one for one in fresh if not names_any(one.url)]
    text = edits.add_feeds(text, [_entry(one.url, one.title, one.tags) for one in taken])
    summary = f"{len(taken)} feeds added, {len(found.feeds) - len(fresh)} were there already"
    left_out = tuple(problem.at(file) for problem in unusable)
    return Edited(text, summary + (f", {len(left_out)} left out" if left_out else ""), left_out)


def _entry(url: str, name: str, tags: Sequence[str]) -> dict[str, Any]:
    """A feed as the watch file writes it."""
    entry: dict[str, Any] = {"url": url}
    if name:
        entry["name"] = name
    if tags:
        entry["tags"] = list(tags)
    return entry


def remove(text: str, name: str) -> Edited:
    """The watch file without a feed. Raises InputError when there is none of that name or address, or several."""
    feeds = load(text, env=None).feeds
    found = [feed for feed in feeds if feed.config_url == name] or [feed for feed in feeds if feed.name == name]
    if not found:
        raise InputError(f"no feed is called {name}", hint="run `wirewatch feeds list`")
    if len(found) > 1:
        addresses = ", ".join(feed.config_url for feed in found)
        raise InputError(f"{len(found)} feeds are called {name}", hint=f"name one by its address: {addresses}")
    return Edited(edits.remove_feed(text, found[0].config_url), f"{found[0].name} removed")


def _known(text: str) -> set[str]:
    return {feed.config_url for feed in load(text, env=None).feeds}


def edit_watch(
    db: Database, path: Path, edit: Edit, *, secrets: Mapping[str, str], who: str, note: str, now: datetime
) -> Outcome:
    """Edit the active revision; the file it came from, if it is unchanged since, is written too, or nothing is.

    Raises Conflict when somebody else makes a revision meanwhile, OSError for a file that cannot be written.
    """
    active = db.read_now(configs.active)
    number = (active.revision or 0) if active else 0
    file_text = path.read_text("utf-8") if path.exists() else None
    before = active.text if active else file_text if file_text is not None else EMPTY
    edited = edit(before)
    watch = read_watch(edited.text, file=str(path), secrets=secrets)
    to_file = file_text is not None and file_text == before

    def work(session: Session) -> Applied:
        if not hold(session, number):
            raise conflict(session, number)
        applied = apply_text(session, edited.text, watch, from_file=to_file, who=who, now=now, force=True, note=note)
        if to_file:
            path.write_text(edited.text, "utf-8")
        return applied

    try:
        applied = db.write_now(work)
    except BaseException:  # half written, or whole and the database did not take it; in place: it may be a mount
        if to_file and path.is_file() and path.read_text("utf-8") != before:
            path.write_text(before, "utf-8")
        raise
    summary = edited.summary + (f", {path} too" if to_file else "")
    return Outcome(applied.revision, summary, applied.changed, edited.left_out)


async def edit_revision(db: Database, edit: Edit, *, who: str, note: str, now: datetime) -> Outcome:
    """Edit the active revision, as the page and programs do: no file is written, no secret is needed.

    What somebody else makes of it meanwhile is edited in its turn, up to TRIES times; then Conflict is raised.
    """
    done: list[Edited] = []

    def work(text: str) -> str:
        done.append(edit(text))
        return done[-1].text

    for tries_left in reversed(range(TRIES)):
        try:
            made = await revise(db, work, who=who, now=now, note=note)
        except Conflict:
            if not tries_left:
                raise
        else:
            return Outcome(made.revision, done[-1].summary, made.changed, done[-1].left_out)
    raise AssertionError("the loop ends by returning or raising")


async def discover(client: Client, url: str) -> list[FoundFeed]:
    """A site's feeds: the address itself, else what its page names, else what is where many sites have theirs.

    Raises InputError or NotAvailable when the page cannot be fetched.
    """
    answer = await fetched(client, url)
    itself = await asyncio.to_thread(_feed_in, answer)
    if itself is not None:
        return [itself]
    links = feed_links(answer.body, answer.url)
    return [one for one in links if one.how != "guess"] or await _tried(client, [one.url for one in links])


async def discover_alone(settings: Settings, url: str) -> list[FoundFeed]:
    """`discover`, with a client of its own."""
    async with client_alone(settings) as client:
        return await discover(client, url)


async def _tried(client: Client, urls: Sequence[str]) -> list[FoundFeed]:
    """Those addresses that a feed is at."""
    found = []
    for url in urls:
        answer = await client.get(Ask(url=url))
        feed = await asyncio.to_thread(_feed_in, answer) if isinstance(answer, Fetched) else None
        if feed is not None:
            found.append(feed)
    return found


def _feed_in(answer: Fetched) -> FoundFeed | None:
    try:
        parsed = parse(answer.body, url=answer.url, headers=answer.headers)
    except ItemFailed:
        return None
    return FoundFeed(answer.url, parsed.title, parsed.format)
