"""The one reader of the environment: typed, documented, and it refuses nonsense.

Every problem is collected, so that an operator mends a wrong configuration in one go. What was
asked for is kept in `variables`, from which the table of docs/operate.md is made and tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True)
class Variable:
    """One documented variable; `default` is what an operator reads, not what the program uses."""

    name: str
    kind: str
    default: str
    help: str

    def row(self) -> str:
        return f"| `{self.name}` | {self.kind} | {self.default} | {self.help} |"


class Env:
    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source
        self.variables: dict[str, Variable] = {}
        self.problems: list[str] = []

    def text(
        self, name: str, default: str = "", *, help: str, shown: str = "", required: bool = False
    ) -> str:
        return self._read(name, "text", str, default, help, shown, required)

    def flag(self, name: str, default: bool = False, *, help: str, shown: str = "") -> bool:
        def parse(raw: str) -> bool:
            if raw.lower() not in FLAGS:
                raise ValueError("must be 1 or 0")
            return FLAGS[raw.lower()]

        return self._read(name, "1 or 0", parse, default, help, shown or str(int(default)))

    def number(self, name: str, default: int, *, least: int, most: int, help: str) -> int:
        def parse(raw: str) -> int:
            # int() alone would take " 1_000" and digits of other scripts.
            if not (raw.isascii() and raw.isdigit() and least <= int(raw) <= most):
                raise ValueError(f"must be a whole number from {least} to {most}")
            return int(raw)

        return self._read(name, f"{least}–{most}", parse, default, help)

    def choice(self, name: str, default: str, options: tuple[str, ...], *, help: str, shown: str = "") -> str:
        def parse(raw: str) -> str:
            if raw not in options:
                raise ValueError(f"must be one of {', '.join(options)}")
            return raw

        return self._read(name, ", ".join(options), parse, default, help, shown)

    def listing(
        self, name: str, default: tuple[str, ...] = (), *, help: str, shown: str = "", required: bool = False
    ) -> list[str]:
        def parse(raw: str) -> list[str]:
            return [part.strip() for part in raw.split(",") if part.strip()]

        return self._read(name, "list, by commas", parse, list(default), help, shown, required)

    def hosts(self, name: str, default: tuple[str, ...] = (), *, help: str, required: bool) -> list[str]:
        """Exact names only: a wildcard would let whoever points a name here write the links of our pages."""
        found = self.listing(name, default, help=help, required=required)
        for host in found:
            if host.startswith(".") or any(sign in host for sign in "*/ @?#"):
                self.problems.append(f"{name}: {host!r} is not the exact name of a host")
        return found

    def path(self, name: str, default: Path, *, help: str, shown: str = "") -> Path:
        def parse(raw: str) -> Path:
            if not Path(raw).is_absolute():
                raise ValueError("must be an absolute path")
            return Path(raw)

        return self._read(name, "path", parse, default, help, shown)

    def url(
        self,
        name: str,
        default: str = "",
        schemes: tuple[str, ...] = ("https",),
        *,
        help: str,
        shown: str = "",
        required: bool = False,
    ) -> str:
        def parse(raw: str) -> str:
            parts = split(raw)
            if parts.scheme not in schemes:
                raise ValueError(f"must start with one of {', '.join(f'{scheme}:' for scheme in schemes)}")
            return raw

        return self._read(name, "address", parse, default, help, shown, required)

    def secret(
        self, name: str, default: str = "", *, help: str, least: int = 0, required: bool = False
    ) -> str:
        def parse(value: str) -> str:
            if len(value) < least or (least and len(set(value)) < 8):
                raise ValueError(f"must be random and at least {least} characters long")
            return value

        return self._read(name, "secret", parse, default, help, "", required)

    def finish(self) -> None:
        if self.problems:
            raise ImproperlyConfigured("The environment is not right:\n  " + "\n  ".join(self.problems))

    def table(self) -> str:
        """The rows of docs/operate.md."""
        return "\n".join(variable.row() for variable in self.variables.values())

    def _read(
        self,
        name: str,
        kind: str,
        parse: Callable[[str], T],
        default: T,
        help: str,
        shown: str = "",
        required: bool = False,
    ) -> T:
        if not shown:
            shown = f"`{default}`" if isinstance(default, str | int) and default != "" else ""
        self.variables[name] = Variable(name, kind, shown, help)
        value = self._source.get(name, "").strip() or self._from_file(name)
        if value == "":
            if required:
                self.problems.append(f"{name}: must be set ({help})")
            return default
        try:
            return parse(value)
        except ValueError as error:
            # The value itself may be a secret, or hold one; it is never repeated.
            self.problems.append(f"{name}: {error}")
            return default

    def _from_file(self, name: str) -> str:
        """Any variable may stand in the file that NAME_FILE names, as platforms hand out secrets."""
        place = self._source.get(f"{name}_FILE", "")
        if not place:
            return ""
        try:
            return Path(place).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"{name}_FILE: {place} cannot be read")
            return ""


def split(raw: str) -> SplitResult:
    """As urlsplit, but a malformed port or bracket is a plain message."""
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    return parts
