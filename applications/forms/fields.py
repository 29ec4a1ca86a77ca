"""Fields of the application form. Empty answers are kept and marked elsewhere; only what cannot be true is refused.

Every error reads "What it is. What to do about it."
"""

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from applications.rules import zones
from applications.rules.identifiers import (
    Problem,
    clean_text,
    email_domain,
    is_free_mail,
    mask_secrets,
    normalise_email,
    read_domain,
    read_subscription,
)

_GUID = re.compile(r"(?<![0-9a-z-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z-])", re.IGNORECASE)
_NAME_ENDS = " \t,;:|–—-\"'()[]{}"
NAME_MAX = 100


class Kept:
    """Required for the whole application, but never refused when empty: a draft keeps what there is."""

    def validate(self, value: Any) -> None:
        if value not in self.empty_values:  # type: ignore[attr-defined]  # mixed into a Field
            super().validate(value)  # type: ignore[misc]


class WrittenField(Kept, forms.CharField):
    """Plain text, cleaned of what cannot be seen. `most` characters, counted after cleaning."""

    def __init__(self, *, most: int, multiline: bool = False, **kwargs: Any) -> None:
        self.most = most
        self.multiline = multiline
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 5}) if multiline else forms.TextInput)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text = clean_text(str(value or ""), multiline=self.multiline)
        if len(text) > self.most:
            raise ValidationError(
                _("This is too long: %(length)s characters. Shorten it to %(most)s.")
                % {"length": len(text), "most": self.most}
            )
        return text


class MailField(WrittenField):
    """An address of an organisation; free mail is refused with the reason."""

    def __init__(self, *, free_mail: Collection[str], **kwargs: Any) -> None:
        self.free_mail = free_mail
        super().__init__(widget=forms.EmailInput(attrs={"autocomplete": "email"}), **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return ""
        address = normalise_email(text)
        if not address:
            raise ValidationError(
                _("This is not an e-mail address. Write it like name@organisation.example.")
            )
        if is_free_mail(email_domain(address), self.free_mail):
            raise ValidationError(
                _(
                    "This is a free mail address. Give your address at the organisation: it shows who you work for."
                )
            )
        return address


class WebField(WrittenField):
    """A web address that a firm could own; without a scheme it is read as https."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "url"}), **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if not text:
            return ""
        address = text if "://" in text else f"https://{text}"
        if (
            not address.lower().startswith(("https://", "http://"))
            or not read_domain(address)
            or " " in address
        ):
            raise ValidationError(_("This is not a web address. Write it like https://organisation.example."))
        return address


class CountryField(Kept, forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        by_name = sorted(zones.countries().items(), key=lambda pair: pair[1])
        super().__init__(choices=[("", _("Choose a country")), *by_name], **kwargs)


class OneOf(Kept, forms.ChoiceField):
    default_error_messages = {
        "invalid_choice": gettext_lazy("This is not one of the answers. Choose one of the list.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.RadioSelect, **kwargs)


class SomeOf(Kept, forms.MultipleChoiceField):
    default_error_messages = {
        "invalid_choice": gettext_lazy("This is not one of the answers. Choose from the list.")
    }

    def __init__(
        self, *, option_help: dict[str, Any] | None = None, many: bool = False, **kwargs: Any
    ) -> None:
        attrs = {"class": "many"} if many else {}
        super().__init__(widget=forms.CheckboxSelectMultiple(attrs=attrs), **kwargs)
        self.widget.option_help = option_help or {}  # type: ignore[attr-defined]  # read by the tag option_help


class AttestationField(forms.BooleanField):
    """`yes` or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> str:
        return "yes" if super().clean(value) else ""


# --- subscriptions ---

_WRONG_LINE = {
    "secret": gettext_lazy(
        "Line %(line)s is an API key, not a subscription ID. We removed it and did not store it. "
        "If it went anywhere else by mistake, renew it."
    ),
    "tenant": gettext_lazy(
        "Line %(line)s is a tenant ID. Give the ID of the subscription, and the tenant below."
    ),
    "nil": gettext_lazy("Line %(line)s is an empty ID. Copy the ID from the subscription's overview."),
    "several": gettext_lazy("Line %(line)s names several IDs. Put each on a line of its own."),
    "not_a_guid": gettext_lazy(
        "Line %(line)s holds no subscription ID. It has five groups of letters and digits with dashes between."
    ),
}


def without_secrets(raw: str) -> tuple[str, list[int]]:
    """The lines without those that are keys, and the numbers of these: they are not shown again, nor stored."""
    kept, taken = [], []
    for number, line in enumerate(raw.splitlines(), 1):
        problem = read_line(line)
        if (isinstance(problem, Problem) and problem.code == "secret") or mask_secrets(line) != line:
            taken.append(number)
            kept.append("")
        else:
            kept.append(line)
    return ("\n".join(kept) if taken else raw), taken


def read_line(line: str) -> tuple[str, str] | Problem:
    """(id, name) of one line: the id, a resource id, or an id with a name before or after it."""
    found = read_subscription(line)
    if not isinstance(found, Problem):
        return found, ""
    guids = _GUID.findall(line)
    if found.code == "not_a_guid" and len(guids) == 1:
        guid = read_subscription(guids[0])
        if not isinstance(guid, Problem):
            return guid, clean_text(line.replace(guids[0], " ")).strip(_NAME_ENDS)[:NAME_MAX]
    return found


class SubscriptionsField(Kept, forms.CharField):
    """One a line. Cleans to `[(id, name), …]`, each id once; a second name for one is refused, not dropped."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        self.taken: list[int] = []
        attrs = {"rows": 4, "spellcheck": "false", "autocomplete": "off", "class": "id-lines"}
        super().__init__(widget=forms.Textarea(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> list[tuple[str, str]]:  # type: ignore[override]  # a list of answers, not a text
        found: dict[str, str] = {}
        errors = [_WRONG_LINE["secret"] % {"line": number} for number in self.taken]
        for number, line in enumerate(_lines(str(value or "")), 1):
            if not clean_text(line):
                continue
            read = read_line(line)
            if isinstance(read, Problem):
                errors.append(_WRONG_LINE.get(read.code, _WRONG_LINE["not_a_guid"]) % {"line": number})
                continue
            guid, name = read
            first = found.setdefault(guid, name)
            if name and first and name != first:
                names = {"line": number, "name": name, "first": first}
                errors.append(
                    _(
                        "Line %(line)s names a subscription again: “%(first)s” and now “%(name)s”. Keep one name."
                    )
                    % names
                )
            found[guid] = first or name
        if len(found) > self.most:
            errors.append(
                ngettext(
                    "Only %(most)s subscription fits in one application. Start another one for the rest.",
                    "Only %(most)s subscriptions fit in one application. Start another one for the rest.",
                    self.most,
                )
                % {"most": self.most}
            )
        if errors:
            more = len(errors) - 10
            shown = errors[:10] + ([_("And %(more)s lines more.") % {"more": more}] if more > 0 else [])
            raise ValidationError(shown)
        return list(found.items())

    @staticmethod
    def as_text(guids: list[str], names: dict[str, str]) -> str:
        """What is shown when the answer is opened again."""
        return "\n".join(f"{guid} {names.get(guid, '')}".strip() for guid in guids)


def _lines(text: str) -> list[str]:
    """Lines; a line that holds several ids, parted by commas or blanks, counts as so many."""
    lines: list[str] = []
    for line in text.splitlines():
        bare = [part for part in re.split(r"[\s,;]+", line) if part]
        alone = len(bare) > 1 and all(_GUID.fullmatch(part) for part in bare)
        lines += bare if alone else [line]
    return lines


class TenantField(Kept, forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        self.taken: list[int] = []
        super().__init__(
            widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}), **kwargs
        )

    def clean(self, value: Any) -> str:
        if self.taken:
            raise ValidationError(
                _(
                    "This is an API key, not a tenant ID. We removed it and did not store it. Renew it if it leaked."
                )
            )
        text = clean_text(str(value or ""))
        guids = _GUID.findall(text)
        if not text:
            return ""
        if len(guids) != 1:
            raise ValidationError(
                _("This is not a tenant ID. It has five groups with dashes, under “Directory”.")
            )
        return str(guids[0]).lower()
