"""Named users, their passwords and tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from core.errors import InputError, Missing
from pipeline import people
from storage import people as rows
from storage.engine import Database
from storage.office import ApiToken, Person

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def stored() -> str:
    return people.fresh(PASSWORD)


def test_a_hash_names_its_parameters_and_is_never_made_twice(stored: str) -> None:
    assert stored.split("$")[:4] == ["scrypt", str(people.N), str(people.R), str(people.P)]
    assert PASSWORD not in stored
    assert people.fresh(PASSWORD) != stored


@pytest.mark.parametrize(("said", "right"), [(PASSWORD, True), (PASSWORD + " ", False), ("", False), ("\ud800", False)])
def test_the_password_is_right_and_nothing_else(stored: str, said: str, right: bool) -> None:
    assert people.is_right(stored, said) is right


def test_a_hash_of_other_parameters_is_read_too() -> None:
    salt = "c2FsdHNhbHRzYWx0c2FsdA=="
    old = f"scrypt$16$8$1${salt}$" + people._text(people._scrypt(PASSWORD, b"saltsaltsaltsalt", 16, 8, 1))
    assert people.is_right(old, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * (people.LONGEST + 1)])
def test_a_password_too_short_or_endless_is_refused(password: str) -> None:
    with pytest.raises(InputError, match="10 to 1000 characters"):
        people.fresh(password)


@pytest.mark.parametrize(
    "name", ["", "local", "Lin\u200dk", "\u200b", "a:b", "two\nlines", " ada", "a/b", "..", "x" * 81]
)
def test_a_name_that_a_browser_could_not_send_is_refused(db: Database, stored: str, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a user's name"):
        db.write_now(lambda session: people.add(session, name, stored, now=NOON))


@pytest.mark.parametrize("name", ["ada", "Ada\u200b", "A\u2060da", "ＡＤＡ"])
def test_a_name_is_one_persons_whatever_its_letters_size_and_what_is_not_seen_of_it(
    db: Database, stored: str, name: str
) -> None:
    db.write_now(lambda session: people.add(session, "Ada", stored, now=NOON))
    with pytest.raises(InputError, match="a user Ada already"):
        db.write_now(lambda session: people.add(session, name, stored, now=NOON))


def test_whoever_left_comes_in_no_more_and_takes_the_tokens_along(db: Database, stored: str) -> None:
    person = db.write_now(lambda session: people.add(session, "ada", stored, now=NOON))
    token = db.write_now(lambda session: people.make_token(session, "ada", "ci", now=NOON))
    assert people.checked(person, PASSWORD) == people.known(person)
    assert people.checked(person, "wrong password") is None
    assert people.checked(None, PASSWORD) is None
    db.write_now(lambda session: people.remove(session, "ada", now=NOON))
    left = db.read_now(lambda session: rows.find(session, "ada"))
    assert people.checked(left, PASSWORD) is None
    assert not db.read_now(rows.any_active)
    db.write_now(lambda session: people.add(session, "ada", stored, now=NOON))
    assert db.read_now(lambda session: rows.of_hash(session, people.token_hash(token))) is None


def test_another_password_is_another_proof(db: Database, stored: str) -> None:
    person = db.write_now(lambda session: people.add(session, "ada", stored, now=NOON))
    before = people.known(person).proof
    changed = db.write_now(
        lambda session: people.change_password(session, "ada", people.hashed("battery staple", b"s" * 16))
    )
    assert people.known(changed).proof != before


def test_of_a_token_only_the_hash_is_kept_and_it_can_be_revoked(db: Database, stored: str) -> None:
    for name in ("ada", "bob"):
        db.write_now(partial(people.add, name=name, stored=stored, now=NOON))
    token = db.write_now(lambda session: people.make_token(session, "ada", "ci", now=NOON))
    ((row, person),) = db.read_now(rows.tokens)
    assert (row.name, person.name, row.sha256) == ("ci", "ada", people.token_hash(token))
    assert token not in str(row.model_dump())
    with pytest.raises(InputError, match="a token ci already"):
        db.write_now(lambda session: people.make_token(session, "bob", "ci", now=NOON))
    for name in ("", "a/b", ".", "two\nlines"):
        with pytest.raises(InputError, match="a token's name is one line"):
            db.write_now(partial(people.make_token, person_name="bob", token_name=name, now=NOON))
    with pytest.raises(Missing, match="bob has no token ci"):
        db.write_now(lambda session: people.revoke_token(session, "bob", "ci"))
    db.write_now(lambda session: people.revoke_token(session, "ada", "ci"))
    assert db.read_now(rows.tokens) == []


@pytest.mark.parametrize(("ago", "noted"), [(None, True), (0, False), (59, False), (60, True), (-5, True)])
def test_a_tokens_use_is_noted_once_a_minute(ago: int | None, noted: bool) -> None:
    last = None if ago is None else NOON - timedelta(seconds=ago)
    assert (
        people.is_to_be_noted(ApiToken(person_id=1, name="ci", sha256="", made_at=NOON, last_used_at=last), NOON)
        is noted
    )


def test_whoever_is_not_known_is_looked_for_as_long_as_whoever_is(monkeypatch: pytest.MonkeyPatch, stored: str) -> None:
    tried: list[str] = []

    def no(kept: str, _said: str) -> bool:
        tried.append(kept.rpartition("$")[0].rpartition("$")[0])
        return False

    monkeypatch.setattr(people, "is_right", no)
    here, left = Person(name="ada", password=stored, made_at=NOON), Person(name="eve", password=stored, made_at=NOON)
    left.ended_at = NOON
    assert [people.checked(one, PASSWORD) for one in (here, left, None)] == [None, None, None]
    assert len(tried) == 3
    assert len(set(tried)) == 1  # the same work for each
