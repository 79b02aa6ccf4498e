"""The page as a program of its own, and a Chromium that notes whatever should not happen in it."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, sync_playwright
from sqlmodel import Session

import web.pieces
from core.ports import free_port
from core.settings import Settings
from storage import schema
from storage.engine import Database
from web.serve import serve

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts" / "browser"
STARTS_S = 90  # importing everything on a busy machine
_NURSERY = get_context("forkserver")  # imports everything once: each site is a fork of it
_NURSERY.set_forkserver_preload([__name__])
# one process for all of Chromium's services but the renderer; nothing of its own over the network
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-dev-shm-usage",
]  # fmt: skip
FORGET = "location.protocol === 'http:' && (localStorage.clear(), sessionStorage.clear())"
DESK, PHONE = {"width": 1200, "height": 900}, {"width": 360, "height": 740}


@dataclass(frozen=True)
class Site:
    """A served page."""

    address: str
    process: BaseProcess

    def stop(self) -> int | None:
        """Ctrl-C; the program's exit code."""
        self.send(signal.SIGINT)
        self.process.join(60)
        return self.process.exitcode

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'wirewatch.db'}"


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """The database of the site that is served in `folder`, beside the site."""
    database = Database(_url(folder))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def serving(folder: Path, fill: Callable[[Session], object], **settings: str) -> Iterator[Site]:
    """Serve a new database in `folder`, filled by `fill`, until the end of the block."""
    with opened(folder) as database:
        schema.upgrade(database)
        database.write_now(fill)
    with served(
        folder, DATABASE=_url(folder), DATA=str(folder), **{name.upper(): value for name, value in settings.items()}
    ) as site:
        yield site


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Site]:
    """Serve what these WIREWATCH_ settings name; `folder` gets the program's log."""
    ours = {f"WIREWATCH_{name}": value for name, value in ({"PORT": str(free_port())} | settings).items()}
    process = _NURSERY.Process(target=_program, args=(folder, ours))
    process.start()
    address = f"http://127.0.0.1:{ours['WIREWATCH_PORT']}"
    try:
        _wait(f"{address}/healthz", process, folder / "log")
        yield Site(address, process)
    finally:
        process.terminate()
        process.join(30)
        if process.is_alive():  # stopped by a signal, or it hangs
            process.kill()
            process.join()


def _program(folder: Path, environment: dict[str, str]) -> None:
    """Be the program, with these settings and no others of ours."""
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1), os.dup2(log, 2)
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith("WIREWATCH_")]:
        del os.environ[name]
    os.environ.update(environment)
    web.pieces.LOOK_EVERY_S = 1.0  # so that tests wait less
    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(Settings(_env_file=None), ready=print)


def _wait(url: str, process: BaseProcess, log: Path) -> None:
    for _ in range(STARTS_S * 5):
        assert process.exitcode is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer: {log.read_text()}")


@contextmanager
def chromium_at(path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Look:
    """A visitor's window. `wrong` collects what must not happen: dialogs, errors, requests to anywhere else.

    Asked whether to leave a page, the visitor leaves it; `left` has where.
    """

    context: BrowserContext
    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def at(self, path: str) -> Page:
        """Go there and wait until the page stands."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("!document.querySelector('.bar') || window.did_handshake")
        return self.page

    def barriers(self) -> list[tuple[str, list[str]]]:
        """What axe-core finds on the page that keeps people from using it: its rule, and the elements."""
        found = Axe().run(self.page).response["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


_IDLE: WeakKeyDictionary[Browser, dict[str, list[Look]]] = WeakKeyDictionary()


@contextmanager
def looking(browser: Browser, site: Site, *, first: bool = False, **options: Any) -> Iterator[Look]:
    """A window on the site, of somebody whom it does not know; at its end nothing wrong may have happened in it.

    It is one that another test looked with, with the same options and nothing left in it, but for the `first` view:
    a new one reads all scripts anew, for half a second or a whole one.
    """
    options = {"viewport": DESK, **options}
    idle = _IDLE.setdefault(browser, {}).setdefault(repr(sorted(options.items())), [])
    look = idle.pop() if idle and not first else _window(browser, options)
    look.address, look.wrong, look.requests, look.left = site.address, [], [], []
    try:
        yield look
        wrong = list(look.wrong)
        look.page.evaluate(FORGET)
        look.page.goto(f"{look.address}/healthz")  # nothing runs there, and the scripts that were read stay read
        look.page.set_viewport_size(options["viewport"])
        look.context.clear_cookies()
    except BaseException:
        look.context.close()
        raise
    idle.append(look)
    assert not wrong, wrong


def _window(browser: Browser, options: dict[str, Any]) -> Look:
    context = browser.new_context(**options)
    look = Look(context, context.new_page(), "")
    _watch(look)
    return look


def _watch(look: Look) -> None:
    def asked(request: Request) -> None:
        look.requests.append(request.url)
        if urlsplit(request.url).scheme not in ("data", "blob") and not request.url.startswith(f"{look.address}/"):
            look.wrong.append(f"request to {request.url}")

    def said(message: ConsoleMessage) -> None:
        of = message.location["url"]  # of the site that it was at before a window speaks late: icons are asked for last
        before = urlsplit(of).hostname == "127.0.0.1" and not of.startswith(f"{look.address}/")
        if message.type in ("error", "warning") and not before:
            look.wrong.append(f"{message.type} in the console: {message.text}")

    def opened(dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            look.left.append(look.page.url.removeprefix(look.address))
            dialog.accept()
            return
        look.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    look.page.on("request", asked)
    look.page.on("console", said)
    look.page.on("dialog", opened)
    look.page.on("pageerror", lambda error: look.wrong.append(f"script error: {error}"))
    look.page.on("popup", lambda page: look.wrong.append(f"window opened: {page.url}"))
