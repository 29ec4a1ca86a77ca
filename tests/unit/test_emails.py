"""Every mail: in both languages, true at the moment, the same words in both parts, and nothing typed in a subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress

from applications import emails
from applications.actions import message
from applications.actions.delivery import address_notice, address_reminder
from applications.actions.followups import follow
from applications.actions.submission import submit
from applications.actions.team import invite
from applications.enums import LINK_KINDS, MessageKind, Outcome, RightsAct, Role, State
from applications.jobs.ends import close_ended
from applications.models import (
    ANNOUNCEMENT,
    AccessGrant,
    AuditReason,
    Customer,
    Decision,
    InformationRequest,
    JoinRequest,
    OutboundMessage,
    PolicyEdition,
    Proposal,
    Reminder,
    RequestedCapability,
    User,
)
from applications.queries.access import banner_for
from applications.queries.message import about, lapse_key
from applications.rules.followups import Followup, in_time_until, zone_of
from applications.rules.policy import Edition
from tests import drafts, factories
from tests.cases import APPROVED, judged

FACE, GENDER = "face.identification", "face.gender"
NOW = factories.NOW
ODD = '<script>Ünïcode & "quotes"</script>'


@pytest.fixture
def end(edition: Edition) -> datetime:
    return edition.gates["facial-recognition"].grace_ends_at


def existing(customer: Customer, *codes: str) -> None:
    held = factories.subscription(customer, used={"face": factories.BEFORE_THE_CUT})
    for code in codes or (FACE,):
        factories.grace(held, code)


def warned(customer: Customer, end: datetime, days: int = 30, now: datetime = NOW) -> OutboundMessage:
    due = Reminder.objects.create(
        customer=customer, ends_at=end, days_before=days, due_at=now, recorded_at=now
    )
    address_reminder(due, edition=factories.read_file(), now=now)
    return OutboundMessage.objects.filter(reminder=due).earliest("pk")


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += data.split()


def words_of(html: str) -> list[str]:
    parser = Words()
    parser.feed(html.partition("<body>")[2])
    return parser.found


def every_kind(
    nordlys: Customer, owner: User, row: PolicyEdition, end: datetime
) -> dict[str, OutboundMessage]:
    """One message of each kind, written as the product writes them where an action does."""
    existing(nordlys)
    application = factories.submitted(nordlys, row)
    asked = InformationRequest.objects.create(
        application=application, question=ODD, asked_at=NOW, asked_by=None, due_at=NOW + timedelta(days=14)
    )
    decision = Decision.objects.create(
        application=application, outcomes={}, letter=f"Dear {ODD}", decided_at=NOW, decided_by=owner
    )
    newcomer = factories.person("newcomer@nordlys.example", ODD)
    request = JoinRequest.objects.create(customer=nordlys, user=newcomer, requested_at=NOW)
    answered = JoinRequest.objects.create(
        customer=nordlys,
        user=factories.person("x@y.example"),
        requested_at=NOW,
        answered_at=NOW,
        accepted=True,
    )
    address = EmailAddress.objects.create(user=newcomer, email="second@nordlys.example", verified=False)
    note = application.notes.create(author=owner, internal=True, body="@me", written_at=NOW)
    draft = factories.submitted(nordlys, row, state=State.DRAFT, submitted_at=None)
    lead = factories.person(
        "lena@vendor.example", ODD, staff_role="lead", digest="daily", language=owner.language
    )
    context: dict[str, dict[str, object]] = {
        "information_requested": {"information_request": asked.pk},
        "application_decided": {"decision": decision.pk},
        "lapse_warning": {"wait": lapse_key(draft), "lapses_at": (NOW + timedelta(days=7)).isoformat()},
        "mentioned": {"mention": note.mentions.create(person=owner).pk},
        "join_requested": {"join_request": request.pk},
        "join_answered": {"join_request": answered.pk},
        "account_confirm": {"address": address.pk},
        "account_reset": {"user": newcomer.pk},
        "account_notice": {"event": "password_changed"},
        "retention_warning": {"on": (NOW + timedelta(days=30)).isoformat()},
    }
    made = {"reminder": warned(nordlys, end)}
    for kind in MessageKind:
        if kind in ("reminder", "announcement", "access_ended", "invitation"):
            continue
        message.queue(
            kind,
            key=f"test-{kind.value}",
            to=lead if kind == "digest" else owner,
            now=NOW,
            customer=nordlys,
            application=draft if kind == "lapse_warning" else application,
            context=context.get(kind.value, {}),
        )
        made[kind.value] = OutboundMessage.objects.get(kind=kind, key__startswith="test-")
    return made


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_kind_says_the_same_words_in_both_parts(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition, end: datetime, language: str
) -> None:
    owner.language = language
    owner.save()
    made = every_kind(nordlys, owner, edition_row, end)
    for kind, row in made.items():
        mail = emails.render(OutboundMessage.objects.get(pk=row.pk), edition=edition, now=NOW)
        assert mail is not None, kind
        lines = [line.removeprefix("- ") for line in mail.text.splitlines()]
        assert words_of(mail.html) == " ".join(lines).split(), kind
        assert mail.subject, kind
        assert "\n" not in mail.subject
        assert "<script>" not in mail.subject, kind
        assert "<script>" not in mail.html, kind
        assert "\n\n\n" not in mail.text
        assert "http://localhost/" in mail.text, kind
        assert mail.keeps_text is (row.kind not in LINK_KINDS)
        sent = mail.as_email()
        assert sent.to == [row.address]
        assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
        assert sent.message()["Message-ID"] == emails.message_id(row.key)
    assert set(made) | {"announcement", "access_ended", "invitation"} == set(MessageKind.values)


def test_every_kind_is_said_in_dutch(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition, end: datetime
) -> None:
    """Line by line nothing of the English mail stands in the Dutch one but addresses, links and what was typed."""
    made = every_kind(nordlys, owner, edition_row, end)
    for kind, row in made.items():
        said = {}
        for language in ("en", "nl"):
            User.objects.filter(pk__in=[owner.pk, row.user_id]).update(language=language)
            mail = emails.render(OutboundMessage.objects.get(pk=row.pk), edition=edition, now=NOW)
            assert mail is not None
            said[language] = {mail.subject, *mail.text.splitlines()}
        same = said["en"] & said["nl"]
        assert not [line for line in same if line and "://" not in line and ODD not in line], kind


def test_an_invitation_holds_its_link_and_is_not_kept(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition
) -> None:
    invite(by=owner, customer=nordlys, email="new@nordlys.example", role=Role.EDITOR, now=NOW)
    row = OutboundMessage.objects.get()
    mail = emails.render(row, edition=edition, now=NOW)
    assert mail is not None
    assert "http://localhost/accounts/invitation/" in mail.text
    assert not mail.keeps_text
    assert emails.render(row, edition=edition, now=NOW + timedelta(days=400)) is None


# --- warnings ---


def text_of(customer: Customer, end: datetime, edition: Edition, now: datetime = NOW) -> str:
    mail = emails.render(warned(customer, end, now=now), edition=edition, now=now)
    assert mail is not None
    return " ".join(mail.text.split())


@pytest.mark.usefixtures("owner", "edition_row")
class TestReminder:
    def test_says_what_ends_and_when_in_both_zones(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys)
        text = text_of(nordlys, end, edition)
        assert "Your access to Face API ends on 30 June 2023 at 23:59 UTC." in text
        assert "Where you are that is 1 July 2023, 01:59 CEST. 46 days left." in text
        assert FACE in text

    def test_says_the_end_in_the_words_of_the_page(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys)
        banner = banner_for(nordlys, edition, NOW, "")
        assert banner is not None
        text = text_of(nordlys, end, edition)
        assert f"{banner['heading']}." in text
        assert all(f"{sentence}." in text for sentence in banner["text"].rstrip(".").split(". "))
        assert f"{banner['days_left']} days left" in text

    def test_says_what_stays_and_what_retires_whatever_is_approved(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys, FACE, GENDER, "face.verification")
        kept = nordlys.grants.get(capability="face.verification")
        factories.right(kept.subscription, "face.verification", ends_at=end + timedelta(days=500))
        ending = about(warned(nordlys, end), now=NOW, edition=edition)["ending"]
        assert [held.code for held in ending.lost] == [FACE]
        assert [held.code for held in ending.retires] == [GENDER]
        assert [held.code for held in ending.stays] == ["face.verification"]

    @pytest.mark.parametrize(
        ("state", "said"),
        [
            (None, "There is no application for this yet"),
            (State.DRAFT, "Your application is a draft"),
            (State.SUBMITTED, "Your application is with our reviewers"),
            (State.SECOND_REVIEW, "Your application is with our reviewers"),
            (State.INFORMATION_REQUESTED, "waits for your answer"),
        ],
    )
    def test_speaks_to_the_state(
        self,
        nordlys: Customer,
        edition: Edition,
        edition_row: PolicyEdition,
        end: datetime,
        state: State | None,
        said: str,
    ) -> None:
        existing(nordlys)
        if state:
            factories.submitted(nordlys, edition_row, state=state)
        assert said in text_of(nordlys, end, edition)

    def test_speaks_to_a_denial(
        self, nordlys: Customer, edition: Edition, edition_row: PolicyEdition, end: datetime
    ) -> None:
        existing(nordlys)
        application = factories.submitted(nordlys, edition_row, state=State.DECIDED, closed_at=NOW)
        RequestedCapability.objects.create(
            application=application,
            customer=nordlys,
            subscription=nordlys.subscriptions.get(),
            capability=FACE,
            asked_at=NOW,
            outcome=Outcome.DENIED,
            closed_at=NOW,
        )
        before = text_of(nordlys, end, edition)
        assert "was denied" in before
        assert "appeal" not in before
        Decision.objects.create(
            application=application,
            outcomes={},
            decided_at=NOW,
            decided_by=factories.person("rosa@vendor.example"),
            letter_due_at=NOW - timedelta(days=3),
        )
        last = datetime(2023, 6, 11, 22, tzinfo=UTC)  # in Copenhagen the day is over
        there = f"/applications/{application.reference}/"
        for now, open_still in ((last - timedelta.resolution, True), (last, False)):
            Reminder.objects.all().delete()
            said = text_of(nordlys, end, edition, now)
            assert ("You may appeal until the end of 11 June 2023 (Europe/Copenhagen)" in said) is open_still
            assert (f"{there}appeal/" in said) is open_still
            assert f"{there}apply-again/" in said

    def test_an_approval_that_runs_out_leads_to_its_renewal(
        self, nordlys: Customer, owner: User, edition: Edition, reviewer: User, edition_row: PolicyEdition
    ) -> None:
        asked = drafts.draft(nordlys, owner, edition_row)
        submit(application=asked, edition=edition, by=owner, now=NOW)
        judged(asked, reviewer, APPROVED)
        ends_at = AccessGrant.objects.latest("pk").ends_at
        late = in_time_until(ends_at, edition, zone_of("DK", edition))
        there = f"/applications/{asked.reference}/renew/"
        for now, holds in ((late - timedelta.resolution, True), (late, False)):
            Reminder.objects.all().delete()
            said = text_of(nordlys, ends_at, edition, now)
            assert there in said
            assert ("Submitted by 17 April 2025 (Europe/Copenhagen), what you have goes on" in said) is holds
        renewal = follow(asked, Followup.RENEW, edition=edition, by=owner, now=late)
        Reminder.objects.all().delete()
        assert f"/applications/{renewal.reference}/" in text_of(nordlys, ends_at, edition, late)

    def test_names_the_last_safe_day_and_after_it_the_extension(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys)
        assert "The last safe day to submit is 15 June 2023" in text_of(nordlys, end, edition)
        Reminder.objects.all().delete()
        late = end - timedelta(days=3)
        assert f"/access/more-time/?customer={nordlys.pk}" in text_of(nordlys, end, edition, late)

    def test_is_not_true_any_more_once_approved(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys)
        row = warned(nordlys, end)
        factories.right(nordlys.subscriptions.get(), FACE)
        assert emails.render(row, edition=edition, now=NOW) is None

    def test_is_not_true_any_more_at_the_end(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        existing(nordlys)
        row = warned(nordlys, end)
        assert emails.render(row, edition=edition, now=end - timedelta.resolution) is not None
        assert emails.render(row, edition=edition, now=end) is None

    def test_names_five_subscriptions_and_counts_the_rest(
        self, nordlys: Customer, edition: Edition, end: datetime
    ) -> None:
        for _number in range(7):
            existing(nordlys)
        text = text_of(nordlys, end, edition)
        assert "7 subscriptions" in text
        assert "and 2 more" in text


def test_an_end_is_told_in_both_zones_and_in_dutch(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition, end: datetime
) -> None:
    existing(nordlys)
    close_ended(end)
    notice = OutboundMessage.objects.get(kind=MessageKind.ACCESS_ENDED)
    assert address_notice(notice, now=end)
    for language, said in (
        (
            "en",
            "Since 1 July 2023, 00:00 (UTC), which is 1 July 2023, 02:00 (Europe/Copenhagen) where you are,",
        ),
        ("nl", "Sinds 1 juli 2023, 00:00 (UTC), bij u 1 juli 2023, 02:00 (Europe/Copenhagen), heeft Nordlys"),
    ):
        User.objects.filter(pk=owner.pk).update(language=language)
        mail = emails.render(OutboundMessage.objects.get(pk=notice.pk), edition=edition, now=end)
        assert mail is not None
        assert said in mail.text


def test_the_first_mail_to_an_imported_contact_carries_the_privacy_notice(
    nordlys: Customer, edition_row: PolicyEdition, edition: Edition, end: datetime
) -> None:
    existing(nordlys)
    contact = factories.contact(nordlys, "kontakt@nordlys.example", language="nl")
    row = warned(nordlys, end, ANNOUNCEMENT)
    assert row.contact == contact
    mail = emails.render(row, edition=edition, now=NOW)
    assert mail is not None
    assert mail.noticed
    assert edition.contact_email in mail.text
    contact.noticed_at = NOW
    contact.save()
    again = emails.render(OutboundMessage.objects.get(pk=row.pk), edition=edition, now=NOW)
    assert again is not None
    assert not again.noticed
    assert len(again.text) < len(mail.text)


def test_links_come_from_the_setting_and_the_key_makes_the_message_id(settings: SimpleNamespace) -> None:
    settings.SITE_URL = "https://portal.example"
    first = emails.message_id("reminder:1:u1")
    assert first.endswith("@portal.example>")
    assert first == emails.message_id("reminder:1:u1") != emails.message_id("reminder:1:u2")


def test_text_becomes_paragraphs_lists_and_links_and_nothing_else() -> None:
    html = emails.letter_html(
        "One & <b>two</b>\nhttps://a.example/?x=1&y=2.\n\nList:\n- a\n- b https://c.example/"
    )
    assert html == (
        "<p>One &amp; &lt;b&gt;two&lt;/b&gt;<br>"
        '<a href="https://a.example/?x=1&amp;y=2">https://a.example/?x=1&amp;y=2</a>.</p>\n'
        "<p>List:</p>\n"
        '<ul><li>a</li><li>b <a href="https://c.example/">https://c.example/</a></li></ul>'
    )


@pytest.mark.parametrize(
    ("key", "said"),
    [("suspended", "have suspended"), ("resumed", "is resumed"), ("else", "has changed what Nordlys")],
)
def test_what_a_person_changed_is_said_with_where_and_since_when(
    nordlys: Customer, owner: User, edition_row: PolicyEdition, edition: Edition, key: str, said: str
) -> None:
    held = factories.subscription(nordlys)
    message.queue(
        MessageKind.ACCESS_CHANGED,
        key=f"{key}:1",
        to=owner,
        now=NOW,
        customer=nordlys,
        context={"subscription": held.pk},
    )
    mail = emails.render(OutboundMessage.objects.get(), edition=edition, now=NOW)
    assert mail is not None
    text = " ".join(mail.text.split())
    assert said in text
    assert str(held.guid) in text
    assert "since: 15 May 2023, 16:40 (Europe/Copenhagen)" in text


@pytest.mark.parametrize("act", list(RightsAct))
def test_each_act_about_rights_has_its_words(
    nordlys: Customer, owner: User, lead: User, edition_row: PolicyEdition, edition: Edition, act: RightsAct
) -> None:
    proposal = Proposal.objects.create(
        act=act,
        subscription=factories.subscription(nordlys),
        capability=FACE,
        reason=AuditReason.objects.create(text=ODD),
        proposed_at=NOW,
        proposed_by=lead,
        done_at=NOW,
    )
    message.queue(
        MessageKind.ACCESS_CHANGED,
        key=f"proposal:{proposal.pk}:{nordlys.pk}",
        to=owner,
        now=NOW,
        customer=nordlys,
        context={"proposal": proposal.pk},
    )
    mail = emails.render(OutboundMessage.objects.get(), edition=edition, now=NOW)
    assert mail is not None
    assert "has changed what" not in mail.text
    assert f"- capability: {FACE}" in mail.text
    assert ODD not in mail.text
