"""The demo's world on loopback: two news sites, a mail server and a webhook receiver, all real."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

import seeds
from core.ports import LOOPBACK as HOST
from core.ports import free_port


@dataclass
class Received:
    """What arrived: e-mails as they were sent, webhook bodies as they were posted."""

    mails: list[EmailMessage] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class World:
    """Where everything listens. `pages` are the sites' files by URL."""

    bases: dict[str, str]
    mail_port: int
    hook_port: int
    received: Received
    pages: dict[str, bytes]


class _Mailbox:
    def __init__(self, received: Received) -> None:
        self._received = received

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        message = email.message_from_bytes(
            content if isinstance(content, bytes) else content.encode(), policy=email.policy.default
        )
        assert isinstance(message, EmailMessage)  # noqa: S101 - what the default policy makes
        self._received.mails.append(message)
        return "250 taken"


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Start all of it; stop it at the end."""
    received = Received()
    runners: list[web.AppRunner] = []
    bases: dict[str, str] = {}
    pages: dict[str, bytes] = {}
    mail = Controller(_Mailbox(received), hostname=HOST, port=free_port())
    mail.start()
    try:
        for key, site in seeds.SITES.items():
            port = free_port()
            bases[key] = f"http://{HOST}:{port}"
            files = seeds.site_files(site, bases[key])
            pages |= {bases[key] + path: body for path, (body, _) in files.items()}
            runners.append(await _serve(_site(files), port))
        hook_port = free_port()
        runners.append(await _serve(_hook(received), hook_port))
        yield World(bases, mail.port, hook_port, received, pages)
    finally:
        for runner in runners:
            await runner.cleanup()
        mail.stop()


async def _serve(app: web.Application, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    return runner


def _site(files: dict[str, tuple[bytes, str]]) -> web.Application:
    async def page(request: web.Request) -> web.Response:
        if request.path not in files:
            raise web.HTTPNotFound
        body, kind = files[request.path]
        return web.Response(body=body, headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    return app


def _hook(received: Received) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        received.hooks.append(json.loads(await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    return app
