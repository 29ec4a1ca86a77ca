"""Floor 4: what happens to a person's account as a whole."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from applications.models import User


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
