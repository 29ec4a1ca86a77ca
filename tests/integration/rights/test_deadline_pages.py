"""Deadlines at the desk: previews armed by two, books closed when nothing is open, held notices let go by two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from applications.actions.deadlines import make_preview
from applications.enums import AttentionCode, MessageState, ReminderState, StaffRole
from applications.jobs.ends import close_ended
from applications.models import Attention, Customer, DeadlinePreview, OutboundMessage, Reminder, User
from tests import factories
from tests.clock import Clock

END = datetime(2023, 7, 1, tzinfo=UTC)
AT = "2023-07-01T00:00:00.000000Z"
SignIn = Callable[[User], Client]
pytestmark = pytest.mark.usefixtures("edition_row", "clock")


@pytest.fixture
def ending(nordlys: Customer, owner: User) -> None:
    for _ in range(2):
        made = factories.subscription(nordlys, used={"face": factories.BEFORE_THE_CUT})
        factories.grace(made, "face.identification")


@pytest.fixture
def olga(db: None) -> User:
    return factories.person("olga@vendor.example", "Olga Lind", staff_role=StaffRole.OPERATOR)


@pytest.mark.usefixtures("ending")
def test_list_and_page_show_what_ends(sign_in: SignIn, auditor: User, nordlys: Customer) -> None:
    Attention.objects.create(customer=nordlys, code=AttentionCode.NOBODY_REACHED, raised_at=factories.NOW)
    Reminder.objects.create(
        customer=nordlys,
        ends_at=END,
        days_before=60,
        due_at=factories.NOW,
        recorded_at=factories.NOW,
        finished_at=factories.NOW,
        state=ReminderState.SENT,
    )
    client = sign_in(auditor)
    body = client.get("/admin/deadlines/").content.decode()
    assert f"/admin/deadlines/{AT}/" in body
    assert "Nordlys Airports" in body
    page = client.get(f"/admin/deadlines/{AT}/").content.decode()
    assert "2 planned = 0 ended and confirmed + 0 kept with a reason + 2 open" in page
    assert "60 days before" in page
    assert "Sent: <b>1</b>" in page
    counted = client.get(f"/admin/deadlines/{AT}/?count").content.decode()
    assert "2 rights of 1 customers would end uncovered" in counted


@pytest.mark.usefixtures("ending")
def test_preview_is_armed_by_two_operators(sign_in: SignIn, operator: User, olga: User) -> None:
    for day in (3, 2):
        make_preview(END, now=factories.NOW - timedelta(days=day))
    preview = DeadlinePreview.objects.latest("made_at")
    url = f"/admin/deadlines/previews/{preview.pk}/arm/"
    first = sign_in(operator)
    assert "day by day" in first.get(f"/admin/deadlines/{AT}/").content.decode()
    first.post(url)
    assert "needs a second person" in first.post(url, follow=True).content.decode()
    sign_in(olga).post(url)
    preview.refresh_from_db()
    assert (preview.proposed_by, preview.armed_by) == (operator, olga)


@pytest.mark.usefixtures("ending")
def test_books_are_closed_when_nothing_is_open(sign_in: SignIn, operator: User, clock: Clock) -> None:
    clock.set(END + timedelta(hours=1))
    client = sign_in(operator)
    close = f"/admin/deadlines/{AT}/close/"
    assert "2 ends are still open" in client.post(close, follow=True).content.decode()
    close_ended(clock())
    page = client.post(close, follow=True).content.decode()
    assert "2 planned = 0 ended and confirmed + 2 kept with a reason + 0 open" in page
    assert "Closed: the books balance." in page


@pytest.mark.usefixtures("ending")
def test_held_notices_go_when_two_agree(sign_in: SignIn, operator: User, olga: User, clock: Clock) -> None:
    preview = make_preview(END, now=factories.NOW)
    DeadlinePreview.objects.filter(pk=preview.pk).update(customers=50)  # the real number will differ
    clock.set(END + timedelta(hours=1))
    close_ended(clock())
    held = OutboundMessage.objects.get(state=MessageState.HELD)
    url = f"/admin/deadlines/held/{held.key.split(':')[1]}/release/"
    first = sign_in(operator)
    assert "1 notice of the run" in first.get("/admin/deadlines/").content.decode()
    first.post(url)
    first.post(url)
    held.refresh_from_db()
    assert held.state == MessageState.HELD
    sign_in(olga).post(url)
    held.refresh_from_db()
    assert held.state == MessageState.QUEUED


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize("who", ["reviewer", "lead", "auditor", "owner"])
def test_only_operators_act(sign_in: SignIn, who: str, request: pytest.FixtureRequest) -> None:
    client = sign_in(request.getfixturevalue(who))
    preview = make_preview(END, now=factories.NOW)
    for url in (f"previews/{preview.pk}/arm/", "held/1/release/", f"{AT}/close/"):
        assert client.post(f"/admin/deadlines/{url}").status_code == 403


def test_nonsense_in_the_address_is_absent(sign_in: SignIn, operator: User) -> None:
    client = sign_in(operator)
    for at in ("yesterday", "2023-07-01", "2023-13-01T00:00:00Z", "2031-01-01T00:00:00Z"):
        assert client.get(f"/admin/deadlines/{at}/").status_code == 404
    assert client.post("/admin/deadlines/previews/9/arm/").status_code == 404


@pytest.mark.usefixtures("ending")
def test_forecast_by_day_and_as_csv(
    sign_in: SignIn, auditor: User, nordlys: Customer, other_customer: Customer, stranger: User, clock: Clock
) -> None:
    """One customer in review, one approved beyond the end, one that never applied."""
    row = factories.edition_row_in_force()
    factories.submitted(nordlys, row, state="in_review")
    approved = factories.subscription(other_customer, used={"face": factories.BEFORE_THE_CUT})
    factories.grace(approved, "face.identification")
    factories.right(approved, "face.identification")
    silent = factories.subscription(factories.customer("Silent Ltd"), used={"face": factories.BEFORE_THE_CUT})
    factories.grace(silent, "face.identification")
    preview = make_preview(END, now=clock())
    assert preview.standings == {
        "approved": 1,
        "in_review": 1,
        "submitted": 0,
        "draft": 0,
        "denied": 0,
        "not_applied": 1,
    }
    client = sign_in(auditor)
    page = client.get(f"/admin/deadlines/{AT}/").content.decode()
    assert "At this pace 1 customers will be undecided at the deadline" in page
    lines = client.get(f"/admin/deadlines/{AT}/forecast.csv").content.decode().splitlines()
    assert lines == ["day,approved,in_review,submitted,draft,denied,not_applied", "2023-05-15,1,1,0,0,0,1"]
