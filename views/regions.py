"""Pages of sales regions and customer grades."""

from app.web.record import RecordView
from models.grades import CustomerGrade
from models.regions import Region


class RegionView(RecordView):
    model = Region
    list_columns = ["name", "parent", "manager"]
    filters = ["parent", "manager"]


class CustomerGradeView(RecordView):
    model = CustomerGrade
    list_columns = ["name", "discount", "payment_days", "credit_limit"]
