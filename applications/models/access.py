"""Rights: who may use what, from when until when."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import Basis, ExtensionReason
from applications.models.application import RequestedCapability
from applications.models.customer import Customer, Subscription


class AccessGrant(models.Model):
    """A right of one subscription to one capability, valid on [starts_at, ends_at) unless revoked earlier.

    Validity is these instants alone (promise P1): `closed_at` only records that a job has told people and handed
    the end on; `closed_run` is the id of that run (no foreign key: a check a row would cost a third of the speed)
    and `closed_covered` whether nothing was lost. Rights may overlap; only grace is unique. `customer` repeats the
    subscription's holder at the time of writing, so that a batch of ends can take whole customers.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="grants")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="grants")
    capability = models.CharField(_("capability"), max_length=80)
    basis = models.CharField(_("basis"), max_length=16, choices=Basis.choices)
    gate = models.CharField(_("gate"), max_length=60, blank=True)
    use_case = models.CharField(_("use case"), max_length=20, blank=True)
    item = models.ForeignKey(
        RequestedCapability,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="grants",
    )
    extension_reason = models.CharField(
        _("reason of the extension"),
        max_length=16,
        choices=ExtensionReason.choices,
        blank=True,
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    granted_at = models.DateTimeField(_("written"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_run = models.BigIntegerField(_("closed by run"), null=True, blank=True)
    closed_covered = models.BooleanField(_("another right covered its end"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="revocations",
    )

    class Meta:
        verbose_name = _("right")
        verbose_name_plural = _("rights")
        indexes = (
            models.Index(name="right_of_subscription", fields=["subscription", "capability"]),
            models.Index(
                name="right_due",
                fields=["ends_at", "customer"],
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(
                name="right_open_of_customer",
                fields=["customer", "ends_at"],
                condition=Q(closed_at__isnull=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="grace_once",
                fields=["subscription", "capability"],
                condition=Q(basis="grace"),
            ),
            models.CheckConstraint(name="right_has_length", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="right_revoked_pair",
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.capability} {self.basis}"
