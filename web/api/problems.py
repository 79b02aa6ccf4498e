"""Errors of the API as problems (RFC 9457): `application/problem+json`, whoever raised them."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.errors import ConfigError, InputError, ItemFailed, Missing, NotAvailable
from pipeline.revising import Conflict
from rules.names import RuleSyntaxError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong, with its place in the text; lines and columns count from 1, 0 is the whole."""

    message: str
    line: int = 0
    column: int = 0
    hint: str = ""
    item: str = Field("", description="what it is about, such as rules.port-strike.match or query.limit")


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    problems: list[Fault] = Field(default_factory=list, description="each thing that is wrong, where there are several")
    revision: int | None = Field(None, description="the active revision, where another one was edited")
    diff: str | None = Field(None, description="what others changed meanwhile, as a unified diff")


class ProblemError(Exception):
    """A problem raised by the API itself."""

    def __init__(self, status: int, title: str, detail: str = "", problems: list[Fault] | None = None) -> None:
        super().__init__(title)
        self.problem = Problem(title=title, status=status, detail=detail, problems=problems or [])


def missing(what: str) -> ProblemError:
    """There is no such thing."""
    return ProblemError(404, f"there is no {what}")


def answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as an answer."""
    body = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, problem.status, media_type=MEDIA_TYPE, headers=headers)


def register(api: FastAPI) -> None:
    """Have every error of the API be a problem."""

    @api.exception_handler(ProblemError)
    async def raised(_: Request, error: ProblemError) -> JSONResponse:
        return answer(error.problem)

    @api.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        title = str(error.detail or HTTPStatus(error.status_code).phrase)
        return answer(Problem(title=title, status=error.status_code), dict(error.headers or {}))

    @api.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [Fault(message=one["msg"], item=".".join(map(str, one["loc"]))) for one in error.errors()]
        return answer(Problem(title="the request is not valid", status=422, problems=faults))

    @api.exception_handler(InputError)
    async def refused(_: Request, error: InputError) -> JSONResponse:
        return answer(of_input(error))

    @api.exception_handler(NotAvailable)
    async def away(_: Request, error: NotAvailable) -> JSONResponse:
        return answer(Problem(title=error.message, status=503, detail=error.hint), {"retry-after": "10"})

    @api.exception_handler(ItemFailed)
    async def failed(_: Request, error: ItemFailed) -> JSONResponse:
        return answer(Problem(title="it could not be worked out", status=503, detail=error.detail))

    @api.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        logger.error("the API failed", exc_info=error)
        return answer(Problem(title="something went wrong; the log of the web process says what", status=500))


def of_input(error: InputError) -> Problem:
    """What somebody gave is wrong, does not fit what there is, or was overtaken."""
    match error:
        case Conflict():
            return Problem(title=error.message, status=412, detail=error.hint, revision=error.active, diff=error.diff)
        case ConfigError():
            faults = [Fault.model_validate(one, from_attributes=True) for one in error.problems]
            return Problem(title="the watch file is not good so", status=422, problems=faults)
        case RuleSyntaxError():
            fault = Fault(message=error.message, line=error.line, column=error.column, hint=error.hint, item="match")
            return Problem(title="the rule cannot be read", status=422, problems=[fault])
    status = 404 if isinstance(error, Missing) else 409
    return Problem(title=error.message, status=status, detail=_hint(error))


def _hint(error: InputError) -> str:
    """A hint that is not about a command."""
    return "" if "`wirewatch" in error.hint else error.hint


ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in (400, 401, 404, 409, 422, 503)
}
EDITED: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in (412, 428)
}
