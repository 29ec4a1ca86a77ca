"""Floor 6: `/verify/`: is this letter ours? For everybody, without an account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from applications import clock
from applications.forms.verification import CodeForm
from applications.queries.verification import letter_of
from applications.views.pages import public_page


@public_page("GET")
def verify(request: HttpRequest) -> HttpResponse:
    """Asked by `?code=`: the letter's facts, or that no letter bears this code."""
    now = clock.now()
    form = CodeForm(request.GET if "code" in request.GET else None)
    letter = letter_of(form.cleaned_data["code"], now) if form.is_bound and form.is_valid() else None
    if form.is_bound and form.is_valid() and letter is None:
        form.add_error(
            "code",
            _("No letter of ours bears this code. Compare it with the letter; if it is right, ask the desk."),
        )
    context = {"form": form, "letter": letter, "now": now}
    return render(request, "public/verify.html", context, status=404 if form.errors else 200)
