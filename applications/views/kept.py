"""What was sent after a session had ended, where no script keeps a copy (floor 6).

It waits, without anything that looks like a key, in the session that begins with it, and is shown once to the
person whose form it was: the form carries a signed mark of whom it was made for. Nobody else ever sees it.
"""

from django.core import signing
from django.http import HttpRequest, QueryDict

from applications.models import User
from applications.rules.identifiers import mask_secrets

_SALT, _WAITING = "applications.draft", "typed_while_signed_out"
_MOST = 200_000


def mark(user: User) -> str:
    return signing.dumps(str(user.key), salt=_SALT)


def keep(request: HttpRequest) -> None:
    """Called for a form that comes without a session."""
    try:
        person = signing.loads(request.POST.get("mark", ""), salt=_SALT)
    except signing.BadSignature:
        return
    data = {name: [mask_secrets(one) for one in values] for name, values in request.POST.lists()}
    if sum(len(one) for values in data.values() for one in values) <= _MOST:
        request.session[_WAITING] = {"path": request.path, "person": person, "data": data}


def take(request: HttpRequest) -> QueryDict | None:
    """What waits for this person at this address, once."""
    waiting = request.session.get(_WAITING)
    if waiting is None or waiting["path"] != request.path:
        return None
    del request.session[_WAITING]
    if waiting["person"] != str(request.user.key):  # type: ignore[union-attr]  # signed in
        return None
    typed = QueryDict(mutable=True)
    for name, values in waiting["data"].items():
        typed.setlist(name, values)
    return typed
