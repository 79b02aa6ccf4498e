import random

from hypothesis import given
from hypothesis import strategies as st

from stories.fingerprint import COPY, FEWEST, containment, shingles

WORDS = [f"word{number}" for number in range(3000)]


def text(seed: int, words: int = 400) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_a_text_is_found_again_in_its_excerpt() -> None:
    whole = text(1)
    excerpt = " ".join(whole.split()[100:220])
    assert containment(shingles(whole), shingles(excerpt)) > 0.9


def test_a_copy_with_a_word_in_ten_changed_is_a_copy() -> None:
    words = text(2).split()
    changed = [word if number % 10 else "other" for number, word in enumerate(words)]
    assert containment(shingles(" ".join(words)), shingles(" ".join(changed))) >= COPY


def test_a_copy_under_new_beginning_and_end_is_a_copy() -> None:
    assert containment(shingles(text(3)), shingles(f"{text(4, 150)} {text(3)} {text(5, 150)}")) >= 0.9


def test_texts_of_the_same_words_are_no_copies() -> None:
    assert all(containment(shingles(text(seed)), shingles(text(seed + 1000))) == 0 for seed in range(50))


def test_case_punctuation_and_width_make_no_difference() -> None:
    assert shingles("The ENVOY, said “no” to １０ offers of help. " * 20) == shingles(
        "the envoy said no to 10 offers of help " * 20
    )


def test_scripts_without_spaces_have_shingles_too() -> None:
    chinese = "国家主席在北京人民大会堂同来华进行国事访问的总统举行会谈并签署联合声明宣布全面战略合作伙伴关系" * 4
    assert len(shingles(chinese)) >= 4


def test_hashes_fit_a_signed_column() -> None:
    assert all(0 <= number < 2**63 for number in shingles(text(6, 4000)))


def test_about_one_run_in_eight_is_kept() -> None:
    assert 0.09 < len(shingles(text(7, 8000))) / 8000 < 0.16


def test_too_little_text_says_nothing() -> None:
    few = frozenset(range(FEWEST - 1))
    assert containment(few, few) == 0.0
    assert containment(frozenset(range(100)), frozenset([1, 2, *range(200, 204)])) == 0.0
    assert shingles("four words are few") == frozenset()


@given(st.frozensets(st.integers(0, 40)), st.frozensets(st.integers(0, 40)))
def test_containment_is_a_share_and_symmetric(a: frozenset[int], b: frozenset[int]) -> None:
    assert 0.0 <= containment(a, b) == containment(b, a) <= 1.0
