"""What a script that saves while typing is answered, and choosing between two versions of one section."""

import re

import pytest
from django.urls import reverse

from applications.enums import State
from applications.models import Application, Section
from tests import drafts
from tests.drafts import ANSWERS, GATES, KIOSKS, posted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock", "edition_row")]
PEOPLE = posted("people", ANSWERS["people"], version=1)
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def draft(nordlys, owner, edition_row):
    return drafts.draft(nordlys, owner, edition_row)


def page(application, section="people"):
    reference = application if isinstance(application, str) else application.reference
    return reverse("application-section", args=[reference, section])


def typed(client, application, section="people", **values):
    return client.post(page(application, section), values, headers={"accept": "application/json"})


def changed(**values):
    return PEOPLE | {name.replace("_", "-"): value for name, value in values.items()}


def saved(application, section="people"):
    return application.sections.get(code=section)


def test_what_is_typed_is_saved_with_its_version_and_hour(sign_in, owner, draft):
    owner.time_zone = "Europe/Copenhagen"
    owner.save()
    client = sign_in(owner)
    answer = typed(client, draft, **changed(notice="A letter."))
    assert (answer.status_code, answer.json()) == (
        200,
        {"version": 2, "saved_at": "16:40 CEST", "unkept": []},
    )
    assert saved(draft).answers["notice"] == "A letter."
    again = typed(client, draft, **changed(notice="A letter."))
    assert again.json()["version"] == 2


def test_half_typed_values_are_kept_as_typed_and_never_frozen(sign_in, owner, draft, edition):
    client = sign_in(owner)
    half = {"work-email": "henrik@", "website": "https://", "version": 1}
    assert typed(client, draft, "organisation", **(ANSWERS["organisation"] | half)).status_code == 200
    answers = saved(draft, "organisation").answers
    assert (answers["work-email"], answers["work-email.typed"]) == ("", "henrik@")
    assert not saved(draft, "organisation").complete
    shown = client.get(page(draft, "organisation")).content.decode()
    assert 'value="henrik@"' in shown
    assert "2 answers cannot be read yet." in shown
    check = reverse("application-check", args=[draft.reference])
    assert "This cannot be read yet" in client.get(check).content.decode()
    client.post(check)
    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    whole = ANSWERS["organisation"] | {"version": 2}
    typed(client, draft, "organisation", **whole)
    assert "work-email.typed" not in saved(draft, "organisation").answers
    assert saved(draft, "organisation").complete
    client.post(check)
    draft.refresh_from_db()
    assert draft.state == State.SUBMITTED
    assert ".typed" not in str(draft.submissions.get().answers)


def test_an_optional_answer_that_cannot_be_read_is_not_dropped_at_submission(sign_in, owner, draft):
    client = sign_in(owner)
    values = posted("subscriptions", ANSWERS["subscriptions"], version=1) | {"tenant-id": "dc4d27d9"}
    typed(client, draft, "subscriptions", **values)
    client.post(reverse("application-check", args=[draft.reference]))
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_a_key_is_not_kept_and_the_rest_beside_it_is_an_answer(sign_in, owner, draft):
    typed(
        sign_in(owner),
        draft,
        "subscriptions",
        **{"version": 1, "subscription-ids": f"{KIOSKS} Kiosks\n{KEY}", "tenant-id": KEY, "paid-tier": "yes"},
    )
    assert saved(draft, "subscriptions").answers["subscription-ids"] == [KIOSKS]
    assert KEY not in str(list(Section.objects.values()))


def test_a_second_name_for_a_subscription_is_reported_at_the_field_and_kept(sign_in, owner, draft):
    lines = f"{KIOSKS} Kiosks\n{GATES}\n{KIOSKS} Gates"
    data = {"version": 1, "subscription-ids": lines, "paid-tier": "yes"}
    shown = sign_in(owner).post(page(draft, "subscriptions"), data).content.decode()
    assert "Line 3 names a subscription again: “Kiosks” and now “Gates”." in shown
    assert saved(draft, "subscriptions").answers["subscription-ids.typed"] == lines


def test_what_is_too_long_to_keep_is_named(sign_in, owner, draft):
    answer = typed(sign_in(owner), draft, **changed(notice="x" * 100_000, consent="In the app."))
    assert answer.json()["unkept"] == ["How are people told?"]
    assert saved(draft).answers["notice"] == ANSWERS["people"]["notice"]
    assert saved(draft).answers["consent"] == "In the app."


def test_the_second_to_type_is_told_who_was_first_and_nothing_is_replaced(sign_in, owner, colleague, draft):
    typed(sign_in(colleague), draft, **changed(notice="A letter."))
    answer = typed(sign_in(owner), draft, **changed(notice="A sign."))
    assert answer.status_code == 409
    assert answer.json() == {
        "problem": "conflict",
        "message": "Freja Lindqvist saved “People affected” on 15 May 2023, 14:40 UTC.",
        "by": "Freja Lindqvist",
        "section": "people",
        "saved_at": "15 May 2023, 14:40 UTC",
        "version": 2,
    }
    assert saved(draft).answers["notice"] == "A letter."
    own = typed(sign_in(colleague), draft, **changed(notice="A sign."))
    assert own.json()["message"].startswith("You saved “People affected” in another window")


def test_who_may_not_save_is_told_by_status_and_strangers_learn_nothing(
    sign_in, owner, viewer, stranger, draft, client
):
    assert typed(sign_in(viewer), draft, **PEOPLE).status_code == 403
    theirs, absent = (typed(sign_in(stranger), one, **PEOPLE) for one in (draft, "LA-0000-0000"))
    assert (theirs.status_code, absent.status_code) == (404, 404)
    assert theirs.content == absent.content
    assert typed(sign_in(owner), draft, "nowhere", **PEOPLE).status_code == 404
    client.post(reverse("application-check", args=[draft.reference]))
    late = typed(sign_in(owner), draft, **changed(notice="Too late."))
    assert (late.status_code, late.json()["problem"]) == (422, "not_possible_now")
    assert "These answers are fixed now." in late.json()["message"]
    client.logout()
    assert typed(client, draft, **PEOPLE).status_code == 302
    assert (
        Application.objects.get().submissions.get().answers["people"]["notice"] == ANSWERS["people"]["notice"]
    )


def test_what_is_saved_too_late_is_shown_to_its_author(sign_in, owner, colleague, draft):
    client = sign_in(owner)
    client.post(reverse("application-check", args=[draft.reference]))
    late = sign_in(colleague).post(page(draft), changed(notice="By voice."))
    shown = late.content.decode()
    assert late.status_code == 409
    assert "“People affected” is fixed now: yours is not saved" in shown
    assert "By voice." in shown
    assert ANSWERS["people"]["notice"] in shown
    assert client.post(page(draft), PEOPLE).status_code == 302  # nothing new was typed


@pytest.fixture
def two(sign_in, owner, colleague, draft):
    """The owner's second save, after the colleague's: the page that lets them choose."""
    sign_in(colleague).post(page(draft), changed(notice="A letter.", consent="By letter.", minors=""))
    late = changed(notice="A sign.", consent="At the gate.")
    answer = sign_in(owner).post(page(draft), late)
    assert answer.status_code == 409
    return late, answer.content.decode()


def test_both_versions_stand_side_by_side_by_question(two, draft):
    _late, shown = two
    for text in ("Freja Lindqvist", "A letter.", "A sign.", "By letter.", "At the gate."):
        assert text in shown
    assert "How long are faces kept" not in shown  # only what differs
    assert 'name="version" value="2"' in shown
    assert saved(draft).answers["notice"] == "A letter."


@pytest.mark.parametrize(
    ("choice", "notice", "consent", "version"),
    [
        ({"choose": "mine"}, "A sign.", "At the gate.", 3),
        ({"choose": "theirs"}, "A letter.", "By letter.", 2),
        ({"choose": "each", "pick-notice": "theirs", "pick-consent": "mine"}, "A letter.", "At the gate.", 3),
    ],
)
def test_each_section_is_chosen_whole_or_answer_by_answer(
    two, client, draft, choice, notice, consent, version
):
    late, _shown = two
    answer = client.post(page(draft), late | {"version": 2} | choice)
    assert answer.url == f"{page(draft)}?chosen={version}"
    section = saved(draft)
    assert (section.answers["notice"], section.answers["consent"]) == (notice, consent)
    assert section.version == version


def test_a_choice_that_comes_too_late_is_asked_again(two, sign_in, owner, colleague, draft):
    late, _shown = two
    sign_in(colleague).post(page(draft), changed(version=2, notice="By mail.", consent="By letter."))
    again = sign_in(owner).post(
        page(draft), late | {"version": 2, "choose": "each", "pick-consent": "theirs", "pick-notice": "mine"}
    )
    shown = again.content.decode()
    assert again.status_code == 409
    assert "By mail." in shown
    assert 'id="theirs-consent" aria-describedby="theirs-consent-text" checked' in shown
    assert saved(draft).answers["notice"] == "By mail."


def test_what_was_sent_while_signed_out_waits_for_its_author_alone(client, sign_in, owner, colleague, draft):
    shown = sign_in(owner).get(page(draft)).content.decode()
    mark = re.search(r'name="mark" value="([^"]+)"', shown)[1]

    def send_signed_out(**more):
        client.logout()
        answer = client.post(page(draft), changed(notice=f"By voice. {KEY}") | more)
        assert answer.url.startswith(reverse("account_login"))

    for enters, sent, waits in ((owner, mark, True), (colleague, mark, False), (owner, "forged", False)):
        send_signed_out(mark=sent)
        assert KEY not in str(dict(client.session))
        client.force_login(enters)
        again = client.get(page(draft)).content.decode()
        assert ("By voice. ***" in again, "You were signed out" in again) == (waits, waits)
        assert "By voice." not in client.get(page(draft)).content.decode()  # shown once
    assert saved(draft).answers["notice"] == ANSWERS["people"]["notice"]
    send_signed_out(mark=mark, consent="x" * 300_000)
    assert "typed_while_signed_out" not in client.session
