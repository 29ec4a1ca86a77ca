"""Floor 3: letters and copies as PDF, in every script. Renders, sends nothing; the same input is the same file."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from applications.letters import Posted
from applications.models import Application, Decision, Submission
from applications.queries.answers import Row

_FONTS = "vendor/letter-fonts-1"
_FALLBACKS = {"ext": "atkinson-latin-ext-400", "wide": "dejavu-sans", "japanese": "noto-sans-jp-400"}
_LINE = 5.6


class _Paper(FPDF):
    """A4 with the reference and the page at the foot."""

    def __init__(self, title: str, foot: str, language: str, at: datetime) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_title(title)
        self.set_author("Limited Access Portal")
        self.set_lang(language)
        self.set_creation_date(at)
        self.set_margins(24, 22)
        self.set_auto_page_break(auto=True, margin=24)
        self._add_fonts()
        self.add_page()

    def _add_fonts(self) -> None:
        place = font_folder()
        self.add_font("text", "", place / "atkinson-latin-400.ttf")
        self.add_font("text", "B", place / "atkinson-latin-700.ttf")
        for name, file in _FALLBACKS.items():
            self.add_font(name, "", place / f"{file}.ttf")
        self.set_fallback_fonts(list(_FALLBACKS), exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_font("text", size=11)

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font("text", size=9)
        self.cell(0, 5, f"{self.foot} · {self.page_no()}")

    def write_lines(self, text: str, *, bold: bool = False, size: float = 11, after: float = 0) -> None:
        self.set_font("text", "B" if bold else "", size)
        line = _LINE * size / 11
        self.multi_cell(0, line, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(after)

    def done(self) -> bytes:
        return bytes(self.output())


@cache
def font_folder() -> Path:
    return Path(settings.STATICFILES_DIRS[0]) / _FONTS


def letter(decision: Decision, language: str) -> bytes:
    """The letter as it was frozen. Its first line is the customer, its second the reference."""
    reference = decision.application.reference
    at = decision.decided_at
    if at is None or not decision.letter:
        raise ValueError("a letter is written when it is decided")
    title = _("Letter on access application %(reference)s") % {"reference": reference}
    paper = _Paper(title, f"{reference} · {decision.verification_code}", language, at)
    head, *parts = decision.letter.split("\n\n")
    paper.write_lines("Limited Access Portal", size=10, after=6)
    who, *rest = head.split("\n")
    paper.write_lines(who)
    for number, line in enumerate(rest):
        paper.write_lines(line, bold=number == 0, size=16 if number == 0 else 11)
    paper.ln(5)
    for part in parts:
        first, *others = part.split("\n")
        paper.write_lines(first, bold=bool(others) and part is not parts[-1])
        if others:
            paper.write_lines("\n".join(others))
        paper.ln(3.5)
    return paper.done()


def posted(letters: Sequence[Posted], at: datetime) -> bytes:
    """Warnings to print and post, each on a page of its own, in the language of its customer."""
    paper: _Paper | None = None
    for letter in letters:
        if paper is None:
            paper = _Paper(letter.subject, "Limited Access Portal", letter.language, at)
        else:
            paper.add_page()
        paper.write_lines("Limited Access Portal", size=10, after=10)
        paper.write_lines("\n".join(letter.to), after=8)
        paper.write_lines(letter.day, after=4)
        paper.write_lines(letter.subject, bold=True, size=14, after=3)
        for part in letter.text.strip().split("\n\n"):
            paper.write_lines(part, after=3)
    if paper is None:
        raise ValueError("no letter to print")
    return paper.done()


def answers(
    application: Application,
    frozen: Submission,
    parts: Iterable[tuple[str, list[Row]]],
    said_at: str,
    language: str,
) -> bytes:
    """What was submitted, as it is frozen, with its fingerprint. `said_at` is the instant in words."""
    title = _("Access application %(reference)s") % {"reference": application.reference}
    paper = _Paper(title, application.reference, language, frozen.submitted_at)
    paper.write_lines("Limited Access Portal", size=10, after=6)
    paper.write_lines(application.customer.name)
    paper.write_lines(title, bold=True, size=16)
    paper.write_lines(_("Submitted %(at)s") % {"at": said_at}, after=4)
    for heading, rows in parts:
        paper.write_lines(heading, bold=True, size=13, after=1)
        for row in rows:
            paper.write_lines(row.label, bold=True)
            lines = [f"{name} {guid}".strip() for name, guid in row.ids] or list(row.lines)
            paper.write_lines("\n".join(lines) or _("Not answered"), after=2)
        paper.ln(2)
    paper.write_lines(_("Fingerprint (SHA-256) of these answers:"), size=9)
    paper.write_lines(frozen.digest, size=9)
    return paper.done()
