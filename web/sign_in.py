"""`/sign-in` and `/sign-out`: plain HTML forms, so that they work before anything else of the page does.

Against another site's page that would sign somebody in under its own name: the origin is checked by the guard, and the
form brings a signed token that fits a cookie of this browser.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from core.text import one_line
from web.entrance import COOKIE, FORM_AGE_S, FORM_COOKIE, LOCAL, LONGEST_NAME, Entrance, Wait, is_over_tls
from web.guard import ENTRANCE, WHO, too_often
from web.links import BARE, NO_STORE
from web.render import render
from web.routes import API, SIGN_IN, SIGN_OUT

MOST_BYTES = 20_000  # of a form
WRONG = "That name and password do not fit together."
STALE = "This form was too old, or your browser keeps no cookies. Try again."


def router() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get(SIGN_IN)
    async def ask(request: Request, next: str = "/") -> Response:
        return _form(request, inside(next))

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        said = await _said(request)
        name, wanted = one_line(said.get("name", ""), LONGEST_NAME), inside(said.get("next", "/"))
        entrance: Entrance = request.scope[ENTRANCE]
        if not entrance.is_form_good(said.get("token", ""), request.headers):
            return _form(request, wanted, name, STALE, 403)
        address = entrance.address_of(request.client.host if request.client else "", request.headers)
        known = await entrance.of_password(name, said.get("password", ""), address)
        if isinstance(known, Wait):
            refusal = too_often(known)
            answer = _form(request, wanted, name, f"{refusal.words.capitalize()}.", refusal.status)
            answer.headers["retry-after"] = dict(refusal.headers)[b"retry-after"].decode()
            return answer
        if known is None:
            return _form(request, wanted, name, WRONG, 401)
        answer = RedirectResponse(wanted, 303, headers=NO_STORE)
        over_tls = is_over_tls(request.url.scheme, request.headers)
        answer.headers.append("set-cookie", entrance.cookie(known, over_tls=over_tls))
        answer.delete_cookie(FORM_COOKIE, path=SIGN_IN)
        return answer

    @routes.get(SIGN_OUT)
    async def ask_out(request: Request) -> Response:
        who = str(request.scope.get(WHO, LOCAL))
        return HTMLResponse(render("sign-out.html", title="Sign out?", who="" if who == LOCAL else who), headers=BARE)

    @routes.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        request.scope[ENTRANCE].sign_out(request.headers)
        answer = RedirectResponse(SIGN_IN, 303, headers=NO_STORE)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return routes


def _form(request: Request, wanted: str, name: str = "", fault: str = "", status: int = 200) -> Response:
    """The form, with a fresh token and the cookie that belongs to it."""
    nonce = secrets.token_urlsafe(16)
    token = request.scope[ENTRANCE].form_token(nonce)
    page = render("sign-in.html", title="Sign in", action=SIGN_IN, token=token, wanted=wanted, name=name, fault=fault)
    answer = HTMLResponse(page, status, headers=BARE)
    over_tls = is_over_tls(request.url.scheme, request.headers)
    answer.set_cookie(
        FORM_COOKIE, nonce, max_age=FORM_AGE_S, path=SIGN_IN, httponly=True, samesite="strict", secure=over_tls
    )
    return answer


async def _said(request: Request) -> dict[str, str]:
    """The form's fields; a body too large or not readable has none."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return {}
    return {key: values[-1] for key, values in fields.items()}


def inside(address: str) -> str:
    """A path of this site to go to, as it was given; `/` for what a browser might take for an address elsewhere.

    Browsers read a backslash as `/`, and leave out tabs, line ends and what is in front of an address.
    """
    if not address.startswith("/") or address.startswith("//") or "\\" in address:
        return "/"
    if any(ord(letter) <= 32 or 127 <= ord(letter) < 160 for letter in address):
        return "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    leads_here = not (parts.scheme or parts.netloc) and not parts.path.startswith((SIGN_IN, SIGN_OUT, f"{API}/v1/"))
    return address if leads_here else "/"
