"""Text that other programs took for something else: the Big List of Naughty Strings, and sixty of our own."""

from __future__ import annotations

import json

from tests.conftest import shared

#: Every one that comes alive sets `ran` or opens a dialog.
OWN = (
    # in an element
    "<script>ran=1</script>", "</title><script>ran=1</script>", "</textarea><script>ran=1</script>",
    "</option></select><img src=x onerror=ran=1>", "<img src=x onerror=alert(1)>", "<details open ontoggle=ran=1>",
    "<svg onload=ran=1>", "<svg><script>ran=1</script></svg>", "<svg><animate onbegin=ran=1 attributeName=x dur=1s>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=ran=1>", "<iframe srcdoc='<script>parent.ran=1</script>'>",
    "<object data=javascript:ran=1>", "<embed src=javascript:ran=1>", "<base href=//evil.example/>", "<body onload=ran=1>",
    "<meta http-equiv=refresh content='0;url=javascript:ran=1'>", "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><button>OK", "<video><source onerror=ran=1>", "<noscript><p title=\"</noscript><img src=x onerror=ran=1>\">",
    "<!--><img src=x onerror=ran=1>-->", "<![CDATA[<img src=x onerror=ran=1>]]>", "<template><script>ran=1</script></template>",
    # in an attribute
    "\" onmouseover=ran=1 x=\"", "' onfocus=ran=1 autofocus='", "\" autofocus onfocus=ran=1 x=\"", "`onclick=ran=1`", "\"><script>ran=1</script>",
    "'><script>ran=1</script>", "x\" style=\"position:fixed;inset:0\" onclick=\"ran=1", "&quot; onload=ran=1 &quot;",
    # an address
    "javascript:ran=1", "JaVaScRiPt:ran=1", "java\tscript:ran=1", "data:text/html,<script>ran=1</script>", "//evil.example/x.js",
    "vbscript:msgbox(1)", "\\\\evil.example\\x", "http://evil.example@127.0.0.1/",
    # a word of a script
    "';ran=1;//", "\";ran=1;//", "\\';ran=1;//", "</script><script>ran=1</script>", "${ran=1}", "`${ran=1}`", "\u2028ran=1//", "-ran=1-",
    # a style
    "</style><script>ran=1</script>", "x:expression(ran=1)", "background:url(javascript:ran=1)", "@import '//evil.example/x.css';",
    # a template
    "{{7*7}}", "{% raw %}", "{{ config }}", "{{''.__class__.__mro__}}", "#{7*7}", "%(name)s %s %d", "{0} {name}",
    # directions, and what takes no room
    "\u202eevil.exe\u202c", "\u2067\u202dtxt.\u2069", "a\u200bb\u200cc\u200dd\ufeffe", "مرحبا 文枢 שלום", "Z\u0351\u036b\u0343a\u0323l\u034bg\u0361o", "👩‍👩‍👧‍👦🇨🇳",
    # a formula
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK(\"//evil.example\",\"x\")", "=cmd|' /C calc'!A0", "'=1+1", "''=1", "＝1+1", " =1+1", "\ufeff=1+1",
    "=\"x\"&\n1", "a,b;c\td", "\"a\"\"b\"", "0012", "1e5", "2026-03-02", "TRUE", "a@b.example", "%00", "<r>x</r>", "_x000D_", "&amp;&lt;",
)  # fmt: skip


def strings(most: int = 200) -> list[str]:
    """All of them that a line of text can hold: no NUL, no end of a line, not too long."""
    listed = json.loads((shared("naughty-strings") / "blns.json").read_text("utf-8"))
    fit = [
        text
        for text in (*OWN, *listed)
        if text.strip() and len(text) <= most and not set(text) & set("\x00\r\n\x0b\x0c\x85\u2028\u2029")
    ]
    return list(dict.fromkeys(fit))


def packed(length: int) -> list[str]:
    """The same, several to a text, none longer than `length`."""
    found, now = [], ""
    for text in strings(length):
        if len(now) + len(text) + 1 > length:
            found.append(now)
            now = ""
        now = f"{now} {text}" if now else text
    return [*found, now]
