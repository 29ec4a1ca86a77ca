"""The form of one section, built from the edition's questions (floor 5)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications.enums import CapabilityState
from applications.forms import fields
from applications.forms.base import PortalForm
from applications.rules import answers as said
from applications.rules.identifiers import clean_text
from applications.rules.policy import Capability, Edition, Question, QuestionType, Section

Q = QuestionType
_GROUP = "--"  # parts the question's code from the service in the name of a field of capabilities


class SectionForm(PortalForm):
    """Fields for the questions of one section. `answers` are the saved ones of all sections.

    `cleaned_answers()` gives the answers to keep: what was typed, as an answer where it can be true, else as typed
    (`rules.answers.typed_key`). Questions whose condition lies in another section and is not met are left out.
    `unkept` are the fields that hold more than a draft keeps.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(
        self,
        data: Any = None,
        *,
        section: Section,
        edition: Edition,
        answers: Mapping[str, Any],
        now: datetime,
        version: int = 0,
        may_attest: bool = True,
        default_sector: str = "",
    ) -> None:
        self.section, self.edition, self.answers, self.now = section, edition, answers, now
        self.may_attest = may_attest
        self.sector = said.sector(edition, answers, default_sector)
        self.language = get_language()
        self.unkept: list[str] = []
        built = {name: field for question in self._questions() for name, field in self._fields_for(question)}
        data, taken = _without_secrets(data, built)
        initial = {name: self._initial(name) for name in built} | {"version": version}
        super().__init__(data, initial=initial)
        self.fields.update(built)
        for name, lines in taken.items():
            self.fields[name].taken = lines  # type: ignore[attr-defined]  # both fields that take ids have it

    # --- building ---

    def _questions(self) -> Iterator[Question]:
        here = {question.code for question in self.section.questions}
        for question in self.section.questions:
            condition = question.only_if
            if condition is None or condition.question in here or question.asked(self.answers):
                yield question

    def _fields_for(self, question: Question) -> Iterator[tuple[str, forms.Field]]:
        """Name and field; capabilities are one field for each service, so that the list can be read."""
        common: dict[str, Any] = {
            "label": question.label.to(self.language),
            "help_text": self._help(question),
            "required": question.required,
        }
        if question.type == Q.CAPABILITIES:
            yield from self._capability_fields(question, common)
        elif question.type == Q.USE_CASES:
            yield from self._use_case_field(question, common)
        else:
            yield question.code, self._plain(question, common)

    def _plain(self, question: Question, common: dict[str, Any]) -> forms.Field:
        kind, most = question.type, question.max_length
        if kind in (Q.CHOICE, Q.MULTI_CHOICE):
            choices = [(choice.code, choice.label.to(self.language)) for choice in question.choices]
            return (fields.OneOf if kind == Q.CHOICE else fields.SomeOf)(choices=choices, **common)
        if kind in (Q.YES_NO, Q.YES_NO_UNSURE):
            unsure = [("unsure", _("I am not sure"))] if kind == Q.YES_NO_UNSURE else []
            return fields.OneOf(choices=[("yes", _("Yes")), ("no", _("No")), *unsure], **common)
        if kind == Q.SERVICES:
            services = self.edition.services.values()
            return fields.SomeOf(
                choices=[(one.code, one.name.to(self.language)) for one in services],
                option_help={one.code: one.help.to(self.language) for one in services},
                **common,
            )
        if kind == Q.SUBSCRIPTIONS:
            return fields.SubscriptionsField(most=question.max_items, **common)
        if kind == Q.ATTESTATION:
            return fields.AttestationField(
                label=common["label"], help_text=common["help_text"], disabled=not self.may_attest
            )
        simple: dict[QuestionType, Any] = {
            Q.EMAIL: lambda: fields.MailField(most=most, free_mail=self.edition.free_mail_domains, **common),
            Q.URL: lambda: fields.WebField(most=most, **common),
            Q.COUNTRY: lambda: fields.CountryField(**common),
            Q.TENANT: lambda: fields.TenantField(**common),
        }
        if kind in simple:
            return simple[kind]()
        return fields.WrittenField(most=most, multiline=kind == Q.LONG_TEXT, **common)

    def _capability_fields(
        self, question: Question, common: dict[str, Any]
    ) -> Iterator[tuple[str, forms.Field]]:
        first = True
        for service in self.edition.services.values():
            found = sorted(
                self.edition.capabilities_of(service.code), key=lambda one: _ORDER[one.state(self.now, False)]
            )
            if not found:
                continue
            yield (
                f"{question.code}{_GROUP}{service.code}",
                fields.SomeOf(
                    choices=[(one.code, one.name.to(self.language)) for one in found],
                    option_help={one.code: self._about(one) for one in found},
                    label=f"{common['label']}: {service.name.to(self.language)}",
                    help_text=common["help_text"] if first else "",
                    required=common["required"],
                    many=True,
                ),
            )
            first = False

    def _about(self, capability: Capability) -> str:
        """The line beneath a capability: whether it takes an approval, and what it does."""
        outcome = said.standing(capability, self.now, False)
        summary = capability.summary.to(self.language)
        if outcome is None:
            parents = said.comes_with(self.edition, capability.code)
            if parents and not said.has_use_case(self.edition, capability.code):
                from_names = [self.edition.capabilities[code].name.to(self.language) for code in parents]
                return _("Comes with an approval of: %(names)s.") % {"names": ", ".join(from_names)}
            return summary
        if capability.state(self.now, False) == CapabilityState.OPEN:
            return _("Open: needs no application.")
        retired_at = capability.retired_for_new_at
        return _("Retired since %(day)s for new customers. Nobody can apply for it.") % {
            "day": formats.date_format(self.edition.local_day(retired_at), "j F Y") if retired_at else ""
        }

    def _use_case_field(
        self, question: Question, common: dict[str, Any]
    ) -> Iterator[tuple[str, forms.Field]]:
        wanted = set(said.listed(self.edition, self.answers, Q.CAPABILITIES))
        cases = [
            case
            for case in self.edition.use_cases.values()
            if wanted & set(case.capabilities)
            and (not self.sector or any(case.fits(code, self.sector) for code in case.capabilities))
        ]
        if not any(said.has_use_case(self.edition, code) for code in wanted):
            return
        names = {code: one.name.to(self.language) for code, one in self.edition.capabilities.items()}
        for_what = {
            case.code: _("For: %(names)s")
            % {"names": ", ".join(names[code] for code in case.capabilities if code in wanted)}
            for case in cases
        }
        unlisted = (said.UNLISTED, _("My use is not on the list"))
        yield (
            question.code,
            fields.SomeOf(
                choices=[*((case.code, case.text.to(self.language)) for case in cases), unlisted],
                option_help=for_what,
                **common,
            ),
        )

    def _help(self, question: Question) -> str:
        help_text = question.help.to(self.language)
        condition = question.only_if
        if condition is None:
            return help_text
        other = self.edition.question(condition.question)
        if other is None or other.section != self.section.code:
            return help_text
        words = {"yes": _("Yes"), "no": _("No"), "unsure": _("I am not sure")}
        words |= {choice.code: choice.label.to(self.language) for choice in other.choices}
        only = _("Only if you answered “%(answer)s” above.") % {
            "answer": "” / “".join(words.get(value, value) for value in condition.any)
        }
        return f"{only} {help_text}".strip()

    def _initial(self, name: str) -> Any:
        code, _group, service = name.partition(_GROUP)
        question = self.edition.question(code)
        if question and (typed := self.answers.get(said.typed_key(question))):
            return typed
        value = self.answers.get(code)
        if question is None or value is None:
            return None
        if question.type == Q.SUBSCRIPTIONS:
            return fields.SubscriptionsField.as_text(value, self.answers.get(said.names_key(question)) or {})
        if question.type == Q.ATTESTATION:
            return value == "yes"
        if service:
            return [one for one in value if one.startswith(f"{service}.")]
        return value

    # --- reading ---

    def cleaned_answers(self) -> dict[str, Any]:
        """The answers to keep, by question code. Call after `is_valid()`."""
        kept: dict[str, Any] = {}
        for question in self.section.questions:
            names = [name for name in self.fields if name.partition(_GROUP)[0] == question.code]
            if not names:
                kept |= self._saved(question)
            elif any(name in self.errors for name in names):
                kept |= self._as_typed(question, names[0])
            elif question.type == Q.CAPABILITIES:
                kept[question.code] = [code for name in names for code in self.cleaned_data[name]]
            else:
                kept |= _answer(question, self.cleaned_data[names[0]])
        return self._with_services(kept)

    def _saved(self, question: Question) -> dict[str, Any]:
        return {key: self.answers[key] for key in said.keys_of(question) if key in self.answers}

    def _as_typed(self, question: Question, name: str) -> dict[str, Any]:
        """What stands in a field that cannot be read: the rest beside a pasted key is an answer all the same."""
        if question.type not in _TYPED:
            return self._saved(question)
        raw, field = str(self.data.get(name) or ""), self.fields[name]
        if getattr(field, "taken", None):
            field.taken = []  # type: ignore[attr-defined]  # both fields that take ids have it
            try:
                return _answer(question, field.clean(raw))
            except forms.ValidationError:
                pass
        typed = clean_text(raw, multiline=True)
        if len(typed) > _TYPED_MOST + question.max_length:
            self.unkept.append(str(field.label))
            return self._saved(question)
        return {
            question.code: [] if question.type == Q.SUBSCRIPTIONS else "",
            said.typed_key(question): typed,
        }

    def merged(self, theirs: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
        """`cleaned_answers()` with theirs to the questions in `taken`."""
        kept = self.cleaned_answers()
        for question in (one for one in self.section.questions if one.code in taken):
            for key in said.keys_of(question):
                kept.pop(key, None)
                if key in theirs:
                    kept[key] = theirs[key]
        return self._with_services(kept)

    def _with_services(self, kept: dict[str, Any]) -> dict[str, Any]:
        """A capability that was chosen names its service too."""
        asked = {question.type: question.code for question in self.section.questions}
        if Q.SERVICES in asked and kept.get(asked.get(Q.CAPABILITIES, "")):
            known = (self.edition.capability(code) for code in kept[asked[Q.CAPABILITIES]])
            services = kept.get(asked[Q.SERVICES]) or []
            kept[asked[Q.SERVICES]] = list(dict.fromkeys([*services, *(one.service for one in known if one)]))
        return kept

    def renew_version(self, version: int) -> None:
        """Show the form as typed, ready to be saved over what is there now."""
        self.data = self.data.copy()
        self.data["version"] = str(version)

    def shown_use_cases(self) -> bool:
        """Whether the section's use cases can be chosen (a capability with a use case has been chosen before)."""
        asked = [question.code for question in self.section.questions if question.type == Q.USE_CASES]
        return not asked or asked[0] in self.fields

    def field_of(self, question: str) -> str:
        """The id of the (first) field of a question, for links to it."""
        name = next((name for name in self.fields if name.partition(_GROUP)[0] == question), question)
        return str(self[name].id_for_label or f"{self[name].auto_id}_0") if name in self.fields else ""


def field_name(edition: Edition, question: Question) -> str:
    """The name of the first field of a question."""
    if question.type != Q.CAPABILITIES:
        return question.code
    return f"{question.code}{_GROUP}{next(iter(edition.services), '')}"


def _answer(question: Question, value: Any) -> dict[str, Any]:
    """A clean value as it is kept."""
    if question.type != Q.SUBSCRIPTIONS:
        return {question.code: value}
    return {
        question.code: [guid for guid, _name in value],
        said.names_key(question): {guid: name for guid, name in value if name},
    }


_TYPED = frozenset({Q.TEXT, Q.LONG_TEXT, Q.EMAIL, Q.URL, Q.SUBSCRIPTIONS, Q.TENANT})
_TYPED_MOST = 4000  # beyond the longest answer: who pastes a book shortens it here, not in a file of ours
_ORDER = {CapabilityState.GATED: 0, CapabilityState.OPEN: 1, CapabilityState.RETIRED: 2}


def _without_secrets(data: Any, built: Mapping[str, forms.Field]) -> tuple[Any, dict[str, list[int]]]:
    """The posted data without pasted keys, so that no key is shown again or stored; and where they stood."""
    if data is None:
        return None, {}
    data, taken = data.copy(), {}
    for name, field in built.items():
        if isinstance(field, (fields.SubscriptionsField, fields.TenantField)) and name in data:
            data[name], lines = fields.without_secrets(str(data[name]))
            if lines:
                taken[name] = lines
    return data, taken
