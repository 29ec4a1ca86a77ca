"""Floor 3: renders mails, sends nothing. A kind is two templates, subject and text; the HTML part is the same words.

The text is the only source: `letter_html` lays it out in one column. Nothing that a person typed stands in a subject.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine
from django.template.loader import get_template
from django.urls import reverse
from django.utils import formats, translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.enums import LINK_KINDS, OPTIONAL_KINDS, MessageKind
from applications.models import OutboundMessage, User
from applications.queries.account import stop_token
from applications.queries.deadlines import Held
from applications.queries.end_words import end_words
from applications.queries.followups import hold_said, last_day
from applications.queries.message import Facts, about, zone_of
from applications.rules.policy import Edition
from applications.rules.zones import find_zone

SHOWN = 5
"""Subscriptions named for one capability; the access page lists them all."""
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered message. `noticed`: it tells a person whom an import named where we have their address from.

    `stop`: where one click ends mails of its kind; empty for those that nobody can switch off.
    """

    key: str
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str
    noticed: bool
    keeps_text: bool
    stop: str = ""

    def as_email(self) -> EmailMultiAlternatives:
        """One message to one recipient, the same Message-ID at each try."""
        headers = {"Message-ID": self.message_id, "Auto-Submitted": "auto-generated"}
        if self.stop:  # RFC 8058
            headers["List-Unsubscribe"] = f"<{self.stop}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail = EmailMultiAlternatives(
            self.subject,
            self.text,
            to=[self.to],
            reply_to=[self.reply_to] if self.reply_to else None,
            headers=headers,
        )
        mail.attach_alternative(self.html, "text/html")
        # Provider back ends send this along, and their reports name the message by it; SMTP does not look.
        mail.metadata = {"message": self.key}  # type: ignore[attr-defined]
        return mail


def render(sent: OutboundMessage, *, edition: Edition | None, now: datetime) -> Mail | None:
    """The mail of a message by what is true at `now`, in the recipient's language and zone; None: not true any more.

    Raises NoEdition when it speaks about the policy and none is in force.
    """
    reader = sent.user if sent.kind in OPTIONAL_KINDS else None
    if reader is not None and not reader.wants_optional_mail:
        return None
    facts = about(sent, now=now, edition=edition)
    if facts is None:
        return None
    language = language_of(sent, edition)
    with translation.override(language):
        zone = _zone(sent, edition)
        facts["country"] = sent.customer.country if sent.customer else ""
        context = {**facts, **_said(facts, edition, zone, language), **_shared(sent, edition, language)}
        context["is_optional"] = reader is not None
        subject = " ".join(_fill(f"mail/{sent.kind}.subject.txt", context).split())
        text = _tidy(_fill(f"mail/{sent.kind}.txt", context))
        html = get_template("mail/layout.html").render(
            {"subject": subject, "language": language, "body": letter_html(text)}
        )
    return Mail(
        key=sent.key,
        to=sent.address,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id(sent.key),
        reply_to=edition.contact_email if edition else "",
        noticed=context["notice"],
        keeps_text=sent.kind not in LINK_KINDS,
        stop=_stop(reader) if reader else "",
    )


def _stop(person: User) -> str:
    return f"{settings.SITE_URL}{reverse('mail-stop', args=[stop_token(person)])}"


def message_id(key: str) -> str:
    """The same for every try of a message, and it says nothing about it."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{host}>"


def language_of(sent: OutboundMessage, edition: Edition | None) -> str:
    """The recipient's language, else the one they used, else the edition's; one the site speaks."""
    person = sent.user or sent.contact
    wanted = (
        (person.language if person else ""),
        str(sent.context.get("language", "")),
        edition.language if edition else "",
    )
    spoken = {code for code, _name in settings.LANGUAGES}
    return next(
        (code for code in (one.split("-")[0] for one in wanted) if code in spoken), settings.LANGUAGE_CODE
    )


def _zone(sent: OutboundMessage, edition: Edition | None) -> ZoneInfo:
    person = sent.user or sent.contact
    if edition is None:
        return find_zone(person.time_zone if person else "") or ZoneInfo("UTC")
    return zone_of(person, sent.customer, edition)


def _shared(sent: OutboundMessage, edition: Edition | None, language: str) -> dict[str, Any]:
    person: Any = sent.user or sent.contact
    contact = sent.contact
    return {
        "site": settings.SITE_URL,
        "name": person.name if person else "",
        "customer": sent.customer,
        "edition": edition,
        "language": language,
        "desk": edition.contact_name.to(language) if edition else "",
        "desk_email": edition.contact_email if edition else "",
        "is_member": isinstance(person, User),
        "is_announcement": sent.kind == MessageKind.ANNOUNCEMENT,
        "notice": contact is not None and contact.noticed_at is None,
    }


def _fill(template: str, context: dict[str, Any]) -> str:
    """Plain text, so nothing is escaped: it is never shown as HTML but through `letter_html`, which escapes all."""
    return str(Engine.get_default().get_template(template).render(Context(context, autoescape=False)))


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, one empty line between paragraphs."""
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def letter_html(text: str) -> SafeString:
    """The text as paragraphs, lists and links; every character of it is escaped."""
    return mark_safe("\n".join(_blocks(text)))  # noqa: S308 -- every piece below is escaped


def _blocks(text: str) -> Iterator[str]:
    for block in text.strip().split("\n\n"):
        prose: list[str] = []
        items: list[str] = []
        for line in block.splitlines():
            (items if line.startswith("- ") else prose).append(line.removeprefix("- "))
        if prose:
            yield f"<p>{'<br>'.join(_linked(line) for line in prose)}</p>"
        if items:
            yield f"<ul>{''.join(f'<li>{_linked(item)}</li>' for item in items)}</ul>"


def _linked(line: str) -> str:
    parts, last = [], 0
    for found in _LINK.finditer(line):
        address = escape(found.group().rstrip(".,;)"))
        parts += [escape(line[last : found.start()]), f'<a href="{address}">{address}</a>']
        last = found.start() + len(found.group().rstrip(".,;)"))
    return "".join([*parts, escape(line[last:])])


# --- what stands in the words ---


def _said(facts: Facts, edition: Edition | None, zone: ZoneInfo, language: str) -> Facts:
    """Dates in full with their zone, in the edition's zone and the reader's; capabilities by their names."""
    said = {
        f"{name}_said": moment(value, zone) for name, value in facts.items() if isinstance(value, datetime)
    }
    asked = facts.get("asked")
    if asked is not None:
        said["due_said"] = moment(asked.due_at, zone)
    ending = facts.get("ending")
    if ending is None or edition is None:
        return said
    ours = ZoneInfo(edition.time_zone)
    ends_at, country = ending.ends_at, facts["country"]
    gone = [*ending.lost, *ending.retires]
    first = gone[0].capability
    services = {held.capability.service for held in gone if held.capability}
    names = [one.name.to(language) for code, one in edition.services.items() if code in services]
    return said | {
        "end": end_words(names, ends_at, zone),
        "last_day": day((ends_at - timedelta.resolution).astimezone(ours).date()),
        "ours": ours.key,
        "moment_ours": moment(ends_at, ours),
        "moment_yours": "" if _same_hour(ends_at, ours, zone) else moment(ends_at, zone),
        "last_safe": day(ending.last_safe_on),
        "hold": hold_said(ends_at, country, edition) if ending.holds else "",
        "appeal_day": last_day(ending.appeal_until, country, edition) if ending.appeal_until else "",
        "what": first.name.to(language) if len(gone) == 1 and first else "",
        "number": len(gone),
        "lost": [_line(held, language, zone) for held in ending.lost],
        "retires": [_line(held, language, zone) for held in ending.retires],
        "stays": [_line(held, language, zone) for held in ending.stays],
    }


def _line(held: Held, language: str, zone: ZoneInfo) -> str:
    """`Face identification (face.identification), 2 subscriptions: …`, with its end when it stays."""
    name = f"{held.capability.name.to(language)} ({held.code})" if held.capability else held.code
    shown = ", ".join(held.subscriptions[:SHOWN])
    number = len(held.subscriptions)
    words = ngettext(
        "%(name)s on the subscription %(shown)s", "%(name)s on %(number)d subscriptions: %(shown)s", number
    ) % {"name": name, "number": number, "shown": shown}
    if number > SHOWN:
        words += " " + _("and %(more)d more") % {"more": number - SHOWN}
    if held.until is None:
        return words
    return _("%(words)s, until %(moment)s") % {"words": words, "moment": moment(held.until, zone)}


def _same_hour(at: datetime, one: ZoneInfo, other: ZoneInfo) -> bool:
    return at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset()


def day(on: date) -> str:
    """30 June 2023, in the language that is active."""
    return formats.date_format(on, "j F Y")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """30 June 2023, 20:00 (America/New_York)."""
    local = at.astimezone(zone)
    return f"{day(local.date())}, {local:%H:%M} ({zone.key})"
