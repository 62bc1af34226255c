"""The pages there are, in the order of the menu: one list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.web.accounts import AccountsView
from app.web.bin import BinView
from app.web.board import BoardView
from app.web.clocks import MovedLimitsView
from app.web.desk import DeskView
from app.web.emergency import EmergencyView
from app.web.papers import HoldersView, HoldingsView, RoundsView
from app.web.trail import TrailView
from views.accountability import AccountabilityCaseView
from views.articles import ArticleVersionView, ArticleView, KnowledgeGapView, ReferralView
from views.assignments import AssignmentView, ExtensionRequestView, PaperOrderView
from views.calls import CallOwedView
from views.circulation import CirculationEntryView, CirculationView, SupplementaryTaskView
from views.clearances import StaffClearanceView
from views.copies import CopyMovementView, PaperCopyView
from views.correspondents import CorrespondentView
from views.customer_handovers import CustomerHandoverView, HandoverLineView
from views.customers import CustomerContactView, CustomerOwnerView, CustomerView, PlatformIdentityView
from views.daily_reviews import CorrectionView, DailyReviewView, ReviewLineView
from views.desk_procedures import DeskProcedureView
from views.dispatch import DispatchOrderView, NoteTemplateView
from views.documents import IncomingDocumentView
from views.envelopes import EnvelopeDefectView, EnvelopeLineView, EnvelopeView
from views.fates import (
    DestructionEntryView,
    DestructionListView,
    HoldView,
    ReturnCampaignView,
    ReturnItemView,
)
from views.follow_ups import EscalationRungView, FollowUpView
from views.identities import IdentityRequestView, SealedIdentityView
from views.import_runs import ImportRunView
from views.improvements import ImprovementView
from views.number_reservations import NumberReservationView
from views.orders import (
    AmendmentLineView,
    AmendmentView,
    DifferenceOrderView,
    OrderLineView,
    OrderReturnView,
    OrderView,
)
from views.outgoing import CountersignatureView, OutgoingDocumentView, RecipientView
from views.payments import PaymentAllocationView, PaymentView, RefundView
from views.people import DepartmentView, PersonView
from views.products import ProductPriceView, ProductView
from views.regions import CustomerGradeView, RegionView
from views.rosters import DutyShiftView, HandOverItemView, ShiftHandOverView
from views.rules import CalendarDayView, ClockRuleView, OutgoingSeriesView, RegisterView, RuleView
from views.scripts import ConductItemView, ConductSheetView, ScriptCardView
from views.shipments import ShipmentLineView, ShipmentView
from views.stock import ReservationView, StockMovementView
from views.supervision import SupervisionView
from views.tickets import ServiceTicketView
from views.unit_links import UnitLinkView
from views.visitors import VisitorView


@dataclass(frozen=True)
class Section:
    """One of the six entries of the menu, with its record views and its pages of another kind."""

    label: Any
    icon: str
    views: tuple[Any, ...]
    pages: tuple[Any, ...] = ()
    #: pages one looks at before any list
    first: tuple[Any, ...] = ()


SECTIONS = (
    Section(
        _l("Documents"),
        "documents",
        (
            IncomingDocumentView,
            EnvelopeView,
            EnvelopeLineView,
            EnvelopeDefectView,
            AssignmentView,
            ExtensionRequestView,
            PaperOrderView,
            CirculationView,
            CirculationEntryView,
            SupplementaryTaskView,
            PaperCopyView,
            CopyMovementView,
            OutgoingDocumentView,
            CountersignatureView,
            RecipientView,
            NumberReservationView,
            FollowUpView,
            SupervisionView,
            AccountabilityCaseView,
            HoldView,
            ReturnCampaignView,
            ReturnItemView,
            DestructionListView,
            DestructionEntryView,
            CorrespondentView,
        ),
        (HoldersView, HoldingsView, RoundsView),
        (BoardView,),
    ),
    Section(
        _l("Service"),
        "service",
        (
            ServiceTicketView,
            CallOwedView,
            DispatchOrderView,
            UnitLinkView,
            VisitorView,
            ArticleView,
            ArticleVersionView,
            KnowledgeGapView,
            ReferralView,
            ScriptCardView,
            DailyReviewView,
            ReviewLineView,
            CorrectionView,
            ImprovementView,
            ShiftHandOverView,
            HandOverItemView,
            DutyShiftView,
            StaffClearanceView,
            DeskProcedureView,
            ConductSheetView,
            ConductItemView,
            IdentityRequestView,
            SealedIdentityView,
        ),
        first=(DeskView,),
    ),
    Section(
        _l("Customers & orders"),
        "orders",
        (
            OrderView,
            AmendmentView,
            OrderReturnView,
            DifferenceOrderView,
            ShipmentView,
            PaymentView,
            RefundView,
            CustomerView,
            CustomerContactView,
            ProductView,
            StockMovementView,
            OrderLineView,
            CustomerHandoverView,
            HandoverLineView,
            RegionView,
            CustomerGradeView,
            AmendmentLineView,
            PaymentAllocationView,
            ReservationView,
            ProductPriceView,
            ShipmentLineView,
            PlatformIdentityView,
            CustomerOwnerView,
        ),
    ),
    Section(
        _l("Admin"),
        "admin",
        (
            DepartmentView,
            PersonView,
            RegisterView,
            OutgoingSeriesView,
            ClockRuleView,
            EscalationRungView,
            NoteTemplateView,
            RuleView,
            CalendarDayView,
            ImportRunView,
        ),
        (MovedLimitsView, AccountsView, TrailView, BinView, EmergencyView),
    ),
)

VIEWS = tuple(view for section in SECTIONS for view in section.views)
