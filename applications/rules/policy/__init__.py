"""The policy: text → a dated edition. Read it with `read_edition`, then ask the `Edition`.

Pure: no database, no clock, no settings. Every date, service, capability, use case and question of the
product comes from here; code knows none of them.
"""

from .catalogue import AtGate, Capability, Gate, Sectors, Service, UseCase, side_of
from .compare import Difference, Turn, Turned, compare, moved_end, turned, uses_turned
from .edition import Edition, Limits
from .form import Choice, OnlyIf, Question, QuestionType, Section, values_of
from .problems import PolicyError, Problem
from .reader import read_edition
from .review import Basis, Cause, Check, Condition, Example, Link, Paragraph, Reason, ScreeningRule, When
from .text import Text

__all__ = [
    "AtGate",
    "Basis",
    "Capability",
    "Cause",
    "Check",
    "Choice",
    "Condition",
    "Difference",
    "Edition",
    "Example",
    "Gate",
    "Limits",
    "Link",
    "OnlyIf",
    "Paragraph",
    "PolicyError",
    "Problem",
    "Question",
    "QuestionType",
    "Reason",
    "ScreeningRule",
    "Section",
    "Sectors",
    "Service",
    "Text",
    "Turn",
    "Turned",
    "UseCase",
    "When",
    "compare",
    "moved_end",
    "read_edition",
    "side_of",
    "turned",
    "uses_turned",
    "values_of",
]
