"""`/stories/{id}/evidence.warc.gz`: a story's pages, texts and alerts as a file; recipients are numbers in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from core.clock import SystemClock
from core.errors import Missing
from storage.engine import Database

IN_MEMORY = 4_000_000  # bytes; a larger file is written to the disk
PIECE = 65_536


def router(db: Database) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get("/stories/{story_id:int}/evidence.warc.gz")
    async def evidence(story_id: int) -> Response:
        name = f"story-{story_id}.warc.gz"
        try:
            file = await asyncio.to_thread(_written, db, story_id, name)
        except Missing as error:
            return Response(error.message, 404, media_type="text/plain")
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-encoding": "identity",  # it is compressed as it is
            "cache-control": "no-store",
        }
        return StreamingResponse(_pieces(file), media_type="application/gzip", headers=headers)

    return routes


def _written(db: Database, story_id: int, name: str) -> BinaryIO:
    from pipeline import warc  # warcio imports fsspec where that is installed: a tenth of a second

    file = cast(BinaryIO, SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed when it was sent
    try:
        warc.write(db, story_id, file, now=SystemClock().now(), name=name)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
