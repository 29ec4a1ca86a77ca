"""What people were told and agreed to, whose data must be kept, and whose is to go."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import NoticeKind
from applications.models.audit import AuditReason
from applications.models.customer import Customer


class Acceptance(models.Model):
    """One person was shown one version of a notice, and went on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="acceptances")
    notice = models.CharField(_("notice"), max_length=16, choices=NoticeKind.choices)
    version = models.CharField(_("version"), max_length=32)
    accepted_at = models.DateTimeField(_("accepted"))

    class Meta:
        verbose_name = _("accepted notice")
        verbose_name_plural = _("accepted notices")
        constraints = (models.UniqueConstraint(name="accepted_once", fields=["user", "notice", "version"]),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.notice} {self.version}"


class LegalHold(models.Model):
    """Nothing of this customer is erased or deleted by age while the hold is open.

    A lead places it alone, since it destroys nothing; lifting takes two people.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="holds")
    reason = models.ForeignKey(AuditReason, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    lift_proposed_at = models.DateTimeField(_("lifting proposed"), null=True, blank=True)
    lift_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = (
            models.UniqueConstraint(
                name="hold_open_once", fields=["customer"], condition=Q(lifted_at__isnull=True)
            ),
            models.CheckConstraint(
                name="hold_lifted_by_two",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lift_proposed_by__isnull=False)
                & ~Q(lifted_by=F("lift_proposed_by")),
            ),
            models.CheckConstraint(
                name="hold_lift_proposed_pair",
                condition=Q(lift_proposed_at__isnull=True, lift_proposed_by__isnull=True)
                | Q(lift_proposed_at__isnull=False, lift_proposed_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id}"


class Erasure(models.Model):
    """A customer asked to be erased; one of ours noted it, another did it."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasures")
    reason = models.ForeignKey(AuditReason, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("noted"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("erasure of a customer")
        verbose_name_plural = _("erasures of customers")
        constraints = (
            models.UniqueConstraint(
                name="erasure_open_once", fields=["customer"], condition=Q(done_at__isnull=True)
            ),
            models.CheckConstraint(
                name="erasure_two_people",
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False) & ~Q(done_by=F("asked_by")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id}"
