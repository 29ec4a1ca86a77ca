"""Floor 3: ways on from applications, in words, and what a follow-up begins with (design §5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.enums import GRANTING_OUTCOMES, UNDECIDED_STATES, Basis, Kind, Outcome, State
from applications.models import (
    AccessGrant,
    Application,
    Decision,
    RequestedCapability,
    Submission,
)
from applications.rules import followups as rule
from applications.rules.answers import Wish
from applications.rules.followups import Followup, Offer, Past, WhyNot
from applications.rules.policy import Edition

SHOWN = (Followup.APPEAL, Followup.RENEW, Followup.AMEND, Followup.AGAIN)
"""Those that stand on a page of their own, the most urgent first."""


@dataclass(frozen=True, slots=True)
class WayOn:
    """One way on as a page shows it: `why_not` is a sentence, empty when it is open."""

    what: Followup
    href: str
    label: str
    note: str
    why_not: str
    until: datetime | None


def annotated(rows: QuerySet[Application]) -> QuerySet[Application]:
    """With what `past_of` needs, in the same statement."""
    decided = Decision.objects.filter(
        application=OuterRef("pk"), decided_at__isnull=False, taken_back_at__isnull=True
    )
    items = RequestedCapability.objects.filter(application=OuterRef("pk"))
    later = AccessGrant.objects.filter(
        subscription=OuterRef("subscription"),
        capability=OuterRef("capability"),
        basis=Basis.APPROVAL,
        revoked_at__isnull=True,
        ends_at__gt=OuterRef("ends_at"),
    )
    approvals = AccessGrant.objects.filter(
        ~Exists(later), item__application=OuterRef("pk"), basis=Basis.APPROVAL, revoked_at__isnull=True
    )
    return rows.annotate(
        letter_at=Subquery(decided.values("letter_due_at")[:1]),
        has_granted=Exists(items.filter(outcome__in=GRANTING_OUTCOMES)),
        has_denied=Exists(items.filter(outcome=Outcome.DENIED)),
        approval_ends_at=Subquery(approvals.order_by("ends_at").values("ends_at")[:1]),
        was_appealed=Exists(
            Application.objects.filter(previous=OuterRef("pk"), kind=Kind.APPEAL, state=State.DECIDED)
        ),
    )


def past_of(application: Any) -> Past:
    """What the rule needs of an application that `annotated` read."""
    return Past(
        kind=application.kind,
        state=application.state,
        granted=application.has_granted,
        denied=application.has_denied,
        letter_at=application.letter_at,
        ends_at=application.approval_ends_at,
        appealed=application.was_appealed,
    )


def offer_of(application: Application, what: Followup, edition: Edition, now: datetime) -> Offer:
    """One way on; one statement."""
    found = annotated(Application.objects.filter(pk=application.pk)).get()
    zone = rule.zone_of(application.customer.country, edition)
    return rule.offers(past_of(found), edition, zone, now)[what]


def ways_on(application: Application, edition: Edition, now: datetime) -> list[WayOn]:
    """The ways on of an application that `annotated` read: open ones, and those of which a date says why not."""
    zone = rule.zone_of(application.customer.country, edition)
    offers = rule.offers(past_of(application), edition, zone, now)
    shown = (_way_on(application, offers[what], edition) for what in SHOWN)
    return [way for way in shown if way]


def _way_on(application: Application, offer: Offer, edition: Edition) -> WayOn | None:
    if offer.why_not not in _TOLD:
        return None
    labels = {
        Followup.APPEAL: _("Appeal"),
        Followup.RENEW: _("Renew"),
        Followup.AMEND: _("Add a subscription or a use case"),
        Followup.AGAIN: _("Apply again"),
    }
    return WayOn(
        offer.what,
        reverse(f"application-{offer.what.value}", args=[application.reference]),
        labels[offer.what],
        _note(application, offer, edition),
        why_not(offer, application.customer.country, edition) if offer.why_not else "",
        offer.until,
    )


_TOLD = (
    None,
    WhyNot.LETTER_WAITS,
    WhyNot.TOO_EARLY,
    WhyNot.TOO_LATE,
    WhyNot.APPEALED,
    WhyNot.IS_APPEAL,
)


def _note(application: Any, offer: Offer, edition: Edition) -> str:
    country = application.customer.country
    if offer.what is Followup.APPEAL and offer.until:
        return _("Until %(day)s. Somebody else looks at what was denied.") % {
            "day": last_day(offer.until, country, edition)
        }
    if offer.what is Followup.RENEW and application.approval_ends_at:
        return hold_said(application.approval_ends_at, country, edition)
    if offer.what is Followup.AMEND:
        return _("We ask only about what is new.")
    return _("At any time. It begins with your answers.")


def hold_said(ends_at: datetime, country: str, edition: Edition) -> str:
    """Until when a renewal has to be submitted so that nothing ends while it is read."""
    zone = rule.zone_of(country, edition)
    days = edition.limits.renewal_extension_days
    return ngettext(
        "Submitted by %(day)s, what you have goes on until we decide, at most %(count)d day beyond its end.",
        "Submitted by %(day)s, what you have goes on until we decide, at most %(count)d days beyond its end.",
        days,
    ) % {"day": last_day(rule.in_time_until(ends_at, edition, zone), country, edition), "count": days}


def why_not(offer: Offer, country: str, edition: Edition) -> str:
    """Why a way on is not open, and what is (promise P10)."""
    day = last_day(offer.until, country, edition) if offer.until else ""
    since = day_of(offer.since, country, edition) if offer.since else ""
    return {
        WhyNot.NOT_SUBMITTED: _("It is a draft: complete it, or discard it."),
        WhyNot.UNDECIDED: _("It is not decided yet."),
        WhyNot.CLOSED: _("It is closed. You can apply again at any time."),
        WhyNot.LETTER_WAITS: _("The letter has not gone out yet. It is open when it has."),
        WhyNot.NOTHING_DENIED: _("Nothing in it was denied."),
        WhyNot.NOTHING_APPROVED: _("Nothing in it was approved."),
        WhyNot.NOTHING_ENDS: _("Nothing that it approved ends any more: it was renewed, or taken back."),
        WhyNot.IS_APPEAL: _("It was an appeal already. You can apply again at any time."),
        WhyNot.APPEALED: _("An appeal against it is decided. You can apply again at any time."),
        WhyNot.TOO_EARLY: _("It is open from %(day)s on.") % {"day": since},
        WhyNot.TOO_LATE: _("The last day was %(day)s. You can apply again at any time.") % {"day": day},
    }[offer.why_not or WhyNot.CLOSED]


def last_day(until: datetime, country: str, edition: Edition) -> str:
    """`14 June 2023 (Europe/Copenhagen)`: the last day before an exclusive end, in the customer's zone."""
    return day_of(until - timedelta.resolution, country, edition)


def day_of(at: datetime, country: str, edition: Edition) -> str:
    zone = rule.zone_of(country, edition)
    return f"{formats.date_format(at.astimezone(zone).date(), _('j F Y'))} ({zone.key})"


def held_of(application: Application, edition: Edition) -> str:
    """`hold_said` of what the application approved; one statement."""
    found: Any = annotated(Application.objects.filter(pk=application.pk)).get()
    ends_at = found.approval_ends_at
    return hold_said(ends_at, application.customer.country, edition) if ends_at else ""


def submit_by(draft: Application, edition: Edition) -> str:
    """Until when an appeal has to be submitted, or a renewal so that it holds the end; empty for others."""
    if draft.kind == Kind.RENEWAL and draft.previous:
        return held_of(draft.previous, edition)
    until = appeal_ends_at(draft, edition) if draft.kind == Kind.APPEAL else None
    return (
        _("Submit it by the end of %(day)s.") % {"day": last_day(until, draft.customer.country, edition)}
        if until
        else ""
    )


def about_said(
    application: Application, what: Followup, edition: Edition, language: str | None
) -> list[tuple[str, str, list[tuple[str, UUID]]]]:
    """What a follow-up is about: capability, use case, and (name, id) of each subscription."""
    items = application.items.select_related("subscription").order_by("capability", "use_case", "pk")
    if what is Followup.RENEW:
        items = items.filter(outcome__in=GRANTING_OUTCOMES)
    elif what is Followup.APPEAL:
        items = items.filter(outcome=Outcome.DENIED)
    together: dict[tuple[str, str], list[tuple[str, UUID]]] = {}
    for item in items:
        held = item.subscription.customer_id == item.customer_id
        name = item.subscription.label if held else ""  # a foreign name is not theirs to read (promise P9)
        together.setdefault((item.capability, item.use_case), []).append((name, item.subscription.guid))
    return [
        (
            _name(edition.capability(code), code, language),
            _name(edition.use_cases.get(case), "", language),
            ids,
        )
        for (code, case), ids in together.items()
    ]


def _name(found: Any, otherwise: str, language: str | None) -> str:
    return found.name.to(language) if found else otherwise


# --- appeals ---


def letter_at(application: Application) -> datetime | None:
    """When the letter of the standing decision goes out."""
    found = application.decisions.filter(decided_at__isnull=False, taken_back_at__isnull=True)
    return found.values_list("letter_due_at", flat=True).first()


def appeal_ends_at(appeal: Application, edition: Edition) -> datetime | None:
    """The end of the last day on which this appeal may be submitted."""
    sent = letter_at(appeal.previous) if appeal.previous else None
    return rule.appeal_until(sent, edition, rule.zone_of(appeal.customer.country, edition)) if sent else None


# --- what the new application begins with ---


def open_follower(previous: Application, kind: Kind) -> Application | None:
    """The follow-up of this kind that is to be gone on with, in place of another one (as the constraint says)."""
    open_ones = Q(state=State.DRAFT)
    if kind in (Kind.APPEAL, Kind.RENEWAL):
        open_ones |= Q(state__in=UNDECIDED_STATES)
    return (
        Application.objects.filter(open_ones, previous=previous, kind=kind).select_related("customer").first()
    )


def followers(application: Application) -> list[Application]:
    """What was submitted or begun after it, the newest first."""
    return list(application.followers.order_by("-pk").only("reference", "kind", "state", "previous_id"))


def beginning(previous: Application, what: Followup, edition: Edition) -> dict[str, dict[str, Any]]:
    """The answers a follow-up begins with: those of the previous one, narrowed to what it is about."""
    frozen = (
        Submission.objects.filter(application=previous)
        .order_by("-number")
        .values_list("answers", flat=True)
        .first()
    )
    if frozen is None:  # a draft that lapsed
        frozen = dict(previous.sections.values_list("code", "answers"))
    return rule.prefill(frozen, edition, _about(previous, what))


def _about(previous: Application, what: Followup) -> set[Wish] | None:
    if what is Followup.RENEW:
        return asked_with(previous.pk, GRANTING_OUTCOMES)
    if what is Followup.APPEAL or (what is Followup.AGAIN and previous.state == State.DECIDED):
        return asked_with(previous.pk, (Outcome.DENIED,))
    return None


def asked_with(application_id: int, outcomes: Iterable[Outcome]) -> set[Wish]:
    """What the application asked for and got one of these outcomes."""
    items = RequestedCapability.objects.filter(application=application_id, outcome__in=tuple(outcomes))
    rows = items.values_list("subscription__guid", "capability", "use_case")
    return {Wish(str(guid), capability, case) for guid, capability, case in rows}


def narrowed(
    wishes: list[Wish], kind: str, previous_id: int | None, customer_id: int, at: datetime
) -> list[Wish]:
    """An appeal asks for what was denied and nothing else, an amendment for what is not approved already."""
    if kind == Kind.APPEAL and previous_id:
        denied = asked_with(previous_id, (Outcome.DENIED,))
        return [wish for wish in wishes if wish in denied]
    if kind == Kind.AMENDMENT:
        guids = {UUID(wish.guid) for wish in wishes}
        held = AccessGrant.objects.filter(
            customer=customer_id,
            basis=Basis.APPROVAL,
            revoked_at__isnull=True,
            ends_at__gt=at,
            subscription__guid__in=guids,
        ).annotate(guid=F("subscription__guid"))
        rows = held.values_list("guid", "capability", "use_case")
        approved = {Wish(str(guid), code, case) for guid, code, case in rows}
        return [wish for wish in wishes if wish not in approved]
    return wishes
