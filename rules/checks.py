"""Checks across the watch file: what one part says about another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from core import urls
from core.errors import Problem
from rules.problems import did_you_mean, item
from rules.watchfile import AlertSettings, QuietHours, WatchFile
from rules.yamltext import Path, YamlText

DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes


def problems(file: WatchFile, written: Mapping[str, Any], tree: YamlText) -> list[Problem]:
    """What does not fit together. `file` holds the well-formed parts, `written` everything that stands there."""
    found = [
        *_channel_names(written),
        *_threads(file, tree),
        *_counts(file, tree),
        *_endless_hours(file, tree),
        *_feed_names(written),
        *_repeated_feeds(_feeds(written), tree),
    ]
    return [Problem(message, *tree.place(tree.nearest(path)), hint, item(path)) for path, message, hint in found]


_Found = Iterator[tuple[Path, str, str]]


def _at(values: Any, *path: str) -> Any:
    """What is written at a path of keys, None when nothing is."""
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _listed(values: Any, *path: str) -> Iterator[tuple[Path, str]]:
    """The texts of the list at a path, each with its own path."""
    found = _at(values, *path)
    for index, text in enumerate(found if isinstance(found, list) else ()):
        if isinstance(text, str):
            yield (*path, index), " ".join(text.split())


def _rule_ids(written: Mapping[str, Any]) -> tuple[str, ...]:
    rules = written.get("rules")
    return tuple(rules) if isinstance(rules, dict) else ()


def _feeds(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    feeds = written.get("feeds")
    return [feed if isinstance(feed, dict) else {} for feed in feeds] if isinstance(feeds, list) else []


def _channel_names(written: Mapping[str, Any]) -> _Found:
    known = tuple(_at(written, "channels") or ()) if isinstance(written.get("channels"), dict) else ()
    named = [*_listed(written, "defaults", "alert", "to"), *_listed(written, "defaults", "operators")]
    for rule_id in _rule_ids(written):
        named += _listed(written, "rules", rule_id, "alert", "to")
    for path, name in named:
        if name not in known:
            yield path, f"there is no channel {name}", did_you_mean(name, known) or "add it under channels"


def _alerts(file: WatchFile) -> Iterator[tuple[str, AlertSettings]]:
    return ((rule_id, rule.alert) for rule_id, rule in file.rules.items())


def _written_at(tree: YamlText, rule_id: str, key: str) -> Path:
    """Where an alert key of a rule was written: with the rule, or under defaults."""
    own = ("rules", rule_id, "alert", key)
    return own if tree.at(own) is not None else ("defaults", "alert", key)


def _threads(file: WatchFile, tree: YamlText) -> _Found:
    for rule_id, alert in _alerts(file):
        others = [name for name in alert.to if name in file.channels and not _threaded(file, name)]
        if alert.update == "thread" and others:
            hint = "write every or never, or tell only e-mail channels"
            message = f"only e-mail channels can send threads, and {', '.join(others)} is none"
            yield _written_at(tree, rule_id, "update"), message, hint


def _threaded(file: WatchFile, name: str) -> bool:
    channel = file.channels[name]
    return channel.is_email or not channel.scheme  # its kind is not known while it is read without secrets


def _counts(file: WatchFile, tree: YamlText) -> _Found:
    for rule_id, alert in _alerts(file):
        if alert.again_at is not None and alert.again_at <= alert.first:
            path = _written_at(tree, rule_id, "again_at")
            message = f"again_at has to be more than first, which is {alert.first}"
            yield path, message, f"write {alert.first + 1} or more"


def _endless_hours(file: WatchFile, tree: YamlText) -> _Found:
    for rule_id, alert in _alerts(file):
        if alert.quiet and not alert.urgent and _all_week(alert.quiet):
            message, hint = "quiet hours all week leave no time to send anything", "to tell nobody, write to: []"
            yield _written_at(tree, rule_id, "quiet"), message, hint


def _all_week(quiet: Sequence[QuietHours]) -> bool:
    """Whether one of these quiet hours or another holds at every minute of the week."""
    spans = sorted(span for hours in quiet for span in _spans(hours))
    reach = max(0, max((end for _, end in spans), default=0) - WEEK)  # what begins on Sunday goes on on Monday
    for start, end in spans:
        if start > reach:
            return False
        reach = max(reach, end)
    return reach >= WEEK


def _spans(hours: QuietHours) -> Iterator[tuple[int, int]]:
    """From when to when they hold, in minutes since the week began."""
    begins, ends = (at.hour * 60 + at.minute for at in (hours.from_, hours.to))
    for day in hours.days:
        start = day * DAY + begins
        yield start, start + (ends - begins) % DAY


def _feed_names(written: Mapping[str, Any]) -> _Found:
    feeds = _feeds(written)
    names = dict.fromkeys(map(_name, feeds))
    tags = dict.fromkeys(tag for feed in feeds for _, tag in _listed(feed, "tags"))
    either = names | tags
    for rule_id in _rule_ids(written):
        for key, known in (("any", either), ("none", either), ("tags", tags)):
            for path, name in _listed(written, "rules", rule_id, "feeds", key):
                if name not in known:
                    yield _unknown_feed(path, name, known, names)


def _unknown_feed(path: Path, name: str, known: Collection[str], names: Collection[str]) -> tuple[Path, str, str]:
    if path[3] != "tags":
        return path, f"no feed has the name or the tag {name}", did_you_mean(name, known)
    hint = "that is a feed's name: write it under any" if name in names else did_you_mean(name, known)
    return path, f"no feed has the tag {name}", hint


def _address(feed: Mapping[str, Any]) -> str:
    return next((feed[key] for key in ("url", "sitemap", "page") if isinstance(feed.get(key), str)), "")


def _name(feed: Mapping[str, Any]) -> str:
    name = feed.get("name")
    return " ".join(name.split()) if isinstance(name, str) else urls.host_of(_address(feed))


def _repeated_feeds(feeds: list[Mapping[str, Any]], tree: YamlText) -> _Found:
    first: dict[str, int] = {}
    for index, feed in enumerate(feeds):
        address = _address(feed).strip().rstrip("/")
        if not address or first.setdefault(address, index) == index:
            continue
        line, _ = tree.place(tree.nearest(("feeds", first[address])))
        yield ("feeds", index), f"the same address as the feed on line {line}", "delete one of the two"
