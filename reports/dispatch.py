"""What became so late at the desk that it is listed for criticism."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.engine.clock_rules import STAGE_LABELS
from app.engine.clocks import ClockRow
from app.engine.columns import Column
from app.engine.frames import frame, report
from app.engine.ladder import SENT, EscalationRung, RungSent
from app.engine.periods import Period
from models.desk_ladder import LISTED
from models.dispatch import DispatchOrder
from models.people import Department
from models.tickets import ServiceTicket


@report(
    "dispatch_criticised",
    _l("Limits listed for criticism"),
    [
        Column("number", _l("Number"), "number_text"),
        Column("stage", _l("Stage"), "choice"),
        Column("department", _l("Unit"), "text"),
        Column("due_at", _l("Due"), "moment"),
        Column("stopped_at", _l("Done"), "moment"),
        Column("listed_at", _l("Listed"), "moment"),
    ],
    basis=_l(
        "Every limit of a ticket or dispatch order that the ladder listed in the period, once, with the first time. "
        "Void, merged and cancelled ones are left out."
    ),
)
def criticised(session: Session, period: Period) -> pd.DataFrame:
    """One line a limit: `number` of the ticket or order, `stage`, `department`, `due_at`, `stopped_at`, `listed_at`."""
    # Asked for one after the other: the rows of each kind are narrowed to the reader's by the kind's own rule.
    tables = [
        frame(session, _listed(ServiceTicket, ServiceTicket.ticket_no, period)),
        frame(session, _listed(DispatchOrder, DispatchOrder.order_no, period)),
    ]
    table = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    table = table.sort_values(["listed_at", "number"], ignore_index=True)
    table["stage"] = table["stage"].map(lambda stage: str(STAGE_LABELS.get(stage, stage)))
    return table


def _listed(model: Any, number: Any, period: Period) -> Select[Any]:
    first = func.min(RungSent.at).label("listed_at")
    # A limit that was moved climbs the ladder anew, and a rung may list it and tell somebody, too.
    listing = select(RungSent.clock_id, first).join(EscalationRung, EscalationRung.id == RungSent.rung_id)
    listing = listing.where(RungSent.state == SENT, EscalationRung.who.contains(LISTED))
    listed = period.holds(listing, RungSent.at).group_by(RungSent.clock_id).subquery().c
    return (
        select(
            number.label("number"), ClockRow.stage, Department.name.label("department"), ClockRow.due_at,
            ClockRow.stopped_at, listed.listed_at,
        )
        .select_from(ClockRow)
        .join(listed.clock_id.table, ClockRow.id == listed.clock_id)
        .join(model, and_(ClockRow.kind == model.kind_name, model.id == ClockRow.record_id))
        .join(Department, Department.id == model.department_id, isouter=True)
        .where(model.state.not_in(model.flow.uncounted_states))
        .order_by(listed.listed_at, ClockRow.id)
    )  # fmt: skip
