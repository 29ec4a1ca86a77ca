"""Floor 3: all that a decision rests on, as one file that proves itself (promise P8). The same rows are the same bytes.

People stand in it by their pseudonyms: the copy that somebody keeps tells no name after an erasure.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Max, QuerySet

from applications import pdf
from applications.enums import Move
from applications.exceptions import NotFound
from applications.letters import language_of
from applications.models import Application, AuditEvent, Decision
from applications.queries.policy import edition_of
from applications.rules.bundle import Member


def decision_of(application: Application) -> Decision:
    """The decision that stands. Raises NotFound when there is none."""
    found = (
        application.decisions.filter(decided_at__isnull=False, taken_back_at__isnull=True)
        .select_related("recommended_by", "decided_by")
        .first()
    )
    if found is None:
        raise NotFound
    found.application = application
    return found


def archive_of(decision: Decision) -> Iterator[Member]:
    """The files of the archive, in order; up to the decision, so that later events do not change it."""
    application, row = decision.application, decision.application.edition
    if row is None or decision.decided_at is None:
        raise NotFound
    yield "decision.json", _json(_decision(decision, row.code, row.digest))
    for submission in application.submissions.order_by("number"):
        told = {
            "number": submission.number,
            "submitted_at": submission.submitted_at,
            "salt": submission.salt,
            "sha256": submission.digest,
            "erased_at": submission.erased_at,
            "answers": submission.answers,
        }
        yield f"answers-{submission.number}.json", _json(told)
    yield "edition.toml", [row.text.encode()]
    files = application.evidence.order_by("pk")
    yield (
        "files.json",
        _json(list(files.values("original_name", "size", "digest", "uploaded_at", "removed_at"))),
    )
    yield "verdicts.json", _json(_verdicts(application, decision))
    yield "trail.json", _json(_trail(application, decision.decided_at))
    yield "letter.txt", [decision.letter.encode()]
    if decision.letter:
        yield "letter.pdf", [pdf.letter(decision, language_of(application, edition_of(row)))]


def _decision(decision: Decision, edition: str, digest: str) -> dict[str, Any]:
    application = decision.application
    items = application.items.order_by("pk")
    return {
        "reference": application.reference,
        "customer": application.customer_id,
        "edition": {"code": edition, "sha256": digest},
        "recommended_at": decision.recommended_at,
        "recommended_by": decision.recommended_by and decision.recommended_by.key,
        "decided_at": decision.decided_at,
        "decided_by": decision.decided_by and decision.decided_by.key,
        "outcomes": decision.outcomes,
        "verification_code": decision.verification_code,
        "items": _rows(items, "pk", "capability", "use_case", subscription_guid=F("subscription__guid")),
    }


def _verdicts(application: Application, decision: Decision) -> dict[str, Any]:
    by = {"by": F("reviewed_by__key")}
    returned = application.decisions.filter(returned_at__isnull=False).order_by("pk")
    return {
        "sections": _rows(
            application.section_reviews.order_by("pk"), "section", "verdict", "note", "reviewed_at", **by
        ),
        "flags": _rows(
            application.flags.order_by("pk"),
            *("submission_number", "rule", "effect", "question", "settlement", "settled_at", "note"),
            by=F("settled_by__key"),
        ),
        "returned": _rows(returned, "outcomes", "returned_at", "return_note", by=F("returned_by__key")),
        "words": decision.words,
    }


def _trail(application: Application, decided_at: datetime) -> list[dict[str, Any]]:
    """Up to the row of the decision itself."""
    events = AuditEvent.objects.filter(application_ref=application.pk)
    last = events.filter(action=f"application.{Move.DECIDE.value}", at=decided_at).aggregate(pk=Max("pk"))[
        "pk"
    ]
    fields = ("pk", "at", "action", "source", "actor", "target", "target_ref", "data", "transaction")
    return _rows(events.filter(pk__lte=last or 0).order_by("pk"), *fields, reason_text=F("reason__text"))


def _rows(rows: QuerySet[Any], *fields: str, **more: F) -> list[dict[str, Any]]:
    return list(rows.values(*fields, **more))


def _json(value: Any) -> Iterable[bytes]:
    return [json.dumps(value, default=_plain, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"]


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
