"""What is wrong with an edition file, all of it at once."""

from dataclasses import dataclass

from applications.exceptions import PortalError


@dataclass(frozen=True)
class Problem:
    source: str
    line: int | None
    key: str
    rule: str
    message: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return ": ".join(part for part in (place, self.key, f"{self.message} [{self.rule}]") if part)


class PolicyError(PortalError):
    """The edition cannot be read; `problems` names every fault, `str()` prints one a line."""

    code = "policy"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
