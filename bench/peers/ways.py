"""How each peer is asked for the same things: its addresses, how one signs in, how one edit is saved.

Operations: `list` (first page of orders), `deep` (the page in the middle of all orders), `filter` (state and a range of
days), `search_customer`, `search_document` (a word within), `add` (the empty form of an order), `show` (an order with
its lines), `document` (a document with its circulation), and `save`, which is a call. What a peer cannot do is left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from urllib.parse import quote

from bench.client import Client, as_pairs, form_fields
from bench.peers import place

#: Sends one edit each time it is called; status 302 says that it was saved, 200 that the form came back.
Save = Callable[[], tuple[int, bytes]]


@dataclass(frozen=True)
class Rows:
    """Which of the office's rows are asked for."""

    orders: int  # how many there are
    middle_id: int  # the order in their middle
    order_id: int  # an order with several lines
    document_id: int  # a document with several readers
    since: str  # days, `until` not included
    until: str
    state: str = "completed"
    customer_word: str = "兴隆"
    title_word: str = "知识产权"


def rows_of(url: str) -> Rows:
    """Rows from the middle of an office that `run.py demo load` filled."""
    connection = place.connect(place.plain(url))

    def one(query: str) -> tuple:
        return connection.execute(query).fetchone()

    (orders,) = one("SELECT count(*) FROM sales_order")
    middle, placed = one(f"SELECT id, placed_at FROM sales_order ORDER BY id DESC LIMIT 1 OFFSET {orders // 2}")
    (order,) = one(
        f"SELECT order_id FROM order_line WHERE order_id >= {middle} GROUP BY order_id HAVING count(*) >= 3 "
        "ORDER BY order_id LIMIT 1"
    )
    (document,) = one(
        "SELECT document_id FROM circulation_entry WHERE document_id >= (SELECT max(document_id) / 2 FROM "
        "circulation_entry) GROUP BY document_id HAVING count(*) >= 3 ORDER BY document_id LIMIT 1"
    )
    connection.close()
    until = date.fromisoformat(str(placed)[:10])
    return Rows(orders, middle, order, document, f"{until - timedelta(days=90)}", f"{until}")


@dataclass(frozen=True)
class Peer:
    """One alternative: the module with its `application`, and how it is asked."""

    module: str
    paths: Callable[[Rows], dict[str, str]]
    sign_in: Callable[[Client], None] = lambda client: None
    save: Callable[[Client, Rows], Save] | None = None


def _sign_in(form: str, inside: str) -> Callable[[Client], None]:
    """Signing in by the form at one address; that it worked shows at another, inside."""

    def sign_in(client: Client) -> None:
        fields = form_fields(client.get(form)[1], having="password")
        fields |= {"username": [place.USER], "password": [place.PASSWORD]}
        client.post(form, as_pairs(fields))
        if client.get(inside)[0] != 200:
            raise PermissionError(f"{form} did not let {place.USER} in")

    return sign_in


def _save(path: str) -> Callable[[Client, Rows], Save]:
    """Editing an order's note: the form is fetched once, then sent with another note each time."""

    def prepare(client: Client, rows: Rows) -> Save:
        address = path.format(rows.order_id)
        fields = form_fields(client.get(address)[1], having="note")
        numbers = count(1)

        def save() -> tuple[int, bytes]:
            return client.post(address, as_pairs(fields | {"note": [f"第 {next(numbers)} 次修改"]}))

        return save

    return prepare


def _django(rows: Rows) -> dict[str, str]:
    at = "/admin/django_office"
    return {
        "list": f"{at}/order/",
        "deep": f"{at}/order/?p={rows.orders // 2 // place.PAGE + 1}",
        "filter": f"{at}/order/?state__exact={rows.state}&placed_at__gte={rows.since}&placed_at__lt={rows.until}",
        "search_customer": f"{at}/customer/?q={quote(rows.customer_word)}",
        "search_document": f"{at}/document/?q={quote(rows.title_word)}",
        "add": f"{at}/order/add/",
        "show": f"{at}/order/{rows.order_id}/change/",
        "document": f"{at}/document/{rows.document_id}/change/",
    }


def _appbuilder(rows: Rows) -> dict[str, str]:
    # The number in a filter is its place among those of its type: 2 contains and 3 equals for texts, 1 after and 2
    # before for moments.
    days = f"_flt_1_placed_at={rows.since}+00:00:00&_flt_2_placed_at={rows.until}+00:00:00"
    return {
        "list": "/orderview/list/",
        "deep": f"/orderview/list/?page_OrderView={rows.orders // 2 // place.PAGE}",
        "filter": f"/orderview/list/?_flt_3_state={rows.state}&{days}",
        "search_customer": f"/customerview/list/?_flt_2_name={quote(rows.customer_word)}",
        "search_document": f"/documentview/list/?_flt_2_title={quote(rows.title_word)}",
        "add": "/orderview/add",
        "show": f"/orderview/show/{rows.order_id}",
        "document": f"/documentview/show/{rows.document_id}",
    }


def _bare(rows: Rows) -> dict[str, str]:
    return {
        "list": "/orders",
        "deep": f"/orders?before={rows.middle_id + 1}",
        "show": f"/orders/{rows.order_id}",
    }


PEERS = {
    "django admin": Peer(
        module="bench.peers.django_admin",
        paths=_django,
        sign_in=_sign_in("/admin/login/", "/admin/django_office/order/"),
        save=_save("/admin/django_office/order/{}/change/"),
    ),
    "stock appbuilder": Peer(
        module="bench.peers.stock_appbuilder",
        paths=_appbuilder,
        sign_in=_sign_in("/login/", "/orderview/list/"),
        save=_save("/orderview/edit/{}"),
    ),
    "bare": Peer(module="bench.peers.bare", paths=_bare),
}
