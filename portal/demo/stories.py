"""The demo's access applications: one in every state, each by way of the actions that people would have taken."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from applications.actions import application as drafts
from applications.actions import decision as decisions
from applications.actions import finding, review, submission
from applications.enums import Outcome, Settlement
from applications.exceptions import NotPossibleNow
from applications.models import Application, Customer, Subscription, User
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from portal.demo import people

PLACES = ("Staff entrance", "Check-in kiosks", "Touchless boarding", "Lost-child search")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who decides in the demo, by which edition, and when it begins."""

    edition: Edition
    start: datetime
    reviewer: User
    second: User
    lead: User

    def ago(self, days: float) -> datetime:
        return self.start - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a demo customer asks for, and how long before the demo begins (`which` subscriptions: none named, all)."""

    capabilities: Sequence[str]
    use_case: str
    description: str
    days_ago: int
    services: Sequence[str] = ("face",)
    which: tuple[int, ...] = ()
    people: dict[str, Any] = field(default_factory=dict)


Story = Callable[[Desk, User, Wish], object]


def draft(desk: Desk, owner: User, wish: Wish) -> Application:
    """A draft with every section saved by its owner."""
    customer = Customer.objects.get(memberships__user=owner)
    now = desk.ago(wish.days_ago) - timedelta(hours=2)
    made = drafts.start(customer=customer, edition=desk.edition, by=owner, now=now, create_key=uuid.uuid4())
    held = list(Subscription.objects.filter(customer=customer).order_by("pk"))
    chosen = wish.which or range(len(held))
    named = {str(held[number].guid): PLACES[number % len(PLACES)] for number in chosen}
    filled = people.answers(
        person=owner.name,
        email=owner.email,
        name=customer.name,
        website=customer.website,
        country=customer.country,
        sector=customer.sector,
        subscriptions=named or {str(uuid.uuid5(uuid.NAMESPACE_DNS, customer.name)): "Production"},
        services=list(wish.services),
        capabilities=list(wish.capabilities),
        use_cases=[wish.use_case],
        description=wish.description,
        **wish.people,
    )
    for part in desk.edition.sections:
        saved = {row.code: row.version for row in made.sections.all()}
        drafts.save_section(
            application=made,
            section=part.code,
            answers=filled[part.code],
            version=saved.get(part.code, 0),
            edition=desk.edition,
            by=owner,
            now=now,
        )
    return made


def submitted(desk: Desk, owner: User, wish: Wish) -> Application:
    made = draft(desk, owner, wish)
    return submission.submit(application=made, edition=desk.edition, by=owner, now=desk.ago(wish.days_ago))


def withdrawn(desk: Desk, owner: User, wish: Wish) -> None:
    case = submitted(desk, owner, wish)
    drafts.withdraw(application=case, by=owner, now=desk.ago(wish.days_ago - 4))


def in_review(desk: Desk, owner: User, wish: Wish) -> Application:
    return review.claim(submitted(desk, owner, wish), by=desk.reviewer, now=desk.ago(wish.days_ago - 2))


def asked(desk: Desk, owner: User, wish: Wish) -> None:
    case = review.claim(submitted(desk, owner, wish), by=desk.second, now=desk.ago(wish.days_ago - 3))
    review.request_information(
        case,
        question="Which second way do customers have who cannot or will not use their face? Name it by country.",
        sections=["people"],
        edition=desk.edition,
        by=desk.second,
        now=desk.ago(wish.days_ago - 5),
    )


def recommended(desk: Desk, owner: User, wish: Wish) -> None:
    case = in_review(desk, owner, wish)
    now = desk.ago(wish.days_ago - 6)
    _settle(desk, case, Settlement.STANDS, now)
    outcome = ItemOutcome(Outcome.CONDITIONS, (), ("second-way", "human-review"))
    decisions.recommend(
        case,
        outcomes=_for_open_items(case, outcome),
        note="Exams have a supervised alternative; I would ask for it in writing.",
        edition=desk.edition,
        by=desk.reviewer,
        now=now,
    )


def approved(desk: Desk, owner: User, wish: Wish) -> None:
    _decided(desk, owner, wish, ItemOutcome(Outcome.APPROVED), Settlement.CURED)


def approved_with(*conditions: str) -> Story:
    outcome = ItemOutcome(Outcome.CONDITIONS, (), conditions)
    return lambda desk, owner, wish: _decided(desk, owner, wish, outcome, Settlement.CURED)


def denied_for(*reasons: str) -> Story:
    outcome = ItemOutcome(Outcome.DENIED, reasons)
    return lambda desk, owner, wish: _decided(desk, owner, wish, outcome, Settlement.STANDS)


def _decided(desk: Desk, owner: User, wish: Wish, outcome: ItemOutcome, settlement: Settlement) -> None:
    """Settle the flags and decide; a second person confirms where two are needed."""
    case = in_review(desk, owner, wish)
    now = desk.ago(wish.days_ago - 8)
    _settle(desk, case, settlement, now)
    outcomes = _for_open_items(case, outcome)
    try:
        decisions.decide(case, outcomes=outcomes, edition=desk.edition, by=desk.reviewer, now=now)
    except NotPossibleNow:
        note = "The facts are clear; please confirm."
        decisions.recommend(
            case, outcomes=outcomes, note=note, edition=desk.edition, by=desk.reviewer, now=now
        )
        later = now + timedelta(hours=20)
        decisions.decide(case, outcomes=outcomes, edition=desk.edition, by=desk.lead, now=later)


def _settle(desk: Desk, case: Application, settlement: Settlement, now: datetime) -> None:
    for flag in case.flags.all():
        finding.settle_flag(
            flag,
            settlement=settlement,
            note="Read beside the privacy notice.",
            edition=desk.edition,
            by=desk.reviewer,
            now=now,
        )


def _for_open_items(case: Application, outcome: ItemOutcome) -> dict[int, ItemOutcome]:
    return {item.pk: outcome for item in case.items.filter(closed_at__isnull=True)}


VERIFICATION = ("face.verification", "face.liveness")
IDENTIFICATION = ("face.identification", "face.liveness")
CELEBRITIES = ("video-indexer.celebrity-recognition", "computer-vision.celebrity-recognition")
ARCHIVE = {"whose-faces": ["public-figures"], "face-source": ["archive"], "places": ["no-camera"]}
MISSING = {"whose-faces": ["missing"], "face-source": ["case-file"]}

CASES: tuple[tuple[str, Wish, Story], ...] = (
    (
        "nordlys.example",
        Wish(VERIFICATION, "FC2", "Staff verify their identity at the staff entrance.", 80, which=(0,)),
        approved,
    ),
    (
        "nordlys.example",
        Wish(IDENTIFICATION, "FC3", "Passengers who enrolled board at 46 gates, touchless.", 2, which=(2,)),
        draft,
    ),
    (
        "nordlys.example",
        Wish(
            VERIFICATION,
            "FC2",
            "Passengers verify their identity at 46 check-in kiosks: a selfie against the passport photo.",
            9,
            which=(1,),
            people={"minors": "yes", "places": ["shared-device", "public-space"]},
        ),
        in_review,
    ),
    (
        "hafenlogistik-brandt.example",
        Wish(
            IDENTIFICATION,
            "FC3",
            "Workers enter three terminals by touchless access at the gate.",
            12,
            people={"voluntary": "no", "whose-faces": ["workers"], "places": ["workplace"]},
        ),
        in_review,
    ),
    (
        "gulf-airports.example",
        Wish(
            IDENTIFICATION,
            "FC3",
            "Touchless access for enrolled airport passengers at every gate.",
            6,
            people={"real-time": "yes", "places": ["public-space"]},
        ),
        submitted,
    ),
    (
        "meridian-archive.example",
        Wish(
            ("video-indexer.face-identification",),
            "VC1",
            "Editors search our film archive for people by face.",
            5,
            services=("video-indexer",),
            people=ARCHIVE,
        ),
        submitted,
    ),
    (
        "bancocordillera.example",
        Wish(
            VERIFICATION,
            "FC2",
            "Customers verify their identity with a selfie when they open an account.",
            11,
            people={"other-way": "no"},
        ),
        asked,
    ),
    (
        "ufvm.example",
        Wish(
            VERIFICATION,
            "FC2",
            "Students sign in to online exams; their identity is verified with the student card.",
            10,
            people={"minors": "yes", "whose-faces": ["students"], "places": ["school"]},
        ),
        recommended,
    ),
    (
        "minato-broadcasting.example",
        Wish(
            CELEBRITIES,
            "VC2",
            "Subtitles name the public figures on screen, for accessibility of our media archive.",
            60,
            services=("video-indexer", "computer-vision"),
            people=ARCHIVE,
        ),
        approved_with("privacy-notice"),
    ),
    (
        "kestrel-exams.example",
        Wish(
            VERIFICATION,
            "FC2",
            "Candidates verify their identity before a supervised exam.",
            4,
            people={"whose-faces": ["students"], "minors": "unsure"},
        ),
        submitted,
    ),
    (
        "saint-aubin.example",
        Wish(
            ("face.identification",),
            "FG8",
            "Search and rescue of missing residents after floods.",
            3,
            people={**MISSING, "places": ["public-space"], "real-time": "yes"},
        ),
        submitted,
    ),
    (
        "redlantern.example",
        Wish(
            ("face.identification",),
            "FG8",
            "Identify missing and deceased persons after disasters, with their families.",
            45,
            people={**MISSING, "places": ["no-camera"]},
        ),
        approved,
    ),
    (
        "pinecrest-care.example",
        Wish(
            IDENTIFICATION,
            "FC3",
            "Residents with dementia are recognised at the doors of the care home at all times.",
            40,
            people={
                "whose-faces": ["patients"],
                "places": ["care-home"],
                "voluntary": "no",
                "other-way": "no",
            },
        ),
        denied_for("compulsory"),
    ),
    (
        "aurorastadium.example",
        Wish(IDENTIFICATION, "FC3", "Season ticket holders who enrolled enter the stadium touchless.", 30),
        withdrawn,
    ),
    (
        "oakline-security.example",
        Wish(
            ("face.identification",),
            "FC3",
            "Access control of a county jail, run for the sheriff's office in Texas.",
            28,
            people={
                "police": "us-state-local",
                "police-cameras": ["fixed"],
                "whose-faces": ["workers"],
            },
        ),
        denied_for("us-police"),
    ),
    (
        "keystone-onboarding.example",
        Wish(VERIFICATION, "FC2", "We verify identity at account opening for our own customers.", 2),
        submitted,
    ),
    (
        "polderzicht.example",
        Wish(
            ("face.verification",),
            "FC2",
            "Clients verify their identity before a deed is signed by video.",
            1,
        ),
        draft,
    ),
)
