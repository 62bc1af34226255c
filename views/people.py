"""Pages of departments and people."""

from app.web.kind import Children
from app.web.record import RecordView
from models.people import Department, Person


class DepartmentView(RecordView):
    model = Department
    list_columns = ["name", "code", "parent", "leader"]
    filters = ["parent"]
    base_order = "name"


class PersonView(RecordView):
    model = Person
    list_columns = ["name", "staff_no", "department", "position", "deputy", "absent_until"]
    filters = ["department"]
    base_order = "name"
    children = [Children("clearances", "person", ["cleared_from", "cleared_until", "trainer", "state", "withdrawn_on"])]
