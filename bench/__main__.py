"""`python -m bench`: the measurements, as Markdown or JSON. Exit code 1 when an aim was missed."""

from __future__ import annotations

import argparse
import json
import sys

from bench import pipeline
from bench.pipeline import Plan


def main() -> int:
    """Run the measurements; progress goes to stderr, so that stdout can be kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=pipeline.__doc__)
    pipeline.arguments(parser)
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    outcome = pipeline.measure(Plan(**given), tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(pipeline.document(outcome), indent=2) if as_json else pipeline.markdown(outcome))
    return 0 if outcome.ratio >= pipeline.AIM else 1


if __name__ == "__main__":
    sys.exit(main())
