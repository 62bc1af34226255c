"""Pages of imports."""

from app.engine.import_runs import ImportRun
from app.web.record import RecordView


class ImportRunView(RecordView):
    model = ImportRun
    list_columns = ["file_name", "imported_at", "imported_by", "taken_in", "state"]
    filters = ["state", "imported_at"]
    show_columns = ["file_name", "imported_at", "imported_by", "taken_in", "state", "reason"]
