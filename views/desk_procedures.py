"""Pages of the procedures of the desk."""

from app.web.record import RecordView
from models.desk_procedures import DeskProcedure


class DeskProcedureView(RecordView):
    model = DeskProcedure
    list_columns = ["name", "kind", "source"]
    filters = ["kind"]
    base_order = "name"
