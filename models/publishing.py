"""How an article of the library is approved, kept valid and taken out of use: two people stand for every text."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import clocks, history, rules, terms
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models.article_versions import TEXT, ArticleVersion
from models.articles import EDITORS, LIVE, Article
from models.fates import months_on
from models.gaps import fill_gaps
from models.people import Person

flow = Article.flow

REVIEW_MONTHS = rules.setting(
    "article_review_months", _l("Library: months until an article is verified again"), "number", "12"
)
APPROVERS = rules.setting(
    "article_approvers", _l("Library: roles that approve articles"), "list", "service_manager,office_manager"
)


def writes(article: Article, actor: Actor) -> bool:
    """Whether one of the actor's roles writes articles."""
    return actor.has(*rules.listed(session_of(article), EDITORS, None))


def approves(article: Article, actor: Actor) -> bool:
    """Whether one of the actor's roles approves articles."""
    return actor.has(*rules.listed(session_of(article), APPROVERS, None))


def seconds(article: Article, actor: Actor) -> bool:
    """Who approves, and is neither the author nor the one who wrote last: two people stand for every text."""
    own = actor.own_person_id
    return approves(article, actor) and (own is None or own not in (article.author_id, article.editor_id))


def withdraws(article: Article, actor: Actor) -> bool:
    """In an emergency the leader, too."""
    return approves(article, actor) or actor.has("leader")


def _issue(session: Session, article: Article, valid_until: date | None, remark: str | None) -> None:
    """Make the text a version, in force from now on and to be verified by a day; it is found in place of the last."""
    with session.no_autoflush:
        last = article.latest(session)
        publisher = session.get(Person, history.doer().own_person_id or 0)
        months = int(rules.number(session, REVIEW_MONTHS, None))
    moment, text = now(), {name: getattr(article, name) for name in TEXT} | {"valid_until": valid_until}
    version = ArticleVersion(
        article_id=article.id, number=last.number + 1 if last else 1, writer=article.editor or article.author,
        publisher=publisher, verified_at=moment, remark=remark, **text,
    )  # fmt: skip
    records.store(session, version)
    version.lay_open(session)
    if last is not None:
        terms.take_away(session, ArticleVersion.kind_name, last.id)
    clocks.stop(session, article, "review")
    article.edition, article.verified_at, article.valid_until = version.number, moment, valid_until
    article.review_on = min(filter(None, (months_on(today(), months), valid_until)))


def _take_up(article: Article) -> None:
    """Whoever begins to write anew is the author of what comes of it."""
    session = session_of(article)
    with session.no_autoflush:
        article.author = article.editor = session.get(Person, history.doer().own_person_id or 0)


def _hide(article: Article) -> None:
    """Let the article be found no more."""
    session = session_of(article)
    with session.no_autoflush:
        version = article.latest(session)
    if version is not None:
        terms.take_away(session, ArticleVersion.kind_name, version.id)


@flow.step(
    "draft",
    "revising",
    to=("submitted", "resubmitted"),
    label=_l("Submit for approval"),
    who=writes,
    tone="primary",
)
def submit(article: Article) -> str:
    """The text is finished; somebody else looks it over."""
    return "submitted" if article.state == "draft" else "resubmitted"


@flow.step("submitted", "resubmitted", to="published", label=_l("Approve and publish"), who=seconds, tone="primary")
def publish(
    article: Article,
    remark: Annotated[
        str | None, Ask(_l("Verified against"), kind="line", help=_l("What the text was compared with"))
    ] = None,
) -> None:
    """The text is right: it becomes a version that stays as it is, and the desk answers from it."""
    if article.valid_until is not None and article.valid_until < today():
        raise StepRefused(
            _("The article is valid until %(day)s, which has passed; send it back.", day=article.valid_until)
        )
    session = session_of(article)
    fill_gaps(session, article)
    _issue(session, article, article.valid_until, remark)


@flow.step("submitted", "resubmitted", to=("draft", "revising"), label=_l("Send back to the author"), who=approves)
def send_back(article: Article, reason: Annotated[str, Ask(_l("Reason"))]) -> str:
    """The text is not right yet; its author goes on with it."""
    return "draft" if article.state == "submitted" else "revising"


@flow.step("published", "review_due", to="revising", label=_l("Revise"), who=writes)
def revise(article: Article, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Write the text anew; until the new one is approved the desk answers from the present version."""
    _take_up(article)


@flow.step("revising", to=("published", "review_due"), label=_l("Give the revision up"), who=writes)
def drop_revision(article: Article, reason: Annotated[str, Ask(_l("Reason"))]) -> str:
    """The version in force stays, and the text becomes what it says."""
    session = session_of(article)
    with session.no_autoflush:
        version = article.latest(session)
        if version is None:
            raise StepRefused(_("There is no earlier text to go back to."))
        text = {name: getattr(version, name) for name in TEXT}
        writer = version.writer
    for name, value in text.items():
        setattr(article, name, value)
    article.author = article.editor = writer
    return "review_due" if article.review_on is not None and article.review_on < today() else "published"


@flow.step("published", to="review_due", label=_l("Falls due for verification"), who=never_by_hand)
def fall_due(article: Article) -> None:
    """Follows by itself when its validity has ended or it was last verified too long ago."""


@flow.step("published", "review_due", to="published", label=_l("Verify again"), who=seconds, tone="primary")
def verify(
    article: Article,
    remark: Annotated[str, Ask(_l("Verified against"), kind="line", help=_l("What the text was compared with"))],
    valid_until: Annotated[date | None, Ask(_l("Valid until"), help=_l("Empty: as before"))] = None,
) -> None:
    """The text was compared with what it rests on and still holds; its time begins anew."""
    until = valid_until or article.valid_until
    if until is not None and until < today():
        raise StepRefused(_("It was valid until %(day)s; state until when it is valid now, or revise it.", day=until))
    _issue(session_of(article), article, until, remark)


@flow.step(*LIVE, to="withdrawn", label=_l("Take out of use at once"), who=withdraws, tone="danger")
def withdraw(article: Article, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The answer is wrong or harmful: from this moment nobody answers from it."""
    _hide(article)


@flow.step("withdrawn", to="draft", label=_l("Write anew"), who=writes)
def rewrite(article: Article) -> None:
    """The text goes the whole way again before anybody answers from it."""
    _take_up(article)


@flow.step("draft", "published", "review_due", "withdrawn", to="retired", label=_l("Retire"), who=approves)
def retire(article: Article, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Nobody needs the article any more; answers that were given from it keep their version."""
    _hide(article)
