"""Floor 3: whether a letter is ours, by the code it bears (promise P10). Tells no name and no text."""

import re
from dataclasses import dataclass
from datetime import datetime

from applications.enums import Basis, Outcome
from applications.models import AccessGrant, Decision
from applications.rules.review import read_outcomes

CODE_MAX = 60
_CODE = re.compile(r"[A-Z0-9]{16}")


@dataclass(frozen=True, slots=True)
class Letter:
    """What anybody may learn about a letter whose code they have."""

    code: str
    reference: str
    decided_at: datetime
    outcomes: tuple[tuple[str, int], ...]
    granted: int
    standing: int
    replaced: bool


def read_code(raw: str) -> str:
    """A typed code in its one form, or "" when it is none."""
    letters = re.sub(r"[\s-]", "", raw[:CODE_MAX]).upper()
    if not _CODE.fullmatch(letters):
        return ""
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def letter_of(raw: str, now: datetime) -> Letter | None:
    """The letter with this code, once it has gone out; None for every other code. Three statements at most."""
    code = read_code(raw)
    found = (
        Decision.objects.filter(verification_code=code, letter_due_at__lte=now, taken_back_at__isnull=True)
        .select_related("application")
        .first()
        if code
        else None
    )
    if found is None or found.decided_at is None:
        return None
    said = [outcome.outcome for outcome in read_outcomes(found.outcomes).values()]
    rights = AccessGrant.objects.filter(item__application=found.application, basis=Basis.APPROVAL)
    return Letter(
        code=code,
        reference=found.application.reference,
        decided_at=found.decided_at,
        outcomes=tuple((str(Outcome(name).label), said.count(name)) for name in sorted(set(said))),
        granted=rights.count(),
        standing=rights.filter(revoked_at__isnull=True, starts_at__lte=now, ends_at__gt=now).count(),
        replaced=found.application.followers.exclude(submitted_at=None).exists(),
    )
