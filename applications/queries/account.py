"""Floor 3: what opens one thing of a person's account without signing in: the end of optional mail."""

from django.core import signing

from applications.exceptions import NotFound
from applications.models import User

_SALT = "applications.optional-mail"


def stop_token(person: User) -> str:
    """Names the person by their pseudonym, signed. It switches optional mail off and opens nothing else."""
    return signing.Signer(salt=_SALT).sign(person.key.hex)


def person_of_stop(token: str) -> User:
    """Raises NotFound for a token that is not ours, or of a person who is gone."""
    try:
        key = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        raise NotFound from None
    found = User.objects.filter(key=key, is_active=True).first()
    if found is None:
        raise NotFound
    return found
