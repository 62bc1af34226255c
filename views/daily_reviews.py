"""Pages of the daily ledger review, its lines and the corrections that come of them."""

from app.web.kind import Children
from app.web.record import RecordView
from models.corrections import Correction
from models.daily_reviews import ODDITIES, DailyReview, ReviewLine

_CORRECTION = ["finding", "remedy", "owner", "due_on", "state"]


class DailyReviewView(RecordView):
    model = DailyReview
    list_columns = ["day", "desk", "state", "tickets", "odd_tickets", "due_at", "signer", "signed_at"]
    filters = ["state", "desk", "day", "signer"]
    base_order = "-day"
    children = [Children("review_lines", "review", ["ticket", "state", *ODDITIES, "remark"], most=100)]


class ReviewLineView(RecordView):
    """Lines are reached through their sheet."""

    model = ReviewLine
    list_columns = ["review", "ticket", "state", *ODDITIES, "remark"]
    filters = ["review", "state", *ODDITIES]
    children = [Children("corrections", "line", _CORRECTION)]
    in_menu = False


class CorrectionView(RecordView):
    model = Correction
    list_columns = ["ticket", *_CORRECTION, "due_at"]
    filters = ["state", "owner", "ticket", "due_on"]
