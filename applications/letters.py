"""Floor 3: the letter of a decision, composed from codes (design §5, promise P10). Renders, sends nothing.

Every sentence comes from the outcome, the edition or the decider's own lines, so the letter can be previewed
before the decision and says the same afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import emails
from applications.enums import GRANTING_OUTCOMES, Kind, MessageKind, Outcome, ReminderState
from applications.models import (
    Application,
    Customer,
    Decision,
    OutboundMessage,
    Reminder,
    RequestedCapability,
)
from applications.queries import case
from applications.queries.followups import day_of, hold_said, last_day
from applications.rules.followups import Followup, appeal_until, renew_since, zone_of
from applications.rules.policy import Edition, Text
from applications.rules.review import ItemOutcome, approval_ends_at, read_outcomes
from applications.rules.zones import countries

Judged = tuple[RequestedCapability, ItemOutcome]


def compose(
    decision: Decision, edition: Edition, language: str, items: Iterable[RequestedCapability] | None = None
) -> str:
    """The whole letter as plain text. `decision` may be unsaved (a preview); `decided_at` is the date it bears.

    `items` are those of the application when the caller has read them already.
    """
    with translation.override(language):
        return "\n\n".join(part for part in _Letter(decision, edition, language, items).parts() if part)


def language_of(application: Application, edition: Edition) -> str:
    """The language of the letter: that of who submitted, else the edition's."""
    writer = application.submitted_by
    return (writer.language if writer else "") or edition.language


@dataclass(frozen=True, slots=True)
class Posted:
    """A warning on paper: the words of the mail that reached nobody, for the customer's address."""

    customer: Customer
    to: tuple[str, ...]
    day: str
    subject: str
    text: str
    language: str


def warning(
    customer: Customer, ends_at: datetime, *, name: str, language: str, edition: Edition, now: datetime
) -> Posted | None:
    """The warning of a deadline as a letter to post; None when nothing ends then. Four statements."""
    about = Reminder(customer=customer, ends_at=ends_at, days_before=0, due_at=now, state=ReminderState.DUE)
    sent = OutboundMessage(
        kind=MessageKind.REMINDER,
        key=f"posted:{customer.pk}",
        customer=customer,
        reminder=about,
        context={"language": language},
    )
    mail = emails.render(sent, edition=edition, now=now)
    if mail is None:
        return None
    spoken = emails.language_of(sent, edition)
    with translation.override(spoken):
        to = tuple(line for line in (name, customer.name, countries().get(customer.country, "")) if line)
        return Posted(customer, to, emails.day(edition.local_day(now)), mail.subject, mail.text, spoken)


class _Letter:
    def __init__(
        self,
        decision: Decision,
        edition: Edition,
        language: str,
        items: Iterable[RequestedCapability] | None,
    ) -> None:
        if decision.decided_at is None:
            raise ValueError("a letter bears the date of its decision")
        self.decision, self.edition, self.language = decision, edition, language
        self.at: datetime = decision.decided_at
        self.application = decision.application
        outcomes = read_outcomes(decision.outcomes)
        rows = case.items_of(self.application) if items is None else items
        self.judged: list[Judged] = [(item, outcomes[item.pk]) for item in rows if item.pk in outcomes]

    def parts(self) -> Iterator[str]:
        yield self._head()
        yield self._sentence()
        for pair, judged in self._grouped():
            yield self._group(pair, judged)
        if self.decision.words:
            yield _("From the reviewer:") + "\n" + self.decision.words
        yield from self._what_next()
        yield self._foot()

    def _head(self) -> str:
        return "\n".join(
            (
                self.application.customer.name,
                _("Access application %(reference)s") % {"reference": self.application.reference},
                self._day(self.at),
            )
        )

    def _sentence(self) -> str:
        granted = sum(said.outcome in GRANTING_OUTCOMES for _item, said in self.judged)
        denied = sum(said.outcome == Outcome.DENIED for _item, said in self.judged)
        if granted and denied:
            return _("We approved a part of your access application and denied a part. Both stand below.")
        if granted:
            return _("We approved your access application.")
        if denied:
            return _(
                "We denied your access application. The reasons stand below, with what would change each."
            )
        return _("We answered your access application. No approval was needed for a decision.")

    def _grouped(self) -> Iterator[tuple[Judged, list[Judged]]]:
        """Items that differ only in their subscription stand together."""

        def same(judged: Judged) -> tuple[str, ...]:
            item, said = judged
            return (item.capability, item.use_case, said.outcome, *said.reasons, *said.conditions)

        for _key, group in groupby(sorted(self.judged, key=same), key=same):
            judged = list(group)
            yield judged[0], judged

    def _group(self, first: Judged, judged: list[Judged]) -> str:
        item, said = first
        lines = [f"{self._capability(item.capability)}: {self._outcome(said.outcome)}"]
        if use_case := self.edition.use_cases.get(item.use_case):
            lines.append(
                _("Use case: %(code)s, %(name)s") % {"code": item.use_case, "name": self._text(use_case.name)}
            )
        lines += [self._subscription(row) for row, _said in judged]
        lines += self._consequence(item, said)
        return "\n".join(lines)

    def _outcome(self, outcome: str) -> str:
        return {
            Outcome.APPROVED.value: _("approved"),
            Outcome.CONDITIONS.value: _("approved with conditions"),
            Outcome.DENIED.value: _("not approved"),
            Outcome.NOT_NEEDED.value: _("no approval needed"),
            Outcome.RETIRED.value: _("retired, not available to anybody"),
            Outcome.ANSWERED.value: _("answered"),
        }[outcome]

    def _consequence(self, item: RequestedCapability, said: ItemOutcome) -> Iterator[str]:
        if said.outcome in GRANTING_OUTCOMES:
            yield self._right(item)
            yield from (self._condition(code) for code in said.conditions)
        elif said.outcome == Outcome.DENIED:
            yield from (self._reason(code) for code in said.reasons)
        elif said.outcome == Outcome.NOT_NEEDED:
            yield _("This capability is open. You can use it without an approval.")
        elif said.outcome == Outcome.RETIRED:
            yield _("No application brings it back.")

    def _right(self, item: RequestedCapability) -> str:
        last = approval_ends_at(self.edition, self.at) - timedelta.resolution
        also = [self._capability(code) for code in self.edition.grants(item.capability)[1:]]
        held = _("You can use it from now until %(end)s. It holds for this use case only.") % {
            "end": self._instant(last)
        }
        return f"{held} " + _("It includes %(also)s.") % {"also": ", ".join(also)} if also else held

    def _condition(self, code: str) -> str:
        condition = self.edition.conditions[code]
        due = self._day(self.at + timedelta(days=condition.due_days))
        return "- " + _("Condition, due %(due)s: %(text)s") % {"due": due, "text": self._text(condition.text)}

    def _reason(self, code: str) -> str:
        reason = self.edition.reasons[code]
        paragraph = self.edition.paragraphs[reason.paragraph]
        return "- " + " ".join(
            (
                self._text(reason.text),
                _("Rule: %(title)s (%(source)s).")
                % {"title": self._text(paragraph.title), "source": self._text(paragraph.source)},
                _("What would change this: %(cure)s") % {"cure": self._text(reason.cure)},
            )
        )

    def _what_next(self) -> Iterator[str]:
        outcomes = {said.outcome for _item, said in self.judged}
        if Outcome.DENIED in outcomes:
            if self.application.deadline_at and self.application.deadline_at > self.at:
                yield _(
                    "This denial does not shorten what you have: access of the grace year goes on until %(end)s."
                ) % {"end": self._instant(self.application.deadline_at - timedelta.resolution)}
            yield _("You may apply again at any time, beginning with your answers: %(address)s") % {
                "address": self._address(Followup.AGAIN)
            }
            if self.application.kind != Kind.APPEAL:
                yield self._appeal()
        if outcomes & set(GRANTING_OUTCOMES):
            yield _("Another subscription or another use case needs an amendment: %(address)s") % {
                "address": self._address(Followup.AMEND)
            }
            yield self._renewal()

    def _appeal(self) -> str:
        """The last day counts from the letter, in the customer's zone; until then the address is open."""
        limits, country = self.edition.limits, self.application.customer.country
        sent = self.decision.letter_due_at or self.at + timedelta(minutes=limits.letter_delay_minutes)
        until = appeal_until(sent, self.edition, zone_of(country, self.edition))
        return ngettext(
            "You may also appeal within %(days)d day, until the end of %(until)s; another reviewer then looks at it: "
            "%(address)s",
            "You may also appeal within %(days)d days, until the end of %(until)s; another reviewer then looks at it: "
            "%(address)s",
            limits.appeal_days,
        ) % {
            "days": limits.appeal_days,
            "until": last_day(until, country, self.edition),
            "address": self._address(Followup.APPEAL),
        }

    def _renewal(self) -> str:
        country = self.application.customer.country
        ends_at = approval_ends_at(self.edition, self.at)
        opens = _("You can renew it from %(since)s on: %(address)s") % {
            "since": day_of(renew_since(ends_at, self.edition), country, self.edition),
            "address": self._address(Followup.RENEW),
        }
        return f"{opens}\n{hold_said(ends_at, country, self.edition)}"

    def _address(self, what: Followup) -> str:
        return f"{settings.SITE_URL}/applications/{self.application.reference}/{what.value}/"

    def _foot(self) -> str:
        lines = [
            _("A person of our review desk made this decision, under the policy “%(edition)s”.")
            % {"edition": self._text(self.edition.name)},
            f"{self._text(self.edition.contact_name)}, {self.edition.contact_email}",
        ]
        if self.decision.verification_code:
            lines.append(_("Code of this letter: %(code)s") % {"code": self.decision.verification_code})
            lines.append(
                _("Anybody can verify it: %(address)s") % {"address": f"{settings.SITE_URL}/verify/"}
            )
        return "\n".join(lines)

    # words

    def _text(self, text: Text | str) -> str:
        return text.to(self.language) if isinstance(text, Text) else text

    def _capability(self, code: str) -> str:
        found = self.edition.capability(code)
        return self._text(found.name) if found else code

    def _subscription(self, item: RequestedCapability) -> str:
        guid = str(item.subscription.guid)
        # A name that another customer gave to its subscription is not the applicant's to read (promise P9).
        label = item.subscription.label if item.subscription.customer_id == item.customer_id else ""
        name = f"{label}, {guid}" if label else guid
        return _("Subscription: %(name)s") % {"name": name}

    def _day(self, at: datetime) -> str:
        return formats.date_format(self.edition.local_day(at), _("j F Y"))

    def _instant(self, at: datetime) -> str:
        local = at.astimezone(ZoneInfo(self.edition.time_zone))
        return f"{formats.date_format(local, _('j F Y, H:i'))} {local.tzname()}"
