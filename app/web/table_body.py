"""The rows of a table of records as HTML: a list has two hundred and fifty cells, and a template takes a quarter of the
page's time for them. Whatever has a colour or a sign is still drawn by the template, once for each word of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext as _
from markupsafe import Markup, escape

#: A text of more signs is wide and cut off where it does not fit; one of so few is kept on a line.
LONG, SHORT = 60, 14


def table_body(
    columns: Sequence[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    lead: int = -1,
    pick: str | None = None,
    inline: Sequence[str] = (),
) -> Markup:
    """One `<tr>` a row of `{"cells": [{"text", "kind", "tone", "title", "href"}], "href", "tone", "id"}`.

    `lead` is the number of the column that says what a row is, `pick` the form its box to tick belongs to, `inline` the
    columns that are changed in the table.
    """
    heads = [(one.get("kind"), _labelled(one, inline)) for one in columns]
    return Markup("\n".join(_row(row, heads, lead, pick) for row in rows))


def _labelled(column: Mapping[str, Any], inline: Sequence[str]) -> str:
    label, name = escape(column.get("label", "")), column.get("name")
    return f' data-label="{label}"' + (f' data-field="{escape(name)}"' if name in inline else "")


def _row(row: Mapping[str, Any], heads: Sequence[tuple[str | None, str]], lead: int, pick: str | None) -> str:
    cells, href, tone = row["cells"], row.get("href"), row.get("tone")
    parts = ['<tr role="row"']
    if href:
        href = escape(href)
        parts.append(f' data-href="{href}"')
    parts.append(f' class="row-{_tone(tone)}">' if tone else ">")
    if pick:
        label = escape(_("Tick: %(record)s", record=cells[0].get("text")))
        parts.append(
            f'<td role="cell" class="k-pick"><label><input type="checkbox" name="id" value="{escape(row["id"])}" '
            f'form="{pick}" data-pick aria-label="{label}"></label></td>'
        )
    for at, cell in enumerate(cells):
        kind, about = heads[at] if at < len(heads) else (None, ' data-label=""')
        parts.append(_cell(cell, cell.get("kind") or kind or "text", about, href if at == 0 else None, at, at == lead))
    parts.append("</tr>")
    return "".join(parts)


def _cell(cell: Mapping[str, Any], kind: str, about: str, row_href: str | None, at: int, is_lead: bool) -> str:
    text, tone = cell.get("text"), cell.get("tone")
    size = len(str(text)) if kind == "text" or is_lead else 0
    long = size > LONG
    named = f"k-{kind}" + (" is-first" if at == 0 else "") + (" is-lead" if is_lead else "")
    if text is None or text == "":
        named, words = f"{named} is-empty", ""
    else:
        if long:
            named += " is-long"
        elif kind == "text" and not is_lead and size <= SHORT:
            named += " is-short"
        words = _toned(cell.get("kind") or "text", escape(text), tone) if tone or kind == "state" else escape(text)
    if cell.get("title") or long:
        about += f' title="{escape(cell.get("title") or text)}"'
    if row_href:
        words = f'<a class="row-link" href="{row_href}">{words or escape(_("View"))}</a>'
    elif cell.get("href"):
        words = f'<a href="{escape(cell["href"])}">{words}</a>'
    elif is_lead or long:
        words = f'<span class="clamp">{words}</span>'
    return f'<td role="cell" class="{named}"{about}>{words}</td>'


@lru_cache(2000)
def _toned(kind: str, text: Markup, tone: str | None) -> str:
    """What has a colour and a sign, as the template draws it."""
    return str(_parts().cell_words({"kind": kind, "text": text, "tone": tone}))


@lru_cache(100)
def _tone(tone: str) -> str:
    return str(_parts().tone_of(tone))


def _parts() -> Any:
    return current_app.jinja_env.get_template("wenshu/_parts.html").module


def install(app: Flask) -> None:
    """Let templates call it."""
    app.jinja_env.globals["table_body"] = table_body
