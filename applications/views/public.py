"""Pages for everybody: start, check, catalogue, decode (floor 6). Nothing that is typed here is kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from applications import clock
from applications.forms.public import CheckForm, DecodeForm
from applications.queries import catalogue as find
from applications.queries.pace import latest_pace
from applications.queries.policy import edition_in_force
from applications.rules.decoder import decode as decode_answer
from applications.rules.policy import Link
from applications.views.pages import public_page


@public_page("GET")
def home(request: HttpRequest) -> HttpResponse:
    edition = edition_in_force()
    home_page = find.home_of(edition, latest_pace(), clock.now(), get_language())
    return render(request, "home.html", {"home": home_page})


@public_page("GET")
def check(request: HttpRequest) -> HttpResponse:
    """Do I need approval? Everything stands in the address, so that an answer can be shared."""
    edition, now, language = edition_in_force(), clock.now(), get_language()
    form = CheckForm({"customer": "new", **request.GET.dict()}, edition=edition, language=language)
    typed = request.GET.get("q", "")
    code = request.GET.get("capability", "")
    existing = request.GET.get("customer") == "existing"
    capability = edition.capability(code)
    matches = find.matches(edition, typed, now, language) if not capability else []
    if not capability and len(matches) == 1:
        capability = matches[0].capability
    context: dict[str, Any] = {
        "form": form,
        "typed": typed,
        "searched": bool(typed.strip()) and not capability,
        "matches": matches,
        "unknown": bool(code) and capability is None,
        "existing": existing,
        "asked_class": request.GET.get("customer", ""),
        "entry": None,
        "contact": edition.contact_email,
        "by_service": _by_service(edition, now, language),
    }
    if capability:
        context["entry"] = find.entry_of(edition, capability, now, language)
        context["answer"] = find.answer_for(edition, capability, existing, now)
        context["use_cases"] = [case.text.to(language) for case in context["entry"].use_cases]
        context["texts"] = _texts(capability, language)
        context["address"] = request.build_absolute_uri(
            f"{reverse('check')}?capability={capability.code}&customer={'existing' if existing else 'new'}"
        )
        context["accessibility_contact"] = edition.accessibility_contact.to(language)
    return render(request, "public/check.html", context)


def _texts(capability: Any, language: str | None) -> dict[str, str]:
    return {name: getattr(capability, name).to(language) for name in ("summary", "note", "tiers")}


def _by_service(edition: Any, now: Any, language: str | None) -> list[tuple[str, list[find.Entry]]]:
    groups: dict[str, list[find.Entry]] = {}
    for entry in find.entries(edition, now, language):
        groups.setdefault(entry.service, []).append(entry)
    return list(groups.items())


@public_page("GET")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every service and capability with its state, dates, use cases and operations; the register of what retires."""
    edition, now, language = edition_in_force(), clock.now(), get_language()
    found = find.entries(edition, now, language)
    context = {
        "edition": edition,
        "name": edition.name.to(language),
        "summary": edition.summary.to(language),
        "services": [
            {
                "name": service.name.to(language),
                "code": service.code,
                "summary": service.summary.to(language),
                "rows": [
                    {"entry": one, **_texts(one.capability, language), "cases": _cases(one, language)}
                    for one in found
                    if one.capability.service == service.code
                ],
            }
            for service in edition.services.values()
        ],
        "retiring": [one for one in found if one.retiring],
        "gates": list(edition.gates.values()),
        "contact": edition.contact_email,
        "accessibility_contact": edition.accessibility_contact.to(language),
        "now": now,
    }
    return render(request, "public/catalogue.html", context)


def _cases(entry: find.Entry, language: str | None) -> list[tuple[str, str]]:
    return [(case.code, case.text.to(language)) for case in entry.use_cases]


@public_page("GET", "POST")
def decode(request: HttpRequest) -> HttpResponse:
    """Paste what the API answered. Keys are masked before anything looks at the text; nothing is stored."""
    form = DecodeForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "found": None}
    if request.method == "POST" and form.is_valid():
        edition, language = edition_in_force(), get_language()
        found = decode_answer(form.cleaned_data["text"], edition)
        form.show_masked(found.masked)
        context |= {
            "found": found,
            "cause": _cause(found.cause, language) if found.cause else None,
            "near": [_cause(one, language) for one in found.near],
            "capabilities": [(one.code, one.name.to(language)) for one in found.capabilities],
            "link": _link(found),
            "contact": edition.contact_email,
        }
    return render(request, "public/decode.html", context)


def _cause(cause: Any, language: str | None) -> dict[str, str]:
    names = ("title", "explanation", "cure", "next_step", "source")
    texts = {name: getattr(cause, name).to(language) for name in names}
    return texts | {"action": texts["next_step"].rstrip(".")}


def _link(found: Any) -> str:
    """Where the cure leads on this site, with the capability already chosen."""
    if found.cause is None or found.cause.link is None:
        return ""
    query = "&".join(f"capability={one.code}" for one in found.capabilities)
    names = {
        Link.APPLY: "application-new",
        Link.CHECK: "check",
        Link.CATALOGUE: "catalogue",
        Link.ACCESS: "access",
    }
    address = reverse(names[found.cause.link])
    return f"{address}?{query}" if query and found.cause.link in (Link.APPLY, Link.CHECK) else address
