"""`make pictures`: the pictures of the README and of the guide: an alert and the pages, taken of a run of the demo.

The demo runs in this process (sites, mail server and pipeline), then its page is served by one of its own.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

import seeds
from cli.demo import prepare
from cli.demo_servers import world
from core.ports import free_port
from core.settings import Settings
from tests.browser.site import ROOT, Site, chromium_at, looking, served
from tests.conftest import chromium_path

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 200_000  # bytes of a picture
RULE = "us-vietnam-upgrade"  # whose alert is shown
LOOKS: dict[str, Any] = {"device_scale_factor": 1, "color_scheme": "light"}
PAGES = {"rules": "/rules", "feeds": "/feeds", "deliveries": "/deliveries", "stats": "/stats", "settings": "/settings"}
TEXT = "Hanoi. - Vietnam and the United States raised their ties to a comprehensive strategic partnership on Sunday."


async def run_demo(settings: Settings, port: int) -> list[EmailMessage]:
    """The demo's pipeline over its sites; the e-mails that arrived."""
    async with world() as around:
        text = seeds.watch_text(around.bases, around.mail_port, around.hook_port, f"http://127.0.0.1:{port}")
        settings.config.write_text(text, "utf-8")
        logging.getLogger("prefect").setLevel(logging.ERROR)
        from flows.ingest import ingest

        await ingest()
        return around.received.mails


def picture_alert(browser: Browser, mails: list[EmailMessage]) -> None:
    """The alert as a mail program shows it."""
    mail = next(one for one in mails if f"[{RULE}]" in str(one["Subject"]))
    body = mail.get_body(("html",))
    assert body is not None
    page = browser.new_page(viewport={"width": 680, "height": 400}, **LOOKS)
    page.set_content(str(body.get_content()))
    keep(page, "alert", whole=True)


def picture_page(browser: Browser, site: Site) -> None:
    """The inbox, and its newest story of the rule."""
    with looking(browser, site, viewport={"width": 960, "height": 720}, **LOOKS) as look:
        page = look.at("/")
        keep(page, "inbox", whole=False)
        page.locator(".story", has=page.get_by_role("link", name=RULE, exact=True)).locator("h2 a").first.click()
        page.wait_for_selector(".timeline")
        keep(page, "story", whole=False)
        for name, path in PAGES.items():
            keep(look.at(path), name, whole=False)


def picture_rules(browser: Browser, site: Site) -> None:
    """The editor with what its rule finds, and a text that is tried."""
    with looking(browser, site, viewport={"width": 960, "height": 900}, **LOOKS) as look:
        expect.set_options(timeout=60_000)  # the processes that try rules have to start
        page = look.at(f"/rules/{RULE}")
        expect(page.get_by_role("region", name="What it nearly finds").locator("li, p").first).to_be_visible()
        keep(page, "rule", whole=False)
        page = look.at("/try")
        page.get_by_label("Text").fill(TEXT)
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_role("status")).to_have_text("Done")
        keep(page, "try", whole=False)


def keep(page: Page, name: str, *, whole: bool) -> None:
    """Write a picture; one that is too large for a README is an error."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, full_page=whole)
    size = path.stat().st_size
    assert size <= LARGEST, f"{path}: {size:,} bytes"
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")


def main() -> None:
    """Run the demo and take the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wirewatch-pictures-") as temporary:
        folder, port = Path(temporary), free_port()
        mails = asyncio.run(run_demo(prepare(folder, port), port))
        with served(folder, DATA=str(folder / "data")) as site, chromium_at(chromium_path()) as browser:
            picture_alert(browser, mails)
            picture_page(browser, site)
            picture_rules(browser, site)


if __name__ == "__main__":
    main()
