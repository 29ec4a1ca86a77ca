"""The demo's data, made through the same actions as everything else: a grace year that ends in five weeks."""

import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command

from applications.actions import application as drafts
from applications.actions import customer as customers
from applications.actions import decision as decisions
from applications.actions import finding, review
from applications.enums import Outcome, Settlement
from applications.jobs.customers_import import import_customers
from applications.models import User
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition
from applications.rules.review import ItemOutcome
from portal.accounts import enrol_totp
from portal.demo import people
from portal.demo.clock import set_start
from portal.demo.models import ClockShift
from portal.demo.stories import Wish, approve, deny, draft, submitted

START = datetime(2023, 5, 26, 9, 40, tzinfo=UTC)
IMPORTED = datetime(2022, 6, 27, 8, 0, tzinfo=UTC)
PASSWORD, STAFF, TOTP_SECRET = people.PASSWORD, people.STAFF, people.TOTP_SECRET
NAMESPACE = uuid.UUID("6a1b7f1e-0c9d-4f7e-9a55-2c8f0f9d3b11")

Say = Callable[[str], None]


def seed(say: Say) -> bool:
    """Make the demo's world once; False when it stands already (its data is kept)."""
    if ClockShift.objects.exists():
        return False
    call_command("load_policy", str(edition_file()), stdout=io.StringIO())
    edition = edition_in_force()
    say("policy loaded")
    staff = {email: _person(email, name, staff_role=role) for email, name, role in people.STAFF}
    for person in staff.values():
        enrol_totp(person, people.TOTP_SECRET)
    _import(edition)
    say("customers imported")
    owners = _people()
    _applications(edition, owners, staff)
    say("applications made")
    set_start(START)
    return True


def edition_file() -> Path:
    return Path(settings.BASE_DIR) / "applications" / "editions" / "2022-06-21.toml"


def guid(name: str, number: int) -> str:
    """The demo's subscription ids are the same on every machine."""
    made = bytearray(uuid.uuid5(NAMESPACE, f"{name}/{number}").bytes)
    made[6] = made[6] & 0x0F | 0x40
    return str(uuid.UUID(bytes=bytes(made)))


def _person(email: str, name: str, **fields: object) -> User:
    user = User.objects.create_user(email, people.PASSWORD, name=name, joined_at=IMPORTED, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _import(edition: Edition) -> None:
    """The operator's file of existing customers, as it comes."""
    lines = [
        "customer,website,country,sector,contact_name,contact_email,subscription_id,services,first_used_on"
    ]
    for name, domain, country, sector, owner, services, count in people.EXISTING:
        lines += [
            f'"{name}",https://www.{domain},{country},{sector},{owner},{_mail(owner, domain)},'
            f"{guid(name, number)},{services},2021-0{number + 2}-14"
            for number in range(count)
        ]
    for number, name in enumerate(people.SILENT):
        domain = name.lower().replace(" ", "") + ".example"
        mail = "" if number == 3 else "frontdesk@gmail.com" if number == 5 else f"office@{domain}"
        lines.append(
            f"{name},https://{domain},GB,commercial,Front Office,{mail},{guid(name, 0)},face,2020-11-02"
        )
    lines.append(
        "Broken Row Ltd,https://broken.example,GB,commercial,Ann,ann@broken.example,not-a-guid,face,2021-01-01"
    )
    import_customers(
        io.StringIO("\n".join(lines) + "\n"),
        edition=edition,
        by=None,
        now=IMPORTED,
        on_reject=lambda _reject: None,
    )


def _mail(owner: str, domain: str) -> str:
    first = owner.split()[0].lower()
    return f"{first if first.isascii() else 'office'}@{domain}"


def _people() -> dict[str, User]:
    """Owners who confirmed the address of the import, by their customer's mail domain; some never came."""
    owners: dict[str, User] = {}
    for _name, domain, _country, _sector, owner, _services, _count in people.EXISTING:
        if domain == "tessellate.example":
            continue
        owners[domain] = _person(_mail(owner, domain), owner, language="nl" if domain.endswith(".nl") else "")
        customers.welcome(by=owners[domain], address=owners[domain].email, now=IMPORTED + timedelta(days=60))
    for name, domain, country, owner in people.NEW:
        owners[domain] = _person(_mail(owner, domain), owner)
        customers.found_customer(
            by=owners[domain],
            name=name,
            website=f"https://{domain}",
            country=country,
            sector="commercial",
            now=START - timedelta(days=20),
        )
    return owners


VERIFICATION = ["face.verification", "face.liveness"]
IDENTIFICATION = ["face.identification", "face.liveness"]


def _applications(edition: Edition, owners: dict[str, User], staff: dict[str, User]) -> None:
    """One access application in every state; the queue is alive when the demo begins."""
    at = {"edition": edition, "start": START}
    desk = {
        "by": staff["rosa@vendor.example"],
        "second": staff["sam@vendor.example"],
        "edition": edition,
    }
    rosa, sam = desk["by"], desk["second"]

    def day(ago: int, hours: int = 0) -> datetime:
        return START - timedelta(days=ago) + timedelta(hours=hours)

    nordlys = owners["nordlys.example"]
    entrance = submitted(
        nordlys,
        Wish(
            VERIFICATION,
            ["FC2"],
            "Staff verify their identity at the staff entrance with their badge photo.",
            80,
            which=(0,),
        ),
        **at,
    )
    approve(entrance, now=day(72), **desk)
    draft(
        nordlys,
        Wish(
            IDENTIFICATION,
            ["FC3"],
            "Passengers who enrolled board without touching anything at 46 gates.",
            2,
            which=(2,),
        ),
        **at,
    )
    kiosks = submitted(
        nordlys,
        Wish(
            VERIFICATION,
            ["FC2"],
            "Passengers verify their identity at 46 check-in kiosks: a selfie is compared with the passport photo.",
            9,
            which=(1,),
            extra={"minors": "yes", "places": ["shared-device", "public-space"]},
        ),
        **at,
    )
    review.claim(kiosks, by=rosa, now=day(7))

    logistics = submitted(
        owners["hafenlogistik-brandt.example"],
        Wish(
            IDENTIFICATION,
            ["FC3"],
            "Workers enter three terminals by touchless access at the gate.",
            12,
            extra={"voluntary": "no", "whose-faces": ["workers"], "places": ["workplace"]},
        ),
        **at,
    )
    review.claim(logistics, by=rosa, now=day(10))
    submitted(
        owners["gulf-airports.example"],
        Wish(
            IDENTIFICATION,
            ["FC3"],
            "Touchless access for enrolled airport passengers at every gate.",
            6,
            extra={"real-time": "yes", "places": ["public-space"]},
        ),
        **at,
    )
    submitted(
        owners["meridian-archive.example"],
        Wish(
            ["video-indexer.face-identification"],
            ["VC1"],
            "Editors search our film archive for people by face.",
            5,
            services=("video-indexer",),
            extra={"whose-faces": ["public-figures"], "face-source": ["archive"], "places": ["no-camera"]},
        ),
        **at,
    )
    banco = submitted(
        owners["bancocordillera.example"],
        Wish(
            VERIFICATION,
            ["FC2"],
            "Customers verify their identity with a selfie when they open an account.",
            11,
            extra={"other-way": "no"},
        ),
        **at,
    )
    review.claim(banco, by=sam, now=day(8))
    review.request_information(
        banco,
        question="Which second way do customers have who cannot or will not use their face? Name it for each country.",
        sections=["people"],
        edition=edition,
        by=sam,
        now=day(6),
    )
    university = submitted(
        owners["ufvm.example"],
        Wish(
            VERIFICATION,
            ["FC2"],
            "Students sign in to online exams; their identity is verified with the student card.",
            10,
            extra={"minors": "yes", "whose-faces": ["students"], "places": ["school"]},
        ),
        **at,
    )
    review.claim(university, by=rosa, now=day(5))
    for flag in university.flags.all():
        finding.settle_flag(
            flag, settlement=Settlement.STANDS, note="", edition=edition, by=rosa, now=day(5, 1)
        )
    decisions.recommend(
        university,
        outcomes={
            item.pk: ItemOutcome(Outcome.CONDITIONS, (), ("second-way", "human-review"))
            for item in university.items.filter(closed_at__isnull=True)
        },
        note="Exams have a supervised alternative; I would ask for it in writing.",
        edition=edition,
        by=rosa,
        now=day(4),
    )
    minato = submitted(
        owners["minato-broadcasting.example"],
        Wish(
            ["video-indexer.celebrity-recognition", "computer-vision.celebrity-recognition"],
            ["VC2"],
            "Subtitles name the public figures on screen, for accessibility of our media archive.",
            60,
            services=("video-indexer", "computer-vision"),
            extra={"whose-faces": ["public-figures"], "face-source": ["archive"], "places": ["no-camera"]},
        ),
        **at,
    )
    approve(minato, now=day(52), conditions=("privacy-notice",), **desk)
    submitted(
        owners["kestrel-exams.example"],
        Wish(
            VERIFICATION,
            ["FC2"],
            "Candidates verify their identity before a supervised exam.",
            4,
            extra={"whose-faces": ["students"], "minors": "unsure"},
        ),
        **at,
    )
    submitted(
        owners["saint-aubin.example"],
        Wish(
            ["face.identification"],
            ["FG8"],
            "Search and rescue of missing residents after floods.",
            3,
            extra={
                "whose-faces": ["missing"],
                "face-source": ["case-file"],
                "places": ["public-space"],
                "real-time": "yes",
            },
        ),
        **at,
    )
    rescue = submitted(
        owners["redlantern.example"],
        Wish(
            ["face.identification"],
            ["FG8"],
            "Identify missing and deceased persons after disasters, with their families.",
            45,
            extra={"whose-faces": ["missing"], "face-source": ["case-file"], "places": ["no-camera"]},
        ),
        **at,
    )
    approve(rescue, now=day(40), **desk)
    care = submitted(
        owners["pinecrest-care.example"],
        Wish(
            IDENTIFICATION,
            ["FC3"],
            "Residents with dementia are recognised at the doors of the care home at all times.",
            40,
            extra={
                "whose-faces": ["patients"],
                "places": ["care-home"],
                "voluntary": "no",
                "other-way": "no",
            },
        ),
        **at,
    )
    deny(care, reasons=("compulsory",), now=day(30), **desk)
    stadium = submitted(
        owners["aurorastadium.example"],
        Wish(IDENTIFICATION, ["FC3"], "Season ticket holders who enrolled enter the stadium touchless.", 30),
        **at,
    )
    drafts.withdraw(application=stadium, by=owners["aurorastadium.example"], now=day(26))
    oakline = submitted(
        owners["oakline-security.example"],
        Wish(
            ["face.identification"],
            ["FC3"],
            "Access control of a county jail, run for the sheriff's office in Texas.",
            28,
            extra={"police": "us-state-local", "police-cameras": ["fixed"], "whose-faces": ["workers"]},
        ),
        **at,
    )
    deny(oakline, reasons=("us-police",), now=day(21), **desk)
    submitted(
        owners["keystone-onboarding.example"],
        Wish(VERIFICATION, ["FC2"], "We verify identity at account opening for our own customers.", 2),
        **at,
    )
    draft(
        owners["polderzicht.example"],
        Wish(
            ["face.verification"],
            ["FC2"],
            "Clients verify their identity before a deed is signed by video.",
            1,
        ),
        **at,
    )
