"""Pages of papers kept for now, called back or destroyed."""

from app.web.kind import Children
from app.web.record import RecordView
from models.destruction import DestructionEntry, DestructionList
from models.fates import Hold, ReturnCampaign, ReturnItem


class HoldView(RecordView):
    model = Hold
    list_columns = ["document", "reason", "state", "keeper", "review_on", "reviewed_on", "due_at"]
    filters = ["state", "document", "keeper", "review_on"]


class ReturnCampaignView(RecordView):
    model = ReturnCampaign
    list_columns = ["campaign_no", "issuer", "state", "due_on", "handed_back_on", "due_at"]
    filters = ["state", "issuer", "due_on"]
    children = [Children("items", "campaign", ["document", "copy_no", "holder", "state", "collected_on"], most=100)]


class ReturnItemView(RecordView):
    """Copies asked back; under “holder” what one person still has."""

    model = ReturnItem
    in_menu = False
    list_columns = ["campaign", "document", "copy_no", "holder", "state", "collected_on"]
    filters = ["campaign", "state", "holder", "document"]


class DestructionListView(RecordView):
    model = DestructionList
    list_columns = ["list_no", "subject", "state", "proposer", "approver", "approved_on", "destroyed_on"]
    filters = ["state", "approver", "destroyed_on"]
    children = [
        Children("entries", "destruction", ["document", "reason", "decision", "keep_until", "tombstone"], most=100)
    ]


class DestructionEntryView(RecordView):
    """Lines are changed with their list; this one is for finding what was destroyed."""

    model = DestructionEntry
    in_menu = False
    list_columns = ["destruction", "document", "reason", "decision", "keep_until", "tombstone"]
    filters = ["destruction", "document", "decision"]
