"""Files and addresses that a person named."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from core.settings import Settings
from fetching.client import Failed
from pipeline.asking import answered_alone, told
from pipeline.filters.stream import CHUNK
from pipeline.filters.values import Source


def sources(names: Sequence[str], settings: Settings, size: int = CHUNK) -> Iterator[list[Source]]:
    """Files are read by the workers, `size` at once; addresses are fetched here, one after the other, by the guarded
    client.
    """
    for are_addresses, some in groupby(names, key=lambda name: "://" in name):
        if are_addresses:
            yield from ([asyncio.run(_fetched(name, settings))] for name in some)
        else:
            files = list(map(_file, some))
            yield from (files[at : at + size] for at in range(0, len(files), size))


def _file(name: str) -> Source:
    return Source(name, Path(name).absolute().as_uri(), path=name)


async def _fetched(url: str, settings: Settings) -> Source:
    answer = await answered_alone(settings, url)
    if isinstance(answer, Failed):
        return Source(url, url, error=told(url, answer), reason=answer.reason)
    return Source(url, answer.url, body=answer.body, headers=dict(answer.headers))
