"""Text as an enemy would put it into feeds and pages: shown as it stands, it must do nothing at all."""

from __future__ import annotations

BEACON = "https://evil.example/beacon"  # no test's page may ever ask for it

TEXTS = (
    f"<script>alert(1); fetch('{BEACON}')</script>",
    f"<img src={BEACON} onerror=alert(2)>",
    f"<svg onload=alert(3)><use href='{BEACON}#x'/></svg>",
    '"><script>alert(4)</script>',
    "'\"></mark></blockquote><iframe srcdoc='<script>parent.alert(5)</script>'></iframe>",
    "</title></style></script><script>alert(6)</script>",
    "`${alert(7)}` ${alert(8)} \\`${alert(9)}",
    "{{ constructor.constructor('alert(10)')() }} {% raw %} {{ 7 * 7 }}",
    f"<a href='javascript:alert(11)' style='position:fixed;inset:0'>x</a><base href='{BEACON}'>",
    f"<style>@import '{BEACON}'; body {{ background: url({BEACON}) }}</style><link rel=stylesheet href={BEACON}>",
    f"<meta http-equiv=refresh content='0;url={BEACON}'><form action={BEACON}><button autofocus>x</button></form>",
    "&lt;script&gt;alert(12)&lt;/script&gt; &#60;img src=x onerror=alert(13)&#62;",
    "<!--><img src=x onerror=alert(14)>--> ]]> <![CDATA[<img src=x onerror=alert(15)>]]>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(16)&gt;'>",
    "\u2028\u2029<template><img src=x onerror=alert(17)></template>",
)

URLS = (
    "javascript:alert(20)",
    "JaVaScRiPt:alert(21)",
    " javascript:alert(22)",
    "java\tscript:alert(23)",
    "data:text/html,<script>alert(24)</script>",
    "vbscript:msgbox(25)",
    "https://evil.example/'\"><script>alert(26)</script>",
    "https://user:secret@evil.example/",
    "//evil.example/x",
    "https:\\\\evil.example/",
    'https://good.example/" onmouseover="alert(27)',
    "file:///etc/passwd",
)
