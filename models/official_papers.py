"""Official papers of the house: what stands on one when an outgoing document is set by GB/T 9704-2012."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from app.engine import rules
from app.engine.database import session_of
from app.engine.fields import fields_of
from app.engine.moments import local
from app.engine.paper.manuscript import blocks
from app.engine.paper.official import Format, OfficialPaper, Signing
from app.engine.refusals import StepRefused
from models import prints, routing
from models.outgoing import FROZEN, OutgoingDocument
from models.secrecy import ORDINARY

#: Types that have a format of their own; all others are set as a document 文件.
FORMATS: dict[str, Format] = {"letter": "letter", "order": "order", "minutes": "minutes"}

#: An order bears the name stamp of who signed it, minutes bear nothing (GB/T 9704-2012, 10.2, 10.3); others a seal.
SIGNATURES: dict[str, Signing] = {"order": "stamp", "minutes": "plain"}

#: A number somebody typed before an enclosure; the layout numbers them itself.
_NUMBERED = re.compile(r"(?:附件[:：]?)?\s*(\d{1,2})\s*[.．、]\s*(?!\d)")
#: What a line of a list may end with without a comma of ours.
_STOPS = "，、；：。,;:"


def issuer_of(document: OutgoingDocument) -> str:
    """Who issues a paper, as its head and its signature have it: the body of its series, else the office."""
    series = document.number_series
    return series.issuer if series is not None else rules.value(session_of(document), prints.OFFICE_NAME, None)


def official_paper(
    document: OutgoingDocument, *, copy_number: str = "", preprinted: bool = False, seal: bool = False
) -> OfficialPaper:
    """The paper as it is printed: a draft until it is signed, from then on the words that were signed.

    Raises `StepRefused` where the text is no longer the signed one. Its own words are in the language set at the time.
    """
    document.keep_text()
    if document.uploaded():
        raise StepRefused(_("The text of this paper is an uploaded file; open it among the paper's files."))
    kind, issuer, draft = document.document_type, issuer_of(document), document.state not in FROZEN
    joint, head = [one.name for one in document.joint_issuers], document.number_series and document.number_series.head
    signing = document.signed_at if not draft else None
    return OfficialPaper(
        title=document.title,
        issuers=(head or issuer, *joint),
        signed_by=(issuer, *joint),
        mark_suffix="" if head else None,
        body=tuple(blocks(document.body)),
        format=FORMATS.get(kind, "document"),
        number=document.document_no or "",
        copy_number=copy_number,
        secrecy="" if document.secrecy in ORDINARY else _word(document, "secrecy"),
        secrecy_period="" if document.secrecy in ORDINARY else document.secrecy_period or "",
        urgency="" if document.urgency == "none" else _word(document, "urgency"),
        signers=_signers(document) if kind in routing.UPWARD else (),
        addressees=in_a_row(document.addressees),
        enclosures=tuple(named(document.enclosures)),
        signature=SIGNATURES.get(kind, "seal"),
        officers=_officers(document) if kind == "order" else (),
        day=local(signing).date() if signing else None,
        note=document.note or "",
        copy_to=in_a_row(document.copy_to),
        printing_office=rules.value(session_of(document), prints.OFFICE_NAME, document.profile()),
        printed_on=local(document.issued_at).date() if document.issued_at else None,
        preprinted=preprinted,
        seal_preview=seal,
        draft=draft,
    )


def _word(document: OutgoingDocument, name: str) -> str:
    return fields_of(OutgoingDocument)[name].choice_label(getattr(document, name))


def _signers(document: OutgoingDocument) -> tuple[str, ...]:
    """Who signs a paper to superiors: our signer first, then those of the joint issuers."""
    ours = [document.signer.name] if document.signer else []
    return (*ours, *(one.signer for one in document.joint_issuers if one.signer))


def _officers(document: OutgoingDocument) -> tuple[tuple[str, str], ...]:
    """Post and name of who signs an order, ours first."""
    signer = document.signer
    ours = [(signer.position or "", signer.name)] if signer else []
    return (*ours, *(("", one.signer) for one in document.joint_issuers if one.signer))


def in_a_row(words: str | None) -> str:
    """A list typed a line each as one line: a comma stands where a line ended without a mark."""
    lines = [line.strip() for line in (words or "").splitlines() if line.strip()]
    return "".join(line if line[-1] in _STOPS else f"{line}，" for line in lines[:-1]) + (lines[-1] if lines else "")


def named(enclosures: str | None) -> list[str]:
    """The enclosures, a line each, without the numbers somebody typed before them in the order they have anyway."""
    lines = [line.strip() for line in (enclosures or "").splitlines() if line.strip()]
    typed = [_NUMBERED.match(line) for line in lines]
    if lines and all(found and int(found[1]) == place for place, found in enumerate(typed, 1)):
        return [line[found.end() :] for line, found in zip(lines, typed, strict=True) if found]
    return lines
