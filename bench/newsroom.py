"""Made-up rules and the articles they are tried on: the same Zipfian words, people, companies and countries in both.

`Newsroom(seed)` gives rules as a newsroom writes them and articles of about 5 KB, of which each satisfies a few
rules in ten thousand. `hostile` rules are made of the commonest words only.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from bench import words
from rules.concepts import shipped
from rules.document import ArticleText
from rules.names import Entity, Names
from rules.ruletexts import WithChanges

_LISTS = {
    "function": """
        the of to in a and that on is was for with as by it at he from are be his has have said not they an this which
        were who will had but their more or been its would after we about she one i her also than up there out some
        when all new two over first last people year years time now no can other what could into if so like just
        because most may before only him against where many through while day week government state president country
        world company million minister police city report market group officials made back being under between during
        still them then""",
    "onsets": "b c d f g h l m n p r s t v w br ch cl cr dr fl gr pl pr sh st str th tr",
    "vowels": "a e i o u ai ea ee io ou",
    "codas": "n r s t l m nd nt rt st ck ll ng ss",
    "countries": "US VN CN JP KR RU UA FR DE GB IN ID PH TH MY SG AU BR MX TR IR IL EG ZA",
    "concepts": "meet-in-person sanction resign acquire",
    "firms": "Corp Group Holdings Energy Motors Bank Systems Airlines Pharma Foods",
}
_FUNCTION, _ONSETS, _VOWELS, _CODAS, COUNTRIES, _CONCEPTS, _FIRMS = (text.split() for text in _LISTS.values())
_ENDINGS = ("", "", "", "", "s", "s", "ed", "ing")  # of a word in a text; rules have the word itself
_IN_TEXT = """
    the United States,Vietnam,China,Japan,South Korea,Russia,Ukraine,France,Germany,Britain,India,Indonesia,
    the Philippines,Thailand,Malaysia,Singapore,Australia,Brazil,Mexico,Turkey,Iran,Israel,Egypt,South Africa"""
_COUNTRY_NAMES = [name.strip() for name in _IN_TEXT.split(",")]
WORDS, PEOPLE, COMPANIES, PHRASES = 30_000, 20_000, 12_000, 20_000
ARTICLE_WORDS = 630  # about 5 KB


class _Zipf:
    """Numbers below `size`, of which number n is picked in proportion to 1 / (n + shift) ** slope."""

    def __init__(self, chance: random.Random, size: int, slope: float = 1.0, shift: float = 2.7) -> None:
        self._chance = chance
        self._sums = list(accumulate((rank + shift) ** -slope for rank in range(size)))

    def pick(self) -> int:
        return bisect(self._sums, self._chance.random() * self._sums[-1])


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as it stands in a file."""

    id: str
    text: str
    title: str = ""


class Newsroom:
    """Words, people, companies and phrases that its rules and its articles share. `chance` decides everything."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = chance = random.Random(seed)
        made: dict[str, None] = dict.fromkeys(_FUNCTION)
        while len(made) < WORDS:
            made.setdefault("".join(self._syllable() for _ in range(chance.choice((1, 2, 2, 3, 3)))))
        self.words = list(made)
        self.people = [f"{chance.choice(words.GIVEN)} {self._name()}" for _ in range(PEOPLE)]
        self.companies = [f"{self._name()} {chance.choice(_FIRMS)}" for _ in range(COMPANIES)]
        self._in_text, self._wanted = _Zipf(chance, WORDS), _Zipf(chance, WORDS - 400, 0.7, 60)
        self.phrases = [f"{self._word()} {self._word()}" for _ in range(PHRASES)]
        self._person, self._company = _Zipf(chance, PEOPLE, 0.5), _Zipf(chance, COMPANIES, 0.5)
        self._country, self._phrase = _Zipf(chance, len(COUNTRIES), 0.7), _Zipf(chance, PHRASES, 0.4, 20)
        self.concepts = [name for name in _CONCEPTS if name in shipped()]
        self._kinds = (
            (self._person_and_words, 20), (self._countries_near, 8), (self._near_phrase, 12), (self._company_near, 15),
            (self._in_title, 6), (self._in_sentence, 8), (self._three_words, 9), (self._country_phrase, 7),
            (self._bracketed, 8), (self._exact, 4), (self._concept, 3),
        )  # fmt: skip

    def names(self) -> Names:
        """The entities and concepts that the rules use."""
        return Names(entities={code: Entity(country=code) for code in COUNTRIES}, concepts=WithChanges(shipped(), {}))

    # -- rules

    def rules(self, count: int) -> list[RuleText]:
        """So many rules in the mix of a newsroom."""
        kinds, weights = zip(*self._kinds, strict=True)
        made = self.chance.choices(kinds, weights, k=count)
        return [RuleText(f"rule-{number}", make()) for number, make in enumerate(made)]

    def hostile(self, count: int) -> list[RuleText]:
        """Rules of the hundred commonest words."""
        return [RuleText(f"rule-{number}", self._hostile()) for number in range(count)]

    def _hostile(self) -> str:
        a, b, c, d = self.chance.sample(_FUNCTION[:100], 4)
        shapes = (f"{a} AND {b} AND {c} AND {d}", f"({a} OR {b}) NEAR/2 ({c} OR {d})", f'"{a} {b}" AND {c}')
        return self.chance.choice(shapes)

    def _person_and_words(self) -> str:
        return f'"{self.person()}" AND ({self._any(3, 8)})'

    def _countries_near(self) -> str:
        left, right = self.chance.sample(COUNTRIES, 2)
        return f"near/{self._n(20, 60)}(@{left}, @{right}, {self._any(3, 9)})"

    def _near_phrase(self) -> str:
        return f'({self._any(2, 6)}) NEAR/{self._n(5, 15)} "{self.phrase()}"'

    def _company_near(self) -> str:
        return f'"{self.company()}" NEAR/{self._n(8, 25)} ({self._any(3, 8)})'

    def _in_title(self) -> str:
        name = self.company() if self.chance.random() < 0.5 else self.person()
        return f'title:("{name}" OR "{self.person()}") AND ({self._any(1, 3)})'

    def _in_sentence(self) -> str:
        return f'sentence("{self.person()}", {self._any(2, 6)})'

    def _three_words(self) -> str:
        return f"{self._word()} AND {self._word()} AND ({self._any(2, 3)}) AND NOT {self._word()}"

    def _country_phrase(self) -> str:
        return f'@{COUNTRIES[self._country.pick()]} AND "{self.phrase()}"'

    def _bracketed(self) -> str:
        group = f"({self._any(2, 3)}) NEAR/{self._n(3, 9)} ({self._any(2, 3)})"
        return f"({group}) NEAR/{self._n(10, 40)} @{COUNTRIES[self._country.pick()]}"

    def _exact(self) -> str:
        return f"={self.person().split()[1]} AND {self._word()[:5]}* AND ({self._any(1, 3)})"

    def _concept(self) -> str:
        if not self.concepts:
            return self._company_near()
        return f'"{self.company()}" NEAR/{self._n(10, 30)} #{self.chance.choice(self.concepts)}'

    def _any(self, fewest: int, most: int) -> str:
        return " OR ".join(dict.fromkeys(self._word() for _ in range(self.chance.randint(fewest, most))))

    def _n(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)

    def _word(self) -> str:
        """A word that a rule looks for: none of the commonest, and of three letters or more."""
        while len(word := self.words[400 + self._wanted.pick()]) < 3:
            pass
        return word

    # -- articles

    def articles(self, count: int) -> list[ArticleText]:
        """So many articles of about 5 KB."""
        return [self._article(number) for number in range(count)]

    def _article(self, number: int) -> ArticleText:
        names = [self.person() for _ in range(4)] + [self.company() for _ in range(3)]
        names += [_COUNTRY_NAMES[self._country.pick()] for _ in range(3)] + [self.phrase() for _ in range(5)]
        paragraphs: list[str] = []
        written = 0
        while written < ARTICLE_WORDS:
            paragraphs.append(" ".join(self._sentence(names) for _ in range(self.chance.randint(1, 3))))
            written += paragraphs[-1].count(" ") + 1
        title = self._sentence(names, 8).rstrip(".")
        return ArticleText(str(number), title, "\n\n".join(paragraphs), language="en", source="Wire Desk")

    def _sentence(self, names: Sequence[str], length: int = 0) -> str:
        said = [self._piece(names) for _ in range(length or self.chance.randint(9, 26))]
        return f"{said[0][0].upper()}{' '.join(said)[1:]}."

    def _piece(self, names: Sequence[str]) -> str:
        if self.chance.random() < 0.05:
            return self.chance.choice(names)
        word = self.words[self._in_text.pick()]
        word = word if word in _FUNCTION else word + self.chance.choice(_ENDINGS)
        return word + "," if self.chance.random() < 0.05 else word

    def person(self) -> str:
        """A name, the known ones more often."""
        return self.people[self._person.pick()]

    def company(self) -> str:
        """A company's name, the large ones more often."""
        return self.companies[self._company.pick()]

    def phrase(self) -> str:
        """Two words that stand together in rules and texts."""
        return self.phrases[self._phrase.pick()]

    def _name(self) -> str:
        return "".join(self._syllable() for _ in range(self.chance.choice((2, 2, 3)))).capitalize()

    def _syllable(self) -> str:
        end = self.chance.choice(_CODAS) if self.chance.random() < 0.5 else ""
        return self.chance.choice(_ONSETS) + self.chance.choice(_VOWELS) + end
