"""Floor 5: files that wait are scanned, one after the other; a dead scanner means that they wait on."""

from datetime import datetime

import structlog
from django.conf import settings

from applications import scanner
from applications.actions.evidence import note_scan
from applications.enums import Duty, ScanState
from applications.jobs.run import Run, recorded
from applications.models import Evidence
from applications.queries.evidence import path_of, waiting

log = structlog.get_logger("applications.scanning")
A_RUN = 200


def scan_waiting(now: datetime, *, budget_s: float | None = None) -> dict[str, int]:
    """Scan what waits; where no scanner is set there is nothing to do. Returns how many of each."""
    with recorded(Duty.SCANNING, now, budget_s=budget_s) as run:
        if settings.CLAMD_URL:
            for one in waiting().select_related("application")[:A_RUN]:
                if run.is_over or not _scan(run, one, now):
                    break
        return run.counts


def _scan(run: Run, one: Evidence, now: datetime) -> bool:
    """Whether to go on: without a scanner the rest would fare the same."""
    try:
        with path_of(one).open("rb") as content:
            state = ScanState.INFECTED if scanner.is_harmful(settings.CLAMD_URL, content) else ScanState.CLEAN
    except scanner.ScannerDown as error:
        log.warning("scanner_down", error=str(error))
        run.error = "scanner_down"
        return False
    except (scanner.ScanFailed, OSError) as error:
        log.warning("scan_failed", evidence=one.pk, error=type(error).__name__)
        state = ScanState.PENDING
    if note_scan(one, state, now=now):
        run.add(**{"failed" if state == ScanState.PENDING else state.value: 1})
    return True
