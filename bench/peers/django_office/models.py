"""The columns of the office's tables that the pages show or a new row needs; Django owns none of these tables."""

from __future__ import annotations

from typing import Any

from django.db import models

from bench.peers.place import STATES

KEPT: dict[str, Any] = {"on_delete": models.PROTECT, "db_index": False}


#: Decimal places of what is counted.
MONEY, QUANTITY, PRICE, RATE = 2, 3, 4, 6


def amount(places: int, **more: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=15, decimal_places=places, **more)


class Row(models.Model):
    """What every table of the office has."""

    version = models.IntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    taken_over = models.BooleanField(default=False, editable=False)

    class Meta:
        abstract = True


class Person(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "person"

    def __str__(self) -> str:
        return self.name


class Correspondent(models.Model):
    name = models.CharField(max_length=200)

    class Meta:
        managed = False
        db_table = "correspondent"

    def __str__(self) -> str:
        return self.name


class Customer(Row):
    customer_no = models.CharField(max_length=60, unique=True, null=True, blank=True)
    name = models.CharField(max_length=200)
    region = models.CharField(max_length=100, null=True, blank=True)
    contact = models.CharField(max_length=100, null=True, blank=True)
    phone = models.CharField(max_length=60, null=True, blank=True)
    grade = models.CharField(max_length=30, null=True, blank=True)
    owner = models.ForeignKey(Person, null=True, blank=True, **KEPT)
    note = models.TextField(null=True, blank=True)
    state = models.CharField(max_length=30, default="active")
    name_key = models.CharField(max_length=200, default="", editable=False)

    class Meta:
        managed = False
        db_table = "customer"

    def __str__(self) -> str:
        return f"{self.customer_no} {self.name}"


class Product(Row):
    product_no = models.CharField(max_length=60, unique=True, null=True, blank=True)
    name = models.CharField(max_length=200)
    model = models.CharField(max_length=100, null=True, blank=True)
    colour = models.CharField(max_length=60, null=True, blank=True)
    size = models.CharField(max_length=60, null=True, blank=True)
    unit = models.CharField(max_length=30, null=True, blank=True)
    price = amount(PRICE, null=True, blank=True)
    stock = amount(QUANTITY, null=True, blank=True)
    reserved = amount(QUANTITY, default=0, editable=False)

    class Meta:
        managed = False
        db_table = "product"

    def __str__(self) -> str:
        return f"{self.product_no} {self.name}"


class Order(Row):
    order_no = models.CharField(max_length=60, unique=True, null=True, blank=True)
    customer = models.ForeignKey(Customer, **KEPT)
    payment_type = models.CharField(max_length=30, default="prepaid")
    placed_at = models.DateTimeField()
    promised_at = models.DateTimeField(null=True, blank=True)
    region = models.CharField(max_length=100, null=True, blank=True)
    salesperson = models.ForeignKey(Person, null=True, blank=True, **KEPT)
    consignee = models.CharField(max_length=200, null=True, blank=True)
    phone = models.CharField(max_length=60, null=True, blank=True)
    address = models.CharField(max_length=300, null=True, blank=True)
    note = models.TextField(null=True, blank=True)
    state = models.CharField(max_length=30, default="placed", choices=[(state, state) for state in STATES])
    payment_state = models.CharField(max_length=30, default="unpaid", editable=False)
    fulfilment = models.CharField(max_length=30, default="none", editable=False)
    rounding = models.CharField(max_length=30, default="half_up_line", editable=False)
    revision = models.IntegerField(default=0, editable=False)
    net = amount(MONEY, default=0, editable=False)
    tax = amount(MONEY, default=0, editable=False)
    gross = amount(MONEY, default=0, editable=False)
    quantity = amount(QUANTITY, default=0, editable=False)
    paid = amount(MONEY, default=0, editable=False)
    escrowed = amount(MONEY, default=0, editable=False)
    refunded = amount(MONEY, default=0, editable=False)
    search_text = models.TextField(default="", editable=False)

    class Meta:
        managed = False
        db_table = "sales_order"

    def __str__(self) -> str:
        return self.order_no or f"{self.pk}"


class OrderLine(Row):
    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE, db_index=False)
    product = models.ForeignKey(Product, **KEPT)
    quantity = amount(QUANTITY)
    price = amount(PRICE, null=True, blank=True)
    discount = amount(RATE, null=True, blank=True)
    net = amount(MONEY, default=0, editable=False)
    tax = amount(MONEY, default=0, editable=False)
    gross = amount(MONEY, default=0, editable=False)
    search_text = models.TextField(default="", editable=False)

    class Meta:
        managed = False
        db_table = "order_line"

    def __str__(self) -> str:
        return f"{self.pk}"


class Document(Row):
    receipt_no = models.CharField(max_length=100, unique=True, null=True, blank=True)
    sender = models.ForeignKey(Correspondent, **KEPT)
    sender_no = models.CharField(max_length=100, null=True, blank=True)
    title = models.CharField(max_length=500)
    received_at = models.DateTimeField()
    handler = models.ForeignKey(Person, null=True, blank=True, **KEPT)
    summary = models.TextField(null=True, blank=True)
    state = models.CharField(max_length=30, default="registered")
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        managed = False
        db_table = "incoming_document"

    def __str__(self) -> str:
        return f"{self.receipt_no} {self.title}"


class Circulation(Row):
    document = models.ForeignKey(Document, related_name="circulation", on_delete=models.CASCADE, db_index=False)
    reader = models.ForeignKey(Person, **KEPT)
    state = models.CharField(max_length=30)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    opinion = models.TextField(null=True, blank=True)

    class Meta:
        managed = False
        db_table = "circulation_entry"

    def __str__(self) -> str:
        return f"{self.pk}"
