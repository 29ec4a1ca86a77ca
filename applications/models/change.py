"""The change feed for gateways, and the gateways."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import ChangeKind, GatewayAct
from applications.models.audit import AuditReason
from applications.models.fields import CurrentTransaction


class Change(models.Model):
    """A hint that the answer for subscription × capability may have changed; the verdict is read at delivery.

    Read in the order (transaction, id), only below the oldest running transaction: commit order without gaps.
    `capability` is empty when all capabilities of the subscription are touched; `service` routes it to gateways.
    `deadline_at` is the right's end when this is the hand-on of an end (promise P6).
    """

    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=16, choices=ChangeKind.choices)
    service = models.CharField(_("service"), max_length=60, blank=True)
    subscription_guid = models.UUIDField(_("subscription"), null=True, blank=True)
    capability = models.CharField(_("capability"), max_length=80, blank=True)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = (
            models.Index(name="feed_order", fields=["transaction", "id"]),
            models.Index(name="feed_of_deadline", fields=["deadline_at", "service"]),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"


class Gateway(models.Model):
    """A caller of the decision API. `services` is the list of service codes it may ask about.

    Only the SHA-256 of its key is stored (keys are 256 bit random). `acked_transaction`/`acked_change`: the feed
    position it confirmed.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    services = models.JSONField(_("services"), default=list)
    created_at = models.DateTimeField(_("created"))
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    acked_transaction = models.BigIntegerField(_("confirmed transaction"), default=0)
    acked_change = models.BigIntegerField(_("confirmed row"), default=0)
    acked_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    max_silence_s = models.PositiveIntegerField(_("trusts its memory for (s)"), default=60)

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")

    def __str__(self) -> str:
        return self.name


class GatewayKey(models.Model):
    """One key of a gateway; two may be valid while they rotate."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="keys")
    prefix = models.CharField(_("begins with"), max_length=16)
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("gateway key")
        verbose_name_plural = _("gateway keys")

    def __str__(self) -> str:
        return self.prefix


class GatewayProposal(models.Model):
    """What one operator wants done to a gateway and another answers; the database refuses one person for both."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="proposals")
    act = models.CharField(_("act"), max_length=16, choices=GatewayAct.choices)
    max_silence_s = models.PositiveIntegerField(_("trusts its memory for (s)"), null=True, blank=True)
    reason = models.ForeignKey(AuditReason, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed = models.BooleanField(_("agreed"), null=True, blank=True)

    class Meta:
        verbose_name = _("proposal about a gateway")
        verbose_name_plural = _("proposals about gateways")
        constraints = (
            models.UniqueConstraint(
                name="gateway_proposal_once",
                fields=["gateway", "act"],
                condition=Q(answered_at__isnull=True),
            ),
            models.CheckConstraint(
                name="gateway_two_people",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="gateway_answer_whole",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, agreed__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False, agreed__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.gateway_id}"
