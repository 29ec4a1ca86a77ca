"""Floor 0: expected failures. Entrances turn them into messages; only unexpected errors are logged as errors."""

from collections.abc import Mapping
from datetime import datetime


class PortalError(Exception):
    """An expected refusal: `code` for machines and tests, `message` (translated) for a person (promise P10)."""

    code = "refused"

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class NotFound(PortalError):
    """Absent, or not theirs: the two answer alike (promise P9)."""

    code = "not_found"


class NotAllowed(PortalError):
    """This person may not do this, whatever the state."""

    code = "not_allowed"


class NotPossibleNow(PortalError):
    """The state or the date does not allow it; says what would."""

    code = "not_possible_now"


class SomebodyWasFaster(NotPossibleNow):
    """Lost a race (promise P5): `who` (may be unnamed) and `when` say who won."""

    code = "somebody_was_faster"

    def __init__(self, message: str = "", *, who: str = "", when: datetime | None = None) -> None:
        super().__init__(message)
        self.who = who
        self.when = when


class InvalidInput(PortalError):
    """Errors by field: `errors` maps a field or question code to a translated message."""

    code = "invalid_input"

    def __init__(self, errors: Mapping[str, str], message: str = "") -> None:
        super().__init__(message)
        self.errors = dict(errors)


class Conflict(PortalError):
    """Somebody else saved in between (promise P4); `what` carries the newer version for the choice."""

    code = "conflict"

    def __init__(self, message: str = "", *, what: object = None) -> None:
        super().__init__(message)
        self.what = what


class NoEdition(PortalError):
    """No policy edition is in force yet: load one first."""

    code = "no_edition"
