"""Floor 6: one case at the desk: read it, take it, ask, find, note. Deciding stands in `views.decision`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock, letters
from applications.actions import condition, desk, finding, review
from applications.actions import staff as ours
from applications.enums import ConditionState, Settlement, State
from applications.exceptions import (
    InvalidInput,
    NotAllowed,
    NotFound,
    NotPossibleNow,
    PortalError,
    SomebodyWasFaster,
)
from applications.forms.base import PortalForm
from applications.forms.decision import DecisionForm
from applications.forms.review import (
    AskForm,
    AssignForm,
    ConditionForm,
    FlagForm,
    NoteForm,
    ReturnForm,
    SectionForm,
)
from applications.models import Application
from applications.permissions import Can
from applications.queries import case as cases
from applications.queries.casefile import CaseFile, casefile
from applications.queries.policy import edition_in_force, edition_of
from applications.queries.queue import reviewers
from applications.rules.review import effect_of, read_outcomes
from applications.views.desk import StaffRequest, page, staff

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
Typed = dict[str, PortalForm]


@staff(Can.SEE_CASES, "GET")
def case(request: StaffRequest, *, reference: str) -> HttpResponse:
    return case_page(request, reference)


def case_page(
    request: StaffRequest,
    reference: str,
    *,
    typed: Typed | None = None,
    told: PortalError | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a case, with what a person typed (`typed`: form by name) and what stopped them (`told`)."""
    now, language = clock.now(), get_language()
    request.lane_counts = {}  # a case says nothing of the queue, and counting it is the dearest part of a page
    file = casefile(request.user, reference, now=now, language=language)
    context: dict[str, Any] = {
        "title": file.application.reference,
        "subtitle": file.application.customer.name,
        "file": file,
        "case": file.application,
        "now": now,
        "told": told,
        "faster": isinstance(told, SomebodyWasFaster),
        "lost": [form for form in (typed or {}).values() if told],
        "forms": _forms(file, typed or {}, language),
        "you": request.user,
        "takes_back": bool(
            file.decided and file.writes and cases.may_take_back(file.decided, request.user, now)
        ),
        "keys": _keys(file),
        **_recommended(file, now, language),
    }
    return page(request, "admin/case.html", context, status)


def _forms(file: CaseFile, typed: Typed, language: str | None) -> Typed:
    """The forms that this person can send now; one that was sent keeps what was typed."""
    made: Typed = {}
    if "request_information" in file.moves:
        made["ask"] = AskForm(edition=file.edition, language=language)
    if file.writes:
        made["note"] = NoteForm()
        for promise in file.conditions:
            if promise.is_open:
                made[f"condition-{promise.row.code}"] = ConditionForm(code=promise.row.code)
    if "assign" in file.moves or "reassign" in file.moves:
        made["assign"] = AssignForm(people=reviewers())
    if "return_to_review" in file.moves:
        made["return"] = ReturnForm()
    if file.application.state == State.IN_REVIEW and "decide" in file.moves:
        made["decide"] = decision_form(file, language=language)
    if file.works:
        for section in file.sections:
            made[f"section-{section.code}"] = SectionForm(section=section.code, initial=_verdict(section))
        for flag in file.flags:
            made[f"flag-{flag.row.pk}"] = FlagForm(
                flag=flag.row.pk, initial={"settlement": flag.row.settlement, "note": flag.row.note}
            )
    return {name: typed.get(name, form) for name, form in made.items()}


def _verdict(section: Any) -> dict[str, str]:
    return {"verdict": section.verdict.verdict, "note": section.verdict.note} if section.verdict else {}


def decision_form(file: CaseFile, *args: Any, language: str | None) -> DecisionForm:
    """The form for the open items; one that was sent speaks of the items it was made for, open or not."""
    returned = file.returned[0] if file.returned else None
    sent = [item for item in file.items if args and f"outcome-{item.row.pk}" in args[0]]
    return DecisionForm(
        *args,
        items=sent or file.open_items,
        edition=file.edition,
        language=language,
        two_needed=file.two_needed,
        initial={"words": returned.words} if returned else {},
    )


def _recommended(file: CaseFile, now: datetime, language: str | None) -> dict[str, Any]:
    """What the second person confirms: the outcomes, what they do, and the letter as it would go out."""
    standing = file.recommendation
    if standing is None:
        return {"recommended": None}
    outcomes = read_outcomes(standing.outcomes)
    standing.application, standing.decided_at = file.application, now
    letter = letters.compose(
        standing, file.edition, letters.language_of(file.application, file.edition), file.rows
    )
    standing.decided_at = None
    return {
        "recommended": standing,
        "outcomes": file.told(outcomes, language),
        "effect": effect_of(file.asked, outcomes, file.edition, now),
        "letter": letter,
    }


# --- what a person sends ---


def seen_at(request: StaffRequest) -> datetime:
    """The last change of state that the page showed; without a readable one the page counts as old."""
    try:
        moment = datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError:
        return LONG_AGO
    return moment if moment.tzinfo else LONG_AGO


def attempt(
    request: StaffRequest,
    reference: str,
    act: Callable[[Application], object],
    *,
    done: str,
    typed: Typed | None = None,
    anchor: str = "",
) -> HttpResponse:
    """Load the case, act, and say what came of it; what was typed is never lost."""
    application = cases.load(request.user, reference)
    for form in (typed or {}).values():
        if not form.is_valid():
            return case_page(request, reference, typed=typed, status=422)
    try:
        act(application)
    except InvalidInput as error:
        for form in (typed or {}).values():
            for name, message in error.errors.items():
                form.add_error(name if name in form.fields else None, message)
        return case_page(request, reference, typed=typed, status=422)
    except NotPossibleNow as error:
        return case_page(request, reference, typed=typed, told=error, status=409)
    except NotAllowed as error:
        return case_page(request, reference, typed=typed, told=error, status=403)
    messages.success(request, done)
    return redirect(reverse("admin:case", args=[reference]) + anchor)


@staff(Can.REVIEW, "POST")
def claim(request: StaffRequest, *, reference: str) -> HttpResponse:
    return attempt(
        request,
        reference,
        lambda found: review.claim(found, by=request.user, now=clock.now(), seen=seen_at(request)),
        done=_("The case is yours."),
    )


@staff(Can.REVIEW, "POST")
def release(request: StaffRequest, *, reference: str) -> HttpResponse:
    return attempt(
        request,
        reference,
        lambda found: review.release(found, by=request.user, now=clock.now(), seen=seen_at(request)),
        done=_("The case is back in the queue."),
    )


@staff(Can.REVIEW, "POST")
def near(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The person declares to stand too near to the customer of a case."""
    application = cases.load(request.user, reference)
    if ours.declare_conflict(application, by=request.user, now=clock.now()):
        messages.success(request, _("Noted: you judge nothing of this customer. A lead can lift it."))
    else:
        messages.info(request, _("You have declared this already."))
    return redirect("admin:case", reference)


@staff(Can.LEAD, "POST")
def assign(request: StaffRequest, *, reference: str) -> HttpResponse:
    form = AssignForm(request.POST, people=reviewers())

    def act(found: Application) -> object:
        now, seen = clock.now(), seen_at(request)
        if found.state == State.SUBMITTED:
            return review.assign(found, to=form.person, by=request.user, now=now, seen=seen)
        why = form.cleaned_data["why"]
        return review.reassign(found, to=form.person, why=why, by=request.user, now=now, seen=seen)

    return attempt(request, reference, act, typed={"assign": form}, done=_("The case is handed over."))


@staff(Can.REVIEW, "POST")
def ask(request: StaffRequest, *, reference: str) -> HttpResponse:
    edition = edition_in_force()
    form = AskForm(request.POST, edition=edition, language=get_language())
    return attempt(
        request,
        reference,
        lambda found: review.request_information(
            found,
            question=form.cleaned_data["question"],
            sections=form.cleaned_data["sections"],
            business_days=form.cleaned_data["business_days"],
            edition=edition,
            by=request.user,
            now=clock.now(),
            seen=seen_at(request),
        ),
        typed={"ask": form},
        done=_("The question is on its way. The clock stands still until they answer."),
    )


@staff(Can.REVIEW, "POST")
def settle(request: StaffRequest, *, reference: str, flag: int) -> HttpResponse:
    form = FlagForm(request.POST, flag=flag)

    def act(found: Application) -> object:
        raised = found.flags.filter(pk=flag).first()
        if raised is None:
            raise NotFound
        raised.application = found
        return finding.settle_flag(
            raised,
            settlement=Settlement(form.cleaned_data["settlement"]),
            note=form.cleaned_data["note"],
            edition=edition_in_force(),
            by=request.user,
            now=clock.now(),
        )

    return attempt(
        request,
        reference,
        act,
        typed={f"flag-{flag}": form},
        done=_("Your finding is noted."),
        anchor=f"#flag-{flag}",
    )


@staff(Can.REVIEW, "POST")
def judge(request: StaffRequest, *, reference: str, section: str) -> HttpResponse:
    form = SectionForm(request.POST, section=section)

    def act(found: Application) -> object:
        return finding.review_section(
            found,
            section=section,
            verdict=form.cleaned_data["verdict"],
            note=form.cleaned_data["note"],
            edition=edition_of(found.edition) if found.edition else edition_in_force(),
            by=request.user,
            now=clock.now(),
        )

    return attempt(
        request,
        reference,
        act,
        typed={f"section-{section}": form},
        done=_("Your verdict is noted."),
        anchor=f"#{section}",
    )


@staff(Can.REVIEW, "POST")
def note(request: StaffRequest, *, reference: str) -> HttpResponse:
    form = NoteForm(request.POST)
    return attempt(
        request,
        reference,
        lambda found: finding.note(
            found,
            body=form.cleaned_data["body"],
            internal=form.cleaned_data["audience"] == "staff",
            by=request.user,
            now=clock.now(),
        ),
        typed={"note": form},
        done=_("Your message is written."),
        anchor="#talk",
    )


@staff(Can.REVIEW, "POST")
def read(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The notes that mention the person are read."""
    return attempt(
        request,
        reference,
        lambda found: desk.read_mentions(found.pk, by=request.user, now=clock.now()),
        done=_("Noted that you have read it."),
        anchor="#talk",
    )


@staff(Can.REVIEW, "POST")
def settle_condition(request: StaffRequest, *, reference: str, code: str) -> HttpResponse:
    form = ConditionForm(request.POST, code=code)
    return attempt(
        request,
        reference,
        lambda found: condition.settle(
            found,
            code,
            state=ConditionState(form.cleaned_data["state"]),
            note=form.cleaned_data["note"],
            by=request.user,
            now=clock.now(),
        ),
        typed={f"condition-{code}": form},
        done=_("Your finding is noted."),
        anchor="#conditions",
    )


def _keys(file: CaseFile) -> list[tuple[str, str]]:
    found = [("Q", _("back to the queue")), ("?", _("all keys"))]
    if "claim" in file.moves:
        found.insert(0, ("C", _("claim")))
    if "decide" in file.moves:
        found.insert(0, ("D", _("to the decision")))
    if "request_information" in file.moves:
        found.insert(0, ("I", _("ask the customer")))
    return found
