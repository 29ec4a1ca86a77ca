"""Small builders for rows that tests need: what the product itself would have written, nothing more."""

from __future__ import annotations

import hashlib
import itertools
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from allauth.account.models import EmailAddress

from applications.enums import Basis, Role, Sector, StaffRole, State
from applications.models import (
    Acceptance,
    AccessGrant,
    Application,
    Contact,
    Customer,
    MailDomain,
    Membership,
    PolicyEdition,
    ServiceUse,
    Subscription,
    User,
)
from applications.queries.privacy import NOTICES
from applications.rules.identifiers import name_key
from applications.rules.policy import Edition, read_edition

EDITION_FILE = Path(__file__).resolve().parents[1] / "applications" / "editions" / "2022-06-21.toml"
NOW = datetime(2023, 5, 15, 14, 40, tzinfo=UTC)
"""46 days before the end of the grace year; tests that do not care about the time use this instant."""
BEFORE_THE_CUT = date(2021, 3, 1)
PASSWORD = "correct horse battery staple"
_number = itertools.count(1)


@cache
def edition_text() -> str:
    return EDITION_FILE.read_text(encoding="utf-8")


@cache
def read_file() -> Edition:
    """The edition of 21 June 2022 as rules see it."""
    return read_edition(edition_text(), source=EDITION_FILE.name)


def edition_row(text: str | None = None, *, now: datetime = NOW) -> PolicyEdition:
    """An edition in force, as the first one of an empty database is."""
    text = text or edition_text()
    return PolicyEdition.objects.create(
        code=read_edition(text, source="edition").code,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        loaded_at=now,
        activated_at=now,
        in_force=True,
    )


def person(
    email: str, name: str = "", *, staff_role: StaffRole = StaffRole.NONE, now: datetime = NOW, **more: object
) -> User:
    made = User.objects.create_user(
        email,
        PASSWORD,
        name=name or email.partition("@")[0].title(),
        staff_role=staff_role,
        joined_at=now,
        **more,
    )
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    if not staff_role:
        Acceptance.objects.bulk_create(
            Acceptance(user=made, notice=notice, version=version, accepted_at=now)
            for notice, version in NOTICES.items()
        )
    return made


def customer(
    name: str = "Nordlys Airports A/S",
    *,
    sector: Sector = Sector.COMMERCIAL,
    country: str = "DK",
    domain: str = "",
    imported: bool = False,
    now: datetime = NOW,
) -> Customer:
    made = Customer.objects.create(
        name=name,
        name_key=name_key(name),
        website=f"https://{domain}" if domain else "",
        country=country,
        sector=sector,
        created_at=now,
        imported_at=now if imported else None,
    )
    if domain:
        MailDomain.objects.create(customer=made, domain=domain)
    return made


def member(of: Customer, user: User, role: Role = Role.OWNER, *, now: datetime = NOW) -> User:
    Membership.objects.create(customer=of, user=user, role=role, joined_at=now)
    return user


def subscription(
    of: Customer,
    label: str = "",
    *,
    guid: str = "",
    used: Mapping[str, date] | None = None,
    now: datetime = NOW,
) -> Subscription:
    """A known subscription; `used` (service → first day of use) is what makes it existing."""
    made = Subscription.objects.create(
        guid=guid or uuid.UUID(int=0x5EED_0000_0000_4000_8000_0000_0000_0000 + next(_number)),
        customer=of,
        label=label,
        known_at=now,
    )
    for service, day in (used or {}).items():
        ServiceUse.objects.create(subscription=made, service=service, first_used_on=day)
    return made


def right(
    of: Subscription,
    capability: str,
    *,
    basis: Basis = Basis.APPROVAL,
    starts_at: datetime = NOW - timedelta(days=10),
    ends_at: datetime = NOW + timedelta(days=720),
    use_case: str = "",
    **more: object,
) -> AccessGrant:
    return AccessGrant.objects.create(
        subscription=of,
        customer=of.customer,
        capability=capability,
        basis=basis,
        use_case=use_case,
        starts_at=starts_at,
        ends_at=ends_at,
        granted_at=starts_at,
        **more,
    )


def grace(
    of: Subscription, capability: str, *, edition: Edition | None = None, **more: object
) -> AccessGrant:
    """Grace as the import writes it: from the cut to the end of the grace year of the capability's gate."""
    found = (edition or read_file()).capability(capability)
    assert found is not None
    assert found.grace is not None
    starts_at, ends_at = found.grace
    return right(
        of, capability, basis=Basis.GRACE, starts_at=starts_at, ends_at=ends_at, gate=found.gate or "", **more
    )


def edition_row_in_force() -> PolicyEdition:
    return PolicyEdition.objects.get(in_force=True)


def submitted(of: Customer, row: PolicyEdition, *, now: datetime = NOW, **more: object) -> Application:
    """A submitted application without answers, for tests that need one to hang things on."""
    return Application.objects.create(
        reference=f"LA-TEST-{next(_number):04d}",
        customer=of,
        edition=row,
        **{
            "state": State.SUBMITTED,
            "state_changed_at": now,
            "created_at": now,
            "saved_at": now,
            "submitted_at": now,
            **more,
        },
    )


def contact(of: Customer, email: str, *, order: int = 0, **more: object) -> Contact:
    return Contact.objects.create(customer=of, email=email, order=order, **more)


def authenticated(user: User, *, ago: timedelta = timedelta(0)) -> dict[str, object]:
    """What a session holds after a real sign-in, `ago` before now: a password, and of staff a second factor."""
    methods = ["password", "mfa"] if user.is_staff else ["password"]
    at = time.time() - ago.total_seconds()
    return {
        "account_authentication_methods": [{"method": method, "at": at} for method in methods],
        "account_authentication_methods_user": str(user.pk),
    }
