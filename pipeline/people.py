"""Named users: their passwords, kept as scrypt hashes, and the tokens of their programs, shown once.

A hash says how it was made: `scrypt$N$r$p$salt$hash`. N, r and p are one of the sets that OWASP's cheat sheet on
storing passwords gives as its least (32 MB and some 0.2 s a try).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import make_url
from sqlmodel import Session

from core.errors import InputError, Missing, NotAvailable
from core.settings import Settings
from core.text import one_line, single_blanks
from storage import people
from storage.engine import Database
from storage.office import ApiToken, Person

N, R, P = 2**15, 8, 3
SALT_BYTES, HASH_BYTES = 16, 32
MEMORY_BYTES = 64 * 2**20  # what OpenSSL may take for one try: 128 * N * R, and some more
SHORTEST, LONGEST = 10, 1000  # characters of a password
LONGEST_NAME = 80
NOBODYS = frozenset({"local", "link", ""})  # who nobody asked for a name, whoever bears a link, and nothing to see
UNSEEN = ("Cc", "Cf")  # Unicode's categories of signs that show nothing: joiners, marks of direction
TOKEN_PREFIX = "ww_"  # noqa: S105 - what leaked tokens are searched for by
TOKEN_BYTES = 32
USE_NOTED = timedelta(minutes=1)  # a token's last use is written no more often


# -- passwords


def hashed(password: str, salt: bytes) -> str:
    """What is kept of a password."""
    return "$".join(("scrypt", str(N), str(R), str(P), _text(salt), _text(_scrypt(password, salt, N, R, P))))


def is_right(stored: str, password: str) -> bool:
    """Whether this password was hashed so, whatever the parameters were then."""
    _, n, r, p, salt, kept = stored.split("$")
    found = _scrypt(password, urlsafe_b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, urlsafe_b64decode(kept))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    said = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(said, salt=salt, n=n, r=r, p=p, maxmem=MEMORY_BYTES, dklen=HASH_BYTES)


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode()


@cache
def _nobodys() -> str:
    """A hash that no password has: whoever is not known is looked for as long as whoever is."""
    return hashed(secrets.token_urlsafe(), secrets.token_bytes(SALT_BYTES))


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may come in: `proof` changes with the password."""

    name: str
    proof: str


def checked(person: Person | None, password: str) -> Known | None:
    """Who signs in with this password; None for a wrong one, an unknown person or one who left. Takes as long for
    each: some 0.2 s of one core.
    """
    here = person is not None and person.ended_at is None
    stored = person.password if person is not None and here else _nobodys()
    right = is_right(stored, password[: LONGEST + 1])
    return known(person) if right and here and person is not None else None


def known(person: Person) -> Known:
    """What a session keeps of a person."""
    return Known(person.name, hashlib.sha256(person.password.encode()).hexdigest()[:16])


# -- people


def fresh(password: str) -> str:
    """What is to be kept of a new password; takes some 0.2 s, so not within a transaction. Raises InputError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password has {SHORTEST} to {LONGEST} characters", hint="several words are easy to keep")
    return hashed(password, secrets.token_bytes(SALT_BYTES))


def add(session: Session, name: str, stored: str, *, now: datetime) -> Person:
    """Let somebody in under a name of their own, also one who had left; `stored` is what `fresh` gave. Raises
    InputError.
    """
    name = _good_name(name)
    same = alike(session, name)
    if any(one.ended_at is None for one in same):
        raise InputError(f"there is a user {same[0].name} already", hint="run `wirewatch users password`")
    person = same[0] if same else Person(name=name, password="", made_at=now)
    person.name, person.password, person.made_at, person.ended_at = name, stored, now, None
    return people.save(session, person)


def alike(session: Session, name: str) -> list[Person]:
    """Those, also who left, whose name nobody could tell from this one: but for case, width and what is not seen."""
    seen = _seen(name)
    return [one for one in people.listing(session) if _seen(one.name) == seen]


def has_left(session: Session, name: str) -> bool:
    """Whether a person of this name, or of one that nobody could tell from it, was removed."""
    person = people.find(session, name)
    return any(one.ended_at is not None for one in ([person] if person else alike(session, name)))


def is_free(session: Session, name: str) -> bool:
    """Whether whoever has the password for all may go by this name: nobody's own, and none that stands for others."""
    return _seen(name) not in NOBODYS and not alike(session, name)


def _seen(name: str) -> str:
    """What a reader of a name can tell apart, in small letters."""
    whole = unicodedata.normalize("NFKC", name).casefold()
    return single_blanks("".join(sign for sign in whole if unicodedata.category(sign) not in UNSEEN))


def change_password(session: Session, name: str, stored: str) -> Person:
    """Another password, as `fresh` gave it; it ends the person's sessions. Raises InputError."""
    person = find(session, name)
    person.password = stored
    return people.save(session, person)


def remove(session: Session, name: str, *, now: datetime) -> None:
    """Let nobody in under this name: sessions end, tokens are gone. Raises InputError when there is no such person."""
    people.end(session, find(session, name), now)


def find(session: Session, name: str) -> Person:
    """A person who may come in. Raises Missing when there is none of that name."""
    person = people.find(session, name)
    if person is None or person.ended_at is not None:
        raise Missing(f"there is no user {one_line(name, LONGEST_NAME)}", hint="run `wirewatch users list`")
    return person


def any_named(settings: Settings) -> bool:
    """Whether there is a user with a name; False also while there is no database."""
    url = make_url(settings.database_url)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
        return False
    database = Database(settings.database_url)
    try:
        return database.read_now(people.any_active)
    except NotAvailable:
        return False
    finally:
        database.close()


def _good_name(name: str) -> str:
    if not _can_be_in_an_address(name) or ":" in name or _seen(name) in NOBODYS:
        raise InputError(
            f"{one_line(name, LONGEST_NAME)!r} cannot be a user's name",
            hint=f"at most {LONGEST_NAME} characters on one line, not only dots, without slashes and colons "
            "(HTTP Basic ends names with a colon)",
        )
    return name


def _can_be_in_an_address(name: str) -> bool:
    """Whether the API can name it: a part of a path is not dots alone, and ends at a slash."""
    return bool(name.strip(".")) and name == one_line(name, LONGEST_NAME) and "/" not in name


# -- tokens


def make_token(session: Session, person_name: str, token_name: str, *, now: datetime, read_only: bool = False) -> str:
    """A new token for a person's program: only its hash is kept, so it is shown now or never. Raises InputError.

    `read_only`: it changes nothing, and lets nobody else in.
    """
    person = find(session, person_name)
    if not _can_be_in_an_address(token_name):
        raise InputError(
            "a token's name is one line, without slashes and not only dots", hint="name the program that will use it"
        )
    if people.token(session, token_name) is not None:
        raise InputError(f"there is a token {token_name} already", hint="give each program its own")
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    people.add_token(session, person, name=token_name, sha256=token_hash(token), now=now, read_only=read_only)
    return token


def revoke_token(session: Session, person_name: str, token_name: str) -> None:
    """Let nobody in by this token any more. Raises Missing when the person has none of that name."""
    person, row = find(session, person_name), people.token(session, token_name)
    if row is None or row.person_id != person.id:
        raise Missing(f"{person_name} has no token {token_name}", hint="run `wirewatch users list`")
    people.remove_token(session, row)


def owner(session: Session, token_name: str) -> str:
    """Whose token this is. Raises Missing when there is none of that name."""
    found = next((person.name for token, person in people.tokens(session) if token.name == token_name), None)
    if found is None:
        raise Missing(f"there is no token {one_line(token_name, LONGEST_NAME)}")
    return found


def token_hash(token: str) -> str:
    """What is kept of a token; it is random and long, so a fast hash will do."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_to_be_noted(row: ApiToken, now: datetime) -> bool:
    """Whether a token's use is to be written down: not at every request."""
    return row.last_used_at is None or not row.last_used_at <= now < row.last_used_at + USE_NOTED
