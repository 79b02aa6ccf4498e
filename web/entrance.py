"""Who comes in: by a password (a person's own, or the one for all), by a cookie of ours, by a program's token."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

from itsdangerous import BadData, BadSignature, URLSafeTimedSerializer
from starlette.requests import cookie_parser

from core.clock import SystemClock
from core.settings import Network, Settings
from core.text import one_line
from pipeline import people as passwords
from pipeline.people import Known
from storage import people
from storage.engine import Database
from storage.office import Person
from web.attempts import Attempts
from web.loopback import is_loopback

COOKIE = "wirewatch"
COOKIE_AGE_S = 7 * 24 * 3600
FORM_COOKIE = "wirewatch-form"
FORM_AGE_S = 3600
HASHES_AT_ONCE = 2  # each takes 32 MB and a core for 0.2 s
LONGEST_NAME = passwords.LONGEST_NAME
LOCAL = "local"  # who comes from this machine, where nobody is asked


@dataclass(frozen=True, slots=True)
class Wait:
    """Tried too often: nothing is tried before so many seconds have passed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Program:
    """A person's program, known by its token."""

    person: str
    read_only: bool


class Entrance:
    """Checks what visitors bring. Without a database there are no people and no tokens."""

    def __init__(self, settings: Settings, key: str, db: Database | None) -> None:
        self._db = db
        self._shared = settings.password
        # in cookies, which are signed and no secret: without the key nobody can try passwords with it; a new password
        # ends old sessions
        self._shared_proof = hmac.new(key.encode(), settings.password.encode(), hashlib.sha256).hexdigest()
        self._sessions = URLSafeTimedSerializer(key, salt="wirewatch.session")
        self._forms = URLSafeTimedSerializer(key, salt="wirewatch.sign-in")
        self._attempts = Attempts()
        self._proxies = settings.trusted_proxies
        self._ended: dict[str, float] = {}  # sessions that were signed out → when their cookies are too old anyway
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    def address_of(self, peer: str, headers: Mapping[str, str]) -> str:
        """Where a visitor is: of a proxy on this machine, or one that is trusted, what it says last."""
        said = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return said if said and self.is_proxy(peer) else peer

    def is_proxy(self, peer: str) -> bool:
        """Whether what this peer's headers say of a visitor is believed: on this machine, or trusted."""
        return is_loopback(peer) or _is_in(peer, self._proxies)

    # -- passwords

    async def of_password(self, name: str, password: str, address: str) -> Known | Wait | None:
        """Whoever this name and password let in; None when they let in nobody.

        The password for all opens under any name that nobody could take for a person's own. A wrong one takes as long
        for a name that nobody has.
        """
        name, now = one_line(name, LONGEST_NAME), monotonic()
        if seconds := self._attempts.wait(name, address, now):
            return Wait(seconds)
        self._attempts.failed(name, address, now)  # counted before it is tried: hundreds may be tried at once
        person = await self._person(name)
        if person is None and self._is_shared(password) and await self._is_free(name):
            found: Known | None = Known(name or LOCAL, self._shared_proof)
        else:
            async with self._hashing:
                found = await asyncio.to_thread(passwords.checked, person, password)
        if found is not None:
            self._attempts.succeeded(name, address)
        return found

    def _is_shared(self, password: str) -> bool:
        said = password.encode("utf-8", "surrogatepass")
        return bool(self._shared) and hmac.compare_digest(said, self._shared.encode())

    async def _person(self, name: str) -> Person | None:
        """The person of this name, also one who left: nobody else goes by it."""
        return await self._db.read(lambda session: people.find(session, name)) if self._db else None

    async def _is_free(self, name: str) -> bool:
        return not (name and self._db) or await self._db.read(lambda session: passwords.is_free(session, name))

    async def has_left(self, name: str) -> bool:
        """Whether somebody of this name was removed."""
        return self._db is not None and await self._db.read(lambda session: passwords.has_left(session, name))

    # -- cookies

    def cookie(self, known: Known, *, over_tls: bool) -> str:
        """The value of the header that keeps somebody signed in."""
        value = self._sessions.dumps([known.name, known.proof, secrets.token_urlsafe(12)])
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE_S}{'; Secure' * over_tls}"

    async def of_cookie(self, headers: Mapping[str, str]) -> str:
        """The name in a cookie of ours, unless it was signed out, or its person left or has another password since; or
        nothing.
        """
        name, proof, session = self._session(headers)
        if not name or session in self._ended:
            return ""
        person = await self._person(name)
        if person is None:
            is_good = bool(self._shared) and hmac.compare_digest(proof, self._shared_proof)
        else:
            is_good = person.ended_at is None and hmac.compare_digest(proof, passwords.known(person).proof)
        return name if is_good else ""

    def sign_out(self, headers: Mapping[str, str]) -> None:
        """End the session of this browser's cookie, also in pages that are open, and for whoever has a copy of it.

        This process knows of it: started anew, it believes copies until they are too old.
        """
        now = monotonic()
        self._ended = {session: until for session, until in self._ended.items() if until > now}
        if session := self._session(headers)[2]:
            self._ended[session] = now + COOKIE_AGE_S

    def _session(self, headers: Mapping[str, str]) -> tuple[str, str, str]:
        """Name, proof and session of a cookie of ours; nothing of what is none."""
        try:
            name, proof, session = self._sessions.loads(_cookie(headers, COOKIE), max_age=COOKIE_AGE_S)
        except (BadSignature, ValueError, TypeError):
            return "", "", ""
        return name, proof, session

    # -- tokens

    async def of_token(self, token: str) -> Program | None:
        """Whose token this is, or nothing. Its use is noted, once a minute."""
        if not (self._db and token):
            return None
        digest, now = passwords.token_hash(token), SystemClock().now()
        found = await self._db.read(lambda session: people.of_hash(session, digest))
        if found is None:
            return None
        row, person = found
        if passwords.is_to_be_noted(row, now):
            await self._db.write(lambda session: people.note_use(session, row.id or 0, now))
        return Program(person.name, row.read_only)

    # -- the form's token: proves that this browser was shown the form within the hour

    def form_token(self, nonce: str) -> str:
        """The token of a form shown together with a cookie of this nonce."""
        return self._forms.dumps(nonce)

    def is_form_good(self, token: str, headers: Mapping[str, str]) -> bool:
        """Whether the form's token and the browser's cookie say the same."""
        try:
            nonce = self._forms.loads(token, max_age=FORM_AGE_S)
        except BadData:
            return False
        return isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), _cookie(headers, FORM_COOKIE).encode())


def _cookie(headers: Mapping[str, str], name: str) -> str:
    # not the standard library's: that drops all behind a cookie of another program's that it does not like
    return cookie_parser(headers.get("cookie", "")).get(name, "")


def is_over_tls(scheme: str, headers: Mapping[str, str]) -> bool:
    """Whether the browser speaks TLS, with us or with a proxy."""
    return "https" in (scheme, headers.get("x-forwarded-proto"))


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a test's or a socket's name
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)
