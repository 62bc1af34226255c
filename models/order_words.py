"""Words of orders: the choices their fields have, and what they are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

PAYMENT_TYPES = {
    "third_party": _l("Through a platform"),
    "prepaid": _l("Paid in advance"),
    "cash_on_delivery": _l("Cash on delivery"),
    "on_account": _l("On account"),
}
PAYMENT_STATES = {
    "unpaid": _l("Unpaid"),
    "part_paid": _l("Paid in part"),
    "escrowed": _l("Paid to the platform"),
    "paid": _l("Paid in full"),
    "refund_due": _l("Refund due"),
    "part_refunded": _l("Refunded in part"),
    "refunded": _l("Refunded"),
}
FULFILMENT = {
    "none": _l("Nothing reserved"),
    "reserved": _l("Goods reserved"),
    "picking": _l("Being picked"),
    "handed_over": _l("With the warehouse"),
    "part_shipped": _l("Shipped in part"),
    "shipped": _l("Goods under way"),
    "received": _l("Received by the customer"),
    "refused": _l("Parcel refused"),
    "returned": _l("Came back"),
}
DELIVERY_METHODS = {
    "express": _l("Express"),
    "freight": _l("Freight line"),
    "post": _l("Postal parcel"),
    "own": _l("Own delivery"),
    "pick_up": _l("Picked up by the customer"),
}
CHECK_RESULTS = {
    "agreed": _l("Address and delivery agreed"),
    "no_answer": _l("No answer"),
    "wrong": _l("Address or number wrong"),
    "called_off": _l("Customer calls it off"),
}
INVALID_REASONS = {
    "address": _l("Address not real"),
    "unreachable": _l("Customer cannot be reached"),
    "no_money": _l("The money never came"),
    "double": _l("Ordered twice"),
    "not_meant": _l("Not meant seriously"),
    "other": _l("Another reason"),
}
#: rounding of half a cent, and where it is rounded
ROUNDINGS = {
    "half_up_line": _l("Half up, each line"),
    "half_even_line": _l("Half to even, each line"),
    "half_up_document": _l("Half up, the whole order"),
    "half_even_document": _l("Half to even, the whole order"),
}
#: Types whose money finance has to see before the order is confirmed.
MONEY_FIRST = ("third_party", "prepaid")
