"""The admin's pages, set up as its documentation advises for large tables."""

from __future__ import annotations

from django.contrib import admin

from bench.peers.django_office import models
from bench.peers.place import PAGE


class Careful(admin.ModelAdmin):
    list_per_page = PAGE
    show_full_result_count = False  # one count less on every filtered list
    ordering = ("-pk",)


@admin.register(models.Person)
class PersonAdmin(Careful):
    list_display = search_fields = ("name",)


@admin.register(models.Correspondent)
class CorrespondentAdmin(Careful):
    list_display = search_fields = ("name",)


@admin.register(models.Customer)
class CustomerAdmin(Careful):
    list_display = ("customer_no", "name", "state", "region", "contact", "phone", "grade", "owner")
    list_select_related = ("owner",)
    search_fields = ("name",)
    autocomplete_fields = ("owner",)


@admin.register(models.Product)
class ProductAdmin(Careful):
    list_display = ("product_no", "name", "model", "colour", "size", "unit", "price", "stock")
    search_fields = ("product_no", "name")


class LineInline(admin.TabularInline):
    model = models.OrderLine
    extra = 1
    autocomplete_fields = ("product",)
    readonly_fields = ("net", "tax", "gross")
    ordering = ("pk",)


@admin.register(models.Order)
class OrderAdmin(Careful):
    list_display = (
        "order_no", "customer", "state", "payment_state", "fulfilment", "payment_type", "placed_at", "promised_at",
        "salesperson", "gross",
    )  # fmt: skip
    list_select_related = autocomplete_fields = ("customer", "salesperson")
    # A date range in the address; `date_hierarchy` would look through all rows for the years there are.
    list_filter = ("state", "placed_at")
    search_fields = ("order_no", "customer__name")
    readonly_fields = ("net", "tax", "gross", "paid")
    inlines = (LineInline,)


class CirculationInline(admin.TabularInline):
    model = models.Circulation
    extra = 0
    autocomplete_fields = ("reader",)
    ordering = ("pk",)


@admin.register(models.Document)
class DocumentAdmin(Careful):
    list_display = ("receipt_no", "title", "sender", "sender_no", "state", "handler", "received_at", "due_at")
    list_select_related = autocomplete_fields = ("sender", "handler")
    search_fields = ("title",)
    inlines = (CirculationInline,)
