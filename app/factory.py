"""create_app: the one place that knows every part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import OpenApi
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import models  # noqa: F401  registers every table
import reports  # noqa: F401  registers every report
import views.desk_prints
import views.order_prints
import views.outgoing_prints
import views.prints  # noqa: F401  registers every printed form, as the lines above do
from app.engine import access, moments, passwords, phones
from app.extensions import csrf, db
from app.menu import SECTIONS, VIEWS
from app.web import aged, language, rendering, replica, sessions, table_body
from app.web.account import AccountView
from app.web.accounts import AccountsView
from app.web.api import Json, api_of
from app.web.ask import AskView
from app.web.bin import BinView
from app.web.board import BoardView
from app.web.clocks import MovedLimitsView
from app.web.desk import DeskView
from app.web.emergency import EmergencyView
from app.web.files import FileView
from app.web.home import HomeView, SearchView
from app.web.knowledge import KnowledgeView
from app.web.metrics import MetricsView
from app.web.notices import NoticesView
from app.web.official import OfficialView
from app.web.own_order import OwnOrderPage
from app.web.pages import HealthView, Surroundings
from app.web.papers import HoldersView, HoldingsView, RoundsView
from app.web.prints import PrintView
from app.web.progress import ProgressView
from app.web.record import register
from app.web.reporting import ReportView
from app.web.retries import Office
from app.web.security import protect
from app.web.signin import OfficeSecurityManager
from app.web.static_files import release_of
from app.web.trail import TrailView
from app.web.unit_link import UnitLinkPage
from seed.roles import ROLES, framework_roles

#: Pages that belong to no single kind of record.
PAGES = (
    SearchView, ReportView, FileView, PrintView, OfficialView, HealthView, MetricsView, AccountView, AccountsView,
    BinView, EmergencyView, TrailView, BoardView, HoldersView, HoldingsView, RoundsView, MovedLimitsView, NoticesView,
    AskView,
    DeskView,
    ProgressView,
    UnitLinkPage,
    OwnOrderPage,
    KnowledgeView,
)  # fmt: skip

HERE = Path(__file__).parent


def create_app(**settings: Any) -> Flask:
    """The application, with the settings of the environment and `settings` over them."""
    access.require_rules()
    access.configure(ROLES)
    app = Office("wenshu", root_path=str(HERE), static_url_path=f"/static/{release_of(HERE / 'static')}")
    app.config.from_object(config.Config)
    app.config.update({**config.from_environment(), **settings}, FAB_ROLES=framework_roles(), SECTIONS=SECTIONS)
    moments.configure(app.config["TIMEZONE"], app.config["FROZEN_NOW"])
    phones.configure(app.config["SECRET_KEY"], app.config["AREA_CODE"])
    db.init_app(app)
    app.json = Json(app)
    app.jinja_env.globals["wenshu"] = Surroundings()
    if unknown := app.config["TOTP_ROLES"] - set(ROLES):
        raise config.ConfigurationError(f"WENSHU_TOTP_ROLES names no such role: {', '.join(sorted(unknown))}.")
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    passwords.prepare(app.config["FAB_PASSWORD_HASH_METHOD"])
    protect(app)  # before the rest: what refuses a request needs its nonce and number
    csrf.init_app(app)
    sessions.install(app)
    replica.install(app)
    aged.install(app)
    with app.app_context():
        appbuilder = AppBuilder(
            app, db.session, indexview=HomeView, security_manager_class=OfficeSecurityManager, update_perms=False
        )
        language.install(app)
        rendering.install(app)
        table_body.install(app)
        for view in VIEWS:
            register(view)
            appbuilder.add_api(api_of(view.model))
        appbuilder.add_api(OpenApi)  # the framework registers it only along with a page that needs foreign scripts
        for page in PAGES:
            appbuilder.add_view_no_menu(page)
    return app
