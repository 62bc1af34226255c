"""What the screens are asked for, as somebody with limited rights: a salesperson for orders, a reader for papers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

from bench.client import Client, as_pairs, form_fields
from bench.offices import Server
from bench.peers.ways import Rows

SALES, READER, KEEPER = "sales", "user_a", "order_admin"
#: Asks once, and says whether the answer was what was asked for.
Ask = Callable[[], tuple[int, bytes]]


@dataclass(frozen=True)
class Screen:
    """One operation; `answers` is the status that says it worked."""

    ask: Ask
    answers: int = 200
    #: done before each measurement, unmeasured
    before: Callable[[], None] | None = None


def screens(server: Server, rows: Rows) -> dict[str, Screen]:
    """The operations of an office by name; those the peers know have the peers' names."""
    sales, reader = server.signed_in(SALES), server.signed_in(READER)
    orders, customers, papers = "/orderview", "/customerview", "/incomingdocumentview"
    order = _first(sales, f"{orders}/list/?placed_at_to={rows.until}&sort=-placed_at", orders)
    paper = _first(reader, f"{papers}/list/?state=closed", papers)
    customer, title = quote(rows.customer_word), quote(rows.title_word)
    days = f"placed_at={rows.since}&placed_at_to={rows.until}"
    ways = {
        "list": (sales, f"{orders}/list/"),
        "deep": (sales, f"{orders}/list/?after={order}"),
        "last": (sales, f"{orders}/list/?end=1"),
        "filter": (sales, f"{orders}/list/?state={rows.state}&{days}"),
        "sort": (sales, f"{orders}/list/?sort=-placed_at"),
        "search_customer": (sales, f"{customers}/list/?q={customer}"),
        "search_document": (reader, f"{papers}/list/?q={title}"),
        "add": (sales, f"{orders}/add"),
        "edit": (sales, f"{orders}/edit/{order}"),
        "picker": (sales, f"{customers}/lookup?q={customer}"),
        "show": (sales, f"{orders}/show/{order}"),
        "document": (reader, f"{papers}/show/{paper}"),
        "papers": (reader, f"{papers}/list/"),
        "work": (reader, "/"),
    }
    found = {name: Screen(_get(client, path)) for name, (client, path) in ways.items()}
    keeper = server.signed_in(KEEPER)
    found["save"] = _save(keeper, f"{orders}/list/?state=placed", orders)
    return found


def _get(client: Client, path: str) -> Ask:
    return lambda: client.get(path)


def _first(client: Client, address: str, view: str) -> int:
    return _all(client, address, view)[0]


def _all(client: Client, address: str, view: str) -> list[int]:
    """The records a list links to. Raises `LookupError` where the list is empty."""
    status, body = client.get(address)
    found = [int(key) for key in re.findall(rf"{view}/show/(\d+)".encode(), body)]
    if status != 200 or not found:
        raise LookupError(f"{address} shows no record ({status})")
    return list(dict.fromkeys(found))


def _save(client: Client, address: str, view: str) -> Screen:
    """Another note each time, of the first order of a list that can be saved: of some there is not enough in stock.

    The form is fetched anew before each, for a record that was changed is no longer the same.
    """
    numbers = count(1)
    keys, form = _all(client, address, view), dict[str, list[str]]()

    def fetch() -> None:
        form.clear()
        form.update(form_fields(client.get(f"{view}/edit/{keys[0]}")[1], having="note"))

    def save() -> tuple[int, bytes]:
        return client.post(f"{view}/edit/{keys[0]}", as_pairs(form | {"note": [f"第 {next(numbers)} 次修改"]}))

    while keys:
        fetch()
        if save()[0] == 302:
            return Screen(save, 302, fetch)
        del keys[0]
    raise LookupError(f"{address} has no record that can be saved")
