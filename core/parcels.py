"""A call and its answer as bytes between two processes.

Everything is pickled here and not by the library that carries it: what cannot be pickled then fails its own call, and
an error arrives with its fields even when its class does not survive pickle.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from traceback import format_exception
from typing import Any

from core.errors import WirewatchError


class Left(Exception):
    """The call ended with SystemExit, KeyboardInterrupt or the like, which must not end the process that asked; or for
    want of memory, or with the interpreter confused by that: its process is to do nothing more, since what it was
    loading then may be half there.
    """


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception
    trace: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """An error whose `__init__` does not take its own `args`, as many with fields do."""

    kind: type[Exception]
    args: tuple[Any, ...]
    fields: dict[str, Any]
    trace: str


def packed_call(fn: Callable[..., object], args: tuple[object, ...]) -> bytes:
    """A module's function and its arguments; raises what pickle raises for anything else."""
    return pickle.dumps((fn, args))


_NO_MEMORY = pickle.dumps(_Raised(Left("out of memory"), ""))  # made while there was some


def answered(call: bytes) -> bytes:
    """Make the call; the answer holds what it returned or raised. Raises nothing."""
    try:
        return _made(call)
    except MemoryError:
        return _NO_MEMORY


def _made(call: bytes) -> bytes:
    try:
        fn, args = pickle.loads(call)  # noqa: S301 - our own parent's
        return pickle.dumps(fn(*args))
    except MemoryError:
        raise
    except SystemError as error:  # of the interpreter: an import that memory ran out under ends with "error return …"
        return _packed(Left(repr(error)), "")
    except Exception as error:
        return _packed(error, "".join(format_exception(error)))
    except BaseException as error:
        return _packed(Left(repr(error)), "")


def opened(answer: bytes) -> object:
    """What the call returned; raises what it raised, with the worker's traceback as a note, or Left. A MemoryError is
    this process's own.
    """
    parcel = pickle.loads(answer)  # noqa: S301 - our own worker's
    match parcel:
        case _Raised(error, trace):
            pass
        case _Parts(kind, args, fields, trace):
            error = kind.__new__(kind, *args)
            vars(error).update(fields)
        case _:
            return parcel
    error.add_note(f"in the worker:\n{trace}")
    raise error


def _packed(error: Exception, trace: str) -> bytes:
    for parcel in (_Raised(error, trace), _Parts(type(error), error.args, vars(error), trace)):
        try:
            packed = pickle.dumps(parcel)
            pickle.loads(packed)  # noqa: S301 - packed above
        except Exception:  # noqa: S112 - any class may refuse in any way
            continue
        return packed
    return pickle.dumps(_Raised(WirewatchError(f"{type(error).__name__}: {error}"), trace))
