import pytest

from fetching.entries import ParsedEntry, ParsedFeed
from fetching.faulty import fault_in


def _feed(*titles: str) -> ParsedFeed:
    return ParsedFeed("rss", "A bridge", "", tuple(ParsedEntry(guid=title, title=title) for title in titles))


@pytest.mark.parametrize(
    "title",
    [
        "Bridge returned error 404! (20345)",
        "Error while fetching the feed",
        "HTTP Error 403: Forbidden",
        "Error 502",
        "503 Service Unavailable",
    ],
)
def test_an_entry_that_tells_the_bridges_own_error_is_one(title: str) -> None:
    assert fault_in(_feed(title)) == title


@pytest.mark.parametrize(
    "titles",
    [
        (),
        ("Bridge returned to traffic after repairs",),
        ("Error in the budget: council meets",),
        ("404 people evacuated",),
        ("Bridge returned error 404!", "Mayor opens the harbour"),
        ("Error 502", "Error 502 again", "Error 503: the film"),
    ],
)
def test_news_are_no_error(titles: tuple[str, ...]) -> None:
    assert fault_in(_feed(*titles)) == ""
