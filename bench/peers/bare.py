"""The least there can be: one SQL query and one template a page; nobody signs in, nothing is checked.

BENCH_DATABASE_URL=sqlite:////path/office.db gunicorn bench.peers.bare:application
"""

from __future__ import annotations

from threading import local
from typing import Any

from flask import Flask, abort, render_template, request
from jinja2 import DictLoader

from bench.peers import place

LIST = """<!doctype html><title>Orders</title>
<table>{% for id, number, customer, state, payment, placed, gross in rows %}
<tr><td><a href="/orders/{{ id }}">{{ number }}</a><td>{{ customer }}<td>{{ state }}<td>{{ payment }}<td>{{ placed }}
<td>{{ gross }}</tr>{% endfor %}</table>
{% if rows %}<a href="/orders?before={{ rows[-1][0] }}">Next</a>{% endif %}
"""
SHOW = """<!doctype html><title>{{ order[0] }}</title>
<h1>{{ order[0] }}</h1><p>{{ order[1] }}<p>{{ order[2] }}<p>{{ order[3] }}<p>{{ order[4] or "" }}
<table>{% for _order, _customer, _state, _placed, _note, product, quantity, price, net, gross in rows %}
<tr><td>{{ product }}<td>{{ quantity }}<td>{{ price }}<td>{{ net }}<td>{{ gross }}</tr>{% endfor %}</table>
"""

ORDERS = """
    SELECT o.id, o.order_no, c.name, o.state, o.payment_type, o.placed_at, o.gross
    FROM sales_order o JOIN customer c ON c.id = o.customer_id
    WHERE o.id < ? ORDER BY o.id DESC LIMIT ?
"""
ORDER = """
    SELECT o.order_no, c.name, o.state, o.placed_at, o.note, p.name, l.quantity, l.price, l.net, l.gross
    FROM sales_order o JOIN customer c ON c.id = o.customer_id
    LEFT JOIN order_line l ON l.order_id = o.id LEFT JOIN product p ON p.id = l.product_id
    WHERE o.id = ? ORDER BY l.id
"""
LAST = 2**31 - 1  # above every key

application = Flask(__name__)
application.jinja_loader = DictLoader({"list.html": LIST, "show.html": SHOW})
_kept = local()  # one connection a thread


def _rows(query: str, *values: int) -> list[Any]:
    if not hasattr(_kept, "connection"):
        _kept.connection = place.connect(place.database())
    if not place.sqlite_file(place.database()):
        query = query.replace("?", "%s")
    return _kept.connection.execute(query, values).fetchall()


@application.get("/orders")
def orders() -> str:
    before = request.args.get("before", LAST, type=int)
    return render_template("list.html", rows=_rows(ORDERS, before, place.PAGE))


@application.get("/orders/<int:key>")
def order(key: int) -> str:
    rows = _rows(ORDER, key) or abort(404)
    return render_template("show.html", order=rows[0], rows=rows)
