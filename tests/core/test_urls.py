from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import urls
from core.errors import ItemFailed
from core.reasons import Reason

USABLE = [
    "http://example.com",
    "https://example.com:8443/a?b=c#d",
    "HTTP://EXAMPLE.COM/",
    "https://münchen.example/ü?q=ü",
    "https://sub_domain.example.com/",
    "https://example.com./",
    "http://127.0.0.1:8080/feed",
    "http://[2606:4700::1111]/",
    "https://xn--mnchen-3ya.example/",
]
REFUSED = [
    "",
    "example.com/feed",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://",
    "http:///path",
    "http:/example.com",
    "http://exa mple.com/",
    "http://example.com/a b",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1:80\\@example.com/",
    "http://user:secret@example.com/",
    "http://user@example.com/",
    "http://@example.com/",
    "http://example.com/\r\nX: y",
    "http://example.com/\x00",
    "http://exam\u200bple.com/",
    "http://example.com/\u202egpj.exe",
    "http://example.com/\ud800",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:x/",
    "http://[::1",
    "http://[fe80::1%25eth0]/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://%31%32%37.0.0.1/",
    "http://*/",
    "http://..../",
    "http://a..b/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/",
    "http://example.com/" + "a" * 5000,
]


@pytest.mark.parametrize("url", USABLE)
def test_a_usable_url_passes_unchanged(url: str) -> None:
    assert urls.check(url) == url
    assert urls.is_usable(url)


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(ItemFailed) as failure:
        urls.check(url)
    assert failure.value.reason is Reason.BAD_URL
    assert failure.value.detail
    assert not urls.is_usable(url)


def test_the_refusal_of_a_url_with_a_password_does_not_repeat_the_password() -> None:
    with pytest.raises(ItemFailed) as failure:
        urls.check("http://user:secret@example.com/")
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("c", "https://example.com/a/c"),
        ("/c", "https://example.com/c"),
        ("?y=1", "https://example.com/a/b?y=1"),
        ("../../../e", "https://example.com/e"),
        ("//other.example/z", "https://other.example/z"),
        ("  https://other.example/z \n", "https://other.example/z"),
        ("https://other.example/a b", "https://other.example/a%20b"),
        ("https://other.example/a\n  b", "https://other.example/a%20%20b"),
        ("https://other.example/%41?X=%2f#f", "https://other.example/%41?X=%2f#f"),
        ("HTTP://other.example/", "HTTP://other.example/"),
        ("", ""),
        ("  ", ""),
        ("javascript:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("mailto:a@example.com", ""),
        ("http:x", ""),
        ("http://[::1", ""),
        ("https://[]@", ""),
        ("https://user:pw@other.example/", ""),
        ("//other.example\\@127.0.0.1/", ""),
    ],
)
def test_a_link_is_joined_to_the_address_it_stands_on(link: str, absolute: str) -> None:
    assert urls.join("https://example.com/a/b?x=1#here", link) == absolute


def test_a_link_on_a_page_without_a_usable_address_gives_nothing() -> None:
    assert urls.join("", "c") == ""
    assert urls.join("http://[::1", "c") == ""


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.COM/a", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("http://example.com.:80/", "example.com"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("no url", ""),
        ("http://[::1", ""),
    ],
)
def test_the_key_of_politeness_is_host_and_odd_port(url: str, host: str) -> None:
    assert urls.host_of(url) == host


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a/../b/", "https://example.com/b"),
        ("http://example.com:8080/a/", "http://example.com:8080/a"),
        ("https://example.com./a", "https://example.com/a"),
        ("http://[2606:4700::1111]:80/a", "http://[2606:4700::1111]/a"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://example.com/a#top", "https://example.com/a"),
        ("https://example.com/#!/a", "https://example.com/#!/a"),
        ("https://example.com/a?utm_source=x&UTM_medium=y&id=3&fbclid=z", "https://example.com/a?id=3"),
        ("https://example.com/a?b=2&a=1&a=0", "https://example.com/a?a=0&a=1&b=2"),
        ("https://example.com/a?&&", "https://example.com/a"),
        ("https://example.com/a?id=utm_source", "https://example.com/a?id=utm_source"),
        ("https://example.com/a/amp/", "https://example.com/a"),
        ("https://example.com/a/amp/amp", "https://example.com/a"),
        ("https://example.com/a.amp.html", "https://example.com/a.html"),
        ("https://example.com/a?amp=1&x=2", "https://example.com/a?x=2"),
        ("https://example.com/a?outputType=amp", "https://example.com/a"),
        ("https://example.com/amplify/a", "https://example.com/amplify/a"),
        ("https://example.com/%e4?x=%e4", "https://example.com/%E4?x=%E4"),
        ("no url", "no url"),
    ],
)
def test_spellings_of_one_address_have_one_form(url: str, form: str) -> None:
    assert urls.canonical(url) == form


def test_the_addresses_of_one_article_share_a_key() -> None:
    variants = [
        "https://www.example.com/2026/11/story/",
        "http://example.com/2026/11/story",
        "https://m.example.com/2026/11/story?utm_source=rss",
        "https://amp.example.com/2026/11/story",
        "https://mobile.example.com/2026/11/story/amp/",
        "https://example.com/2026/11/story?amp=1#comments",
    ]
    assert {urls.article_key(url) for url in variants} == {"example.com/2026/11/story"}
    assert urls.article_key("https://en.m.wikipedia.example/wiki/A") == "en.wikipedia.example/wiki/A"


def test_different_articles_keep_different_keys() -> None:
    different = [
        "https://example.com/a?id=1",
        "https://example.com/a?id=2",
        "https://news.example.com/a?id=1",
        "https://m.example/a?id=1",
        "https://example/a?id=1",
        "no url",
    ]
    assert len({urls.article_key(url) for url in different}) == len(different)


def _google_news(address: str, path: str = "rss/articles") -> str:
    message = b"\x08\x13\x22" + bytes([len(address)]) + address.encode() + b"\xd2\x01\x00"
    return f"https://news.google.com/{path}/{base64.urlsafe_b64encode(message).decode().rstrip('=')}?oc=5"


STORY = "https://example.com/story?id=3"


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://www.google.com/url?rct=j&sa=t&url=https%3A%2F%2Fexample.com%2Fstory%3Fid%3D3&ct=ga&usg=x",
        "https://google.co.uk/url?q=https://example.com/story%3Fid%3D3",
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2fexample.com%2fstory%3fid%3d3",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fstory%3Fid%3D3&h=x",
        "https://www.google.com/amp/s/example.com/story?id=3",
        "https://example-com.cdn.ampproject.org/c/s/example.com/story?id=3",
        _google_news(STORY),
        _google_news(STORY, "read"),
        f"https://www.google.com/url?url={base64.b16encode(b'').decode()}https%3A%2F%2Fwww.google.com%2Furl%3Furl%3D"
        "https%253A%252F%252Fexample.com%252Fstory%253Fid%253D3",
    ],
)
def test_a_known_redirector_is_unwrapped(wrapped: str) -> None:
    assert urls.unwrap(wrapped) == STORY


def test_an_amp_cache_without_s_leads_to_http() -> None:
    assert urls.unwrap("https://example-com.cdn.ampproject.org/c/example.com/story") == "http://example.com/story"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/url?url=https://other.example/",
        "https://news.google.com/rss/search?q=hanoi",
        "https://www.google.com/search?q=https://example.com",
        "http://[::1",
        "",
    ],
)
def test_what_is_no_redirector_stays_as_it_is(url: str) -> None:
    assert urls.unwrap(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?sa=t&usg=x",
        "https://www.google.com/url?url=javascript:alert(1)",
        "https://www.google.com/url?url=https://user:pw@example.com/",
        "https://news.google.com/rss/articles/CBMiAU_yqLNx",
        "https://news.google.com/rss/articles/abcde",
        "https://news.google.com/articles/",
        "https://example-com.cdn.ampproject.org/x",
        "https://www.google.com/url?url=" * 4 + "https://example.com/",
    ],
)
def test_a_redirector_that_does_not_say_where_it_leads_is_none(url: str) -> None:
    assert urls.unwrap(url) is None


_SEGMENT = st.text(st.sampled_from("aZ09-._~%/ü;=&?#!@:+ "), max_size=20)
_URLS = st.builds(
    "{}://{}{}/{}?{}#{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["example.com", "www.Example.com.", "m.bücher.example", "127.0.0.1", "[2606:4700::1111]"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    _SEGMENT,
    _SEGMENT,
    _SEGMENT,
)


@given(_URLS | st.text())
def test_the_canonical_form_is_its_own_canonical_form(url: str) -> None:
    form = urls.canonical(url)
    assert urls.canonical(form) == form
    assert urls.is_usable(form) == urls.is_usable(url)


@given(_URLS)
def test_the_canonical_form_stays_on_the_host(url: str) -> None:
    assert urls.host_of(urls.canonical(url)) == urls.host_of(url)


@given(st.text(), st.text())
def test_no_text_makes_join_unwrap_or_key_raise(base: str, link: str) -> None:
    joined = urls.join(base, link)
    assert joined == "" or urls.is_usable(joined)
    assert isinstance(urls.article_key(link), str)
    unwrapped = urls.unwrap(link)
    assert unwrapped is None or isinstance(unwrapped, str)


@given(
    st.sampled_from(["x.test", "www.news.example", "m.a-b.co.uk", "x--y.test", "xn--a.test", "1.test"]),
    st.text("abAZ09.~/?=&,;:!*'()$@#-_", max_size=20),
    st.sampled_from(["", "?utm_source=x&a=1", "/amp/", "?b=2&a=1&&", "/..", "/./x", "#x", "#!x", "/.."]),
)
def test_a_plain_address_read_by_hand_is_what_the_library_makes_of_it(host: str, path: str, end: str) -> None:
    url = f"https://{host}/{path}{end}"
    upper = f"HTTPS://{host}/{path}{end}"  # never read by hand
    assert urls.canonical(url) == urls.canonical(upper) or not urls.is_usable(url)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("http://a.example/other?x=1", True),
        ("https://a.example/", True),
        ("https://a.example:8443/", False),
        ("http://a.example:8080/", False),
        ("http://b.example/feed", False),
        ("http://www.a.example/feed", False),
    ],
)
def test_what_is_meant_for_a_site_goes_to_its_host_only_and_no_less_safely(url: str, may: bool) -> None:
    assert urls.same_site("http://a.example/feed", url) is may
    assert not urls.same_site("https://a.example/feed", "http://a.example/feed")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example/x%3By?z=%2F", "/x%3By?z=%2F"),
        ("https://a.example/x%3By#top", "/x%3By"),
        ("https://a.example/x/../y", "/y"),
        ("https://a.example/x y", "/x%20y"),
    ],
)
def test_an_address_is_asked_as_it_stands_unless_it_has_to_be_escaped_or_leads_up(url: str, path: str) -> None:
    assert urls.asked(url).raw_path_qs == path


def test_a_host_that_the_url_library_stumbles_over_is_none() -> None:
    assert urls.host_of("https://[]@") == ""


def test_the_key_of_a_very_long_address_fits_into_an_index_and_keeps_its_host() -> None:
    one, other = (f"https://www.example.com/a?token={letter * 3_000}" for letter in "ab")
    keys = {urls.article_key(one), urls.article_key(other)}
    assert len(keys) == 2
    assert all(key.startswith("example.com/") and len(key.encode()) <= urls.LONGEST_KEY for key in keys)
    assert urls.article_key(one.replace("www.", "m.")) in keys
