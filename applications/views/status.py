"""Pages of a submitted application: where it stands, answering, writing, withdrawing (floor 6)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from applications import clock
from applications.actions import application as act
from applications.actions import submission
from applications.enums import Role, State
from applications.exceptions import InvalidInput, NotAllowed, NotPossibleNow
from applications.forms.application import AnswerForm, MessageForm
from applications.queries import application as find
from applications.queries import followups as find_followups
from applications.queries.answers import grounds_of, rows_of
from applications.queries.evidence import part_of
from applications.queries.policy import edition_in_force, edition_of
from applications.queries.queue import PLACES
from applications.queries.status import status_of
from applications.views.application import crumbs, load, may_write
from applications.views.pages import member_page, refuse

OPEN = (State.SUBMITTED, State.IN_REVIEW, State.INFORMATION_REQUESTED, State.SECOND_REVIEW)


@member_page("GET", "POST")
def status(request: HttpRequest, reference: str) -> HttpResponse:
    """Who has the ball, the clock, what happened, what was decided; write to the reviewer or answer."""
    application = load(request, reference, ways=True)
    if application.state == State.DRAFT:
        return redirect("application", application.reference)
    edition, now = edition_in_force(), clock.now()
    answering = request.POST.get("what") == "answer"
    answer_form = AnswerForm(request.POST if answering else None, prefix="answer")
    message_form = MessageForm(
        request.POST if request.method == "POST" and not answering else None, prefix="message"
    )
    form = answer_form if answering else message_form
    if request.method == "POST" and form.is_valid():
        try:
            if answering:
                submission.respond(
                    application=application,
                    answer=form.cleaned_data["body"],
                    edition=edition,
                    by=request.user,
                    now=now,
                )
                messages.success(request, _("Your answer is with the reviewer. The clock runs on."))
            else:
                act.add_message(
                    application=application, body=form.cleaned_data["body"], by=request.user, now=now
                )
                messages.success(request, _("Your message is sent."))
            return redirect("application-status", application.reference)
        except InvalidInput as error:
            for message in error.errors.values():
                form.add_error("body", message)
        except (NotAllowed, NotPossibleNow) as error:
            form.add_error(None, error.message)
    found = status_of(application, edition, now, get_language())
    part = part_of(edition)
    context = {
        "application": application,
        "status": found,
        "title": _VERDICTS.get(found.verdict) or _title(application),
        "places": PLACES,
        "files_section": part.code if part else "",
        "answer_form": answer_form,
        "message_form": message_form,
        "may_write": may_write(application),
        "may_withdraw": application.role == Role.OWNER and application.state in OPEN,
        "is_open": application.state in OPEN,
        "ways": find_followups.ways_on(application, edition, now),
        "followers": [] if application.state in OPEN else find_followups.followers(application),
        "now": now,
        "review_days": edition.limits.review_business_days,
        "sections": [(part.code, part.title.to(get_language())) for part in edition.sections],
        "crumbs": crumbs(application),
    }
    return render(request, "applications/status.html", context)


_VERDICTS = {
    "approved": gettext_lazy("We approved your application"),
    "partly": gettext_lazy("We approved a part of your application"),
    "denied": gettext_lazy("We denied your application"),
    "answered": gettext_lazy("We answered your application"),
}


def _title(application: find.Application) -> str:
    return {
        State.SUBMITTED: _("Your application waits for a reviewer"),
        State.IN_REVIEW: _("A reviewer reads your application"),
        State.INFORMATION_REQUESTED: _("We need an answer from you"),
        State.SECOND_REVIEW: _("A second reviewer reads your application"),
        State.DECIDED: _("Your application is decided"),
        State.WITHDRAWN: _("You withdrew this application"),
        State.LAPSED: _("This application lapsed"),
    }[State(application.state)]


@member_page("GET")
def answers(request: HttpRequest, reference: str) -> HttpResponse:
    """What was submitted, as it is frozen."""
    application = load(request, reference)
    frozen = application.submissions.order_by("-number").first()
    if frozen is None:
        return redirect("application", application.reference)
    edition = edition_of(application.edition) if application.edition else edition_in_force()
    language = get_language()
    together = {code: value for part in frozen.answers.values() for code, value in part.items()}
    parts = [
        {"title": part.title.to(language), "rows": rows_of(edition, part, together, language)}
        for part in edition.sections
    ]
    if grounds := grounds_of(frozen.answers):
        parts.insert(0, {"title": _("Why you appeal"), "rows": grounds})
    context = {
        "application": application,
        "frozen": frozen,
        "parts": parts,
        "crumbs": crumbs(application, _("What you submitted")),
    }
    return render(request, "applications/answers.html", context)


@member_page("GET", "POST")
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    application = load(request, reference)
    if application.state == State.DRAFT:
        return redirect("application", application.reference)
    if application.state not in OPEN:
        return redirect("application-status", application.reference)
    if request.method == "POST":
        try:
            act.withdraw(application=application, by=request.user, now=clock.now())
        except (NotAllowed, NotPossibleNow) as error:
            return refuse(request, error, "application-status", application.reference)
        messages.success(request, _("The application is withdrawn."))
        return redirect("application-status", application.reference)
    context = {"application": application, "crumbs": crumbs(application, _("Withdraw"))}
    return render(request, "applications/withdraw.html", context)
