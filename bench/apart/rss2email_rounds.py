"""One round of rss2email, run with the peers' own Python: rss2email_rounds.py CONTROL FOLDER.

CONTROL is the address of the world of bench/way.py. All feeds are entered and run once without sending; then each
publishes one event, and `r2e run` is timed within one process. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

MAIL = """\
[DEFAULT]
from = watch@peer.test
to = desk@peer.test
email-protocol = smtp
smtp-server = 127.0.0.1
verbose = error
"""


def main() -> None:
    """Run it."""
    from rss2email.feeds import Feeds  # type: ignore[import-not-found]
    from rss2email.main import run  # type: ignore[import-not-found]

    control, folder = sys.argv[1], Path(sys.argv[2])
    places = _asked(f"{control}/places")
    settings, data = folder / "rss2email.cfg", folder / "rss2email.json"
    settings.write_text(f"{MAIL}smtp-port = {places['mail_port']}\n", "utf-8")
    kept = Feeds(datafile_path=str(data), configfiles=[str(settings)])
    kept.load()
    for number, url in enumerate(places["feeds"]):
        kept.new_feed(name=f"feed{number}", url=url, to="desk@peer.test")
    kept.save_config()
    kept.save_feeds()
    kept.close()
    paths = ["-c", str(settings), "-d", str(data)]
    run([*paths, "run", "--no-send"])
    events = _asked(f"{control}/publish")["events"]
    began = time.perf_counter()
    run([*paths, "run"])
    seconds = time.perf_counter() - began
    print(json.dumps({"events": events, "seconds": seconds, **_asked(f"{control}/told")}))


def _asked(url: str) -> dict[str, Any]:
    with urlopen(url) as answer:
        return dict(json.loads(answer.read()))


if __name__ == "__main__":
    main()
