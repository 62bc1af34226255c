"""Pages of correspondents."""

from app.web.record import RecordView
from models.correspondents import Correspondent


class CorrespondentView(RecordView):
    model = Correspondent
    list_columns = ["name", "short_name", "number_code", "phone"]
    base_order = "name"
