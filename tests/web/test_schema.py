"""schemathesis asks the API whatever its OpenAPI document allows, and what it does not: no answer may be one that the
document does not describe, and none a failure of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from core.clock import SystemClock
from core.settings import Settings
from pipeline import people
from storage.engine import Database
from tests.web import rows
from web.api.desk import Desk
from web.app import bare_app

WATCH = """\
version: 1
channels: {screen: {url: "terminal://"}}
feeds: [{url: "https://harbour-post.example/feed.atom"}]
rules: {port-strike: {match: strike, alert: {to: [screen]}}}
"""
SLOW = ("backtest", "near", "test", "channels")  # each starts processes
EXAMPLES, FEW = 8, 2
PATIENCE_S = 120  # for an answer of a busy machine
# test_routes.py asks without a token; a cursor, a rule or a revision can be well written and none of ours
LEFT_OUT = [ignored_auth, positive_data_acceptance]


@pytest.fixture
def bearer(db: Database) -> dict[str, str]:
    """The header of a program that may ask."""
    now = SystemClock().now()
    db.write_now(lambda session: people.add(session, "ada", people.fresh("correct horse"), now=now))
    return {"authorization": f"Bearer {db.write_now(lambda session: people.make_token(session, 'ada', 'ci', now=now))}"}


@pytest.fixture
def operations(db: Database, tmp_path: Path, bearer: dict[str, str]) -> Iterator[Any]:
    """Every operation of the document; nothing takes too long here, however busy the machine is."""
    db.write_now(lambda session: rows.config(session, WATCH))
    db.write_now(rows.newsroom)
    settings = Settings(
        _env_file=None, data=tmp_path / "data", database=db.url, host="0.0.0.0", preview_seconds=PATIENCE_S
    )
    desk = Desk(db, settings)
    app = bare_app(settings, db, "k" * 40, desk)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=bearer)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    yield (one.ok() for one in cast("Iterator[Any]", schema.get_all_operations()))
    desk.trials.close()


@pytest.mark.timeout(600)
# said when the state of `random` changed while a case was drawn: the application's own threads draw from it, too
@pytest.mark.filterwarnings("ignore:Do not use the .random. module inside strategies")
def test_no_answer_is_one_that_the_document_does_not_describe(
    operations: Iterator[Any], bearer: dict[str, str]
) -> None:
    asked, failures = 0, []
    for operation in operations:
        if operation.path == "/v1/feeds/discover":  # asks other people's sites
            continue
        many = FEW if any(word in operation.path for word in SLOW) else EXAMPLES

        @bounds(
            max_examples=many, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate], derandomize=True,
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=bearer, excluded_checks=LEFT_OUT, timeout=PATIENCE_S)

        try:
            check()
        except (FailureGroup, Failure) as found:
            failures.append(f"{operation.label}: {found}")
        asked += 1
    assert not failures, "\n\n".join(failures)
    assert asked > 40
