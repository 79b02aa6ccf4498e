import pytest

from stories.wires import wire_of

BODY = "\nThe two sides agreed on many things. " * 30


@pytest.mark.parametrize(
    ("dateline", "wire"),
    [
        ("HANOI, April 14 (Reuters) - The two sides agreed.", "reuters"),
        ("HANOI, Vietnam (AP) — The two sides agreed.", "ap"),
        ("Paris (AFP) – Les deux parties", "afp"),
        ("Berlin (dpa/bb) - Die beiden Seiten", "dpa"),
        ("Madrid, 3 may (EFE).- Las dos partes", "efe"),
        ("(ANSA) - ROMA, 3 MAG - Le due parti", "ansa"),
        ("(Reuters) - The two sides agreed.", "reuters"),
        ("[東京 19日 ロイター] - 日銀は", "reuters"),
        ("【ロイター】日銀は", "reuters"),
        ("新华社河内4月14日电 双方", "xinhua"),
        ("（路透社）双方", "reuters"),
    ],
)
def test_a_dateline_credits_its_agency(dateline: str, wire: str) -> None:
    assert wire_of(dateline + BODY) == wire


@pytest.mark.parametrize(
    ("credit", "wire"),
    [
        ("Reuters", "reuters"),
        ("(AFP)", "afp"),
        ("Source: dpa", "dpa"),
        ("Quelle: dpa/AFP", "dpa"),
        ("avec AFP", "afp"),
        ("Nguồn: TTXVN", "vna"),
        ("© 2024 AFP", "afp"),
        ("Copyright 2024 The Associated Press. All rights reserved.", "ap"),
        ("(Reporting by Alice Miller in Hanoi; Editing by Bob Jones)", "reuters"),
        ("来源：新华社", "xinhua"),
    ],
)
def test_a_credit_line_at_the_end_counts(credit: str, wire: str) -> None:
    assert wire_of(f"{BODY}\n{credit}") == wire


@pytest.mark.parametrize(
    ("author", "wire"),
    [
        ("Reuters", "reuters"),
        ("By Reuters Staff", "reuters"),
        ("Agence France-Presse in Paris", "afp"),
        ("Alice Miller, Associated Press", "ap"),
        ("Alice Miller and AFP", "afp"),
        ("dpa/Bob Jones", "dpa"),
        ("Michael Bloomberg", ""),
        ("Alice Miller", ""),
        ("Papa Smith", ""),
    ],
)
def test_an_author_line_may_name_an_agency(author: str, wire: str) -> None:
    assert wire_of(BODY, author) == wire


@pytest.mark.parametrize(
    "text",
    [
        "HANOI (AP Photo/Alice Miller) - The two sides agreed." + BODY,
        "Photo: AFP\nThe two sides agreed." + BODY,
        "The minister told Reuters (AFP had it first) that" + BODY,
        BODY + "\nThe minister told Reuters on Friday.",
        BODY + "\nPhoto: Reuters",
        "",
    ],
)
def test_pictures_and_quotations_are_no_credit(text: str) -> None:
    assert wire_of(text) == ""


def test_the_author_line_goes_before_the_text() -> None:
    assert wire_of("PARIS (AFP) - " + BODY, "Reuters") == "reuters"
