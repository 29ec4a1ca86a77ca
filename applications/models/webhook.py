"""Calls to gateways that say "read the feed" (Standard Webhooks): endpoints, deliveries, and each try of one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.enums import WebhookKind, WebhookState
from applications.models.change import Gateway


class WebhookEndpoint(models.Model):
    """Where a gateway wants to be called. Secrets are encrypted; two sign while they rotate.

    `told_transaction`/`told_change`: up to where the feed was turned into deliveries. Disabled with `disabled_by`
    by an operator, without by its own answer 410, which is an alarm until an operator looks.
    """

    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="endpoints")
    url = models.CharField(_("address"), max_length=500)
    secret = models.CharField(max_length=300)
    old_secret = models.CharField(max_length=300, blank=True)
    old_until = models.DateTimeField(_("older secret signs until"), null=True, blank=True)
    told_transaction = models.BigIntegerField(_("told up to transaction"), default=0)
    told_change = models.BigIntegerField(_("told up to row"), default=0)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        constraints = (
            models.UniqueConstraint(
                name="endpoint_once", fields=["gateway", "url"], condition=Q(disabled_at__isnull=True)
            ),
            models.CheckConstraint(
                name="endpoint_disabled_whole",
                condition=Q(disabled_at__isnull=False) | Q(disabled_by__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk}"


class WebhookDelivery(models.Model):
    """One message to one endpoint, tried until it is taken. `key` is its `webhook-id`, the same at each try.

    The key holds the position in the feed, so that nothing is told twice; no customer is named in it or sent with it.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    key = models.CharField(_("id"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=WebhookKind.choices)
    state = models.CharField(
        _("state"), max_length=16, choices=WebhookState.choices, default=WebhookState.QUEUED
    )
    up_to_transaction = models.BigIntegerField(_("up to transaction"))
    up_to_change = models.BigIntegerField(_("up to row"))
    queued_at = models.DateTimeField(_("queued"))
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("call to a gateway")
        verbose_name_plural = _("calls to gateways")
        indexes = (
            models.Index(
                name="webhook_due", fields=["due_at", "id"], condition=Q(state__in=["queued", "sending"])
            ),
        )

    def __str__(self) -> str:
        return self.key


class WebhookAttempt(models.Model):
    """One try, written before it; `outcome` stays empty when the process died in it."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("when"))
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)
    took_ms = models.PositiveIntegerField(_("took (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("try of a call")
        verbose_name_plural = _("tries of calls")
        constraints = (models.UniqueConstraint(name="attempt_once", fields=["delivery", "number"]),)

    def __str__(self) -> str:
        return f"{self.number}"
