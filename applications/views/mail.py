"""Floor 6: how a person is written to: language, time zone, and what may be switched off."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from applications import clock
from applications.actions import account
from applications.enums import OPTIONAL_KINDS, MessageKind
from applications.forms.mail import MailForm
from applications.queries.account import person_of_stop
from applications.views.pages import member_page, public_page

ALWAYS = (
    MessageKind.REMINDER,
    MessageKind.ACCESS_ENDED,
    MessageKind.ACCESS_CHANGED,
    MessageKind.INFORMATION_REQUESTED,
    MessageKind.APPLICATION_DECIDED,
    MessageKind.LAPSE_WARNING,
    MessageKind.ACCOUNT_NOTICE,
)
"""What the page names of the mails that nobody can switch off."""


@member_page("GET", "POST")
def preferences(request: HttpRequest) -> HttpResponse:
    person = request.user
    known = {
        "language": person.language or settings.LANGUAGE_CODE,
        "time_zone": person.time_zone,
        "wants_optional": person.wants_optional_mail,
    }
    form = MailForm(request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        account.choose_mail(person, **form.cleaned_data, by=person, now=clock.now())
        messages.success(request, _("Saved. The next mail goes by it."))
        return redirect("mail-preferences")
    context = {
        "form": form,
        "optional": [kind.label for kind in OPTIONAL_KINDS],
        "always": [kind.label for kind in ALWAYS],
    }
    return render(request, "account/mail.html", context, status=422 if form.errors else 200)


@csrf_exempt
@public_page("GET", "POST")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """One click in a mail program (RFC 8058) posts here without cookies; opening the link changes nothing."""
    person = person_of_stop(token)
    if request.method == "POST":
        account.stop_optional_mail(person, now=clock.now())
    stopped = request.method == "POST" or not person.wants_optional_mail
    context = {"stopped": stopped, "optional": [kind.label for kind in OPTIONAL_KINDS]}
    return render(request, "account/mail_stop.html", context)
