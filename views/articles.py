"""Pages of the library: articles, their versions, gap cards, and whom callers are referred to."""

from app.web.kind import Children
from app.web.record import RecordView
from models.article_versions import ArticleVersion
from models.articles import Article
from models.gaps import KnowledgeGap
from models.referrals import Referral


class ArticleView(RecordView):
    model = Article
    list_columns = ["article_no", "title", "state", "audience", "department", "edition", "verified_at", "review_on"]
    filters = ["state", "audience", "department", "author", "review_on"]
    children = [
        Children("versions", "article", ["number", "title", "writer", "publisher", "verified_at", "valid_until"])
    ]


class ArticleVersionView(RecordView):
    """Versions are made by publishing; this is for reading what an answer rested on."""

    model = ArticleVersion
    in_menu = False
    list_columns = ["article", "number", "title", "audience", "department", "publisher", "verified_at"]
    filters = ["article", "audience", "department", "publisher", "verified_at"]


class KnowledgeGapView(RecordView):
    model = KnowledgeGap
    list_columns = ["gap_no", "question", "state", "department", "raised_by", "writer", "article"]
    filters = ["state", "department", "writer"]


class ReferralView(RecordView):
    """Emergency numbers stand first."""

    model = Referral
    list_columns = ["emergency", "number", "name", "matters", "owner", "in_use"]
    filters = ["emergency", "in_use", "owner"]
    base_order = "-emergency"
