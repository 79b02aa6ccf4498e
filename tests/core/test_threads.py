"""No thread is started that could not begin."""

from __future__ import annotations

import threading

import pytest

from core.threads import Threads, require_room

MORE_THAN_THERE_CAN_BE = 1 << 50  # bytes; addresses have 47 bits


def no_room(size: int = 0) -> None:
    raise MemoryError


def test_room_that_is_there_is_not_kept_and_room_that_is_not_is_told() -> None:
    for _ in range(1_000):
        require_room(1_000_000_000)
    with pytest.raises(MemoryError):
        require_room(MORE_THAN_THERE_CAN_BE)


def test_where_a_thread_could_not_begin_nobody_waits_for_it_and_those_that_are_there_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Threads(1) as one, Threads(1) as other:
        began = one.submit(threading.get_ident).result()
        monkeypatch.setattr("core.threads.require_room", no_room)
        assert one.submit(threading.get_ident).result() == began
        with pytest.raises(MemoryError):
            other.submit(threading.get_ident)
        monkeypatch.undo()
        assert other.submit(threading.get_ident).result() != began


def test_threads_that_are_all_started_go_on_where_no_more_could_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    with Threads(3).start_all() as all_three:
        monkeypatch.setattr("core.threads.require_room", no_room)
        together = threading.Barrier(4)
        for _ in range(3):
            all_three.submit(together.wait)
        together.wait()
