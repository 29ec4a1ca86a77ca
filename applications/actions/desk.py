"""Floor 4: what reviewers keep at the desk: saved filters of the queue, and mentions in notes (design §4)."""

import re
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from applications.actions import message
from applications.enums import MessageKind
from applications.exceptions import InvalidInput, NotFound
from applications.models import Mention, Note, SavedFilter, User
from applications.permissions import Can, can, require
from applications.queries.queue import reviewers
from applications.rules.identifiers import clean_text

FILTERS_MOST = 30
NAME_MAX = 60
QUERY_MAX = 600
ASKED = ("lane", "q", "reviewer", "service", "risk", "flag", "closed", "view")
"""What of an address is kept: where one was on the pages of it is not."""
_NAMED = re.compile(r"@([\w.+-]+(?:@[\w.-]+)?)")


@transaction.atomic
def save_filter(name: str, query: str, *, shared: bool, by: User, now: datetime) -> SavedFilter:
    """Keep a view of the queue under a name; one's own of the same name is replaced.

    Effects: the saved filter. Raises NotAllowed (only who reviews), InvalidInput (`name`).
    """
    require(by, Can.REVIEW)
    said = clean_text(name)
    if not said:
        raise InvalidInput({"name": _("It has no name. Type one that you will know again.")})
    if len(said) > NAME_MAX:
        raise InvalidInput(
            {"name": _("The name is too long. At most %(most)d characters fit.") % {"most": NAME_MAX}}
        )
    asked = QueryDict(query)
    kept = urlencode([(key, clean_text(asked[key])) for key in ASKED if asked.get(key)])
    if len(kept) > QUERY_MAX:
        raise InvalidInput(
            {"name": _("What you search for is too long to keep. Shorten the search text first.")}
        )
    own = SavedFilter.objects.filter(owner=by)
    if own.exclude(name=said).count() >= FILTERS_MOST:
        raise InvalidInput(
            {"name": _("You have %(most)d filters. Delete one first.") % {"most": FILTERS_MOST}}
        )
    found, _new = SavedFilter.objects.update_or_create(
        owner=by, name=said, defaults={"query": kept, "shared": shared, "saved_at": now}
    )
    return found


def delete_filter(pk: int, *, by: User) -> None:
    """Drop a saved filter of one's own. Raises NotFound for what is another's or not there."""
    if not SavedFilter.objects.filter(pk=pk, owner=by).delete()[0]:
        raise NotFound


def mention(note: Note, *, by: User, now: datetime) -> list[User]:
    """Whoever a note between staff names with "@" finds it in their lane, and is told by mail.

    Called in the transaction of the note. A name is the mail address, the part before its "@", or the name of a
    reviewer or lead without blanks, in any case; one that fits several people names them all. Effects per person: the
    mention, mail MENTIONED (the reference alone in its subject).
    """
    words = {word.rstrip(".").casefold() for word in _NAMED.findall(note.body)}
    if not words:
        return []
    named = [one for one in reviewers() if one.pk != by.pk and words & names_of(one)]
    for person in named:
        made = Mention.objects.create(note=note, person=person)
        message.queue(
            MessageKind.MENTIONED,
            key=f"mentioned:{made.pk}",
            to=person,
            now=now,
            application=note.application,
            context={"mention": made.pk},
        )
    return named


def names_of(person: User) -> set[str]:
    """How a note may name a person after "@"."""
    email = person.email.casefold()
    return {email, email.partition("@")[0], "".join(person.name.casefold().split())} - {""}


def read_mentions(application_id: int, *, by: User, now: datetime) -> int:
    """A person has read what mentions them in a case. Effects: those mentions are read; returns how many."""
    unread = Mention.objects.filter(person=by, note__application=application_id, read_at=None)
    return unread.update(read_at=now) if can(by, Can.REVIEW) else 0
