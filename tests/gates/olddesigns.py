"""Designs of sites that keep their article in elements meant for something else, or say nothing of it."""

from __future__ import annotations

from tests.gates.articles import Article, html_of, words_of
from tests.gates.layouts import SHARING, byline, footer, head, heading, layout, list_of, menu, page, teasers
from tests.gates.words import words


@layout(silent="author date canonical", held=True)
def bare(a: Article) -> str:
    return (
        f"<html><head><title>{a.title}</title></head><body><h2>{a.title}</h2>"
        f"{''.join(f'<p>{words_of(block)}' for block in a.blocks)}<p><a href='/'>Back</a></body></html>"
    )


@layout(silent="author", held=True)
def brief(a: Article) -> str:
    return page(
        a, f"{menu(a)}<div class='ticker'>{list_of(a, 12)}</div>{heading(a)}<div class='txt'>{a.html}</div>{footer(a)}"
    )


@layout()
def brs(a: Article) -> str:
    text = "<br><br>\n".join(words_of(block) for block in a.blocks)
    return page(
        a,
        f'{menu(a)}<div id="wrapper"><div id="article">{heading(a)}{byline(a)}<div class="articletext">'
        f"{text}<br><br>"
        f'<a href="javascript:history.back()">&laquo;</a></div></div><div id="boxes">{teasers(a, 5)}</div>'
        f"</div>{footer(a)}",
    )


@layout(silent="author canonical", held=True)
def cjk(a: Article) -> str:
    text = "".join(f"<p>\u3000\u3000{words_of(block)}</p>" for block in a.blocks)
    more = f'<meta name="publishdate" content="{a.date}"><meta name="keywords" content="news">'
    return page(
        a,
        f'<div class="nav">{list_of(a, 4)}</div><div class="main"><h1>{a.title}</h1><div class="pages-date">'
        f"{a.date} 08:15 <span>"
        f'{a.author}</span></div><div class="pages_content" id="UCAP">{text}</div><div class="editor">'
        f"【{words(a.language).share}】"
        f'</div></div><div class="hot"><h3>{words(a.language).related}</h3>{list_of(a, 8, after=4)}</div>'
        f"{footer(a)}",
        og=False,
        more=more,
    )


@layout()
def dateline(a: Article) -> str:
    first, *rest = a.blocks
    paragraphs = "".join(html_of(block) for block in rest)
    return page(
        a,
        f'{menu(a)}<div class="story-wrap"><h1>{a.title}</h1><p class="byline">{a.author}</p><p class="stamp">'
        f"{a.date:%d.%m.%Y} "
        f"08:15</p><p>{first}</p>{paragraphs}<p class='sign'>(<a href='/agency'>WIR</a>)</p></div>"
        f"<div class='strip'>{teasers(a, 4)}</div>{footer(a)}",
    )


@layout()
def form(a: Article) -> str:
    text = "".join(f'<p><font face="Verdana" size="2">{words_of(block)}</font></p>' for block in a.blocks)
    return page(
        a,
        '<form method="post" action="./news.aspx" id="aspnetForm"><input type="hidden" name="__VIEWSTATE" '
        f'value="{"dDw" * 300}">'
        f'<div id="ctl00_menu">{menu(a)}</div><div id="ctl00_main"><span id="ctl00_title" class="Title"><h1>'
        f"{a.title}</h1></span>"
        f'<span id="ctl00_date">{byline(a)}</span><span id="ctl00_text">{text}</span></div><div id="ctl00_right">'
        f"{list_of(a, 9)}</div></form>{footer(a)}",
    )


@layout(held=True)
def newsletter(a: Article) -> str:
    rows = "".join(
        f'<tr><td style="font:bold 18px serif">{words_of(block)}</td></tr>'
        if block.startswith("## ")
        else f'<tr><td style="padding:8px"><p>{words_of(block)}</p></td></tr>'
        for block in a.blocks
    )
    return page(
        a,
        f'<table width="100%"><tr><td align="center"><a href="{a.url}">View in browser</a></td></tr><tr><td>'
        '<table width="600">'
        f"<tr><td><h1>{a.title}</h1></td></tr><tr><td>{byline(a)}</td></tr>{rows}<tr><td>{SHARING}</td></tr>"
        '<tr><td style="font-size:10px">Sent to you because you signed up. <a href="/u">Unsubscribe</a></td>'
        "</tr></table></td></tr>"
        f"</table>",
    )


@layout(silent="author date")
def preformatted(a: Article) -> str:
    text = "\n\n".join(words_of(block) for block in a.blocks)
    return (
        f'<html lang="{a.language}"><head><title>{a.title}</title><link rel="canonical" href="{a.url}"></head>'
        "<body>"
        f"<h1>{a.title}</h1><pre>{text}</pre><hr><a href='/'>Index</a></body></html>"
    )


@layout(held=True)
def print_(a: Article) -> str:
    return (
        f"<html lang='{a.language}'>{head(a)}<body onload='window.print()'><p>{a.layout.title()} Gazette</p>"
        f"<hr>{heading(a)}"
        f"{byline(a)}{a.html}<hr><p>Printed from <a href='{a.url}'>{a.url}</a> on 1 May 2025</p></body></html>"
    )


@layout(held=True)
def soup(a: Article) -> str:
    text = "".join(f'<div class="css-{n}x9a"><span>{words_of(block)}</span></div>' for n, block in enumerate(a.blocks))
    return page(
        a,
        f'<div class="css-1"><div class="css-2">{menu(a)}</div><div class="css-3"><div class="css-4">'
        f'{a.title}</div><div class="css-5">'
        f'{byline(a)}</div><div class="css-6">{SHARING}</div><div class="css-7">{text}</div></div><div '
        'class="css-8">'
        f"{teasers(a, 6)}</div></div>{footer(a)}",
    )


@layout()
def spans(a: Article) -> str:
    text = "".join(f"<story-block><span class='t'>{words_of(block)}</span></story-block>" for block in a.blocks)
    return page(
        a,
        f"<app-root><app-menu>{menu(a)}</app-menu><app-story><h1>{a.title}</h1><story-meta>"
        f"{byline(a)}</story-meta><story-text>"
        f"{text}</story-text></app-story><app-more>{teasers(a, 5)}</app-more></app-root>{footer(a)}",
    )


@layout()
def tables(a: Article) -> str:
    text = "".join(f"<p><font size=3>{words_of(block)}</font></p>" for block in a.blocks)
    return page(
        a,
        "<table width=760 border=0><tr><td colspan=3 bgcolor=navy><img src=/logo.gif></td></tr><tr><td "
        "width=120 valign=top>"
        f"{list_of(a, 10)}</td><td valign=top><h1>{a.title}</h1>{byline(a)}{text}</td><td width=160 "
        "valign=top><table><tr><td>"
        f"<b>Weather</b></td></tr><tr><td>Rain, 11 degrees</td></tr></table></td></tr></table>{footer(a)}",
    )


@layout(charset="windows-1251", held=True)
def win1251(a: Article) -> str:
    text = "".join(html_of(block) for block in a.blocks)
    return page(
        a,
        f'{menu(a)}<div class="b-material"><h1>{a.title}</h1>{byline(a)}<div class="b-material__text js-text">'
        f"{text}</div>"
        f'<div class="b-social">{SHARING}</div><div class="b-read-also"><b>{words(a.language).related}</b>'
        f"{list_of(a, 4)}</div></div>"
        f"{footer(a)}",
    ).replace('charset="utf-8"', 'charset="windows-1251"')
