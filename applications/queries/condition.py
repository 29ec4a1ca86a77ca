"""Floor 3: conditions of approvals as a case shows them."""

from dataclasses import dataclass
from datetime import datetime

from applications.enums import ConditionState
from applications.models import Application, Condition
from applications.rules.policy import Edition


@dataclass(slots=True)
class Promise:
    """A condition of a case, whatever the number of items that carry it; `check` says how a person looks at it."""

    row: Condition
    text: str
    check: str
    late: bool
    items: int = 1

    @property
    def is_open(self) -> bool:
        return self.row.state == ConditionState.OPEN


def conditions_of(
    application: Application, edition: Edition, now: datetime, language: str | None
) -> list[Promise]:
    """The conditions of a case, the earliest due first. One statement."""
    rows = Condition.objects.filter(item__application=application).select_related("settled_by")
    found: dict[tuple[str, datetime, str], Promise] = {}
    for row in rows.order_by("due_at", "code", "id"):
        key = row.code, row.due_at, row.state
        if key in found:
            found[key].items += 1
            continue
        known = edition.conditions.get(row.code)
        late = row.state == ConditionState.OPEN and row.due_at <= now
        text, check = (known.text.to(language), known.check.to(language)) if known else (row.code, "")
        found[key] = Promise(row, text, check, late)
    return list(found.values())
