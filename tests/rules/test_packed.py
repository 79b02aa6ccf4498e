import pytest
from hypothesis import given

from rules.packed import Broken, Packer, Sections, Unpacker, framed
from rules.parse import parse
from rules.tree import Expr, InField, Named, Term, Value, walk
from tests.rules.desk import NAMES
from tests.rules.test_match_against_oracle import qualified


def packed(expr: Expr) -> Expr:
    packer = Packer(lambda _: None)
    tree = packer.pack(expr)
    return Unpacker(packer.named).unpack(tree)


@given(qualified)
def test_a_tree_comes_back_as_it_was_packed(expr: Expr) -> None:
    assert packed(expr) == expr


@pytest.mark.parametrize(
    "rule",
    ["@US NEAR/3 @US AND NOT /a+b/ AND ferry", "$sinking OR #visit", 'source:"VOA*" AND title:(first/3(ship*))'],
)
def test_names_and_patterns_come_back_too(rule: str) -> None:
    assert packed(parse(rule, NAMES)) == parse(rule, NAMES)


def test_a_name_is_one_object_however_often_it_is_used_and_every_term_is_seen() -> None:
    seen: list[Term] = []
    packer = Packer(seen.append)
    trees = [packer.pack(parse("@Biden AND ferry", NAMES)), packer.pack(parse("@Biden AND boat", NAMES))]
    unpacker = Unpacker(packer.named)
    first, second = (next(one for one in walk(unpacker.unpack(tree)) if isinstance(one, Named)) for tree in trees)
    assert first is second
    assert seen[-1] == Term(("boat",))
    assert len(packer.named) == 1


def test_one_tuple_of_words_is_no_tuple_of_parts() -> None:
    for expr in (Term(("a",)), Term(("a", "b"), True, False, "en"), InField("title", Value("lang", "en"))):
        assert packed(expr) == expr


def test_a_file_gives_its_sections_back_and_one_that_changed_is_refused() -> None:
    import numpy as np

    file = framed({"a": b"xyz", "numbers": np.arange(5, dtype=np.int32), "b": b""})
    sections = Sections(memoryview(file))
    assert bytes(sections.bytes("a")) == b"xyz"
    assert sections.ints("numbers").tolist() == [0, 1, 2, 3, 4]
    assert bytes(sections.bytes("b")) == b""
    for broken in (b"", file[:-1], file + b"x", file[:40] + b"?" + file[41:], b"another" + file[7:]):
        with pytest.raises(Broken):
            Sections(memoryview(broken))
