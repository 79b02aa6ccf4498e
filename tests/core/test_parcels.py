from __future__ import annotations

import pytest

from core import parcels
from core.errors import ConfigError, ItemFailed, WirewatchError
from core.reasons import Reason
from tests.core import pool_tasks as tasks


def asked(fn: object, *args: object) -> object:
    return parcels.opened(parcels.answered(parcels.packed_call(fn, args)))  # type: ignore[arg-type]


def test_a_call_answers_with_what_it_returns() -> None:
    assert asked(tasks.add, 1, 2) == 3


def test_an_error_is_raised_where_the_answer_is_opened_with_the_trace_of_where_it_was_raised() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        asked(tasks.divide, 1, 0)
    assert "in divide" in caught.value.__notes__[0]


def test_errors_with_fields_keep_them() -> None:
    with pytest.raises(ItemFailed) as item:
        asked(tasks.fail_item)
    assert (item.value.item, item.value.reason, item.value.detail) == ("https://a.example/", Reason.BAD_FEED, "why")
    assert str(item.value) == "https://a.example/: bad_feed: why"
    with pytest.raises(ConfigError) as config:
        asked(tasks.fail_config)
    assert config.value.problems[0].line == 3


def test_an_error_that_cannot_be_pickled_is_told_in_words() -> None:
    with pytest.raises(WirewatchError, match="ValueError: held"):
        asked(tasks.fail_with_a_lock)


def test_a_result_that_cannot_be_pickled_is_an_error_of_the_call() -> None:
    with pytest.raises(TypeError, match="pickle"):
        asked(tasks.return_a_lock)


def test_a_call_that_is_not_a_call_is_an_error_of_the_call() -> None:
    with pytest.raises(Exception, match="pickle"):
        parcels.opened(parcels.answered(b"not a pickle"))


def test_leaving_the_process_is_an_error_of_its_own() -> None:
    with pytest.raises(parcels.Left, match="SystemExit"):
        asked(tasks.ask_to_exit)


def test_a_function_without_a_module_is_refused_before_it_is_sent() -> None:
    with pytest.raises(AttributeError, match="pickle"):
        parcels.packed_call(lambda: 1, ())


def test_memory_that_ran_out_in_the_worker_is_told_as_such_and_so_is_an_interpreter_it_confused() -> None:
    with pytest.raises(parcels.Left, match="out of memory"):
        asked(tasks.no_memory)
    with pytest.raises(parcels.Left, match="error return without exception set"):
        asked(tasks.confused)


def test_memory_that_runs_out_where_an_answer_is_opened_is_this_process_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = parcels.answered(parcels.packed_call(tasks.add, (1, 2)))

    def no_memory(_: bytes) -> object:
        raise MemoryError

    monkeypatch.setattr("core.parcels.pickle.loads", no_memory)
    with pytest.raises(MemoryError):
        parcels.opened(answer)
