"""Floor 3: policy editions for the desk: the list, and one with what it would change."""

from applications.exceptions import NotFound
from applications.models import PolicyEdition
from applications.rules.identifiers import clean_text


def editions() -> list[PolicyEdition]:
    """Every edition without its text, newest first."""
    people = ("loaded_by", "proposed_by", "activated_by")
    return list(PolicyEdition.objects.select_related(*people).defer("text").order_by("-pk"))


def edition_row(code: str) -> PolicyEdition:
    """One edition with its text. Raises NotFound."""
    people = ("loaded_by", "proposed_by", "activated_by")
    found = PolicyEdition.objects.select_related(*people).filter(code=clean_text(code)).first()
    if found is None:
        raise NotFound
    return found
