"""`python -m tests.etiquette`: a month of polling a thousand made-up feeds, judged by the servers' owners."""

from __future__ import annotations

import argparse
import os
import sys

from tests.etiquette.live import judged


def main() -> int:
    """Print the score; exit code 1 when an owner minds anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.etiquette", description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    score = judged(given.feeds, given.days, jobs=given.jobs, seed=given.seed)
    print(score.table())
    return 1 if score.faults else 0


if __name__ == "__main__":
    sys.exit(main())
