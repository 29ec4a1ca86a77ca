"""`import_customers` as an operator runs it (contract: customers file)."""

import csv
import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.serializers.json import DjangoJSONEncoder

from applications.models import AccessGrant, Attention, Customer, JobRun
from tests.customers_file import GUID, KEY, OTHER_GUID, record, text

pytestmark = pytest.mark.django_db
COUNTS = [
    "rows",
    "imported",
    "unchanged",
    "rejected",
    "needs_attention",
    "customers",
    "subscriptions",
    "grace_grants",
    "rejects",
]
DIRTY = text(
    record(customer='=HYPERLINK("http://evil.example","click") Elbtal Museum'),
    record(subscription_id=KEY, contact_name="Věra\u202e"),
    record(customer="@Banco", subscription_id=GUID),
    record(customer=f"Key {KEY} Ltd", subscription_id=OTHER_GUID, country="Netherlands"),
    ["short"],
    end="\r\n",
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_bytes(DIRTY.encode("utf-8-sig"))
    return path


@pytest.fixture
def run(edition_row, clock, capsys):
    """Run the command, answer what it printed."""

    def run(path, *options):
        call_command("import_customers", str(path), *options)
        return capsys.readouterr()

    return run


def answer(printed):
    return json.loads(printed.out.splitlines()[-1])


def test_json_is_the_last_line_with_exactly_the_contract_s_keys(run, file):
    counts = answer(run(file, "--json"))
    assert list(counts) == COUNTS
    assert counts["rejects"] == [
        {
            "line": 3,
            "reason": "secret",
            "detail": "an API key stands in place of the subscription id; it was not kept",
        },
        {"line": 4, "reason": "owner", "detail": "another customer holds it since line 2"},
        {"line": 6, "reason": "columns", "detail": "1 of 9 columns"},
    ]
    del counts["rejects"]
    assert counts == {
        "rows": 5,
        "imported": 2,
        "unchanged": 0,
        "rejected": 3,
        "needs_attention": 1,
        "customers": 2,
        "subscriptions": 2,
        "grace_grants": AccessGrant.objects.count(),
    }


def test_a_second_import_of_the_same_file_changes_nothing(run, file):
    first = answer(run(file, "--json"))
    second = answer(run(file, "--json"))
    assert second == {**first, "imported": 0, "unchanged": 2, "grace_grants": 0}


def test_a_file_without_rejects_prints_an_empty_list(run, tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(text(record()))
    assert answer(run(path, "--json"))["rejects"] == []
    assert (tmp_path / "good.rejects.csv").read_text() == (
        "line,reason,detail,customer,website,country,sector,contact_name,contact_email,"
        "subscription_id,services,first_used_on\n"
    )


def test_rejects_go_beside_the_file_and_only_its_owner_reads_them(run, file):
    run(file)
    path = file.with_name("customers.rejects.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert [row[:2] for row in rows] == [
        ["line", "reason"],
        ["3", "secret"],
        ["4", "owner"],
        ["6", "columns"],
    ]
    assert rows[1][7] == "Věra"
    assert rows[1][9] == "***"
    assert rows[2][3] == "'@Banco"  # a spreadsheet does not run it


def test_a_formula_stays_text(run, file):
    run(file)
    assert Customer.objects.filter(name='=HYPERLINK("http://evil.example","click") Elbtal Museum').exists()


def test_a_secret_is_never_stored_printed_or_logged(run, file, caplog, tmp_path):
    caplog.set_level("DEBUG")
    printed = run(file, "--rejects", str(tmp_path / "out.csv"))
    everything = [printed.out, printed.err, caplog.text, (tmp_path / "out.csv").read_text(encoding="utf-8")]
    for model in apps.get_app_config("applications").get_models():
        everything.append(json.dumps(list(model.objects.values()), cls=DjangoJSONEncoder))
    assert Customer.objects.filter(name="Key *** Ltd").exists()
    assert not [place for place in everything if KEY in place.lower()]


def test_people_read_a_summary_with_reasons(run, file, tmp_path):
    printed = run(file, "--rejects", str(tmp_path / "out.csv"))
    assert "Rejected: columns 1, owner 1, secret 1" in printed.out
    assert "Needs attention: cleaned 1, country 1" in printed.out
    assert f"Rejects are in {tmp_path / 'out.csv'}" in printed.out
    assert printed.err == ""


def test_a_dry_run_says_so_and_records_nothing(run, file):
    planned = answer(run(file, "--json", "--dry-run"))
    assert not Customer.objects.exists()
    assert not JobRun.objects.exists()
    assert "Dry run: nothing was recorded." in run(file, "--dry-run").out
    assert answer(run(file, "--json")) == planned


def test_the_end_of_grace_counts_by_the_clock_of_the_site(run, file, clock):
    clock.set(datetime(2023, 7, 1, tzinfo=UTC) - timedelta.resolution)
    run(file)
    assert not AccessGrant.objects.filter(closed_at__isnull=False).exists()
    assert not Attention.objects.filter(code="never_warned").exists()


def test_an_import_after_the_end_closes_at_once(run, file, clock):
    clock.set(datetime(2023, 7, 1, tzinfo=UTC))
    run(file)
    assert not AccessGrant.objects.filter(closed_at__isnull=True).exists()
    assert Attention.objects.filter(code="never_warned").count() == 2


def test_bytes_that_are_no_utf8_do_not_drop_the_row(run, tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(text(record(customer="Søren A/S")).encode("latin-1"))
    counts = answer(run(path, "--json"))
    assert (counts["imported"], counts["needs_attention"]) == (1, 1)
    assert Customer.objects.get().name == "S\ufffdren A/S"


@pytest.mark.parametrize(
    "content", [b"", b"a,b\r\n", text().encode("utf-16"), text().replace(",", ";").encode()]
)
def test_a_wrong_header_is_a_clear_error(run, tmp_path, content):
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=r"wrong\.csv: The first line must be the header customer,website"):
        run(path)


def test_files_that_cannot_be_used_are_clear_errors(run, tmp_path, file):
    with pytest.raises(CommandError, match=r"absent\.csv: No such file"):
        run(tmp_path / "absent.csv")
    with pytest.raises(CommandError, match="Is a directory"):
        run(tmp_path)
    with pytest.raises(CommandError, match="No such file"):
        run(file, "--rejects", str(tmp_path / "no" / "where.csv"))
    with pytest.raises(CommandError, match="cannot go into the file that is read"):
        run(file, "--rejects", str(file))
    assert file.read_bytes() == DIRTY.encode("utf-8-sig")


@pytest.mark.usefixtures("clock")
def test_without_an_edition_nothing_is_imported(file):
    with pytest.raises(CommandError, match="load_policy"):
        call_command("import_customers", str(file))


def test_the_progress_bar_shows_on_a_terminal_only(run, file, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "[##############################] 100% 5 rows" in run(file, "--json").err
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert run(file, "--json").err == ""
