"""Floor 6: the decision: chosen on the case page, shown with its effect and its letter, then confirmed."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock, letters
from applications.actions import decision, taking_back, transition
from applications.exceptions import InvalidInput, NotPossibleNow
from applications.forms.decision import DecisionForm
from applications.forms.review import ReturnForm
from applications.models import Application, Decision
from applications.permissions import Can
from applications.queries.casefile import CaseFile, casefile
from applications.queries.policy import edition_in_force
from applications.rules.review import effect_of, read_outcomes, store_outcomes
from applications.stepup import FOR_DECISIONS, step_up
from applications.views.desk import StaffRequest, page, staff
from applications.views.review import attempt, case_page, decision_form, seen_at


@staff(Can.REVIEW, "POST")
def preview(request: StaffRequest, *, reference: str) -> HttpResponse:
    """What was chosen, what it would do, and the letter; nothing is written."""
    now, language = clock.now(), get_language()
    file = casefile(request.user, reference, now=now, language=language)
    form = decision_form(file, request.POST, language=language)
    try:
        if seen_at(request) != file.application.state_changed_at:
            raise transition.faster(file.application)
        if not form.is_valid():
            return case_page(request, reference, typed={"decide": form}, status=422)
        decision.check(
            file.application,
            outcomes=form.outcomes(),
            words=form.cleaned_data["words"],
            edition=file.edition,
            now=now,
        )
    except InvalidInput as error:
        form.refuse(error.errors)
        return case_page(request, reference, typed={"decide": form}, status=422)
    except NotPossibleNow as error:
        return case_page(request, reference, typed={"decide": form}, told=error, status=409)
    return page(request, "admin/decision.html", _previewed(file, form, now, language))


def _previewed(file: CaseFile, form: DecisionForm, now: Any, language: str | None) -> dict[str, Any]:
    outcomes = form.outcomes()
    would_be = Decision(
        application=file.application,
        outcomes=store_outcomes(outcomes),
        words=form.cleaned_data["words"],
        decided_at=now,
    )
    return {
        "title": _("Confirm the decision"),
        "subtitle": file.application.reference,
        "file": file,
        "case": file.application,
        "form": form,
        "now": now,
        "outcomes": file.told(outcomes, language),
        "effect": effect_of(file.asked, outcomes, file.edition, now),
        "letter": letters.compose(
            would_be, file.edition, letters.language_of(file.application, file.edition), file.rows
        ),
    }


@staff(Can.REVIEW, "POST")
def edit(request: StaffRequest, *, reference: str) -> HttpResponse:
    """Back from the preview, with everything as it was typed."""
    file = casefile(request.user, reference, now=clock.now(), language=get_language())
    form = decision_form(file, request.POST, language=get_language())
    return case_page(request, reference, typed={"decide": form})


@step_up(FOR_DECISIONS)
@staff(Can.REVIEW, "POST")
def confirm(request: StaffRequest, *, reference: str) -> HttpResponse:
    """Decide, or recommend when the case needs two people. What was typed comes back when it cannot be done."""
    now, language = clock.now(), get_language()
    file = casefile(request.user, reference, now=now, language=language)
    form = decision_form(file, request.POST, language=language)
    if not form.is_valid():
        return case_page(request, reference, typed={"decide": form}, status=422)
    more: dict[str, Any] = {
        "outcomes": form.outcomes(),
        "words": form.cleaned_data["words"],
        "edition": file.edition,
        "by": request.user,
        "now": now,
        "seen": seen_at(request),
    }
    try:
        if file.two_needed:
            decision.recommend(file.application, note=form.cleaned_data.get("note", ""), **more)
        else:
            decision.decide(file.application, **more)
    except InvalidInput as error:
        form.refuse(error.errors)
        return case_page(request, reference, typed={"decide": form}, status=422)
    except NotPossibleNow as error:
        return case_page(request, reference, typed={"decide": form}, told=error, status=409)
    messages.success(
        request, _("Recommended. A second person confirms it.") if file.two_needed else _("Decided.")
    )
    return redirect("admin:case", reference)


@step_up(FOR_DECISIONS)
@staff(Can.REVIEW, "POST")
def second(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The second person confirms exactly what was recommended."""
    edition = edition_in_force()

    def act(found: Application) -> object:
        confirmed = next(
            (one for one in found.decisions.all() if str(one.pk) == request.POST.get("recommendation")), None
        )
        if confirmed is None:
            raise transition.faster(found)
        return decision.decide(
            found,
            outcomes=read_outcomes(confirmed.outcomes),
            words=confirmed.words,
            edition=edition,
            by=request.user,
            now=clock.now(),
            seen=seen_at(request),
        )

    return attempt(request, reference, act, done=_("Confirmed. The case is decided."))


@staff(Can.REVIEW, "POST")
def take_back(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The decider takes a denial back while its letter waits."""
    return attempt(
        request,
        reference,
        lambda found: taking_back.take_back(found, by=request.user, now=clock.now(), seen=seen_at(request)),
        done=_("Taken back. The letter is dropped, and the case is in review with you."),
    )


@staff(Can.REVIEW, "POST")
def give_back(request: StaffRequest, *, reference: str) -> HttpResponse:
    """The second person returns the case with a note."""
    form = ReturnForm(request.POST)
    return attempt(
        request,
        reference,
        lambda found: decision.return_to_review(
            found,
            note=form.cleaned_data["note"],
            by=request.user,
            now=clock.now(),
            seen=seen_at(request),
        ),
        typed={"return": form},
        done=_("Returned, with your note."),
    )
