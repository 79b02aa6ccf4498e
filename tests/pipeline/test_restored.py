"""What may have been told before a restore, and what surely was not."""

from __future__ import annotations

import pytest

from pipeline.restored import is_from_before
from storage.restored import Restored
from tests.builders import NOON, minutes

LAST = Restored(NOON, NOON - minutes(600), keeping_back=True)


@pytest.mark.parametrize(
    ("published", "seen", "listed", "before"),
    [
        (-1, 5, 3, True),  # its date says so
        (0, 5, 3, True),
        (1, 2, 3, False),
        (None, -1, None, True),  # stored before
        (None, 5, None, True),  # its feed has not answered since
        (None, 5, 5, True),  # listed in the first answer
        (None, 6, 5, False),
        (-720, 6, 5, False),  # midnight: a date without a time
        (-720, 5, 5, True),
    ],
)
def test_news_from_before_a_restore_are_told_by_date_or_by_the_first_answer_after_it(
    published: float | None, seen: float, listed: float | None, before: bool
) -> None:
    said = None if published is None else NOON + minutes(published)
    first = None if listed is None else NOON + minutes(listed)
    assert is_from_before(said, NOON + minutes(seen), LAST, first) is before
