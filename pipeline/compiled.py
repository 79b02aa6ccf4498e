"""The compiled index of a watch file: each scheduled run is a new process, and need not read 30,000 rules again.

A file in the data folder holds the loaded watch (without secrets) and its matcher, under a name made of the text's
hash and the version of the rules package. What is missing, stale or broken is silently made anew. The file is ours:
whoever can write to the data folder can change the database too.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import mmap
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from core.log import pairs
from rules.config import Rule, Watch, load
from rules.document import primary
from rules.match import Matcher
from rules.packed import Broken, Sections
from rules.version import version

logger = logging.getLogger(__name__)
KEPT = 2  # files: the active revision's, and the one before, which other processes may still be about to open
MOST_LANGUAGES = 12  # prepared in the file; others are worked out when an article comes in one
MOST_CHANGES = 500  # rules that are changed live; beyond it building all anew is as quick
MOST_SEGMENTS = 16
_SECTION = "watch"
_USED_RULE = re.compile(r"\$([\w.-]*\w)")


def opened(folder: Path, text: str, *, file: str) -> tuple[Watch, Matcher]:
    """The watch of this text and its matcher, from the compiled index when there is one, which else is made.

    Raises ConfigError when the text is not right.
    """
    path = folder / f"{_key(text)}.idx"
    found = _loaded(path, text)
    if found is not None:
        return found
    watch = load(text, file=file, env=None)
    matcher = Matcher(watch.rules)
    _save(path, watch.unread(), matcher)
    return watch, matcher


def changed(old: Watch, matcher: Matcher, new: Watch) -> Matcher | None:
    """The matcher of `new`, made of `old`'s by changing some rules; None when everything may have changed."""
    if old.file.entities != new.file.entities or old.file.concepts != new.file.concepts:
        return None
    before = {rule.id: _matters(rule) for rule in old.rules}
    put = [rule for rule in new.rules if before.pop(rule.id, None) != _matters(rule)]
    touched = before.keys() | {rule.id for rule in put}  # what is left of `before` is gone or changed
    gone = touched - {rule.id for rule in put}
    used = {name for rule in new.rules if "$" in rule.text for name in _USED_RULE.findall(rule.text)}
    if len(put) > MOST_CHANGES or matcher.segments >= MOST_SEGMENTS or used & touched:
        return None
    return matcher.with_rules(put, gone)


def _matters(rule: Rule) -> tuple[object, ...]:
    return rule.text, rule.enabled, rule.languages, rule.feeds


def _key(text: str) -> str:
    return hashlib.sha256(f"{version()}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _loaded(path: Path, text: str) -> tuple[Watch, Matcher] | None:
    try:
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        with _no_collection():
            watch = pickle.loads(Sections(content).bytes(_SECTION))  # noqa: S301 — ours, its checksum was compared
        if not isinstance(watch, Watch) or watch.text != text:
            return None
        matcher = Matcher.load(watch.rules, content)
    except FileNotFoundError:
        return None
    except (Broken, OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, EOFError) as error:
        logger.warning(pairs(event="index", file=path.name, why=f"made anew: {type(error).__name__}"))
        return None
    except pickle.UnpicklingError:
        return None
    return watch, matcher


@contextmanager
def _no_collection() -> Iterator[None]:
    """A million new objects make the collector look through them again and again: 2 s instead of 0.5 s for a watch."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _save(path: Path, watch: Watch, matcher: Matcher) -> None:
    """Write the file beside its place and move it there; a folder that cannot be written to costs time only."""
    part = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(matcher.dump(languages_of(watch), {_SECTION: pickle.dumps(watch)}))
        part.replace(path)
        _remove_old(path.parent)
    except OSError as error:
        logger.warning(pairs(event="index", file=path.name, why=f"not kept: {error.strerror}"))
        with suppress(OSError):
            part.unlink()


def _remove_old(folder: Path) -> None:
    by_age: Mapping[Path, float] = {file: file.stat().st_mtime for file in folder.glob("*.idx")}
    for file in sorted(by_age, key=lambda one: by_age[one], reverse=True)[KEPT:]:
        with suppress(OSError):
            file.unlink()


def languages_of(watch: Watch) -> list[str]:
    """The languages that articles will be in, as far as the file tells: those of feeds and rules, and English."""
    named = ["en", *(feed.language for feed in watch.feeds), *(one for rule in watch.rules for one in rule.languages)]
    return list(dict.fromkeys(primary(language) for language in named if language))[:MOST_LANGUAGES]
