"""Follow-ups of an application once at a time, requests for more time, and appeals judged by somebody else (P5)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Who recommended or decided what an appeal is about neither recommends nor decides the appeal.
JUDGED = """
  FROM applications_application a JOIN applications_decision d ON d.application_id = a.previous_id
  WHERE a.id = NEW.application_id AND a.kind = 'appeal' AND
    (d.decided_by_id IN (NEW.decided_by_id, NEW.recommended_by_id)
     OR d.recommended_by_id IN (NEW.decided_by_id, NEW.recommended_by_id))
"""
REFUSAL = "an appeal needs somebody who did not judge before"
POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION refuse_same_judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 {JUDGED}) THEN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$
"""


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        schema_editor.execute(
            "CREATE TRIGGER appeal_other_judge BEFORE INSERT OR UPDATE ON applications_decision "
            "FOR EACH ROW EXECUTE FUNCTION refuse_same_judge()"
        )
        return
    for verb in ("INSERT", "UPDATE"):
        schema_editor.execute(
            f"CREATE TRIGGER appeal_other_judge_{verb.lower()} BEFORE {verb} ON applications_decision "
            f"WHEN EXISTS (SELECT 1 {JUDGED}) BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def unguard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER appeal_other_judge ON applications_decision")
        return
    for verb in ("insert", "update"):
        schema_editor.execute(f"DROP TRIGGER appeal_other_judge_{verb}")


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0007_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="TimeRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("deadline_at", models.DateTimeField(verbose_name="end that it is about")),
                (
                    "extension_reason",
                    models.CharField(
                        choices=[
                            ("", "Not an extension"),
                            ("customer", "Asked for by the customer"),
                            ("appeal", "Appeal under way"),
                            ("renewal", "Renewal under way"),
                            ("move", "Subscription moved to another customer"),
                            ("reinstated", "Reinstated"),
                            ("cohort", "Extended with others"),
                        ],
                        max_length=16,
                        verbose_name="reason of the extension",
                    ),
                ),
                ("reason", models.TextField(verbose_name="why")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("declined_at", models.DateTimeField(blank=True, null=True, verbose_name="declined")),
            ],
            options={
                "verbose_name": "request for more time",
                "verbose_name_plural": "requests for more time",
            },
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("previous__isnull", False),
                    models.Q(
                        ("state", "draft"),
                        models.Q(
                            ("kind__in", ["appeal", "renewal"]),
                            (
                                "state__in",
                                ["submitted", "in_review", "information_requested", "second_review"],
                            ),
                        ),
                        _connector="OR",
                    ),
                ),
                fields=("previous", "kind"),
                name="follower_once",
            ),
        ),
        migrations.AddField(
            model_name="timerequest",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="time_requests",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="timerequest",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="time_requests",
                to="applications.customer",
            ),
        ),
        migrations.AddField(
            model_name="timerequest",
            name="declined_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="time_requests_declined",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="timerequest",
            name="proposal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="time_requests",
                to="applications.proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="timerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("declined_at__isnull", True)),
                fields=("customer", "deadline_at"),
                name="time_request_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="timerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("declined_at__isnull", True), ("declined_by__isnull", True)),
                    models.Q(("declined_at__isnull", False), ("declined_by__isnull", False)),
                    _connector="OR",
                ),
                name="time_request_declined_pair",
            ),
        ),
        migrations.RunPython(guard, unguard),
    ]
