"""All measurements as one report, ours beside its peers in the same run: `make bench`, or `python -m bench`.

A figure is the middle of its rounds, with the fastest beside it in brackets: how far they lie apart is what other
programs on the machine did. A ratio of 2 means that ours is twice as good, whichever way is better. Peers that cannot
be installed beside us have an environment of their own: `make bench-peers`. Some 15 minutes on two quiet cores;
`--quick` measures less of each in some three.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import peering
from bench.rows import Section
from bench.sections import FULL, QUICK, SECTIONS, Measure, Scale

LIBRARIES = (
    "feedparser",
    "trafilatura",
    "newspaper4k",
    "fastfeedparser",
    "aiohttp",
    "sqlalchemy",
    "psycopg",
    "prefect",
)
ROOT = Path(__file__).parents[1]


def about() -> dict[str, str]:
    """The machine, the date, versions and the commit."""
    commit = _git("rev-parse", "--short", "HEAD") or "none"
    changed = " with changes" if _git("status", "--porcelain", "--untracked-files=no") else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": commit + changed,
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}",
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "wirewatch": version("wirewatch"),
    }
    return found | {name: version(name) for name in LIBRARIES} | (peering.versions() if peering.installed() else {})


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def measured(name: str, measure: Measure, scale: Scale, tell: Callable[[str], None]) -> Section:
    """One section; one that failed says why in its place, and the others go on."""
    tell(f"{name} …")
    began = time.monotonic()
    try:
        section = measure(scale)
    except Exception as error:  # whatever a peer or a measurement does, the report has its other sections
        tell(traceback.format_exc())
        section = Section(name.capitalize(), "", why=f"{type(error).__name__}: {error}")
    section = replace(section, seconds=time.monotonic() - began)
    tell(f"{name}: {section.seconds:.0f} s")
    return section


def markdown(facts: dict[str, str], sections: Sequence[Section]) -> str:
    """The report for people."""
    head = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    seconds = sum(section.seconds for section in sections)
    parts = ["# wirewatch, measured", head, *(section.markdown for section in sections)]
    return "\n\n".join([*parts, f"Measured in {seconds / 60:.1f} minutes. Middle of the rounds (fastest).\n"])


def document(facts: dict[str, str], sections: Sequence[Section]) -> dict[str, Any]:
    """The report for machines."""
    return {"about": facts, "sections": [section.document for section in sections]}


def main() -> int:
    """Measure and tell; 1 when a section could not be measured, which the report then says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of each, and one round")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help="this section; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report there, too")
    given = parser.parse_args()
    facts, scale = about(), QUICK if given.quick else FULL
    names = given.only or list(SECTIONS)
    sections = [measured(name, SECTIONS[name], scale, _say) for name in names]
    said = markdown(facts, sections)
    print(said)
    if given.markdown:
        given.markdown.write_text(said, "utf-8")
    if given.json:
        given.json.write_text(json.dumps(document(facts, sections), indent=2, ensure_ascii=False), "utf-8")
    return 1 if any(section.why for section in sections) else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
