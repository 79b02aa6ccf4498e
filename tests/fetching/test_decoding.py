from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching import decoding
from fetching.decoding import STEP, Body, TooBig, Undecodable

TEXT = b"<rss>" + b"Hanoi " * 40_000 + b"</rss>"


def _raw_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("", bytes),
    ("identity", bytes),
    ("UTF-8", bytes),
    ("none", bytes),
    ("gzip", gzip.compress),
    ("aws-chunked,gzip", gzip.compress),
    (" GZIP ", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _raw_deflate),
]
COMPRESSORS = PACKERS[4:]


def _decoded(encoding: str, packed: bytes, step: int, limit: int = 10_000_000) -> bytes:
    body = Body(encoding, limit)
    for start in range(0, len(packed), step):
        body.add(packed[start : start + step])
    return body.whole()


@pytest.mark.parametrize(("encoding", "pack"), PACKERS)
@pytest.mark.parametrize("step", [1, 7, 1_000_000])
def test_a_body_comes_out_as_it_went_in(encoding: str, pack: Callable[[bytes], bytes], step: int) -> None:
    text = TEXT if step > 1 else TEXT[:300]
    assert _decoded(encoding, pack(text), step) == text
    assert _decoded(encoding, b"", step) == b""


@given(st.binary(max_size=2000), st.integers(1, 50), st.sampled_from(PACKERS))
def test_no_way_of_cutting_a_body_changes_it(text: bytes, step: int, how: tuple[str, Callable[[bytes], bytes]]) -> None:
    encoding, pack = how
    assert _decoded(encoding, pack(text), step) == text


@pytest.mark.parametrize(("encoding", "pack"), COMPRESSORS)
def test_a_body_that_stops_in_the_middle_is_no_body(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)
    for end in (1, 10, len(packed) // 2, len(packed) - 1):
        with pytest.raises(Undecodable):
            _decoded(encoding, packed[:end], 1000)


@pytest.mark.parametrize("step", [1, 100_000])
def test_gzip_members_are_read_one_after_another(step: int) -> None:
    assert _decoded("gzip", gzip.compress(b"one ") + gzip.compress(b"two"), step) == b"one two"


@pytest.mark.parametrize("step", [1, 100_000])
def test_what_follows_a_packed_body_is_ignored(step: int) -> None:
    assert _decoded("gzip", gzip.compress(b"one") + b"\0\0\0", step) == b"one"
    assert _decoded("deflate", zlib.compress(b"one") + b"\0\0\0", step) == b"one"


@pytest.mark.parametrize(("encoding", "pack"), COMPRESSORS)
def test_a_bomb_is_stopped_one_step_after_the_limit(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = Body(encoding, 100_000)
    with pytest.raises(TooBig):
        body.add(pack(bytes(20_000_000)))
    assert len(body._decoded) <= 100_000 + STEP


def test_endless_nothing_is_stopped_too() -> None:
    with pytest.raises(TooBig):
        Body("gzip", 10_000).add(gzip.compress(b"") * 1000)


@pytest.mark.parametrize("encoding", ["zstd", "compress", "gzip, gzip", "gzip,br"])
def test_an_encoding_we_did_not_ask_for_is_named(encoding: str) -> None:
    with pytest.raises(Undecodable, match=encoding[:8]):
        Body(encoding, 1000)


def test_what_is_not_packed_is_not_passed_on_as_if_it_were() -> None:
    for encoding in ("gzip", "deflate"):
        with pytest.raises(Undecodable):
            Body(encoding, 1000).add(b"hello, hello")


class _FakeBrotli(ModuleType):
    """The interface of the brotli module as far as it is used; packs nothing."""

    error = KeyError

    class Decompressor:
        def __init__(self) -> None:
            self._waiting = b""
            self._finished = False

        def process(self, piece: bytes, output_buffer_limit: int) -> bytes:
            if piece == b"broken":
                raise KeyError("corrupt")
            self._waiting += piece
            self._finished |= self._waiting.endswith(b"end")
            out, self._waiting = self._waiting[:output_buffer_limit], self._waiting[output_buffer_limit:]
            return out

        def can_accept_more_data(self) -> bool:
            return not self._waiting

        def is_finished(self) -> bool:
            return self._finished


def _loaded_with(brotli: ModuleType | None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A second copy of the module, as it would be with or without the brotli package."""
    monkeypatch.setitem(sys.modules, "brotli", brotli)
    spec = spec_from_file_location("decoding_copy", decoding.__file__)
    assert spec
    assert spec.loader
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def test_brotli_is_offered_and_read_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    with_brotli = _loaded_with(_FakeBrotli("brotli"), monkeypatch)
    assert with_brotli.ACCEPTED == "gzip, deflate, br"
    body = with_brotli.Body("br", 1_000_000)
    body.add(bytes(200_000) + b"end")
    assert len(body.whole()) == 200_003
    with pytest.raises(with_brotli.TooBig):
        with_brotli.Body("br", 100_000).add(bytes(200_000))
    with pytest.raises(with_brotli.Undecodable, match="corrupt"):
        with_brotli.Body("br", 1000).add(b"broken")
    half = with_brotli.Body("br", 1000)
    half.add(b"half")
    with pytest.raises(with_brotli.Undecodable):
        half.whole()


def test_brotli_is_not_offered_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    without = _loaded_with(None, monkeypatch)
    assert without.ACCEPTED == "gzip, deflate"
    with pytest.raises(without.Undecodable):
        without.Body("br", 1000)


@pytest.mark.timeout(20)
def test_half_a_million_empty_gzip_members_do_not_take_all_the_time() -> None:
    body = Body("gzip", 10_000_000)
    with pytest.raises(Undecodable, match="more than 1000 gzip members"):
        body.add(gzip.compress(b"") * 450_000)
    assert _decoded("gzip", gzip.compress(b"ab") * 1_000, 100_000) == b"ab" * 1_000
