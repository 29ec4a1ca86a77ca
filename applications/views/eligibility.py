"""Can we apply? Asked before the long form, by everybody, in an address that can be shared (floor 6)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications import clock
from applications.forms.public import EligibilityForm
from applications.queries import application as find_application
from applications.queries import catalogue as find
from applications.queries.policy import edition_in_force
from applications.rules import eligibility
from applications.rules.policy import Capability, Edition
from applications.views.pages import public_page


@public_page("GET")
def check(request: HttpRequest) -> HttpResponse:
    """The questions, or what the answers mean. `edit` shows the questions with the answers of the address."""
    edition, language = edition_in_force(), get_language()
    given = request.GET.dict()
    form = EligibilityForm(given, edition=edition, language=language)
    if "edit" in given or not given.keys() & form.fields.keys():
        form = EligibilityForm(initial={"customer": "new"} | given, edition=edition, language=language)
    context: dict[str, Any] = {"form": form, "found": None, "contact": edition.contact_email}
    context["crumbs"] = [(reverse("check"), _("Do I need approval?")), ("", _("Can we apply?"))]
    if form.is_valid():
        context |= _answer(request, edition, form.cleaned_data, language)
    return render(request, "public/eligibility.html", context)


def _answer(
    request: HttpRequest, edition: Edition, answers: dict[str, str], language: str | None
) -> dict[str, Any]:
    now, existing = clock.now(), answers["customer"] == "existing"
    capability = edition.capability(answers["capability"])
    found = eligibility.judge(edition, answers, capability=capability, existing=existing, at=now)
    query = urlencode({name: value for name, value in answers.items() if value})
    known = eligibility.prefilled(edition, answers)
    return {
        "found": found,
        "verdict": found.verdict.value,
        "capability": capability,
        "name": capability.name.to(language) if capability else "",
        "existing": existing,
        "obstacles": [
            {
                "title": one.paragraph.title.to(language),
                "rule": one.paragraph.text.to(language),
                "cure": one.reason.cure.to(language),
            }
            for one in found.obstacles
        ],
        "to_do": [(one.label.to(language), one.help.to(language)) for one in found.to_do],
        "comes_with": [one.name.to(language) for one in found.comes_with],
        "uses": [(one.text.to(language), one.high_risk) for one in found.use_cases],
        "prepare": [
            (
                section.title.to(language),
                [
                    (one.label.to(language), one.required and not one.only_if, bool(one.only_if))
                    for one in questions
                ],
            )
            for section, questions in eligibility.to_prepare(edition)
        ],
        "limits": edition.limits,
        "sections": len(edition.sections),
        "answer_by": find_application.target_of(edition, now),
        "grace": _grace(edition, capability, now) if existing else None,
        "start": f"{reverse('application-new')}?{urlencode(known | _only(capability))}",
        "change": f"{reverse('eligibility')}?{query}&edit=1",
        "address": request.build_absolute_uri(f"{reverse('eligibility')}?{query}"),
    }


def _only(capability: Capability | None) -> dict[str, str]:
    return {"capability": capability.code} if capability else {}


def _grace(edition: Edition, capability: Capability | None, now: Any) -> dict[str, Any] | None:
    """Until when an existing customer keeps it, and the last safe day to submit."""
    gates = [edition.gates[capability.gate]] if capability and capability.gate else [*edition.gates.values()]
    if not gates:
        return None
    ends_at = capability.grace[1] if capability and capability.grace else min(g.grace_ends_at for g in gates)
    return {
        "ends_at": ends_at,
        "over": ends_at <= now,
        "submit_by": find.safe_day_of(edition, ends_at, now) if ends_at > now else None,
    }
