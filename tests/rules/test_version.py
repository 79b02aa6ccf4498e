"""A compiled index is of another version when anything it was made of is."""

from collections.abc import Iterator
from importlib import metadata

import pytest

from rules import version as versions


def version() -> str:
    versions.version.cache_clear()
    return versions.version()


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    versions.version.cache_clear()


def test_it_stays_while_nothing_changes() -> None:
    assert version() == version()


@pytest.mark.parametrize("library", versions.LIBRARIES)
def test_another_release_of_a_library_is_another_version(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = version(), metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == library else real(name))
    assert version() != before


def test_another_analyser_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version()
    monkeypatch.setattr(versions, "ANALYSER_VERSION", "another")
    assert version() != before
