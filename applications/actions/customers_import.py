"""Floor 4: one batch of the customers file becomes customers, subscriptions, uses and grace (design §5, §6, §8)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction

from applications.actions import access, audit
from applications.enums import AttentionCode, Source
from applications.models import (
    Attention,
    Contact,
    Customer,
    MailDomain,
    ServiceUse,
    Subscription,
    User,
)
from applications.rules.customers_file import Reject, Row
from applications.rules.identifiers import Guid
from applications.rules.policy import Edition

COMPLETED_FIELDS = ("website", "country", "sector")
AuditRow = tuple[int | None, models.Model, Mapping[str, Any]]
FirstLine = Callable[[Guid], int | None]
"""The line of this file on which a subscription was accepted before this batch, if it was."""


@dataclass(slots=True)
class BatchReport:
    """What became of the rows of one batch; each row stands in exactly one of the first three lists."""

    imported: list[Row] = field(default_factory=list)
    unchanged: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    attention: list[set[AttentionCode]] = field(default_factory=list)
    """Of each row that was not rejected the codes it is listed under, perhaps none."""
    grace_grants: int = 0


@transaction.atomic
def import_rows(
    rows: Sequence[Row], *, edition: Edition, first_line: FirstLine, by: User | None, now: datetime
) -> BatchReport:
    """Record what is new in the rows, and nothing twice (promises P4, P8; contract: customers file).

    Effects, in order: customers, subscriptions, first uses of services, contacts and mail domains that are not
    recorded yet; blank details of an imported customer filled in; an earlier first use in place of a later one;
    attention rows; one audit row per customer, subscription and use; grace for each use that makes the
    subscription existing (`access.grant_grace_bulk`: over already → closed, listed as never warned). Queues no
    message: the announcement is a reminder, and reminders are found by their date.

    A subscription that another customer holds is rejected and changes nothing. Raises IntegrityError when somebody
    recorded the same customer or subscription in between; then nothing of the batch stands, and it may be repeated.
    """
    batch = _Batch(rows, first_line, now)
    report = BatchReport()
    for row in rows:
        batch.read(row, report)
    uses = batch.write(by)
    report.grace_grants = access.grant_grace_bulk(
        uses, edition=edition, now=now, source=Source.COMMAND, by=by
    )
    return report


class _Batch:
    """What is recorded about the rows' customers and subscriptions, and what these rows add to it.

    Customers are known by their cleaned name, subscriptions by their id. Unsaved rows point to unsaved rows;
    `write` saves them from the top down, each kind in bulk.
    """

    def __init__(self, rows: Sequence[Row], first_line: FirstLine, now: datetime) -> None:
        self.now = now
        self.first_line = first_line
        self.accepted: dict[Guid, int] = {}
        self.new_customers: list[Customer] = []
        self.new_subscriptions: list[Subscription] = []
        self.new_uses: list[ServiceUse] = []
        self.new_contacts: list[Contact] = []
        self.new_domains: list[MailDomain] = []
        self.new_attention: list[Attention] = []
        self.completed: dict[int, Customer] = {}
        self.moved: dict[int, tuple[ServiceUse, date]] = {}
        self._load(rows)

    def _load(self, rows: Sequence[Row]) -> None:
        imported = Customer.objects.filter(name_key__in={row.key for row in rows}, imported_at__isnull=False)
        self.customers = {customer.name_key: customer for customer in imported}
        held = Subscription.objects.filter(guid__in={row.subscription for row in rows})
        self.subscriptions = {Guid(str(found.guid)): found for found in held.select_related("customer")}
        uses = ServiceUse.objects.filter(subscription__in=self.subscriptions.values())
        self.uses = {
            (Guid(str(use.subscription.guid)), use.service): use
            for use in uses.select_related("subscription")
        }
        keys = {customer.pk: key for key, customer in self.customers.items()}
        contacts = Contact.objects.filter(customer__in=keys).values_list("customer", "email", "order")
        self.contacts = {(keys[of], email) for of, email, _order in contacts}
        self.next_order: Counter[str] = Counter()
        for of, _email, order in contacts:
            self.next_order[keys[of]] = max(self.next_order[keys[of]], order + 1)
        domains = MailDomain.objects.filter(customer__in=keys).values_list("customer", "domain")
        self.domains = {(keys[of], domain) for of, domain in domains}
        attention = Attention.objects.filter(customer__in=keys).values_list("customer", "code", "detail")
        self.attention = {(keys[of], code, detail) for of, code, detail in attention}

    def read(self, row: Row, report: BatchReport) -> None:
        """Take one row in, or reject it. Settled attention is not raised again by the same file."""
        held = self.subscriptions.get(row.subscription)
        if held is not None and (held.customer.imported_at is None or held.customer.name_key != row.key):
            report.rejects.append(row.reject("owner", self._owner_detail(row.subscription)))
            return
        self.accepted.setdefault(row.subscription, row.line)
        later: list[str] = []
        news = [
            self._customer(row),
            self._subscription(row),
            self._contacts(row),
            *(self._use(row, service, later) for service in row.services),
        ]
        wanting = {*row.attention, *((AttentionCode.LATER_DATE, detail) for detail in later)}
        for code, detail in sorted(wanting):
            self._needs_attention(row.key, code, detail)
        (report.imported if any(news) else report.unchanged).append(row)
        report.attention.append({code for code, _detail in wanting})

    def _owner_detail(self, guid: Guid) -> str:
        line = self.accepted.get(guid) or self.first_line(guid)
        return f"another customer holds it since line {line}" if line else "another customer holds it already"

    def _customer(self, row: Row) -> bool:
        known = self.customers.get(row.key)
        if known is None:
            known = self.customers[row.key] = Customer(
                name=row.name,
                name_key=row.key,
                website=row.website,
                country=row.country,
                sector=row.sector,
                created_at=self.now,
                imported_at=self.now,
            )
            self.new_customers.append(known)
            return True
        news = False
        for name in COMPLETED_FIELDS:
            if not getattr(known, name) and getattr(row, name):
                setattr(known, name, getattr(row, name))
                news = True
        if news and known.pk:
            self.completed[known.pk] = known
        return news

    def _subscription(self, row: Row) -> bool:
        if row.subscription in self.subscriptions:
            return False
        made = Subscription(guid=UUID(row.subscription), customer=self.customers[row.key], known_at=self.now)
        self.subscriptions[row.subscription] = made
        self.new_subscriptions.append(made)
        return True

    def _use(self, row: Row, service: str, later: list[str]) -> bool:
        """The earliest first use stands. Of two dates the later one is listed, whichever came first."""
        known = self.uses.get((row.subscription, service))
        if known is None:
            known = self.uses[row.subscription, service] = ServiceUse(
                subscription=self.subscriptions[row.subscription],
                service=service,
                first_used_on=row.first_used_on,
            )
            self.new_uses.append(known)
            return True
        if row.first_used_on > known.first_used_on:
            later.append(f"{row.subscription} {service} {row.first_used_on}")
        if row.first_used_on >= known.first_used_on:
            return False
        detail = f"{row.subscription} {service} {known.first_used_on}"
        self._needs_attention(row.key, AttentionCode.LATER_DATE, detail)
        if known.pk:
            self.moved.setdefault(known.pk, (known, known.first_used_on))
        known.first_used_on = row.first_used_on
        return True

    def _contacts(self, row: Row) -> bool:
        customer, news = self.customers[row.key], False
        for email in row.emails:
            if (row.key, email) not in self.contacts:
                self.contacts.add((row.key, email))
                order = self.next_order[row.key]
                self.next_order[row.key] += 1
                self.new_contacts.append(
                    Contact(customer=customer, name=row.contact_name, email=email, order=order)
                )
                news = True
        for domain in row.domains:
            if (row.key, domain) not in self.domains:
                self.domains.add((row.key, domain))
                self.new_domains.append(MailDomain(customer=customer, domain=domain))
                news = True
        return news

    def _needs_attention(self, key: str, code: AttentionCode, detail: str) -> None:
        if (key, code.value, detail) in self.attention:
            return
        self.attention.add((key, code.value, detail))
        self.new_attention.append(
            Attention(customer=self.customers[key], code=code, detail=detail, raised_at=self.now)
        )

    def write(self, by: User | None) -> list[ServiceUse]:
        """Save what the rows add, with its audit rows; answer the uses that are new or earlier now."""
        Customer.objects.bulk_create(self.new_customers)
        Customer.objects.bulk_update(self.completed.values(), COMPLETED_FIELDS, batch_size=100)
        Subscription.objects.bulk_create(self.new_subscriptions)
        ServiceUse.objects.bulk_create(self.new_uses)
        moved = [(use, old) for use, old in self.moved.values() if self._move(use)]
        Contact.objects.bulk_create(self.new_contacts)
        MailDomain.objects.bulk_create(self.new_domains)
        Attention.objects.bulk_create(self.new_attention)
        self._audit("customer.imported", ((made.pk, made, {}) for made in self.new_customers), by)
        self._audit("customer.completed", ((made.pk, made, {}) for made in self.completed.values()), by)
        self._audit(
            "subscription.imported",
            ((made.customer_id, made, {"guid": str(made.guid)}) for made in self.new_subscriptions),
            by,
        )
        self._audit("use.recorded", (_recorded(use) for use in self.new_uses), by)
        self._audit("use.earlier", (_recorded(use, instead_of=old) for use, old in moved), by)
        return self.new_uses + [use for use, _old in moved]

    def _move(self, use: ServiceUse) -> bool:
        """An import at the same time may have found an earlier day still; then that one stands."""
        later = ServiceUse.objects.filter(pk=use.pk, first_used_on__gt=use.first_used_on)
        return later.update(first_used_on=use.first_used_on) == 1

    def _audit(self, action: str, rows: Iterable[AuditRow], by: User | None) -> None:
        audit.record_many(action, rows, by=by, now=self.now, source=Source.COMMAND)


def _recorded(use: ServiceUse, instead_of: date | None = None) -> AuditRow:
    data = {"service": use.service, "first_used_on": use.first_used_on.isoformat()}
    if instead_of is not None:
        data["instead_of"] = instead_of.isoformat()
    return use.subscription.customer_id, use, data
