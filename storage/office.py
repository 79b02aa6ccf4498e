"""Rows of the house itself: who runs, who may come in, what the operators were told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import JsonList, json_list, long_text, maybe_time, time


class Meta(SQLModel, table=True):
    """A fact about the installation: its id, when it was restored."""

    key: str = Field(primary_key=True)
    value: str


class Notice(SQLModel, table=True):
    """A trouble told to the operators once, and once more when it is over."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)  # what the trouble is about, e.g. "config", "channel:desk-mail"
    text: str = long_text()
    at: datetime = time(index=True)
    over_at: datetime | None = maybe_time()


class JobLock(SQLModel, table=True):
    """One run of a job at a time, by an expiring lease."""

    name: str = Field(primary_key=True)
    owner: str = ""
    until: datetime | None = maybe_time()
    last_started_at: datetime | None = maybe_time()
    last_finished_at: datetime | None = maybe_time()


class RobotsFile(SQLModel, table=True):
    """What a site's robots.txt said, for all processes; storage/robots.py reads it."""

    origin: str = Field(primary_key=True)  # scheme, host and port
    text: str = long_text()
    reason: str = ""  # why it could not be asked for, with detail and status; "" when it could
    detail: str = ""
    status: int = 0
    until: datetime = time()


class Backfill(SQLModel, table=True):
    """A replay of one source: what is asked of it, and how far it has come."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)  # hash of the source as it was, and of what is asked of it
    source: str  # a WARC file, a folder or file of pages, or "snapshots"
    kind: str  # warc | pages | snapshots
    rules: JsonList = json_list()  # only these; [] = all
    since: datetime | None = maybe_time()
    until: datetime | None = maybe_time()
    planned: bool = False  # its batches are all there
    records: int = 0
    made_at: datetime = time()
    finished_at: datetime | None = maybe_time()


class BackfillBatch(SQLModel, table=True):
    """A part of a source. What came of it is committed with what it says: done, or not begun."""

    __table_args__ = (UniqueConstraint("backfill_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    backfill_id: int = Field(foreign_key="backfill.id")
    number: int
    span: JsonList = json_list()  # of bytes, of ids, or names of files: pipeline/archive/ reads it
    records: int = 0
    done_at: datetime | None = maybe_time()
    counts: JsonList = json_list()  # [outcome, reason, how many]
    troubles: JsonList = json_list()  # [place, outcome, reason, detail] of each record that gave no article
    stories: JsonList = json_list()  # ids of those that its hits are in


class Person(SQLModel, table=True):
    """Somebody who signs in under a name of their own. The row stays when they leave: the name is nobody else's."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    password: str  # scrypt, with its parameters and salt: pipeline/people.py reads it
    made_at: datetime = time()
    ended_at: datetime | None = maybe_time()


class ApiToken(SQLModel, table=True):
    """A person's access to the API by a program; only a hash of the token is kept."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(unique=True)
    sha256: str = Field(unique=True)
    read_only: bool = False
    made_at: datetime = time()
    last_used_at: datetime | None = maybe_time()  # to the minute


class LatencySum(SQLModel, table=True):
    """How many messages to a channel took so long on a leg of the way; storage/latency.py reads and counts."""

    channel: str = Field(primary_key=True)
    leg: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True)  # the first bound that it did not exceed, by its place
    slot: int = Field(primary_key=True)  # several rows take turns
    count: int = 0
    total_s: float = 0.0
