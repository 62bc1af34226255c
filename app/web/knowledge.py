"""Suggestions of the library while somebody types a question."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import jsonify, request, url_for
from flask_appbuilder import BaseView, expose

from app.engine import terms
from app.engine.moments import local
from app.extensions import db
from app.web.kind import allowed
from models.quoting import suggestions


class KnowledgeView(BaseView):
    """`/knowledge/suggestions`."""

    route_base = "/knowledge"
    subject: ClassVar[str] = "articles"

    @expose("/suggestions")
    @allowed("read")
    def suggestions(self) -> Any:
        """At most eight articles that answer `q`, the likeliest first, as a JSON list.

        Each is `{id, title, version, excerpt, verified_on, href}`: the article's key, which a ticket is answered with,
        the number of the version in force and the day it was last verified. Only what may be quoted today is offered.
        """
        words = request.args.get("q", "")[:500]
        found = suggestions(db.session, words)
        return jsonify(
            [
                {
                    "id": version.article_id,
                    "title": version.title,
                    "version": version.number,
                    "excerpt": terms.excerpt(version.body, words),
                    "verified_on": local(version.verified_at).date().isoformat(),
                    "href": url_for("ArticleVersionView.show", pk=version.id),
                }
                for version in found
            ]
        )
