"""Areas: a customer's place in the tree of regions follows from the region's name in its record.

An unknown name becomes a region at the top of the tree, by whatever way it comes in, so that no ledger is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.engine import access, changes
from app.engine.database import one_at_a_time
from models.customers import Customer
from models.regions import Region


@event.listens_for(Session, "before_flush", insert=True)
def _find_places(session: Session, context: object, instances: object) -> None:
    """Put the customers about to be written where the name of their region says, and rename with a region."""
    with access.system(), session.no_autoflush:
        for region in [one for one in session.dirty if isinstance(one, Region) and changes.changed(one, "name")]:
            for customer in session.scalars(select(Customer).where(Customer.area_id == region.id)):
                customer.region = region.name
        placed = [
            one
            for one in (*session.new, *session.dirty)
            if isinstance(one, Customer) and changes.changed(one, "region")
        ]
        if placed:
            regions = _regions(session, {name for one in placed if (name := _name(one))})
            for customer in placed:
                customer.area = regions.get(_name(customer))


def _name(customer: Customer) -> str:
    return " ".join((customer.region or "").split())


def _regions(session: Session, names: Iterable[str]) -> dict[str, Region]:
    """The regions of these names, those that are missing made; one in the recycle bin is taken out."""
    fresh = {one.name: one for one in (*session.new, *session.dirty) if isinstance(one, Region)}
    wanted = set(names) - fresh.keys()
    found = _stored(session, wanted)
    if wanted - found.keys():
        one_at_a_time(session, "regions")  # or two at once would both make it
        found |= _stored(session, wanted - found.keys())
    for region in found.values():
        region.deleted_at = None
    for name in sorted(wanted - found.keys()):
        found[name] = Region(name=name)
        session.add(found[name])
    return fresh | found


def _stored(session: Session, names: Iterable[str]) -> dict[str, Region]:
    query = select(Region).where(Region.name.in_(sorted(names))).execution_options(**access.with_deleted)
    return {region.name: region for region in session.scalars(query)}
