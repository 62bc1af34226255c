"""The objects that are made once and bound to an application by `create_app`."""

import logging

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_wtf import CSRFProtect
from sqlalchemy.exc import DBAPIError

import app.engine.database as database  # also: names for constraints, before any table exists

db = SQLA(model_class=Model, disable_autonaming=True)
csrf = CSRFProtect()


def end_session() -> None:
    """Give the request's session back, also where its connection has died: what was open in it is gone either way.

    A session left behind would be found again by a later request, and with it what another user had loaded.
    """
    try:
        db.session.remove()
    except DBAPIError as error:
        logging.getLogger("wenshu").warning("database: %s", database.plainly(error))
        db.session.registry.clear()
