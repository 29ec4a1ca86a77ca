"""Floor 3: answers beside the paragraphs of policy that judge them, with the flags that were raised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from applications.models import Flag, SectionReview, Submission
from applications.queries import case
from applications.queries.answers import Row, rows_of
from applications.rules import answers as said
from applications.rules.policy import Edition, Paragraph, ScreeningRule, Section


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag with its rule; `rule` is None for one that is not in the edition (such as a foreign subscription)."""

    row: Flag
    name: str
    advice: str
    source: str
    guidance: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A paragraph of policy beside the answers it judges, with the flags that were raised under it."""

    paragraph: Paragraph
    flags: tuple[FlagView, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    row: Row
    flagged: bool
    before: tuple[str, ...] | None
    """What stood there in the submission before, when it has changed."""


@dataclass(frozen=True, slots=True)
class SectionView:
    code: str
    title: str
    answers: tuple[Answer, ...]
    judged: tuple[Judged, ...]
    quiet: tuple[Paragraph, ...]
    """Paragraphs whose rules looked at these answers and raised nothing."""
    verdict: SectionReview | None


def ours(code: str) -> tuple[str, str]:
    """Name and advice of a flag that no edition names: we raise it ourselves (design §5, whose subscription)."""
    if code == said.HELD_ELSEWHERE:
        return (
            _("Another customer holds a subscription that is named here"),
            _("An owner of that customer agrees in the portal, or an operator moves the subscription."),
        )
    return code, ""


def flag_view(row: Flag, edition: Edition, language: str | None) -> FlagView:
    rule = edition.screening.get(row.rule)
    if rule is None:
        return FlagView(row, *ours(row.rule), "", guidance=False)
    return FlagView(
        row,
        rule.name.to(language),
        rule.advice.to(language),
        rule.source.to(language),
        guidance=case.is_guidance(row, edition),
    )


def sections_of(
    edition: Edition,
    submissions: list[Submission],
    flags: list[FlagView],
    verdicts: Mapping[str, SectionReview],
    language: str | None,
) -> list[SectionView]:
    newest = said.flat(submissions[0].answers) if submissions else {}
    before = said.flat(submissions[1].answers) if len(submissions) > 1 else None
    raised: dict[str, list[FlagView]] = {}
    for flag in flags:
        raised.setdefault(flag.row.question, []).append(flag)
    views = []
    for part in edition.sections:
        questions = {question.code for question in part.questions}
        older = {row.code: row.lines for row in rows_of(edition, part, before, language)} if before else None
        here = [flag for code in questions for flag in raised.get(code, ())]
        answers = tuple(
            Answer(row, flagged=row.code in raised, before=_changed(row, older))
            for row in rows_of(edition, part, newest, language)
            if row.lines or row.required
        )
        if answers:
            views.append(
                SectionView(
                    part.code,
                    part.title.to(language),
                    answers,
                    _judged(edition, here),
                    _quiet(edition, part, here),
                    verdicts.get(part.code),
                )
            )
    return views


def _changed(row: Row, older: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...] | None:
    if older is None or older.get(row.code, ()) == row.lines:
        return None
    return older.get(row.code, ())


def _judged(edition: Edition, flags: Iterable[FlagView]) -> tuple[Judged, ...]:
    together: dict[str, list[FlagView]] = {}
    for flag in flags:
        rule = edition.screening.get(flag.row.rule)
        if rule is not None:
            together.setdefault(rule.paragraph, []).append(flag)
    return tuple(Judged(edition.paragraphs[code], tuple(raised)) for code, raised in together.items())


def _quiet(edition: Edition, part: Section, flags: Iterable[FlagView]) -> tuple[Paragraph, ...]:
    spoke = {flag.row.rule for flag in flags}
    codes = {question.code for question in part.questions}
    silent = dict.fromkeys(
        rule.paragraph
        for rule in edition.screening.values()
        if rule.code not in spoke and codes & _looks_at(rule)
    )
    loud = {rule.paragraph for code in spoke if (rule := edition.screening.get(code))}
    return tuple(edition.paragraphs[code] for code in silent if code not in loud)


def _looks_at(rule: ScreeningRule) -> set[str]:
    return {code for when in rule.when for code in (*when.answers, *when.missing, *when.questions)}
