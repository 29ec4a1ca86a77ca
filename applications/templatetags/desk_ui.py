"""Tags of the desk: the record in sentences, the talk as one thread, forms found by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms, template
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.enums import GRANTING_OUTCOMES, Outcome
from applications.forms.decision import AS_ALL
from applications.models import Application
from applications.queries.casefile import CaseFile, Line, Told
from applications.queries.judging import ours
from applications.rules.identifiers import mixes_scripts
from applications.rules.review import Effect
from applications.templatetags import portal_ui

register = template.Library()


@register.simple_tag
def state_of_risk(risk: int) -> SafeString:
    return portal_ui.state(f"risk_{int(risk)}")


@register.filter
def two_scripts(name: str) -> bool:
    return mixes_scripts(name)


@register.filter
def address(at: datetime) -> str:
    """An instant as it stands in an address of the desk, exact to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@register.simple_tag
def seen(case: Application) -> SafeString:
    """What the page showed: the action refuses when the case has moved since."""
    return format_html('<input type="hidden" name="seen" value="{}">', case.state_changed_at.isoformat())


@register.simple_tag
def form_named(found: Mapping[str, forms.Form], prefix: str, name: Any) -> forms.Form | None:
    return found.get(f"{prefix}{name}")


@register.inclusion_tag("includes/error_summary.html")
def error_summary_of(found: Mapping[str, forms.Form]) -> dict[str, Any]:
    """The summary of whichever form was sent and refused."""
    return portal_ui.error_summary(*(form for form in found.values() if form.is_bound))


@register.simple_tag
def resend(form: forms.Form) -> SafeString:
    """Every value of a sent form as hidden fields, so that confirming sends the same again."""
    sent = form.data if isinstance(form.data, QueryDict) else QueryDict()
    pairs = ((name, value) for name in form.fields for value in sent.getlist(name))
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


@register.simple_tag
def typed_lines(lost: Iterable[forms.Form]) -> list[tuple[Any, str]]:
    """What somebody had typed into forms that could not be sent, as label and text."""
    return [
        (field.label, text)
        for form in lost
        for field in form
        if not field.is_hidden and (text := _typed(field))
    ]


def _typed(field: forms.BoundField) -> str:
    value = field.value()
    if isinstance(field.field, forms.ChoiceField):
        words = {str(code): str(label) for code, label in field.field.widget.choices}
        chosen = value if isinstance(value, (list, tuple)) else [value]
        return ", ".join(words[str(one)] for one in chosen if one in words and one not in ("", AS_ALL))
    return str(value or "")


@dataclass(frozen=True, slots=True)
class Said:
    at: datetime
    who: str
    label: str
    text: str
    kind: str


@register.simple_tag
def talk_of(file: CaseFile) -> list[Said]:
    """Questions, answers, messages and notes in the order they were written."""
    said = [
        Said(
            note.written_at,
            str(note.author or ""),
            _("between reviewers") if note.internal else _("message"),
            note.body,
            "is-internal" if note.internal else "is-message",
        )
        for note in file.notes
    ]
    for request in file.requests:
        said.append(
            Said(
                request.asked_at, str(request.asked_by or ""), _("question"), request.question, "is-question"
            )
        )
        if request.answered_at:
            who = str(request.answered_by or "")
            said.append(Said(request.answered_at, who, _("answer"), request.answer, "is-answer"))
    return sorted(said, key=lambda line: line.at)


@register.simple_tag
def grants_sentence(effect: Effect) -> SafeString:
    """What confirming gives, in one sentence."""
    capabilities = ngettext("%(count)d capability", "%(count)d capabilities", effect.capabilities)
    subscriptions = ngettext("%(count)d subscription", "%(count)d subscriptions", effect.subscriptions)
    return format_html(
        _("Grants {capabilities} on {subscriptions} from the moment it is confirmed until {end}."),
        capabilities=capabilities % {"count": effect.capabilities},
        subscriptions=subscriptions % {"count": effect.subscriptions},
        end=portal_ui.last_instant(effect.ends_at),
    )


@register.simple_tag
def decide_verb(file: CaseFile, outcomes: list[Told]) -> str:
    """What the button does, in words."""
    granted = sum(len(told.items) for told in outcomes if told.face in GRANTING_OUTCOMES)
    denied = sum(len(told.items) for told in outcomes if told.face == Outcome.DENIED)
    if file.two_needed:
        return _("Recommend this to a second person")
    if granted and denied:
        return _("Decide: approve %(granted)d, deny %(denied)d") % {"granted": granted, "denied": denied}
    if granted:
        return ngettext("Approve %(count)d item", "Approve %(count)d items", granted) % {"count": granted}
    if denied:
        return ngettext("Deny %(count)d item", "Deny %(count)d items", denied) % {"count": denied}
    return _("Close the case with this answer")


@register.simple_tag
def sentence(line: Line, file: CaseFile) -> str:
    """One line of the record in words: who did what."""
    words = _sentences().get(line.action)
    if words is None:
        return _("%(who)s: %(action)s") % {"who": line.who or _("The schedule"), "action": line.action}
    capability = file.edition.capability(str(line.data.get("capability", "")))
    rule = file.asked_by.screening.get(str(line.data.get("rule", "")))
    return words % {
        "who": line.who or _("The schedule"),
        "capability": capability.name if capability else "",
        "rule": rule.name if rule else ours(str(line.data.get("rule", "")))[0],
        "section": line.data.get("section", ""),
    }


def _sentences() -> dict[str, str]:
    return {
        "application.start": _("%(who)s began the application."),
        "application.submit": _("%(who)s submitted it."),
        "application.claim": _("%(who)s took the case."),
        "application.assign": _("%(who)s gave the case to a reviewer."),
        "application.release": _("%(who)s put the case back into the queue."),
        "application.reassign": _("%(who)s handed the case over."),
        "application.request_information": _("%(who)s asked the customer; the clock stopped."),
        "application.respond": _("%(who)s answered; the clock runs on."),
        "application.message": _("%(who)s wrote a message."),
        "application.recommend": _("%(who)s recommended a decision."),
        "application.return_to_review": _("%(who)s returned it to review."),
        "application.take_back": _("%(who)s took the decision back before its letter went out."),
        "application.decide": _("%(who)s decided."),
        "conflict.declared": _("%(who)s declared to stand too near to this customer."),
        "blind.taken": _("%(who)s took the case for a blind second review."),
        "blind.judged": _("%(who)s judged it in a blind second review."),
        "evidence.attach": _("%(who)s added a file."),
        "evidence.remove": _("%(who)s removed a file."),
        "evidence.scan": _("%(who)s scanned a file."),
        "application.withdraw": _("%(who)s withdrew it."),
        "application.lapse": _("%(who)s let it lapse."),
        "right.approved": _("%(who)s granted %(capability)s."),
        "right.extended": _("%(who)s extended %(capability)s."),
        "right.cut": _("%(capability)s ends sooner: what it was held for is decided."),
        "right.revoked": _("%(who)s revoked %(capability)s."),
        "flag.settled": _("%(who)s settled the flag “%(rule)s”."),
        "section.reviewed": _("%(who)s judged the section “%(section)s”."),
        "note.written": _("%(who)s wrote a note."),
        "condition.settled": _("%(who)s looked at a condition."),
        "item.closed": _("%(who)s closed %(capability)s: the policy has changed."),
    }
