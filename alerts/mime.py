"""An e-mail's bytes, put together by hand: `email.message` takes fifteen times as long (3.1 and 0.2 ms), all of it CPU.

What is plain ASCII is written as it is, unfolded: folding long URLs and ids turns them into encoded words. Subjects and
names that need these get them here, for the standard library loses a blank where it folds; UTF-8 headers are its work.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from email.headerregistry import Address
from email.policy import SMTP

LONGEST_LINE = 998  # bytes, without CRLF (RFC 5322)
MOSTLY_ASCII = 0.83  # of the bytes: below it, base64 is shorter than quoted-printable

IN_A_WORD = 39  # bytes of text: encoded and behind "Subject: " they are a line of 73 characters, of 76 allowed

_ASCII = bytes(range(0x80))
_POLICY = SMTP.clone(max_line_length=76, cte_type="7bit")  # of a line with an encoded word (RFC 2047, section 2)
_POLICY_UTF8 = _POLICY.clone(utf8=True)


def mail(
    headers: Iterable[tuple[str, str | Address]], *, text: str, html: str, boundary: str, utf8: bool = False
) -> bytes:
    """A whole message, CRLF lines. `text` and `html` ("" = none) end in whole lines; `utf8` allows it in headers.

    `boundary` must not occur in the parts: make it of something that nobody knows before.
    """
    head = b"".join(_header(name, value, utf8) for name, value in headers) + b"MIME-Version: 1.0\r\n"
    if not html:
        return head + _part(text, "plain")
    line = boundary.encode("ascii")
    parts = b"".join(b"--" + line + b"\r\n" + _part(*one) for one in ((text, "plain"), (html, "html")))
    return (
        head
        + b'Content-Type: multipart/alternative; boundary="'
        + line
        + b'"\r\n\r\n'
        + parts
        + b"--"
        + line
        + b"--\r\n"
    )


def _header(name: str, value: str | Address, utf8: bool) -> bytes:
    if isinstance(value, Address):
        if not (utf8 or value.display_name.isascii()):
            return f"{name}: {_encoded_words(value.display_name)}\r\n <{value.addr_spec}>\r\n".encode("ascii")
        value = str(value)
    fits = len(name) + len(value) + 2 <= LONGEST_LINE
    if fits and value.isascii() and value.isprintable() and "=?" not in value:
        return f"{name}: {value}\r\n".encode("ascii")
    if name == "Subject":
        return f"{name}: {_encoded_words(value)}\r\n".encode("ascii")
    policy = _POLICY_UTF8 if utf8 else _POLICY
    return policy.fold_binary(*policy.header_store_parse(name, value))


def _encoded_words(text: str) -> str:
    """The text in words of RFC 2047, a line each, no character in two of them: readers join them without blanks."""
    words = [b""]
    for character in text.encode("utf-8", "replace").decode():
        if len(words[-1]) + len(character.encode()) > IN_A_WORD:
            words.append(b"")
        words[-1] += character.encode()
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _part(text: str, subtype: str) -> bytes:
    """A part with its headers, in an encoding that every server passes on."""
    body = ("\r\n".join(text.splitlines()) + "\r\n").encode("utf-8", "replace")
    encoding = _encoding(body)
    if encoding == "quoted-printable":
        body = binascii.b2a_qp(body, istext=True)
    elif encoding == "base64":
        body = base64.encodebytes(body).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + body


def _encoding(body: bytes) -> str:
    if body.isascii() and max(map(len, body.splitlines()), default=0) <= LONGEST_LINE:
        return "7bit"
    beyond = len(body.translate(None, _ASCII)) / len(body)
    return "quoted-printable" if 1 - beyond >= MOSTLY_ASCII else "base64"
