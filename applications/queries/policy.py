"""Floor 3: the policy editions as loaded. An edition's text never changes, so it is read once a process."""

from collections import OrderedDict

from django.utils.translation import gettext as _

from applications.exceptions import NoEdition
from applications.models import PolicyEdition
from applications.rules.policy import Edition, read_edition

KEPT = 8
_read: OrderedDict[str, Edition] = OrderedDict()


def edition_by_digest(digest: str, pk: int) -> Edition:
    """The edition whose text has this SHA-256; its row is asked for the text only when this process is new to it."""
    known = _read.get(digest)
    if known is None:
        code, text = PolicyEdition.objects.values_list("code", "text").get(pk=pk)
        known = _keep(digest, code, text)
    return known


def _keep(digest: str, code: str, text: str) -> Edition:
    known = _read.get(digest)
    if known is None:
        known = _read[digest] = read_edition(text, source=code)
        while len(_read) > KEPT:
            _read.popitem(last=False)
    return known


def edition_in_force() -> Edition:
    """The edition that rules now; one small statement. Raises NoEdition when none was loaded."""
    return edition_by_digest(*_in_force())


def edition_in_force_row() -> PolicyEdition:
    """The row of the edition in force, for what keeps a reference to it. Raises NoEdition."""
    found = PolicyEdition.objects.filter(in_force=True).defer("text").first()
    if found is None:
        raise no_edition()
    return found


def edition_of(row: PolicyEdition) -> Edition:
    """The edition of a row, from its own text when the row was loaded with it."""
    if "text" in row.__dict__:
        return _keep(row.digest, row.code, row.text)
    return edition_by_digest(row.digest, row.pk)


def _in_force() -> tuple[str, int]:
    found = PolicyEdition.objects.filter(in_force=True).values_list("digest", "pk").first()
    if found is None:
        raise no_edition()
    return found


def no_edition() -> NoEdition:
    return NoEdition(_("No policy edition is in force. Load one with `load_policy`."))
