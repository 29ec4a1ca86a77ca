"""The outbox: one row per recipient and message; the body is rendered when it is handed over."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.enums import MailEventKind, MessageKind, MessageState
from applications.models.application import Application
from applications.models.customer import Contact, Customer
from applications.models.deadline import Reminder


class OutboundMessage(models.Model):
    """One message to one person. `key` is unique: the same cause never queues twice, and it makes the Message-ID.

    Rows hold ids and codes (`context`), no verdict: what is true is read when the message is handed over, and a
    message that is no longer true becomes `not_needed`. `attempts` is counted before each try (committed), so a
    crashing message ends in quarantine. `subject` and `body` are what was handed over. A row without `address` is a
    notice to a customer that gets its recipients when it is handed over.
    """

    key = models.CharField(_("key"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=32, choices=MessageKind.choices)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=MessageState.choices,
        default=MessageState.QUEUED,
    )
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="messages")
    application = models.ForeignKey(
        Application, models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    reminder = models.ForeignKey(Reminder, models.CASCADE, null=True, blank=True, related_name="messages")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="messages",
    )
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="messages")
    address = models.EmailField(_("address"), max_length=254, blank=True)
    context = models.JSONField(_("ids and codes"), default=dict)
    queued_at = models.DateTimeField(_("queued"))
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(_("tries of unknown outcome"), default=0)
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=120, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    body = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = (
            models.Index(
                name="outbox_due",
                fields=["due_at", "id"],
                condition=Q(state__in=["queued", "sending"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class MailEvent(models.Model):
    """What a provider reported about one message, once: `event_id` is the provider's. Applied when `settled_at` is set;
    it may come before we have written that the message was handed over.
    """

    event_id = models.CharField(_("the provider's id"), max_length=200, unique=True)
    message_key = models.CharField(_("message"), max_length=120, db_index=True)
    kind = models.CharField(_("what happened"), max_length=16, choices=MailEventKind.choices)
    reported_at = models.DateTimeField(_("reported"))
    settled_at = models.DateTimeField(_("applied"), null=True, blank=True)

    class Meta:
        verbose_name = _("report of a mail provider")
        verbose_name_plural = _("reports of mail providers")
        indexes = (
            models.Index(name="mail_event_waiting", fields=["id"], condition=Q(settled_at__isnull=True)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.message_key}"


class MailSwitch(models.Model):
    """The one row that governs all mail: stopped by a person, paused after failures, and its ceilings."""

    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    per_run = models.PositiveIntegerField(_("most per run"), default=2_000)
    per_hour = models.PositiveIntegerField(_("most per hour"), default=20_000)
    hour_began_at = models.DateTimeField(_("hour began"), null=True, blank=True)
    hour_count = models.PositiveIntegerField(_("sent in this hour"), default=0)

    class Meta:
        verbose_name = _("switch of all mail")
        verbose_name_plural = _("switch of all mail")
        constraints = (
            models.CheckConstraint(name="mail_switch_single", condition=Q(id=1)),
            models.CheckConstraint(
                name="mail_switch_stopped_pair",
                condition=Q(stopped_at__isnull=True, stopped_by__isnull=True)
                | Q(stopped_at__isnull=False, stopped_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk}"
