"""create_app: the one place that knows every part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import OpenApi

import config
import models  # noqa: F401  registers every table
import reports  # noqa: F401  registers every report
from app.engine import access, moments
from app.extensions import csrf, db
from app.menu import SECTIONS, VIEWS
from app.web.api import Json, api_of
from app.web.files import FileView
from app.web.pages import HealthView, HomeView, ReportView, SearchView, Surroundings
from app.web.record import register
from app.web.security import OfficeSecurityManager, protect
from seed.roles import ROLES, framework_roles

HERE = Path(__file__).parent


def create_app(**settings: Any) -> Flask:
    """The application, with the settings of the environment and `settings` over them."""
    access.require_rules()
    access.configure(ROLES)
    app = Flask("wenshu", root_path=str(HERE))
    app.config.from_object(config.Config)
    app.config.update({**config.from_environment(), **settings}, FAB_ROLES=framework_roles(), SECTIONS=SECTIONS)
    moments.configure(app.config["TIMEZONE"], app.config["FROZEN_NOW"])
    db.init_app(app)
    app.json = Json(app)
    app.jinja_env.globals["wenshu"] = Surroundings()
    protect(app)
    csrf.init_app(app)  # after the above, for its refusals too have a page, a reference number and headers
    with app.app_context():
        appbuilder = AppBuilder(
            app, db.session, indexview=HomeView, security_manager_class=OfficeSecurityManager, update_perms=False
        )
        for view in VIEWS:
            register(view)
            appbuilder.add_api(api_of(view.model))
        appbuilder.add_api(OpenApi)  # the framework registers it only along with a page that needs foreign scripts
        for page in (SearchView, ReportView, FileView, HealthView):
            appbuilder.add_view_no_menu(page)
    return app
