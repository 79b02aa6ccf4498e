"""Designs of sites that keep their article in elements meant for it, with much around and between."""

from __future__ import annotations

import json
from html import escape

from tests.gates.articles import Article, html_of, others, words_of
from tests.gates.layouts import (
    SHARING,
    between,
    byline,
    footer,
    heading,
    jsonld,
    layout,
    list_of,
    menu,
    page,
    teasers,
)
from tests.gates.words import words


@layout()
def amp(a: Article) -> str:
    inner = between(
        a, lambda n: f'<amp-ad width="300" height="250" type="x" data-slot="/{n}"><div fallback></div></amp-ad>'
    )
    return page(
        a,
        f'<amp-sidebar id="s" layout="nodisplay">{list_of(a, 4)}</amp-sidebar>{menu(a)}<article>'
        f"{heading(a)}{byline(a)}"
        f'<amp-img src="/i/{a.id}.jpg" width="16" height="9" layout="responsive"></amp-img>{inner}'
        '<amp-social-share type="x"></amp-social-share></article><amp-analytics><script '
        f'type="application/json">{{}}'
        f"</script></amp-analytics>{teasers(a, 4)}{footer(a)}",
        more=jsonld(a) + '<script async src="https://cdn.example/v0.js"></script>',
        attributes=" amp",
    )


@layout()
def blog(a: Article) -> str:
    said = words(a.language)
    widgets = (
        f'<div class="widget"><h3>Archives</h3>{list_of(a, 8)}</div><div class="widget"><h3>Tags</h3>'
        f"{list_of(a, 3)}</div>"
    )
    return page(
        a,
        f'{menu(a)}<div id="primary" class="content-area"><main><article class="post type-post hentry">'
        f'<header class="entry-header"><h1 class="entry-title">{a.title}</h1>{byline(a)}</header>'
        f'<div class="entry-content">{a.html}<div class="sharedaddy"><h3>{said.share}:</h3>{SHARING}</div></div>'
        f'<footer class="entry-footer">Posted in <a href="/c">{said.culture}</a>. Bookmark the '
        "permalink.</footer></article>"
        f'<div id="comments"><h2>2 {said.comments}</h2><ol><li><p>{others(a, 1)[0].lead}</p></li></ol></div>'
        "</main></div>"
        f'<aside id="secondary">{widgets}</aside>{footer(a)}',
        more='<meta name="generator" content="Pressroom 6.1"><link rel="alternate" href="/feed">',
    )


@layout()
def comments(a: Article) -> str:
    said = words(a.language)
    posts = "".join(
        f'<li class="comment"><div class="avatar"></div><b>user{n}</b> <time>{n} h</time><p>{words_of(block)}</p>'
        f'<a href="#r{n}">{said.reply}</a></li>'
        for n, block in enumerate([block for one in others(a, 5) for block in one.blocks])
    )
    return page(
        a,
        f'{menu(a)}<main><article>{heading(a)}{byline(a)}<div class="story">{a.html}</div></article>'
        f'<section class="discussion" id="discussion"><h2>{said.comments} (31)</h2><form><textarea></textarea>'
        "</form>"
        f"<ul>{posts}</ul></section></main>{footer(a)}",
    )


@layout(held=True)
def cookie(a: Article) -> str:
    said = words(a.language)
    purposes = "".join(
        f"<div class='purpose'><h4>{n}</h4><p>{said.cookies}</p><input type=checkbox></div>" for n in range(4)
    )
    return page(
        a,
        f'<div id="cmp" role="dialog" class="overlay"><h2>Cookies</h2><p>{said.cookies}</p>{purposes}'
        f"<button>{said.accept}</button></div>{menu(a)}<main>{heading(a)}{byline(a)}<div class='text'>"
        f"{a.html}</div></main>"
        f"{teasers(a, 6)}{footer(a)}",
    )


@layout(held=True)
def drupal(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div class="region region-content"><div class="node node--type-news node--view-mode-full">'
        f'<h1 class="page-title">{a.title}</h1><div class="field field--name-created">{byline(a)}</div>'
        f'<div class="field field--name-field-image"><img src="/i.jpg" alt="{a.title}"></div>'
        '<div class="clearfix text-formatted field field--name-body field--type-text-with-summary '
        f'field__item">{a.html}'
        '</div><div class="field field--name-field-tags"><div class="field__label">Tags</div>'
        f"{list_of(a, 3)}</div></div>"
        f'</div><div class="region region-sidebar">{teasers(a, 5)}</div>{footer(a)}',
    )


@layout()
def embeds(a: Article) -> str:
    def tweet(block: str) -> str:
        if not block.startswith("> "):
            return html_of(block)
        return (
            f'<div class="embed"><blockquote class="microblog-post" data-lang="{a.language}"><p dir="ltr">'
            f"{words_of(block)}"
            '</p>— Name (@name) <a href="https://flock.example/s/1">11:52</a></blockquote><script async '
            'src="//f.example/w.js">'
            f'</script></div><iframe src="https://video.example/v" title="Video"></iframe>'
        )

    return page(
        a,
        f'{menu(a)}<article class="story">{heading(a)}{byline(a)}<div class="share">{SHARING}</div>'
        f"{''.join(map(tweet, a.blocks))}</article>{teasers(a, 6)}{footer(a)}",
    )


@layout(held=True)
def footnotes(a: Article) -> str:
    *text, note = a.blocks
    marked = "".join(html_of(block).replace("</p>", '<sup><a href="#fn1">1</a></sup></p>') if n == 1 else html_of(block)
                     for n, block in enumerate(text))  # fmt: skip
    return page(
        a,
        f'{menu(a)}<article>{heading(a)}{byline(a)}<div class="essay">{marked}<hr><ol class="footnotes"><li '
        f'id="fn1">{note} '
        f'<a href="#fnref1">↩</a></li></ol></div></article>{footer(a)}',
    )


@layout(held=True)
def gallery(a: Article) -> str:
    def picture(number: int) -> str:
        one = others(a, 9)[number]
        return (
            f'<figure><img src="/g/{number}.jpg" alt=""><figcaption>{one.lead} <span class="credit">Photo: '
            f"{one.author}</span>"
            f"</figcaption></figure>"
        )

    return page(
        a,
        f'{menu(a)}<main class="gallery">{heading(a)}{byline(a)}<div class="slides">{between(a, picture, 1)}</div>'
        f"<div class='pager'><a href='?p=2'>2</a> <a href='?p=3'>3</a></div></main>{teasers(a, 3)}{footer(a)}",
    )


@layout()
def headings(a: Article) -> str:
    contents = "".join(
        f'<li><a href="#s{n}">{words_of(b)}</a></li>' for n, b in enumerate(a.blocks) if b.startswith("## ")
    )
    return page(
        a,
        f'{menu(a)}<article>{heading(a)}{byline(a)}<nav class="toc"><ol>{contents}</ol></nav>'
        f"<section>{a.html.replace('<h2>', '</section><section><h2>')}</section></article>"
        f"{list_of(a, 5)}{footer(a)}",
    )


@layout(held=True)
def interview(a: Article) -> str:
    lines = (
        f"<p><strong>{words_of(block)}</strong></p>" if block.startswith("## ") else html_of(block)
        for block in a.blocks
    )
    return page(
        a,
        f'{menu(a)}<article>{heading(a)}{byline(a)}<div class="qa">{"".join(lines)}</div><div class="box"><h4>'
        f"{words(a.language).related}</h4>{list_of(a, 3)}</div></article>{footer(a)}",
    )


@layout(silent="canonical")
def jsonld_(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div id="app"><div class="a1"><div class="a2">{heading(a)}</div><div class="a3">'
        f"{a.html}</div></div>"
        f'<div class="a4">{teasers(a, 6)}</div></div>{footer(a)}',
        more=jsonld(a, articleBody=f"{a.lead[:90]}…", inLanguage=a.language),
        og=False,
    )


@layout(held=True)
def lists(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div class="wrap"><article>{heading(a)}{byline(a)}<div class="body-text">{a.html}</div>'
        "</article>"
        f"<aside>{list_of(a, 6)}</aside></div>{footer(a)}",
    )


@layout()
def live(a: Article) -> str:
    first, *entries = a.blocks
    posts = "".join(
        f'<div class="post" id="p{n}"><time datetime="{a.date}T1{n}:20">1{n}:20</time><h3>{words_of(title)}</h3>'
        f"<p>{text}</p><div class='tools'>{SHARING}</div></div>"
        for n, (title, text) in enumerate(zip(entries[::2], entries[1::2], strict=True))
    )
    return page(
        a,
        f'{menu(a)}<main>{heading(a)}{byline(a)}<p class="intro">{first}</p><div class="liveblog">'
        f"{posts}</div></main>"
        f"{teasers(a, 4)}{footer(a)}",
        more=jsonld(a).replace("NewsArticle", "LiveBlogPosting"),
    )


@layout(held=True)
def magazine(a: Article) -> str:
    words_in_lead = a.lead.split(" ")
    lead = f'<p class="drop"><span class="cap">{a.lead[0]}</span>{a.lead[1:]}</p>'
    pull = f'<aside class="pullquote"><p>{words_of(a.blocks[3])}</p></aside>'
    rest = "".join(html_of(block) + (pull if n == 2 else "") for n, block in enumerate(a.blocks[1:], 1))
    return page(
        a,
        f'{menu(a)}<article class="longread"><div class="hero"><img src="/h.jpg" '
        f'alt="{" ".join(words_in_lead[:4])}">{heading(a)}'
        f"{byline(a)}</div><div class='columns'>{lead}{rest}</div><div class='bio'><img src='/a.jpg' alt=''>"
        f"<p>{a.author} "
        f"<a href='/authors/1'>@{a.layout}</a></p></div></article>{teasers(a, 3, long=True)}{footer(a)}",
    )


@layout(silent="author")
def ministry(a: Article) -> str:
    return page(
        a,
        f'<div class="gov"><img src="/arms.svg" alt=""><div>Government portal</div></div>{menu(a)}<div '
        'class="crumbs"><a href="/">1'
        f'</a> › <a href="/n">2</a></div><div id="content"><div class="pm-date">{a.date:%d.%m.%Y} | No. '
        f"114/25</div>{heading(a)}"
        f'<div class="richtext">{a.html}</div><div class="contact"><h2>Press office</h2><p>Wharf Square 4, '
        "10115</p><p>Tel. "
        '+00 30 1234-0</p><p><a href="mailto:press@gov.example">press@gov.example</a></p></div><ul '
        'class="downloads"><li><a '
        f'href="/d.pdf">PDF, 114 KB</a></li></ul></div>{footer(a)}',
    )


@layout()
def noscript(a: Article) -> str:
    lazy = "<noscript><img src='/i.jpg' alt='Picture'></noscript>"
    return page(
        a,
        "<noscript><div class='warn'><p>This site works best with JavaScript. Please enable JavaScript in "
        "your browser"
        f" and load the page again.</p></div></noscript>{menu(a)}<article>{heading(a)}{byline(a)}"
        f"{between(a, lambda _: lazy, 1)}</article>{teasers(a, 5)}{footer(a)}",
    )


@layout(held=True)
def paywall(a: Article) -> str:
    said = words(a.language)
    part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywalled"}
    return page(
        a,
        f'{menu(a)}<article>{heading(a)}{byline(a)}<div class="body">{a.html}</div><div class="paywall"><h3>'
        f"{said.subscribe}</h3>"
        f"<p>{said.subscribe}</p><ul><li>4.90</li><li>9.90</li></ul><button>OK</button></div></article>"
        f"{teasers(a, 6)}{footer(a)}",
        more=jsonld(a, isAccessibleForFree=False, hasPart=part),
    )


@layout()
def related(a: Article) -> str:
    said = words(a.language)

    def box(number: int) -> str:
        one = others(a, 9)[number]
        return f'<div class="inread"><span>{said.related}</span> <a href="{one.path}">{one.title}</a></div>'

    return page(
        a,
        f'{menu(a)}<article>{heading(a)}{byline(a)}<div class="content">{between(a, box, 1)}</div></article>'
        f"{teasers(a, 8)}{footer(a)}",
    )


@layout(silent="author date", held=True)
def rtl(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div class="container"><div class="col-8"><div class="news-title">{heading(a)}</div><ul '
        'class="info"><li>'
        f'{a.author}</li><li>{a.date:%Y/%m/%d}</li></ul><div class="news-text" style="text-align:justify">'
        f"{a.html}</div>"
        f'<div class="tags">{list_of(a, 3)}</div></div><div class="col-4">{teasers(a, 6)}</div></div>{footer(a)}',
        og=False,
        more=f'<link rel="canonical" href="{a.url}"><meta property="og:title" content="{escape(a.title)}">',
        attributes=' dir="rtl"',
    )


@layout()
def schema(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div itemscope itemtype="https://schema.org/NewsArticle"><meta itemprop="datePublished" '
        f'content="{a.date}">'
        f'<h1 itemprop="headline">{a.title}</h1><span itemprop="author" itemscope><span itemprop="name">'
        f"{a.author}</span></span>"
        f'<div itemprop="articleBody">{a.html}</div><div itemprop="publisher">Gazette</div></div>'
        f"{teasers(a, 4)}{footer(a)}",
        og=False,
        more=f'<link rel="canonical" href="{a.url}">',
    )


@layout(held=True)
def scroll(a: Article) -> str:
    (second,) = others(a, 1)
    return page(
        a,
        f'{menu(a)}<div class="feed"><article data-url="{a.path}">{heading(a)}{byline(a)}{a.html}</article>'
        '<div class="next">'
        f'</div><article data-url="{second.path}"><h2>{second.title}</h2>'
        f"{byline(second)}{second.html}</article></div>{footer(a)}",
    )


@layout()
def sidebar(a: Article) -> str:
    return page(
        a,
        f'{menu(a)}<div class="left">{teasers(a, 4, long=True)}</div><div class="middle">'
        f"{heading(a)}{byline(a)}{a.html}</div>"
        f'<div class="right">{teasers(a, 5, long=True, after=4)}</div>{footer(a)}',
    )


@layout(held=True)
def state(a: Article) -> str:
    kept = json.dumps(
        {"props": {"body": [{"type": "p", "text": words_of(block)} for block in a.blocks]}}, ensure_ascii=False
    )
    return page(
        a,
        f'<div id="__root"><header>{menu(a)}</header><main data-v="1"><div class="sc-1 kAbc">'
        f'{heading(a)}</div><div class="sc-2 xQ">'
        f'{byline(a)}</div><div class="sc-3 pLm">{a.html}</div><div class="sc-4"><button>'
        f"{words(a.language).share}</button></div>"
        f'</main><section class="sc-9">{teasers(a, 8)}</section></div><script id="__STATE__" '
        f'type="application/json">{kept}</script>',
        more=jsonld(a),
    )
