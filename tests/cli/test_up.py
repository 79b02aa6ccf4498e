"""What `up` and `worker` do when a child ends or Prefect's API is away: real processes, an API that answers or not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli import up
from cli.children import REVIVALS, Children
from cli.up import AWAY_S, CLOCK, Watch
from core.errors import InputError, NotAvailable
from core.settings import Settings
from tests.sinks.http import Answer, HttpSink

STAYS = ("timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)")
ENDS = ("timeit", "-n", "1", "-r", "1", "raise SystemExit(3)")


@pytest.fixture
def api() -> Iterator[HttpSink]:
    """Prefect's API, as far as its health goes."""
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def children(api: HttpSink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """One of them runs; our own clock would be a process that does nothing."""
    monkeypatch.setattr(up, "OUR_CLOCK", STAYS)
    made = Children({**os.environ, "PREFECT_API_URL": api.url("/api")})
    made.start("other", *STAYS)
    yield made
    for child in made._running.values():
        child.kill()
        child.wait()


def let_end(children: Children, name: str) -> None:
    """Wait until it has ended."""
    until = time.monotonic() + 30
    while name not in children.ended():
        assert time.monotonic() < until
        time.sleep(0.01)


def end(children: Children, name: str) -> None:
    """Kill it."""
    children._running[name].kill()
    let_end(children, name)


def test_what_serves_runs_rests_while_the_api_is_away_and_our_own_clock_keeps_the_minute(
    api: HttpSink, children: Children, capsys: pytest.CaptureFixture[str]
) -> None:
    children.start("flows", *STAYS)
    watch = Watch(children, prefect=True, answered=0.0, back=0.0)
    api.choose = lambda _: Answer(503)
    for second in range(0, 1800, 60):  # half an hour
        if second == 60:
            end(children, "flows")
        assert watch.look(float(second))
    assert (children.resting, CLOCK in children, "other" in children) == ({"flows"}, True, True)
    assert "flows ended by itself (exit code -9) while Prefect's API is away" in capsys.readouterr().err
    api.choose = None
    assert watch.look(1800.0)
    assert (children.resting, "flows" in children, CLOCK in children) == (set(), True, True)
    assert watch.look(1800.0 + AWAY_S)  # it has been back long enough for what serves to have noticed
    assert CLOCK not in children


def test_a_server_of_prefects_that_does_not_start_keeps_nothing_from_being_told(
    api: HttpSink, children: Children, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.choose = lambda _: Answer(503)
    monkeypatch.setattr(children, "start", lambda name, *_: Children.start(children, name, *ENDS))  # a damaged database
    children.environ = {**children.environ, "PREFECT_HOME": "the folder"}
    up._start_prefect(children, Settings(_env_file=None))
    assert "out of the way: the folder" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(up, "OUR_CLOCK", STAYS)
    children.start("flows", *ENDS)
    let_end(children, "flows")
    assert Watch(children, prefect=True).look(time.monotonic())
    assert CLOCK in children


def test_our_own_clock_starts_after_two_minutes_when_what_serves_runs_stays(api: HttpSink, children: Children) -> None:
    children.start("worker", *STAYS)
    watch = Watch(children, prefect=True, answered=0.0, back=0.0)
    api.choose = lambda _: Answer(503)
    assert watch.look(AWAY_S)
    assert CLOCK not in children
    assert watch.look(AWAY_S + 2)
    assert CLOCK in children


@pytest.mark.parametrize(("name", "goes_on"), [("page", True), ("prefect", True), ("flows", False), (CLOCK, False)])
def test_only_what_polls_and_tells_takes_all_else_with_it_when_it_keeps_ending(
    api: HttpSink, children: Children, name: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "AWAY_S", 1e9)
    watch = Watch(children, prefect=True, answered=0.0, back=0.0)
    children.start(name, *ENDS)
    for second in range(REVIVALS):
        let_end(children, name)
        assert watch.look(float(second))
    let_end(children, name)
    assert watch.look(float(REVIVALS)) is goes_on
    assert (name in children.resting) is goes_on
    if goes_on:
        assert watch.look(601.0)
        assert name in children


def test_prefects_server_is_asked_without_the_proxy_that_the_environment_names(
    api: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert up.is_healthy(api.url("/api/"))  # however it was written
    up.require_prefect(api.url("/api"), "")
    assert [one.path for one in api.requests] == ["/api/health", "/api/health", "/api/admin/version"]


@pytest.mark.parametrize("excepted", ["", "intranet.example"])
def test_what_up_starts_asks_prefects_server_without_the_proxy_either(
    api: HttpSink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, excepted: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", excepted)
    settings = Settings(_env_file=None, config=tmp_path / "watch.yaml", data=tmp_path)
    for name, value in up.environment(settings, 8080).items():
        monkeypatch.setenv(name, value)
    assert httpx.get(api.url("/api/health")).status_code == 200  # as Prefect's client asks
    assert excepted in os.environ["NO_PROXY"]


@pytest.mark.parametrize(
    ("auth", "said"), [("", "wants PREFECT_API_AUTH_STRING"), ("a:b", "PREFECT_API_AUTH_STRING is not what it wants")]
)
def test_a_server_that_refuses_us_is_told_apart_from_one_that_is_away(api: HttpSink, auth: str, said: str) -> None:
    api.choose = lambda request: Answer(401 if request.path.endswith("/version") else 200)
    with pytest.raises(NotAvailable, match=said):
        up.require_prefect(api.url("/api"), auth)
    api.choose = lambda _: Answer(503)
    with pytest.raises(NotAvailable, match="no Prefect server answers"):
        up.require_prefect(api.url("/api"), auth)


@pytest.fixture
def at_the_usual_place(api: HttpSink, monkeypatch: pytest.MonkeyPatch) -> HttpSink:
    """The API stands where a server is that nobody named an address of."""
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(up, "API", api.url("/api"))
    return api


def test_the_server_that_up_starts_asks_for_a_password_that_only_this_user_can_read(
    at_the_usual_place: HttpSink, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, data=tmp_path / "data")
    environ = up.environment(settings, 8080)
    password = environ["PREFECT_API_AUTH_STRING"]
    assert password.startswith("wirewatch:")
    assert environ["PREFECT_SERVER_API_AUTH_STRING"] == password
    assert up.environment(settings, 8080)["PREFECT_API_AUTH_STRING"] == password
    assert up.password_file(settings).stat().st_mode & 0o077 == 0
    up.password_file(settings).write_text("")  # as a power cut may leave what was just made
    assert up.environment(settings, 8080)["PREFECT_API_AUTH_STRING"].startswith("wirewatch:")
    assert up.environment(Settings(_env_file=None, data=tmp_path), 1)["PREFECT_API_AUTH_STRING"] != password


def test_an_empty_name_of_a_server_is_none(
    at_the_usual_place: HttpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.setenv(name, "")
    at_the_usual_place.choose = lambda _: Answer(body=b'"3.8.8"')
    environ = up.environment(Settings(_env_file=None, data=tmp_path), 8080)
    assert environ["PREFECT_API_URL"] == up.place_of_api(environ) == at_the_usual_place.url("/api")
    assert environ["PREFECT_API_AUTH_STRING"] == environ["PREFECT_SERVER_API_AUTH_STRING"] != ""


@pytest.mark.parametrize("named", ["nonsense", "127.0.0.1:4200/api", "http://127.0.0.1:x/api", "ftp://127.0.0.1/api"])
def test_what_is_no_address_of_a_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("PREFECT_API_URL", named)
    with pytest.raises(InputError, match=f"PREFECT_API_URL {named}: not an address"):
        up.environment(Settings(_env_file=None, data=tmp_path), 8080)


def test_a_server_that_somebody_named_is_asked_with_the_password_that_goes_with_it(
    at_the_usual_place: HttpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, data=tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", at_the_usual_place.url("/api"))
    assert "PREFECT_API_AUTH_STRING" not in up.environment(settings, 8080)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "a:b")
    assert up.environment(settings, 8080)["PREFECT_API_AUTH_STRING"] == "a:b"


@pytest.mark.parametrize(
    ("answer", "ours"),
    [
        pytest.param(Answer(body=b'"3.8.8"'), True, id="a server that takes our password"),
        pytest.param(Answer(401), False, id="another installation's"),
        pytest.param(
            Answer(body=b"<!doctype html>"), False, id="another program, which answers everything with a page"
        ),
    ],
)
def test_two_installations_share_no_server_and_another_programs_port_is_left_alone(
    at_the_usual_place: HttpSink, tmp_path: Path, answer: Answer, ours: bool
) -> None:
    at_the_usual_place.choose = lambda _: answer
    environ = up.environment(Settings(_env_file=None, data=tmp_path), 8080)
    assert (up.place_of_api(environ) == at_the_usual_place.url("/api")) is ours
