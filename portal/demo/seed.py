"""The demo's data, made through the same actions as everything else: a grace year that ends in five weeks."""

import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command

from applications.actions import customer as customers
from applications.actions.privacy import accept_notices
from applications.enums import Sector
from applications.jobs.customers_import import import_customers
from applications.models import User
from applications.queries.policy import edition_in_force
from applications.rules.policy import Edition
from portal.accounts import enrol_totp
from portal.demo import people
from portal.demo.clock import set_start
from portal.demo.models import ClockShift
from portal.demo.stories import CASES, Desk

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
    accept_notices(by=user, now=IMPORTED)
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
            sector=Sector.COMMERCIAL,
            now=START - timedelta(days=20),
        )
    return owners


def _applications(edition: Edition, owners: dict[str, User], staff: dict[str, User]) -> None:
    """One access application in every state; the queue is alive when the demo begins."""
    desk = Desk(
        edition,
        START,
        staff["rosa@vendor.example"],
        staff["sam@vendor.example"],
        staff["lena@vendor.example"],
    )
    for domain, wish, story in CASES:
        story(desk, owners[domain], wish)
