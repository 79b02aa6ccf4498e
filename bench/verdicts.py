"""What a soak came to: lost, doubled, late, left over, grown; as Markdown and as JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any

from bench.loads import CHANNELS
from bench.processes import SERVER, Figures
from bench.tables import table
from bench.world import Arrival, Published

LATEST_S = 60.0  # of 95 of 100 events whose way nothing crossed: from the poll that saw it to its alert
AFTER_S = 150.0  # an injury is felt so long: the lease of what was claimed, the next run, a mail tried once more
STOP_S = 60.0
OWED = frozenset({"pending", "leased", "retry", "unknown"})  # states of a delivery that is not done
ALL = "all but Prefect's server"
_LEVEL = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b\W*(.*)")
_VARYING = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]{4,})*|\d+(\.\d+)*|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds of the events that were told on one channel."""

    from_seen: tuple[float, ...]
    undisturbed: tuple[float, ...]  # of them, those whose way no injury crossed
    from_published: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the events on one channel: their slugs."""

    latencies: Latencies
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()  # people got it twice, in messages of different keys
    repeated: int = 0  # messages that came again under the same key: receivers collapse them


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the database says at the end, beside what came over the wire."""

    deliveries: int
    owed: tuple[str, ...] = ()  # keys not done
    not_come: tuple[str, ...] = ()  # keys that are sent and that nobody got
    unknown: tuple[str, ...] = ()  # keys that somebody got and that are not in it
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run came to."""

    load: str
    database: str
    minutes: int
    published: int  # articles
    events: int  # of them, that a poll has seen
    unseen: int  # events that no poll had seen at the end
    polls: int
    not_modified: int
    told: Mapping[str, Told]  # by channel
    strays: tuple[str, ...]
    ledger: Ledger
    injuries: Mapping[str, int]
    processes: Mapping[str, Figures]
    grown_mb: Mapping[str, float]  # on disc, from the warm-up's end, an hour
    complaints: Mapping[str, int]  # of the log, by kind
    stop_seconds: float
    exit_code: int | None
    left_over: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """What is not as it must be, in words."""
        found = []
        for channel, one in self.told.items():
            found += [f"{channel}: lost {slug}" for slug in one.lost]
            found += [f"{channel}: told again {slug}" for slug in one.doubled]
            if not one.latencies.undisturbed:
                found.append(f"{channel}: how soon alerts come is not known, no event passed without an injury")
            elif (late := percentile(one.latencies.undisturbed, 95)) > LATEST_S:
                found.append(f"{channel}: the 95th percentile from seen to sent is {late:.0f} s, over {LATEST_S:g} s")
        found += [f"nobody asked for this: {line}" for line in self.strays]
        found += [f"still owed: delivery {key}" for key in self.ledger.owed]
        found += [f"the ledger says sent, and it never came: {key}" for key in self.ledger.not_come]
        found += [f"it came, and the ledger does not know it: {key}" for key in self.ledger.unknown]
        if self.exit_code != 0:
            ended = "did not end" if self.exit_code is None else f"ended with {self.exit_code}"
            found.append(f"`up` {ended} within {STOP_S:g} s of a SIGTERM")
        return found + [f"left over: {line}" for line in self.left_over]


def percentile(values: Sequence[float], number: int) -> float:
    """Of a hundred; 0 of nothing."""
    if not values:
        return 0.0
    return quantiles([*values, *values], n=100, method="inclusive")[number - 1]  # one alone has no quantiles


def told(news: Sequence[Published], arrivals: Iterable[Arrival], channel: str, injuries: Sequence[float]) -> Told:
    """What became of these events on one channel."""
    keys: dict[str, dict[str, float]] = {one.slug: {} for one in news}
    came: Counter[str] = Counter()
    for arrival in arrivals:
        if arrival.channel != channel:
            continue
        came[arrival.key] += 1
        for slug in arrival.slugs & keys.keys():
            keys[slug].setdefault(arrival.key, arrival.at)
    first = {slug: min(times.values()) for slug, times in keys.items() if times}
    by_slug = {one.slug: one for one in news}
    seen = {slug: at - by_slug[slug].seen_at for slug, at in first.items()}
    calm = [slug for slug in first if not _crossed(by_slug[slug].seen_at, first[slug], injuries)]
    return Told(
        Latencies(
            tuple(seen.values()),
            tuple(seen[slug] for slug in calm),
            tuple(at - by_slug[slug].at for slug, at in first.items()),
        ),
        lost=tuple(slug for slug, times in keys.items() if not times),
        doubled=tuple(slug for slug, times in keys.items() if len(times) > 1),
        repeated=sum(count - 1 for count in came.values()),
    )


def _crossed(seen: float, sent: float, injuries: Sequence[float]) -> bool:
    return any(seen - AFTER_S <= at <= sent for at in injuries)


def stray(news: Sequence[Published], arrivals: Iterable[Arrival]) -> tuple[str, ...]:
    """Messages on the events' channels that tell of no event."""
    known = {one.slug for one in news}
    return tuple(
        f"{one.channel}: {one.text[:100]}" for one in arrivals if one.channel in CHANNELS and not one.slugs & known
    )


def audited(rows: Iterable[tuple[str, str]], arrivals: Iterable[Arrival]) -> Ledger:
    """The ledger's keys and states beside the keys that came."""
    states = dict(rows)
    came = {one.key for one in arrivals}
    return Ledger(
        deliveries=len(states),
        owed=tuple(key for key, state in states.items() if state in OWED),
        not_come=tuple(key for key, state in states.items() if state == "sent" and key not in came),
        unknown=tuple(sorted(came - states.keys())),
        dead=sum(state == "dead" for state in states.values()),
    )


def complaints(lines: Iterable[str]) -> dict[str, int]:
    """The log's warnings and errors, and how often each kind came; what varies in them is left out."""
    found: Counter[str] = Counter()
    for line in lines:
        if matched := _LEVEL.search(line):
            found[f"{matched[1]} {_VARYING.sub('…', matched[2])[:110].strip()}"] += 1
        elif line.startswith("Traceback"):
            found["Traceback"] += 1
        elif "ended by itself" in line:
            found[_VARYING.sub("…", line)[:110].strip()] += 1
    return dict(found.most_common())


def document(run: Findings) -> dict[str, Any]:
    """The run as JSON."""
    return {**asdict(run), "faults": run.faults}


def markdown(runs: Sequence[Findings]) -> str:
    """The runs beside each other, then each one's processes and complaints."""
    head = ["", *(f"{run.load}, {run.database}, {run.minutes} min" for run in runs)]
    return "\n\n".join([table(head, _rows(runs)), *(part for run in runs for part in _of(run))])


def _rows(runs: Sequence[Findings]) -> list[list[object]]:
    rows: list[list[object]] = [
        ["articles published", *(run.published for run in runs)],
        ["events that polls saw", *(run.events for run in runs)],
        ["events no poll had seen at the end", *(run.unseen for run in runs)],
        ["polls (of them 304s)", *(f"{run.polls} ({run.not_modified})" for run in runs)],
        ["injuries", *(sum(run.injuries.values()) for run in runs)],
    ]
    for channel in CHANNELS:
        one = [run.told[channel] for run in runs]
        rows += [
            [f"{channel}: lost", *(len(each.lost) for each in one)],
            [f"{channel}: doubled", *(len(each.doubled) for each in one)],
            [f"{channel}: again on the wire, same key", *(each.repeated for each in one)],
            [f"{channel}: seen to sent, s", *(_spread(each.latencies.from_seen) for each in one)],
            [f"{channel}: of it undisturbed, s", *(_spread(each.latencies.undisturbed) for each in one)],
            [f"{channel}: published to sent, s", *(_spread(each.latencies.from_published) for each in one)],
        ]
    return [
        *rows,
        ["messages nobody asked for", *(len(run.strays) for run in runs)],
        ["deliveries in the ledger", *(run.ledger.deliveries for run in runs)],
        ["of them owed / not come / dead", *(_ledger(run.ledger) for run in runs)],
        ["came, unknown to the ledger", *(len(run.ledger.unknown) for run in runs)],
        ["memory (PSS, without Prefect's server), mean / most, MB", *(_memory(run.processes[ALL]) for run in runs)],
        ["disc, MB an hour", *(", ".join(f"{k} {v:.1f}" for k, v in run.grown_mb.items()) for run in runs)],
        ["SIGTERM to the end, s", *(f"{run.stop_seconds:.1f}" for run in runs)],
        ["processes left over", *(len(run.left_over) for run in runs)],
    ]


def _of(run: Findings) -> list[str]:
    rows = [
        [
            name,
            f"{one.middle:.0f}",
            f"{one.most:.0f}",
            one.at_once,
            "–" if one.slope is None else f"{one.slope:+.1f}",
            one.descriptors,
        ]
        for name, one in sorted(run.processes.items(), key=lambda pair: (pair[0] == SERVER, -pair[1].most))
    ]
    head = ["processes", "PSS mean, MB", "most, MB", "at once", "slope, MB an hour", "descriptors"]
    parts = [f"{run.load}, {run.database}", table(head, rows)]
    if run.injuries:
        parts.append("Injuries: " + ", ".join(f"{kind} {count}" for kind, count in run.injuries.items()))
    if run.complaints:
        parts.append("In the log:\n" + "\n".join(f"- {count} × {kind}" for kind, count in run.complaints.items()))
    return parts


def _memory(one: Figures) -> str:
    return f"{one.middle:.0f} / {one.most:.0f}"


def _ledger(one: Ledger) -> str:
    return f"{len(one.owed)} / {len(one.not_come)} / {one.dead}"


def _spread(seconds: Sequence[float]) -> str:
    """Median, 95th percentile and maximum, of how many."""
    if not seconds:
        return "none"
    middle, late = percentile(seconds, 50), percentile(seconds, 95)
    return f"{middle:.1f} / {late:.1f} / {max(seconds):.1f} of {len(seconds)}"
