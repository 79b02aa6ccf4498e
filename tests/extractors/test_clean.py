"""What leaves a tree and what stays, one design at a time; whole pages are in pages/."""

from __future__ import annotations

import pytest

from extractors.clean import clean
from extractors.page import open_page

URL = "https://www.hills.example/politics/last-mine-vote.html"
PROSE = [
    "The regional parliament of Ostrava Hills voted on Monday to close the last of its coal mines within four years.",
    "Miners who lose their work will be paid until they turn sixty, the finance minister promised on the radio.",
    "A last shift is planned for the spring of 2031, with a brass band at the gate and the bishop in attendance.",
]
OTHER = "Who owns the pits of the northern valley"
LINK = f'<a href="/a/8123">{OTHER}</a>'


def left(inserted: str, *, after: str = "", around: str = "article", head: str = "", url: str = URL) -> str:
    """What is left of what was put between the paragraphs, with single blanks."""
    first, second, third = (f"<p>{paragraph}</p>" for paragraph in PROSE)
    page = f"""<html><head>{head}</head><body><nav><ul><li><a href="/">Home</a></li></ul></nav><{around}>
        <h1>Last mine to close</h1>{first}{second}<!-- -->{inserted}{third}{after}</{around}></body></html>"""
    tree = open_page(page.encode(), url=url).tree
    assert tree is not None
    clean(tree, url)
    text = " ".join(tree.text_content().split())
    for known in ("Home", "Last mine to close", *PROSE):
        assert known in text
        text = text.replace(known, "")
    return " ".join(text.split())


RELATED = [
    f"<p>{LINK}</p>",
    f"<p><strong>{LINK}</strong></p>",
    f"<p>Read more: {LINK}</p>",
    f"<p>▶ {LINK}</p>",
    f"<p>[{LINK}]</p>",
    f"<p>{LINK} (video)</p>",
    f"<p><i>Read more:</i></p><p>{LINK}</p>",
    f"<div>{LINK}</div>",
    f"<div><span>{LINK}</span></div>",
    f"<div class=x><p>{LINK}</p></div>",
    f"<aside><h4>Related</h4>{LINK}</aside>",
    f"<ul><li>{LINK}</li></ul>",
    f"<ol><li><p>{LINK}</p></li><li><a href=/b>Another tale of coal</a></li></ol>",
    f"<dl><dt>See also</dt><dd>{LINK}</dd></dl>",
    f"<h3>{LINK}</h3>",
    f"<blockquote>{LINK}</blockquote>",
    f"<table><tr><td>{LINK}</td></tr></table>",
    f"<a href=/a/8123><p>{OTHER}</p></a>",
    "<a href=/a/8123><h4>Who owns the pits</h4><p>A long story. It begins with a bet.</p></a>",
    f"<div><a href=/a><img src=a></a>{LINK}</div>",
    LINK,
    f"<p>{LINK} | <a href=/b>Another tale of coal</a></p>",
    f"<p>{LINK}</p>" * 3,
    f"<div class=teaser><h3>{LINK}</h3><p>It begins in 1911 with a bet.</p></div>",
]


@pytest.mark.parametrize("inserted", RELATED)
@pytest.mark.parametrize("around", ["article", "div class=story"])
def test_links_to_other_articles_leave_with_what_announces_them(inserted: str, around: str) -> None:
    assert left(inserted, around=around) == ""


@pytest.mark.parametrize("inserted", [design for design in RELATED if "<table>" not in design])
def test_they_leave_the_end_of_an_article_too(inserted: str) -> None:
    assert left("", after=inserted) == ""


@pytest.mark.parametrize(
    "inserted",
    [
        "<p><a href=/law>The full ruling was put on the parliament's own pages on Monday night.</a></p>",
        "<p><a href=/law>“We were told nothing at all about it”</a></p>",
        "<p><a href=https://gov.example/act>Act on the closing of the mines</a></p>",
        "<p><a href=/m>Miners</a> and <a href=/o>owners</a> agree on little else.</p>",
        "<p><a href=/v>Jan Vrba</a> told <a href=/r>Radio Hills</a></p>",
        "<p>See <a href=/l>the full list of the pits</a>.</p>",
        "<p>These are the pits that go first, in the order of the law:</p>"
        "<ul><li><a href=/1>Old Barbara</a></li><li><a href=/2>New Barbara</a></li></ul>",
        "<ul><li><a href=/1>Old Barbara</a></li><li>New Barbara, where it began</li></ul>",
        "<h3>Human rights</h3>",
        "<p>Yes.</p>",
        "<h2><a href=#vote>The vote itself</a></h2>",
    ],
)
def test_links_that_are_of_the_text_stay(inserted: str) -> None:
    assert left(inserted)


def test_a_link_that_stays_is_plain_text_so_that_no_list_of_links_is_seen_in_it() -> None:
    page = open_page(
        f"<html><body><article>{''.join(f'<p>{p}</p>' for p in PROSE)}"
        f"<p><a href=/law>{PROSE[0]}</a></p><p>{PROSE[1]} x</p></article></body></html>".encode(),
        url=URL,
    )
    assert page.tree is not None
    clean(page.tree, URL)
    assert page.tree.find(".//a") is None


def test_a_heading_over_related_links_stays_when_there_is_text_under_it() -> None:
    assert left(f"<h3>What comes next</h3><p>{LINK}</p>") == "What comes next"


def test_a_heading_over_nothing_but_related_links_leaves_with_them() -> None:
    links = f"<h3>Stories from the valley</h3><ul><li>{LINK}</li></ul>"
    assert left(f"{links}<h3>What comes next</h3>") == "What comes next"
    assert left("", after=links) == ""


def test_a_mirror_knows_its_site_by_what_the_page_calls_itself() -> None:
    absolute = f"<p>{LINK.replace('/a/', 'https://www.hills.example/a/')}</p>"
    assert left(absolute, url="http://127.0.0.1:8080/x") == OTHER
    assert left(absolute, url="http://127.0.0.1:8080/x", head=f"<link rel=canonical href={URL}>") == ""
    assert left(absolute, url="http://127.0.0.1:8080/x", head=f"<meta property=og:url content={URL}>") == ""


def test_a_page_of_links_keeps_them() -> None:
    assert left(f"<p>{LINK}</p>" * 20).count(OTHER) == 20


def test_a_page_without_paragraphs_or_body_is_left_alone() -> None:
    for page in (b"<p>short</p>", b"<html><frameset><frame></frameset></html>"):
        tree = open_page(page, url="").tree
        assert tree is not None
        clean(tree, "")


# -- captions, players, adverts, boxes


@pytest.mark.parametrize(
    "inserted",
    [
        "<figure><img src=a><figcaption>Miners at the gate</figcaption></figure>",
        "<div class=img-wrap><img src=a><span class=caption>Miners at the gate</span></div>",
        "<p class=wp-caption-text>Miners at the gate</p>",
        "<div><img src=a alt='Miners at the gate of the pit'><div>Miners at the gate of the pit</div></div>",
        "<div class=PhotoCredit>Photo: Jan Vrba</div>",
        "<div class=media-player><h3>Miners sing</h3><div>one moment</div><div>0:00 / 2:12</div></div>",
        "<div class=video><span>01:42</span><span>Miners sing</span></div>",
        "<p>Watch:</p><div id=jw-player-1><span>Miners sing</span></div>",
        "<div class=q><video src=a></video><span>0:12</span><button>Play</button></div>",
        "<p><audio src=a></audio></p>",
        "<iframe src=a>Your browser is too old</iframe>",
        "<div class=k7><span>0:00</span><h4>Miners sing</h4><span>Mute</span></div>",
        "<div class='ad-slot' role=complementary><span>Go on holiday</span></div>",
        "<div id=advertisement-3>Go on holiday</div>",
        "<div class=SponsoredBox><p>Go on holiday</p></div>",
        "<div class=newsletter-signup><h4>A letter every evening</h4><form><input name=mail></form></div>",
        "<p class=related-intro><b>Also of interest</b></p>",
        "<div class=see-also><p>Also of interest</p></div>",
        "<blockquote class=pull><p>Miners who lose their work are paid until they turn sixty</p>"
        "<cite>The minister</cite></blockquote>",
        "<blockquote><p>Miners who lose their work will be paid until they turn sixty</p></blockquote>",
        "<div class=pullquote>Miners who lose their work are paid until they turn sixty</div>",
        "<aside class=pull-quote>Miners who lose their work will be paid until they turn sixty</aside>",
        "<script>var x = '<p>text</p>'</script><style>p{}</style><svg><title>arrow</title></svg>",
    ],
)
def test_what_stands_in_an_article_and_is_not_of_it_leaves(inserted: str) -> None:
    assert left(inserted) == ""


LONG = "The owners of the mine, a company from the capital, said they had learnt of it from the radio. " * 2


@pytest.mark.parametrize(
    "inserted",
    [
        f"<div class=video-page><p>{LONG}</p></div>",
        f"<div class=has-ad><p>{LONG}</p></div>",
        f"<section class=related><p>{LONG}</p></section>",
        f"<div class=with-caption><p>{LONG}</p><p>{LONG}</p></div>",
        f"<figure><p>{LONG}</p></figure>",
        "<figure><table><tr><td>Coal</td><td>12</td></tr></table></figure>",
        "<p class=teaser>It took them nine hours, two of which went by in silence, to come to a vote at all.</p>",
        "<blockquote><p>Nobody asked us, and nobody will.</p></blockquote>",
        "<div class=pullquote>Nobody asked us, and nobody will.</div>",
        "<p>She wrote down what she had seen on the wall of the pit:</p><figure><img></figure>",
        "<p class=loading>Yes.</p>",
        "<ul><li><span>14:05</span> <span>The minister speaks.</span></li></ul>",
        "<div><span>14:05</span><h4>The minister speaks.</h4></div>",
        "<p class=shadow>Yes.</p>",
    ],
)
def test_text_stays_whatever_its_design_calls_it(inserted: str) -> None:
    assert left(inserted)


def test_a_time_in_a_sentence_stays_a_time_in_a_dateline_does_not_matter() -> None:
    page = f"<html><body><p>{PROSE[0]} It was <time>half past ten</time> then.</p><time>11 April</time></body></html>"
    tree = open_page(page.encode(), url="").tree
    assert tree is not None
    clean(tree, "")
    assert [time.text for time in tree.iter("time")] == ["11 April"]
    assert "It was half past ten then." in tree.text_content()
