"""The ledger of reminders and the previews of deadlines."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import ReminderState
from applications.models.customer import Customer

ANNOUNCEMENT = 32_000  # the step of an announcement, before every other step


class Reminder(models.Model):
    """One warning of a customer: deadline instant × days before (promise P3). The unique key is the guard.

    `days_before` is ANNOUNCEMENT for the first letter after import. Ends in exactly one terminal state. The row is
    all that `jobs.reminders` writes; `jobs.delivery` writes its messages (`addressed_at`), one per recipient.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="reminders", db_index=False)
    ends_at = models.DateTimeField(_("deadline"))
    days_before = models.PositiveSmallIntegerField(_("days before"))
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=ReminderState.choices,
        default=ReminderState.DUE,
    )
    recorded_at = models.DateTimeField(_("recorded"))
    addressed_at = models.DateTimeField(_("messages written"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        indexes = (
            models.Index(
                name="reminder_unaddressed",
                fields=["due_at", "id"],
                condition=Q(finished_at__isnull=True, addressed_at__isnull=True),
            ),
            models.Index(
                name="reminder_unfinished",
                fields=["customer", "ends_at"],
                condition=Q(finished_at__isnull=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(name="reminder_once", fields=["customer", "ends_at", "days_before"]),
            models.CheckConstraint(
                name="reminder_finished_whole",
                condition=Q(state="due", finished_at__isnull=True)
                | (~Q(state="due") & Q(finished_at__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.ends_at:%F} -{self.days_before}"


class DeadlinePreview(models.Model):
    """What would end at one instant, counted on a day; the latest is the reference, an armed one is stricter (P7)."""

    ends_at = models.DateTimeField(_("deadline"))
    made_at = models.DateTimeField(_("made"))
    rights = models.PositiveIntegerField(_("rights that end"))
    customers = models.PositiveIntegerField(_("customers that lose something"))
    pending = models.PositiveIntegerField(_("of them with an application pending"))
    unwarned = models.PositiveIntegerField(_("of them never warned"))
    standings = models.JSONField(_("customers by how far they are"), default=dict, blank=True)
    proposed_at = models.DateTimeField(_("arming proposed"), null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    armed_at = models.DateTimeField(_("armed"), null=True, blank=True)
    armed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("preview of a deadline")
        verbose_name_plural = _("previews of deadlines")
        indexes = (models.Index(name="preview_latest", fields=["ends_at", "-made_at"]),)
        constraints = (
            models.CheckConstraint(
                name="preview_two_people",
                condition=Q(armed_by__isnull=True)
                | Q(proposed_by__isnull=False) & ~Q(armed_by=F("proposed_by")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.ends_at:%F}"


class JobRun(models.Model):
    """One run of a duty. Silence for three periods is an alarm.

    `held`: notices that wait for two people since the run differed too much from its preview (promise P7).
    """

    duty = models.CharField(_("duty"), max_length=16)
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    error = models.CharField(_("error"), max_length=200, blank=True)
    held = models.PositiveIntegerField(_("notices held"), default=0)
    release_proposed_at = models.DateTimeField(_("release proposed"), null=True, blank=True)
    release_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("run of a duty")
        verbose_name_plural = _("runs of duties")
        indexes = (models.Index(name="run_latest", fields=["duty", "-finished_at"]),)
        constraints = (
            models.CheckConstraint(
                name="run_release_two_people",
                condition=Q(released_by__isnull=True, released_at__isnull=True)
                | Q(released_at__isnull=False, release_proposed_by__isnull=False)
                & ~Q(released_by=F("release_proposed_by")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.duty} {self.started_at:%F %T}"
