"""The objects that are made once and bound to an application by `create_app`."""

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_wtf import CSRFProtect

import app.engine.database  # noqa: F401  names for constraints, before any table exists

db = SQLA(model_class=Model, disable_autonaming=True)
csrf = CSRFProtect()
