"""One dated, immutable edition of the policy, with the questions the rest of the product asks it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import holidays
from pydantic import AfterValidator, Field, PrivateAttr
from pydantic_core import PydanticCustomError

from applications.rules.identifiers import is_free_mail

from .base import Code, Part, Words
from .catalogue import Capability, Gate, Service, UseCase
from .form import Question, Section
from .review import Cause, Condition, Paragraph, Reason, ScreeningRule
from .text import Text


def _is_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        message = "'{value}' is not a time zone such as Europe/Amsterdam"
        raise PydanticCustomError("time-zone", message, {"value": value[:80]}) from None
    return value


def _is_calendar(value: str) -> str:
    if value not in holidays.list_supported_countries():
        message = "'{value}' is not the code of a country whose holidays are known"
        raise PydanticCustomError("calendar", message, {"value": value[:80]})
    return value


Days = Annotated[int, Field(ge=0, le=3660)]
Hour = Annotated[int, Field(ge=0, le=24)]


class Limits(Part):
    """Terms and targets; days are calendar days unless the name says business days."""

    approval_months: Annotated[int, Field(ge=1, le=120)] = 24
    review_business_days: Annotated[int, Field(ge=1, le=60)] = 10
    information_business_days: Annotated[int, Field(ge=1, le=60)] = 10
    draft_days: Days = 90
    lapse_warning_days: tuple[Days, ...] = (14, 7)
    lapse_pause_days: Days = 30
    appeal_days: Days = 30
    appeal_extension_days: Days = 60
    renewal_lead_business_days: Annotated[int, Field(ge=0, le=250)] = 20
    renewal_extension_days: Days = 60
    move_extension_days: Days = 30
    earlier_end_days: Days = 90
    preview_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    last_safe_business_days: Annotated[int, Field(ge=0, le=60)] = 10
    send_from_hour: Hour = 9
    send_until_hour: Hour = 17
    letter_delay_minutes: Annotated[int, Field(ge=0, le=1440)] = 10


class Edition(Part):
    code: Code
    name: Text
    published_on: date
    time_zone: Annotated[str, AfterValidator(_is_zone)]
    language: str
    calendar: Annotated[str, AfterValidator(_is_calendar)]
    contact_name: Text
    contact_email: str
    accessibility_contact: Text
    summary: Text = Text()
    limits: Limits = Limits()
    rights_reminder_days: tuple[Days, ...]
    gates: Mapping[str, Gate]
    services: Mapping[str, Service]
    capabilities: Mapping[str, Capability]
    use_cases: Mapping[str, UseCase]
    sections: tuple[Section, ...]
    eligibility: Mapping[Code, Mapping[str, Code]] = {}
    paragraphs: Mapping[str, Paragraph]
    reasons: Mapping[str, Reason]
    conditions: Mapping[str, Condition] = {}
    words: Mapping[str, Words] = {}
    screening: Mapping[str, ScreeningRule] = {}
    causes: Mapping[str, Cause] = {}
    free_mail_domains: Annotated[frozenset[str], Field(strict=False)] = frozenset()

    _questions: dict[str, Question] = PrivateAttr()
    _by_service: dict[str, tuple[Capability, ...]] = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        self._questions = {question.code: question for part in self.sections for question in part.questions}
        capabilities = self.capabilities.values()
        self._by_service = {
            code: tuple(c for c in capabilities if c.service == code) for code in self.services
        }
        for gate in self.gates.values():
            gate.bind(self.day_starts_at, self.day_ends_at)
        for capability in self.capabilities.values():
            met = self.gates.get(capability.gate) if capability.gate else None
            capability.bind(met, self.day_starts_at, self.day_ends_at)

    def day_starts_at(self, day: date) -> datetime:
        """UTC instant at which `day` begins in the edition's time zone."""
        return datetime.combine(day, time.min, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    def day_ends_at(self, day: date) -> datetime:
        """UTC instant at which the day after `day` begins: the exclusive end of a last day."""
        return self.day_starts_at(day + timedelta(days=1))

    def local_day(self, at: datetime) -> date:
        """The date that `at` falls on in the edition's time zone."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    def capability(self, code: str) -> Capability | None:
        return self.capabilities.get(code)

    def capabilities_of(self, service: str) -> tuple[Capability, ...]:
        return self._by_service.get(service, ())

    def use_cases_for(self, capability: str, sector: str) -> tuple[UseCase, ...]:
        """The permitted use cases of a capability for a customer of this sector, in the file's order."""
        return tuple(case for case in self.use_cases.values() if case.fits(capability, sector))

    def is_existing(self, first_used_on: date | None, gate_code: str | None) -> bool:
        """Existing: used before the gate's cut date. Never used, or no gate: new."""
        gate = self.gates.get(gate_code) if gate_code else None
        return gate is not None and first_used_on is not None and first_used_on < gate.cut_on

    def grants(self, capability: str) -> tuple[str, ...]:
        """What an approval of this capability grants: itself, then what comes with it."""
        found = self.capabilities.get(capability)
        return (capability, *found.grants_also) if found else ()

    def section(self, code: str) -> Section | None:
        return next((section for section in self.sections if section.code == code), None)

    def question(self, code: str) -> Question | None:
        return self._questions.get(code)

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(self._questions.values())

    def is_free_mail(self, domain: str) -> bool:
        """Whether mail at this domain (or below it) belongs to persons rather than to an organisation."""
        return is_free_mail(domain, self.free_mail_domains)
