"""HTML to text, in time that grows with its length only, whatever a feed contains."""

from __future__ import annotations

import re

from core.text import clean, one_line, single_blanks, unescaped

# What no reader sees, where its end is there: a forgotten one must not swallow the text behind it. Neither part looks
# beyond the next beginning of its own kind, so that a thousand beginnings without an end stay cheap.
_HIDDEN = re.compile(
    r"<!--(?:[^-<]|-(?!->)|<(?!!--))*+-->"
    r"|<(script|style|template|noscript|iframe|object|svg|head)\b[^<>]*>[^<]*+(?:<(?!/?\1\b)[^<]*+)*+</\1\s*>",
    re.I,
)
_BLOCK = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|dl|dt|dd|h[1-6]|tr|table|section|article|header|footer|blockquote|pre|figure"
    r"|figcaption)\b[^<>]*>",
    re.I,
)
# A tag begins with a letter: "a < b" stays. Neither part looks beyond the next "<", so a failed try stays short.
_TAG = re.compile(r"</?[a-z](?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*>|</?[a-z][^<>]*>|<[!?][^<>]*>", re.I)
_BREAK = "\x00"  # stands for the end of a paragraph while blanks are collapsed
_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def text_of(markup: str) -> str:
    """The words of `markup`, each paragraph on a line of its own. Entities are read once, after the tags are gone.

    Line ends inside a paragraph are blanks: a sentence wrapped at 80 characters stays one sentence.
    """
    if "<" not in markup:
        return paragraphs_of(unescaped(markup))
    marked = _BLOCK.sub(_BREAK, _HIDDEN.sub(" ", markup.replace(_BREAK, "")))
    parts = _TAG.sub("", marked).split(_BREAK)
    return "\n".join(filter(None, (one_line(unescaped(part)) for part in parts)))


def paragraphs_of(text: str) -> str:
    """Plain text in the same form: empty lines part its paragraphs, other line ends are blanks."""
    text = clean(text)
    if "\n" not in text:
        return single_blanks(text)
    parts = _EMPTY_LINES.split(text)
    return "\n".join(filter(None, (" ".join(part.split()) for part in parts)))


def title_of(markup: str, limit: int = 0) -> str:
    """A headline, or a name, as text on one line; cut to `limit` characters when a limit is given."""
    return one_line(text_of(markup) if "<" in markup else unescaped(markup), limit)
