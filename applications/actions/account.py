"""Floor 4: what happens to a person's account as a whole."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from applications.actions import audit
from applications.models import User
from applications.permissions import Can, require


@transaction.atomic
def end_sessions(user: User) -> int:
    """Sign the person out everywhere; returns how many sessions that were.

    Effects: the sessions are deleted, then their listing. Called where somebody else takes a power away from the
    person (role, membership, account); their drafts are on the server and wait.
    """
    listed = UserSession.objects.filter(user=user)
    ended, _ = Session.objects.filter(
        session_key__in=list(listed.values_list("session_key", flat=True))
    ).delete()
    listed.delete()
    return ended


@transaction.atomic
def sign_out(person: User, *, by: User, now: datetime) -> int:
    """An operator ends all sessions of somebody (a lost device). Effects: the sessions, an audit row.

    Raises NotAllowed.
    """
    require(by, Can.OPERATE)
    ended = end_sessions(person)
    audit.record(
        "sessions_ended", by=by, now=now, target=person, data={"person": str(person.key), "sessions": ended}
    )
    return ended


def drop_unconfirmed(address: str, *, keep: User) -> None:
    """Somebody has shown that `address` is theirs: accounts opened with it by others, who never could, go.

    Effects: people who never signed in and confirmed nothing are deleted; nothing refers to them.
    """
    others = User.objects.filter(email=address, last_login__isnull=True).exclude(pk=keep.pk)
    others.exclude(emailaddress__verified=True).delete()


@transaction.atomic
def choose_mail(
    person: User, *, language: str, time_zone: str, wants_optional: bool, by: User, now: datetime
) -> bool:
    """How a person is written to. Effects: the person, an audit row. False, and no effect, when nothing changes."""
    chosen = {"language": language, "time_zone": time_zone, "wants_optional_mail": wants_optional}
    changed = {name: value for name, value in chosen.items() if getattr(person, name) != value}
    if not changed:
        return False
    User.objects.filter(pk=person.pk).update(**changed)
    audit.record(
        "mail_chosen",
        by=by,
        now=now,
        target=person,
        data={"person": str(person.key), "changed": sorted(changed)},
    )
    return True


def stop_optional_mail(person: User, *, now: datetime) -> bool:
    """By the link of a mail: who has it reads the person's mail. Effects as `choose_mail`; once is enough."""
    return choose_mail(
        person,
        language=person.language,
        time_zone=person.time_zone,
        wants_optional=False,
        by=person,
        now=now,
    )
