"""Pages of sealed identities and the requests for them."""

from app.web.record import RecordView
from models.identities import IdentityRequest, SealedIdentity


class SealedIdentityView(RecordView):
    model = SealedIdentity
    list_columns = ["ticket", "contact_name", "phone", "email"]
    filters = ["ticket"]


class IdentityRequestView(RecordView):
    model = IdentityRequest
    list_columns = ["ticket", "asker", "reason", "state", "until"]
    filters = ["state", "ticket"]
