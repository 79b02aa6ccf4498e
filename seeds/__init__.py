"""The seed documents, restated: two made-up outlets, the rules that watch them, and what must come out.

Everything here is data beside this file; these functions hand it to the demo and to the tests. `seeds.build` makes the
pages and feeds out of `texts/`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SEEDS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Site:
    """An outlet: `origin` stands in its files, `feed` is a URL path and, below `SEEDS`, the feed's file."""

    key: str
    name: str
    origin: str
    feed: str
    content_type: str

    @property
    def host(self) -> str:
        """The origin without its scheme."""
        return self.origin.removeprefix("https://")


SITES: Mapping[str, Site] = {
    "a": Site(
        "a", "Eastward Radio", "https://eastward-radio.example", "/feeds/eastward-radio.rss", "application/rss+xml"
    ),
    "b": Site("b", "Harbour Post", "https://harbour-post.example", "/feeds/harbour-post.atom", "application/atom+xml"),
}

# What stands in watch.yaml for the addresses that only the caller knows.
MAIL_PORT = "port: 2525"
HOOK_URL = "webhook://127.0.0.1:8025/hook"
PUBLIC_URL = "http://127.0.0.1:8080"


def site_files(site: Site, base_url: str) -> dict[str, tuple[bytes, str]]:
    """Every file of an outlet by URL path, as (body, content type), with `base_url` in place of its origin.

    `base_url` has no slash at its end, like an origin.
    """
    files = {site.feed: (SEEDS / site.feed.lstrip("/"), site.content_type)}
    pages = SEEDS / "pages" / site.key
    for page in sorted(pages.rglob("*.html")):
        files["/" + page.relative_to(pages).as_posix()] = (page, "text/html; charset=utf-8")
    served = {path: (_moved(file, site, base_url), kind) for path, (file, kind) in files.items()}
    return served | {"/robots.txt": (b"User-agent: *\nAllow: /\n", "text/plain")}


def _moved(file: Path, site: Site, base_url: str) -> bytes:
    return file.read_text(encoding="utf-8").replace(site.origin, base_url).encode()


def watch_text(bases: Mapping[str, str], mail_port: int, hook_port: int, public_url: str = PUBLIC_URL) -> str:
    """`watch.yaml` with each outlet, by its key in `SITES`, at its base URL and the channels at these local ports."""
    text = (SEEDS / "watch.yaml").read_text(encoding="utf-8")
    for key, base_url in bases.items():
        text = text.replace(SITES[key].origin, base_url)
    text = text.replace(MAIL_PORT, f"port: {mail_port}")
    return text.replace(HOOK_URL, HOOK_URL.replace("8025", str(hook_port))).replace(PUBLIC_URL, public_url)


def originals_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the seed documents themselves are: WIREWATCH_SEEDS, else `shared/seeds` beside the checkout, if there."""
    named = environ.get("WIREWATCH_SEEDS")
    folder = Path(named) if named else SEEDS.parent.parent / "shared" / "seeds"
    return folder if folder.is_dir() else None
