"""A whole file: batches, counts, resuming after a crash, dry runs, and flat memory."""

import gc
import io
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import IntegrityError, connection

from applications.actions.customers_import import import_rows
from applications.jobs import customers_import
from applications.jobs.customers_import import import_customers
from applications.models import AccessGrant, AuditEvent, Customer, JobRun, Subscription
from applications.rules.customers_file import Row, WrongHeaderError
from tests.customers_file import GUID, KEY, OTHER_GUID, generated, record, text

pytestmark = pytest.mark.django_db

NOW = datetime(2022, 9, 1, 10, tzinfo=UTC)


@pytest.fixture
def run(edition):
    def run(content, **options):
        rejects = []
        stream = io.StringIO(content, newline="")
        report = import_customers(
            stream, edition=edition, by=None, now=NOW, **{"on_reject": rejects.append, **options}
        )
        return report, rejects

    return run


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(customers_import, "BATCH_ROWS", 4)


def rows_of_all_models():
    return {
        model.__name__: model.objects.count() for model in apps.get_app_config("applications").get_models()
    }


DIRTY = text(
    record(),
    record(subscription_id=KEY),
    ["short"],
    [],
    record(customer="Banco del Sur", services="speech"),
    record(customer="Banco del Sur"),  # held by the customer on line 2
    record(subscription_id=OTHER_GUID, country="XX", contact_email=""),
    record(subscription_id=OTHER_GUID, country="XX", contact_email=""),
    record(first_used_on="2021-06-18"),
    record(customer="Banco del Sur", first_used_on="2031-01-01"),
)


@pytest.mark.usefixtures("small_batches")
def test_the_counts_of_a_run(run):
    report, rejects = run(DIRTY)
    assert report.counts() == {
        "rows": 9,
        "imported": 2,
        "unchanged": 2,
        "rejected": 5,
        "needs_attention": 3,
        "customers": 1,
        "subscriptions": 2,
        "grace_grants": AccessGrant.objects.count(),
    }
    assert report.reasons == {"secret": 1, "columns": 1, "service": 1, "owner": 1, "date": 1}
    assert report.attention == {"country": 2, "no_contact": 2, "later_date": 1}
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (3, "secret"),
        (4, "columns"),
        (6, "service"),
        (7, "owner"),
        (11, "date"),
    ]
    assert rejects[3].detail == "another customer holds it since line 2"


@pytest.mark.usefixtures("small_batches")
def test_a_second_run_changes_nothing_but_the_list_of_runs(run):
    first, rejects = run(DIRTY)
    before = rows_of_all_models()
    second, again = run(DIRTY)
    after = rows_of_all_models()
    assert after.pop("JobRun") == before.pop("JobRun") + 1
    assert after == before
    assert (second.imported, second.unchanged, second.grace_grants) == (
        0,
        first.imported + first.unchanged,
        0,
    )
    assert again == rejects
    assert (second.rows, second.rejected, second.customers, second.subscriptions) == (
        first.rows,
        first.rejected,
        first.customers,
        first.subscriptions,
    )


def test_the_run_row_keeps_the_report(run):
    report, _rejects = run(DIRTY)
    kept = JobRun.objects.get(duty=customers_import.RUN)
    assert (kept.as_of, kept.finished_at) == (NOW, NOW)
    assert kept.counts == {**report.counts(), "reasons": report.reasons, "attention": report.attention}


@pytest.mark.usefixtures("small_batches")
def test_a_dry_run_counts_the_same_and_records_nothing(run):
    before = rows_of_all_models()
    planned, would_reject = run(DIRTY, dry_run=True)
    assert rows_of_all_models() == before
    done, rejects = run(DIRTY)
    assert (planned.counts(), would_reject) == (done.counts(), rejects)


@pytest.mark.usefixtures("small_batches")
def test_a_run_that_broke_off_is_resumed_by_running_it_again(run, monkeypatch):
    content = "".join(generated(12))
    calls = []

    def crash(rows, **options):
        calls.append(rows)
        if len(calls) == 2:
            raise RuntimeError("the power went")
        return import_rows(rows, **options)

    monkeypatch.setattr(customers_import, "import_rows", crash)
    with pytest.raises(RuntimeError):
        run(content)
    assert Subscription.objects.count() == 4
    assert not JobRun.objects.exists()
    report, _rejects = run(content)
    assert (report.imported, report.unchanged) == (8, 4)
    assert Subscription.objects.count() == 12
    assert AuditEvent.objects.filter(action="right.grace").count() == AccessGrant.objects.count()


def test_a_batch_that_met_somebody_else_is_looked_at_again(run, monkeypatch):
    tries = []

    def busy(rows, **options):
        tries.append(rows)
        if len(tries) < customers_import.TRIES:
            raise IntegrityError
        return import_rows(rows, **options)

    monkeypatch.setattr(customers_import, "import_rows", busy)
    assert run(DIRTY)[0].imported == 2
    assert len(tries) == customers_import.TRIES


def test_a_batch_that_never_fits_is_an_error(run, monkeypatch):
    def broken(_rows, **_options):
        raise IntegrityError

    monkeypatch.setattr(customers_import, "import_rows", broken)
    with pytest.raises(IntegrityError):
        run(DIRTY)


@pytest.mark.usefixtures("small_batches")
def test_a_conflict_over_batches_names_the_first_line(run):
    filler = [record(subscription_id=f"{number:08x}-0000-4000-8000-000000000001") for number in range(9)]
    _report, rejects = run(text(record(), *filler, record(), *filler, record(customer="Banco del Sur")))
    assert [(reject.line, reject.detail) for reject in rejects] == [
        (22, "another customer holds it since line 2")
    ]
    assert Customer.objects.get().subscriptions.filter(guid=GUID).exists()


def test_a_wrong_header_records_nothing(run):
    before = rows_of_all_models()
    with pytest.raises(WrongHeaderError):
        run("a;b;c\n")
    assert rows_of_all_models() == before


def test_the_text_of_statements_is_not_kept_even_in_debug(run, settings):
    settings.DEBUG = True
    run(DIRTY)
    assert len(connection.queries) == 1  # the run row


class Lines(io.StringIO):
    """A file that counts how many of its lines were asked for."""

    asked = 0

    def readline(self, *size):
        self.asked += 1
        return super().readline(*size)


def test_memory_stays_flat_one_batch_is_held_and_no_more(edition, monkeypatch):
    monkeypatch.setattr(customers_import, "BATCH_ROWS", 20)
    stream = Lines("".join(generated(200)), newline="")
    held, ahead = [], []

    def look(done):
        gc.collect()
        held.append(sum(isinstance(thing, Row | AccessGrant) for thing in gc.get_objects()))
        ahead.append(stream.asked - done)

    import_customers(
        stream, edition=edition, by=None, now=NOW, on_reject=lambda _reject: None, on_progress=look
    )
    assert len(held) == 10
    assert max(held) <= 20
    assert max(ahead) <= 2  # the header, and one line to see that it ended
