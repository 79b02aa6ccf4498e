"""An HTTP receiver on loopback, in threads of its own: for webhooks, and for services that Apprise talks to.

with HttpSink() as sink:
    sink.will(Answer(503), Answer(drop=True))      # the next two requests; then 200 again
    … send to sink.url("/hooks/x") …
    sink.requests                                   # every request that came in whole, in order
    sink.keys                                       # idempotency keys, repeats collapsed
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar

# Answers like those of ntfy, Gotify and Mattermost, as far as their clients look.
TAKEN = b'{"id": "1", "ok": true}'


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets: a status; or no answer at all (`hang`, `drop`), or one byte of it a second (`drip`)."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = TAKEN
    hang: bool = False  # the request is read, nothing comes back until the sink closes
    drop: bool = False  # the request is read, the connection closed
    drip: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `headers` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Its idempotency key, or nothing."""
        return self.headers.get("idempotency-key", "")

    @property
    def json(self) -> Any:
        """Its body as JSON."""
        return json.loads(self.body)


class HttpSink:
    """A context manager. `choose`, when given, answers each request; else what `will` queued, else 200."""

    def __init__(
        self, choose: Callable[[Request], Answer] | None = None, tls: ssl.SSLContext | None = None, *, port: int = 0
    ) -> None:
        self.requests: list[Request] = []
        self.taken: list[Request] = []  # answered with 2xx, or not at all
        self.choose = choose
        self._queued: deque[Answer] = deque()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(self, port)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/", scheme: str = "http") -> str:
        """An address of this sink."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def will(self, *answers: Answer) -> None:
        """Give the next requests these answers, one each."""
        with self._lock:
            self._queued.extend(answers)

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of what was taken, each once: the messages that a receiver's people see."""
        return list(dict.fromkeys(request.key for request in self.taken if request.key))

    def take(self, request: Request) -> Answer:
        """Keep a request and say what it gets."""
        with self._lock:
            self.requests.append(request)
        answer = self.choose(request) if self.choose else self._next()  # one that waits holds up no other request
        if answer.hang or answer.drop or 200 <= answer.status < 300:
            with self._lock:
                self.taken.append(request)
        return answer

    def _next(self) -> Answer:
        with self._lock:
            return self._queued.popleft() if self._queued else Answer()

    def __enter__(self) -> HttpSink:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them, and nothing of them outlives a test
    request_queue_size = 128

    def __init__(self, sink: HttpSink, port: int) -> None:
        self.sink = sink
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]
    timeout = 30.0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        self._give(self.server.sink.take(Request(self.command, self.path, headers, body)))

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815 - names that http.server looks up

    def _give(self, answer: Answer) -> None:
        if answer.hang:
            self.server.sink.closing.wait()
        if answer.hang or answer.drop:
            return
        whole = self._rendered(answer)
        if not answer.drip:
            self.wfile.write(whole)
            return
        for place in range(len(whole)):
            if self.server.sink.closing.wait(1.0):
                return
            self.wfile.write(whole[place : place + 1])

    def _rendered(self, answer: Answer) -> bytes:
        headers = {"Content-Type": "application/json", "Date": self.date_time_string(), "Connection": "close"}
        headers |= {"Content-Length": str(len(answer.body)), **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + (b"" if self.command == "HEAD" else answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at the requests instead."""
