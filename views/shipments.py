"""Pages of shipments and their lines."""

from app.web.kind import Children
from app.web.record import RecordView
from models.shipments import Shipment, ShipmentLine


class ShipmentView(RecordView):
    model = Shipment
    list_columns = ["shipment_no", "order", "state", "assignee", "carrier", "waybill", "shipped_at"]
    filters = ["state", "order", "assignee", "carrier", "waybill", "shipped_at"]
    children = [Children("shipment_lines", "shipment", ["order_line", "quantity"], most=100)]


class ShipmentLineView(RecordView):
    """Lines are changed with their shipment; this list is for finding."""

    model = ShipmentLine
    in_menu = False
    list_columns = ["shipment", "order_line", "quantity"]
    filters = ["shipment", "order_line"]
