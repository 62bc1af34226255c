"""The worked example of the README, taken from the page and run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: What the example leaves out because every file of its folder begins with it, and the lines it asks for elsewhere.
BEFORE = """
from typing import Annotated
from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, true
from sqlalchemy.orm import Mapped, relationship
from app.engine import access, fields, record as records
from app.engine.frames import Column, frame, report
from app.engine.record import Numbered
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from app.web.record import RecordView
from models.people import Person
"""
AFTER = """
import sys
from pathlib import Path
import app.factory as factory
import seed.roles
from app.cli import migrate
from app.extensions import db
from tests.conftest import PASSWORD, actors_of, office, sign_in, fill_house

seed.roles.ROLES["archivist"] = {**seed.roles.ROLES["archivist"], "loans": frozenset({"*"}), "reports": frozenset({"read"})}
factory.VIEWS = (*factory.VIEWS, LoanView)
folder = Path(sys.argv[1])
app = office(f"sqlite:///{folder / 'office.db'}", folder)
fill_house(app)
with app.app_context():
    Loan.__table__.create(db.engine)
    migrate(app)  # what follows a migration at every upgrade
    test_a_returned_paper_is_out_no_more(db.session, actors_of(db.session))
    db.session.commit()
browser = sign_in(app, "archivist")
token = browser.post("/api/v1/security/login", json={"username": "archivist", "password": PASSWORD, "provider": "db"})
bearer = {"Authorization": "Bearer " + token.json["access_token"]}
page = browser.get("/loanview/list/").text
assert "卷宗" in page and "借〔" in page
assert browser.get("/loanview/show/1").status_code == 200
assert browser.get("/api/v1/loans/1", headers=bearer).json["state"] == "returned"
assert "卷宗" in browser.get("/loanview/export.csv").text
assert browser.get("/reports/loans_out.json").json["rows"] == []
assert sign_in(app, "user_b").get("/loanview/show/1").status_code == 403
print("ran")
"""


def test_the_worked_example_runs_as_it_stands(tmp_path):
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[1]
    lines = [line for line in example.splitlines() if line.strip() and not line.startswith("# ")]
    assert len(lines) < 60
    script = tmp_path / "example.py"
    script.write_text(BEFORE + example + AFTER, "utf-8")
    done = subprocess.run(
        [sys.executable, script, tmp_path],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.endswith("ran\n"), done.stderr[-2000:]
