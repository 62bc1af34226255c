"""The columns of the office's tables that Flask-AppBuilder's pages show or a new row needs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import ForeignKey, MetaData, Numeric, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Money = Annotated[Decimal, mapped_column(Numeric(15, 2))]
Quantity = Annotated[Decimal, mapped_column(Numeric(15, 3))]
Price = Annotated[Decimal, mapped_column(Numeric(15, 4))]
Rate = Annotated[Decimal, mapped_column(Numeric(15, 6))]


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # the office keeps moments in UTC without a zone


class Office(DeclarativeBase):
    """The office's tables: in another database than the framework's own, and never made by it."""

    metadata = MetaData(info={"bind_key": "office"})

    id: Mapped[int] = mapped_column(primary_key=True)


class Row(Office):
    """What a new row of every table needs."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    taken_over: Mapped[bool] = mapped_column(default=False)
    search_text: Mapped[str] = mapped_column(Text, default="")


class Person(Office):
    __tablename__ = "person"
    name: Mapped[str] = mapped_column(String(100))

    def __str__(self) -> str:
        return self.name


class Correspondent(Office):
    __tablename__ = "correspondent"
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Customer(Row):
    __tablename__ = "customer"
    customer_no: Mapped[str | None] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    region: Mapped[str | None] = mapped_column(String(100))
    contact: Mapped[str | None] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(60))
    grade: Mapped[str | None] = mapped_column(String(30))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(30), default="active")
    name_key: Mapped[str] = mapped_column(String(200), default="")
    owner: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return f"{self.customer_no} {self.name}"


class Product(Row):
    __tablename__ = "product"
    product_no: Mapped[str | None] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    model: Mapped[str | None] = mapped_column(String(100))
    unit: Mapped[str | None] = mapped_column(String(30))
    price: Mapped[Price | None]
    stock: Mapped[Quantity | None]
    reserved: Mapped[Quantity] = mapped_column(default=0)

    def __str__(self) -> str:
        return f"{self.product_no} {self.name}"


class Order(Row):
    __tablename__ = "sales_order"
    order_no: Mapped[str | None] = mapped_column(String(60))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    payment_type: Mapped[str] = mapped_column(String(30), default="prepaid")
    placed_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    consignee: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(60))
    address: Mapped[str | None] = mapped_column(String(300))
    note: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(30), default="placed")
    payment_state: Mapped[str] = mapped_column(String(30), default="unpaid")
    fulfilment: Mapped[str] = mapped_column(String(30), default="none")
    rounding: Mapped[str] = mapped_column(String(30), default="half_up_line")
    revision: Mapped[int] = mapped_column(default=0)
    net: Mapped[Money] = mapped_column(default=0)
    tax: Mapped[Money] = mapped_column(default=0)
    gross: Mapped[Money] = mapped_column(default=0)
    quantity: Mapped[Quantity] = mapped_column(default=0)
    paid: Mapped[Money] = mapped_column(default=0)
    escrowed: Mapped[Money] = mapped_column(default=0)
    refunded: Mapped[Money] = mapped_column(default=0)
    customer: Mapped[Customer] = relationship()
    salesperson: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return self.order_no or f"{self.id}"


class OrderLine(Row):
    __tablename__ = "order_line"
    order_id: Mapped[int] = mapped_column(ForeignKey("sales_order.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[Quantity]
    price: Mapped[Price | None]
    discount: Mapped[Rate | None]
    net: Mapped[Money] = mapped_column(default=0)
    tax: Mapped[Money] = mapped_column(default=0)
    gross: Mapped[Money] = mapped_column(default=0)
    order: Mapped[Order] = relationship()
    product: Mapped[Product] = relationship()


class Document(Row):
    __tablename__ = "incoming_document"
    receipt_no: Mapped[str | None] = mapped_column(String(100))
    sender_id: Mapped[int] = mapped_column(ForeignKey("correspondent.id"))
    sender_no: Mapped[str | None] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(500))
    received_at: Mapped[datetime]
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    summary: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(30), default="registered")
    due_at: Mapped[datetime | None]
    sender: Mapped[Correspondent] = relationship()
    handler: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return f"{self.receipt_no} {self.title}"


class Circulation(Row):
    __tablename__ = "circulation_entry"
    document_id: Mapped[int] = mapped_column(ForeignKey("incoming_document.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(30))
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    opinion: Mapped[str | None] = mapped_column(Text)
    document: Mapped[Document] = relationship()
    reader: Mapped[Person] = relationship()
