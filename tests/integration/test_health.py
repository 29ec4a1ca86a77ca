"""Promise P1 from outside: the site is ready without any worker, and silence is an alarm."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from applications.enums import DUTY_PERIODS, Duty, RightsAct
from applications.models import AuditReason, JobRun, Proposal
from portal import health
from tests import factories


@pytest.fixture
def every_duty_ran(frozen_clock):
    for duty in Duty:
        JobRun.objects.create(
            duty=duty, as_of=frozen_clock, started_at=frozen_clock, finished_at=frozen_clock
        )


def test_alive_without_asking_the_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_when_every_duty_ran(client, every_duty_ran, frozen_clock):
    response = client.get("/readyz")
    assert response.status_code == 200
    body = response.json()
    assert body["ready"] is True
    assert body["alarms"] == []
    assert body["last_runs"]["ends"] == frozen_clock.isoformat()


@pytest.mark.django_db
def test_silent_duty_is_an_alarm_and_the_site_stays_ready(client, every_duty_ran, frozen_clock):
    late = frozen_clock - 3 * DUTY_PERIODS[Duty.ENDS] - timedelta(seconds=1)
    JobRun.objects.filter(duty=Duty.ENDS).update(finished_at=late)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["alarms"] == ["silent: ends"]


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"error": "OperationalError"}, {"finished_at": None}])
def test_failed_or_unfinished_run_is_no_sign_of_life(client, every_duty_ran, fields):
    JobRun.objects.filter(duty=Duty.SEAL).update(**fields)
    assert client.get("/readyz").json()["alarms"] == ["silent: seal"]


@pytest.mark.django_db
def test_query_count_does_not_grow_with_runs(client, every_duty_ran, frozen_clock, django_assert_num_queries):
    health.is_migrated()
    with django_assert_num_queries(len(Duty) + 5):
        client.get("/readyz")
    at = frozen_clock - timedelta(minutes=2)
    JobRun.objects.bulk_create(
        JobRun(duty=Duty.ENDS, as_of=at, started_at=at, finished_at=at) for _ in range(30)
    )
    with django_assert_num_queries(len(Duty) + 5):
        client.get("/readyz")


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_missing(client, monkeypatch):
    monkeypatch.setitem(health._seen, "migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'applications'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "not applied"}


def test_not_ready_while_the_database_is_gone(client, monkeypatch):
    def gone():
        raise OperationalError("no answer from db.internal")

    monkeypatch.setattr(health, "is_migrated", gone)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "no answer"
    assert b"db.internal" not in response.content


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_nothing_is_changed_through_it(client, address):
    assert client.post(address).status_code == 405


@pytest.mark.django_db
def test_run_that_has_just_begun_hides_no_finished_one(client, every_duty_ran, frozen_clock):
    JobRun.objects.create(duty=Duty.SEAL, as_of=frozen_clock, started_at=frozen_clock)
    assert client.get("/readyz").json()["alarms"] == []


@pytest.mark.django_db
def test_migrate_makes_the_table_of_rate_limits():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE portal_cache")
    call_command("migrate", verbosity=0)
    assert "portal_cache" in connection.introspection.table_names()


# --- what calls for a person ---


@pytest.mark.django_db
def test_an_emergency_that_no_second_person_answers_is_an_alarm_after_a_day(client, every_duty_ran, clock):
    subscription = factories.subscription(factories.customer())
    emergency = Proposal.objects.create(
        act=RightsAct.REVOKE,
        subscription=subscription,
        capability="face.liveness",
        reason=AuditReason.objects.create(text="Misused."),
        proposed_at=clock(),
        proposed_by=factories.person("lena@vendor.example", staff_role="lead"),
        done_at=clock(),
    )
    clock.forward(hours=24, microseconds=-1)
    assert not any("emergency" in alarm for alarm in client.get("/readyz").json()["alarms"])
    clock.forward(microseconds=1)
    assert "emergency without a second answer: 1" in client.get("/readyz").json()["alarms"]
    Proposal.objects.filter(pk=emergency.pk).update(
        answered_at=clock(), agreed=True, answered_by=factories.person("levi@vendor.example")
    )
    assert not any("emergency" in alarm for alarm in client.get("/readyz").json()["alarms"])


@pytest.mark.django_db
@pytest.mark.parametrize(("off", "alarm"), [(4, False), (10, True), (-10, True)])
def test_a_clock_that_is_off_is_an_alarm(client, every_duty_ran, monkeypatch, off, alarm):
    monkeypatch.setattr(health.clock, "system_now", lambda: datetime.now(UTC) + timedelta(seconds=off))
    named = client.get("/readyz").json()["alarms"]
    assert any(name.startswith("clock: ") for name in named) is alarm


# --- figures ---

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "sent"), [("", ""), ("", "Bearer "), (TOKEN, ""), (TOKEN, "Bearer x"), (TOKEN, TOKEN)]
)
def test_figures_are_for_the_monitor_alone(client, settings, token, sent):
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


@pytest.mark.django_db
def test_figures_say_how_long_a_duty_is_silent_and_what_waits(client, settings, every_duty_ran, clock):
    settings.METRICS_TOKEN = TOKEN
    subscription = factories.subscription(factories.customer())
    factories.right(subscription, "face.liveness", ends_at=clock() + timedelta(seconds=30))
    clock.forward(seconds=90)
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    lines = answer.content.decode().splitlines()
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'portal_duty_silent_seconds{duty="ends"} 90' in lines
    assert 'portal_duty_silent{duty="ends"} 0' in lines
    assert 'portal_duty_silent{duty="delivery"} 1' in lines
    assert 'portal_waiting{what="ends"} 1' in lines
    assert 'portal_waiting_oldest_seconds{what="ends"} 60' in lines
    assert 'portal_waiting{what="cases"} 0' in lines
