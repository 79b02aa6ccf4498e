"""Which texts are copies of one another: sampled 5-gram hashes, and how much of the smaller the larger contains."""

from __future__ import annotations

from itertools import accumulate

from xxhash import xxh64_intdigest

from stories.words import written

GRAM = 5  # words
SAMPLE = 8  # one hash in so many is kept: 0.46 ms an article, and copies cut to 30 % are still found
COPY = 0.3  # containment from which a text is a copy or light rewrite: 0 false of 60,000 pairs
FEWEST = 6  # hashes the smaller text must have (some 50 words): fewer say nothing
FEWEST_SHARED = 3  # hashes: two phrases that everybody writes are no copy


def shingles(text: str) -> frozenset[int]:
    """The sampled hashes of a text's runs of five words, each below 2**63 so that databases can keep it."""
    words = [word.encode("utf-8", "surrogatepass") for word in written(text)]
    joined = b" ".join(words)
    ends = list(accumulate(map(len, words), lambda end, length: end + 1 + length))
    starts = (end - len(word) for end, word in zip(ends, words, strict=True))
    hashes = [xxh64_intdigest(joined[start:end]) for start, end in zip(starts, ends[GRAM - 1 :], strict=False)]
    return frozenset(number >> 1 for number in hashes if number % SAMPLE == 0)


def containment(a: frozenset[int], b: frozenset[int]) -> float:
    """The share of the smaller set that is in the other, 0 to 1; 0 when there is too little to compare."""
    smaller = min(len(a), len(b))
    if smaller < FEWEST or (shared := len(a & b)) < FEWEST_SHARED:
        return 0.0
    return shared / smaller
