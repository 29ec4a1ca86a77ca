"""Floor 3: customers that need a person: why, how long they still have, whom we know there, and the letter to post."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Max, Min, Value

from applications.enums import AttentionCode
from applications.exceptions import NotFound
from applications.models import AccessGrant, Attention, Contact
from applications.queries.queue import After
from applications.rules.deadlines import days_left

PAGE = 50
MOST = 50
"""So many letters in one file, and rows marked at once."""
CONTACTS = 5
UNREACHED = (AttentionCode.NOBODY_REACHED, AttentionCode.NO_CONTACT, AttentionCode.NEVER_WARNED)
GROUPS: dict[str, tuple[AttentionCode, ...]] = {
    "all": tuple(AttentionCode),
    "unreached": UNREACHED,
    "import": tuple(code for code in AttentionCode if code not in (*UNREACHED, AttentionCode.JOIN_REQUEST)),
    "joins": (AttentionCode.JOIN_REQUEST,),
}
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One open reason. `ends_at` is when the customer next loses a right, `posted_on` the last letter by post."""

    attention: Attention
    ends_at: datetime | None
    left: int | None
    contacts: tuple[Contact, ...]
    posted_on: date | None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    last: Place | None


def page(group: str, *, now: datetime, after: Place | None = None) -> Page:
    """Open reasons of a group, the oldest first, a page at a time; four statements."""
    found = Attention.objects.filter(settled_at=None, code__in=GROUPS[group]).select_related("customer")
    if after is not None:
        raised_at, pk = after
        found = found.filter(After(F("raised_at"), F("id"), Value(raised_at), Value(pk)))
    found_rows = list(found.order_by("raised_at", "pk")[: PAGE + 1])
    more, rows = len(found_rows) > PAGE, found_rows[:PAGE]
    last = (rows[-1].raised_at, rows[-1].pk) if more else None
    return Page(rows_of(rows, now), last)


def rows_of(attentions: Sequence[Attention], now: datetime) -> list[Row]:
    """With what the page tells about their customers; three statements, whatever their number."""
    customers = {one.customer_id for one in attentions}
    ends = next_ends(customers, now)
    contacts: dict[int, list[Contact]] = {}
    for contact in Contact.objects.filter(customer__in=customers).order_by("customer", "order", "pk"):
        contacts.setdefault(contact.customer_id, []).append(contact)
    posted = dict(
        Attention.objects.filter(customer__in=customers, posted_on__isnull=False)
        .order_by()
        .values_list("customer")
        .annotate(newest=Max("posted_on"))
    )
    return [
        Row(
            one,
            ends.get(one.customer_id),
            days_left(now, ends[one.customer_id]) if one.customer_id in ends else None,
            tuple(contacts.get(one.customer_id, ())[:CONTACTS]),
            posted.get(one.customer_id),
        )
        for one in attentions
    ]


def next_ends(customers: Iterable[int], now: datetime) -> dict[int, datetime]:
    """When each customer's next right ends; one statement over an index."""
    return dict(
        AccessGrant.objects.filter(customer__in=customers, closed_at=None, revoked_at=None, ends_at__gt=now)
        .order_by()
        .values_list("customer")
        .annotate(ends_at=Min("ends_at"))
    )


def load(pk: int) -> Attention:
    """One reason, open or settled. Raises NotFound."""
    found = Attention.objects.filter(pk=pk).select_related("customer", "settled_by").first()
    if found is None:
        raise NotFound
    return found


def chosen(numbers: Iterable[str]) -> list[Attention]:
    """Open reasons by number, at most MOST, by name of the customer; what is not there is left out."""
    wanted = [int(one) for one in list(numbers)[:MOST] if one.isascii() and one.isdigit() and len(one) < 19]
    found = Attention.objects.filter(pk__in=wanted, settled_at=None).select_related("customer")
    return list(found.order_by("customer__name", "pk"))


def names_of(customers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Name and language of each customer's first contact."""
    found: dict[int, tuple[str, str]] = {}
    rows = Contact.objects.filter(customer__in=customers).order_by("customer", "order", "pk")
    for customer, name, language in rows.values_list("customer_id", "name", "language"):
        found.setdefault(customer, (name, language))
    return found
