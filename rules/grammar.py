"""The grammar of rules, its operators and limits, and the operators of other languages that people bring along."""

from __future__ import annotations

import re
from typing import NamedTuple

from rules.tokens import APOSTROPHES, JOINERS

MAX_CHARACTERS = 20_000
MAX_DEPTH = 32
MAX_DISTANCE = 500  # words
MAX_PARTS = 100  # of AND, near/n(…), any/k(…) and the like; OR has no limit of its own
MIN_PREFIX = 3  # letters
MAX_PATTERN = 500  # characters of a /regex/
IN_WORDS = "-‐‑–—.&" + APOSTROPHES + JOINERS  # what may stand between the letters of a term without quotes

_MORE_OF_A_WORD = rf"(?![\w*]|[{IN_WORDS}]\w)"  # OR-Tools is a word, not an operator
GRAMMAR = r"""
start: expr
?expr: prox | any_of | all_of
any_of: prox (OR prox)+
all_of: prox (AND negation | AND prox)+
negation: NOT prox
?prox: atom
    | atom NEAR atom        -> near
    | atom THEN atom        -> then
    | atom NOT NEAR atom    -> not_near
    | atom UNLESS atom      -> unless
?atom: "(" expr ")"
    | FUNCTION "(" expr ("," expr)* ")"   -> function
    | FIELD atom                          -> in_field
    | VALUE_FIELD value                   -> in_value
    | term
?value: VALUE | PHRASE | "(" value (OR value)* ")" -> values
term: EXACT_PHRASE | PHRASE | EXACT | PREFIX | WORD | NAME | REGEX

OR.3: /OR<more>/
AND.3: /AND<more>/
NOT.3: /NOT<more>/
UNLESS.3: /UNLESS<more>/
NEAR.3: /NEAR\/\d+/
THEN.3: /THEN\/\d+/
FUNCTION.3: /(sentence|paragraph|(near|seq|atleast|any|first)\/\d+)(?=\s*\()/
FIELD.3: /(title|lead|body|author)\s*:/
VALUE_FIELD.3: /(source|url|lang|section)\s*:/
VALUE: /[^\s()",“”„«»]+/
EXACT_PHRASE.2: /=\s*["“”„«»][^"“”„«»]*["“”„«»]/
PHRASE.2: /["“”„«»][^"“”„«»]*["“”„«»]/
REGEX.2: /\/(\\.|[^\/\\\n])+\//
NAME.2: /[@#$][\w.-]*\w/
EXACT.1: /=[^\s()",“”„«»:=@#$\/*]+/
PREFIX.1: /[^\s()",“”„«»:=@#$\/*]+\*/
WORD: /(?!(?:(?:OR|AND|NOT|UNLESS)<more>|(?:NEAR|THEN)\/\d))[^\s()",“”„«»:=@#$\/*]+/
%ignore /\s+/
""".replace("<more>", _MORE_OF_A_WORD)


class Operator(NamedTuple):
    """One operator as people are told about it."""

    example: str
    meaning: str


OPERATORS = {
    "OR": Operator("ferry OR boat", "either"),
    "AND": Operator("ferry AND sank", "both, anywhere in the article"),
    "AND NOT": Operator("ferry AND NOT exercise", "not in articles with the second"),
    "NEAR": Operator("ferry NEAR/5 sank", "at most so many words between them, in any order"),
    "THEN": Operator("ferry THEN/5 sank", "at most so many words between them, in this order"),
    "NOT NEAR": Operator("ferry NOT NEAR/5 museum", "places of the first that are not near the second"),
    "UNLESS": Operator('ferry UNLESS "ferry tale"', "places of the first that do not lie inside the second"),
    "near": Operator("near/10(ferry, sank, Manila)", "all of them, with at most so many other words among them"),
    "seq": Operator("seq/10(ferry, sank, Manila)", "the same, in this order"),
    "sentence": Operator("sentence(ferry, sank)", "all in one sentence"),
    "paragraph": Operator("paragraph(ferry, sank)", "all in one paragraph"),
    "atleast": Operator("atleast/3(ferry)", "in so many separate places of one field"),
    "any": Operator("any/2(ferry, sank, drowned)", "so many of them, in one field"),
    "first": Operator("first/50(ferry)", "within the first so many words"),
}

_QUOTED = re.compile(r'("[^"]*")')
# what other products write → what it is called here (outside quotes)
_FOREIGN = (
    (re.compile(r"\b(?:w|near|within)/(\d+)(?!\s*\()", re.I), r"NEAR/\1"),
    (re.compile(r"\bnear(\d+)\b", re.I), r"NEAR/\1"),
    (re.compile(r"\b(?:onear|pre|adj|then)/?(\d+)\b", re.I), r"THEN/\1"),
    (re.compile(r"\bnot\s+(?:w|near)/(\d+)", re.I), r"NOT NEAR/\1"),
    (re.compile(r"\bingress\s*:", re.I), "lead:"),
    (re.compile(r"\bheadline\s*:", re.I), "title:"),
    (re.compile(r"\s&&?\s"), " AND "),
    (re.compile(r"\s\|\|?\s"), " OR "),
    (re.compile(r"\b(and)\s+(not)\b", re.I), "AND NOT"),
    (re.compile(r"\b(and|or|unless)\b", re.I), lambda found: found[0].upper()),
    (re.compile(r"(?<!AND)(?<!^)\s+NOT\s+(?!NEAR)"), " AND NOT "),
    (re.compile(r"\{(\w+)\}"), r"=\1"),
)


def translated(text: str) -> str:
    """The rule with the operators of other products and lower-case ones replaced by ours; may still be wrong."""
    pieces = _QUOTED.split(text.replace("“", '"').replace("”", '"'))
    for at in range(0, len(pieces), 2):
        for foreign, ours in _FOREIGN:
            pieces[at] = foreign.sub(ours, pieces[at])
    return "".join(pieces)
