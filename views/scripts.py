"""Pages of script cards and of the check of conduct."""

from app.web.kind import Children
from app.web.record import RecordView
from models.conduct import ConductItem, ConductSheet
from models.scripts import ScriptCard


class ScriptCardView(RecordView):
    model = ScriptCard
    list_columns = ["card_no", "scene", "edition", "rule", "wording", "in_use"]
    filters = ["scene", "edition", "in_use"]
    base_order = "card_no"


class ConductSheetView(RecordView):
    model = ConductSheet
    list_columns = ["day", "person", "checker", "remark"]
    filters = ["day", "person", "checker"]
    base_order = "-day"
    children = [Children("entries", "sheet", ["item", "value", "in_order", "remark"], most=60)]


class ConductItemView(RecordView):
    model = ConductItem
    list_columns = ["name", "most", "unit", "concerns", "in_use"]
    filters = ["concerns", "in_use"]
    base_order = "name"
