"""What servers see of the poller, judged by their owners: samples of `make etiquette`, and what the judge minds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from statistics import median

import pytest

from tests.etiquette.judge import Judge, Score
from tests.etiquette.live import judged, lived
from tests.etiquette.servers import DAY, HOUR, Reply, Source, Spec

AGENT = {"user-agent": "wirewatch/0.1 (+http://desk.example)", "accept-encoding": "gzip"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of failures are part of this world."""
    logging.getLogger("pipeline").setLevel(logging.ERROR)
    yield
    logging.getLogger("pipeline").setLevel(logging.NOTSET)


def test_no_owner_of_thirty_feeds_minds_anything() -> None:
    score = judged(30, 0.75)
    print(score.table())
    assert not score.faults, score.table()
    assert score.stored == score.served > 0
    assert score.requests < 30 * 0.75 * 80
    assert 0 < median(score.delays["feeds every hour"]) < HOUR


def test_no_owner_of_a_server_in_trouble_minds_anything_in_three_weeks() -> None:
    kinds = ("gone", "503 date", "429 for ten years", "a page for a day")
    troubled = [Spec(f"trouble{n}.example", "/rss", DAY, trouble=kind, every=4 * HOUR) for n, kind in enumerate(kinds)]
    lost = Spec("lost.example", "/rss", trouble="lost")  # asked each hour: more than once a day after two weeks, else
    moved = Spec("moved.example", "/rss", DAY, moves="301", every=4 * HOUR)
    score = lived([*troubled, lost, moved], 20)
    assert not score.faults, score.table()
    assert score.stored == score.served > 0
    assert score.requests > 500


def test_lies_are_found_out_within_eight_days_and_honest_servers_stay_trusted() -> None:
    lies = [Spec(f"{kind.replace(' ', '')}.example", "/rss", DAY, kind) for kind in ("frozen", "always")]
    honest = [Spec(f"honest{kind}.example", "/rss", DAY * 8, kind) for kind in ("both", "stamped")]
    score = lived([*lies, *honest], 8.2)
    assert not score.faults, score.table()
    assert score.plain["of servers whose validators lie"] > 2 * 12  # since the eighth day, each hour
    assert score.plain["to see whether a week of 304s is true"] <= 2
    assert score.stored == score.served


def test_a_hundred_feeds_of_one_host_take_turns_a_second_apart() -> None:
    score = lived([Spec("crowd.example", f"/{n}", HOUR, every=60.0) for n in range(100)], 240 / DAY)
    assert not score.faults, score.table()
    assert score.least_asked >= 2
    assert score.requests > 190


# -- the judge itself

SOURCE = Source(Spec("a.example", "/rss", HOUR), 1.0, 1)
URL = SOURCE.spec.url


def seen(*events: tuple[float, dict[str, str], Reply]) -> Score:
    """The score of these requests to one address, each with its answer."""
    judge = Judge()
    for at, headers, reply in events:
        judge.asked(at, SOURCE, URL, "a.example", {**AGENT, **headers})
        judge.answered(at, SOURCE, URL, "a.example", reply)
    return judge.score


GIVEN = Reply(200, {"ETag": '"1"'}, b"", 3)
PLAIN = Reply(200, {}, b"", 3)
SENT = {"if-none-match": '"1"'}


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("more than one request without validators that were given", [(0, {}, GIVEN), (600, {}, GIVEN)]),
        ("validators never given", [(0, {}, GIVEN), (600, {"if-none-match": '"2"'}, GIVEN)]),
        ("earlier than allowed", [(0, {}, PLAIN), (59, {}, PLAIN)]),
        ("earlier than allowed", [(0, {}, Reply(200, {"Cache-Control": "max-age=700"}, b"", 3)), (600, {}, PLAIN)]),
        ("inside a Retry-After", [(0, {}, Reply(429, {"Retry-After": "700"})), (600, {}, PLAIN)]),
        ("a cookie or a Referer", [(0, {"cookie": "a=1"}, PLAIN)]),
        ("more than two at once to a host", [(at, {}, Reply(200, {}, b"", 3, 900.0)) for at in (0, 100, 200)]),
        ("closer than the spacing to a host", [(0, {}, PLAIN), (0.9, {}, PLAIN)]),
        ("a feed that is gone", [(0, {}, Reply(410)), (9 * DAY, {}, Reply(410))]),
        ("a dead feed more than once a day", [(hours * HOUR, {}, Reply(404)) for hours in range(0, 400, 23)]),
        ("no name, no contact or no compression", [(0, {"user-agent": "x"}, PLAIN)]),
    ],
)
def test_the_judge_minds(rule: str, events: list[tuple[float, dict[str, str], Reply]]) -> None:
    score = seen(*events)
    assert score.faults[rule] >= 1
    assert rule in score.table()


def test_the_judge_minds_nothing_of_decent_requests() -> None:
    assert not seen((0, {}, GIVEN), (600, SENT, Reply(304)), (1200, SENT, GIVEN)).faults


def test_the_judge_allows_one_plain_request_after_a_week_of_304s() -> None:
    row = [(hours * HOUR, SENT, Reply(304)) for hours in range(1, 24 * 7 + 2)]
    assert not seen((0, {}, GIVEN), *row, (24 * 7 * HOUR + 3 * HOUR, {}, GIVEN)).faults
    assert seen((0, {}, GIVEN), *row[:-24], (24 * 6 * HOUR + 3 * HOUR, {}, GIVEN)).faults
