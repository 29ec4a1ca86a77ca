"""Acts on rights that need two people: proposed by one, answered by another; and customers who ask for one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import ExtensionReason, RightsAct
from applications.models.audit import AuditReason
from applications.models.customer import Customer, Subscription


class Proposal(models.Model):
    """What one person wants done to the rights of one subscription (or of a frozen list), and who agreed.

    `capability` is empty when all capabilities of the subscription are meant. `rights` is the frozen list of ids of a
    cohort. An emergency revocation is done at once (`done_at`) and answered within 24 hours (design §5).
    """

    act = models.CharField(_("act"), max_length=16, choices=RightsAct.choices)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    capability = models.CharField(_("capability"), max_length=80, blank=True)
    deadline_at = models.DateTimeField(_("end that it is about"), null=True, blank=True)
    until = models.DateField(_("last day"), null=True, blank=True)
    extension_reason = models.CharField(
        _("reason of the extension"), max_length=16, choices=ExtensionReason.choices, blank=True
    )
    to_customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="+")
    rights = models.JSONField(_("frozen list of rights"), default=list, blank=True)
    reason = models.ForeignKey(AuditReason, models.PROTECT, related_name="proposals")
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="proposals_made")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="proposals_answered"
    )
    agreed = models.BooleanField(_("agreed"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    touched = models.PositiveIntegerField(_("rights touched"), default=0)

    class Meta:
        verbose_name = _("proposal about rights")
        verbose_name_plural = _("proposals about rights")
        indexes = (
            models.Index(name="proposal_open", fields=["proposed_at"], condition=Q(answered_at__isnull=True)),
        )
        constraints = (
            models.UniqueConstraint(
                name="proposal_open_once",
                fields=["act", "subscription", "capability"],
                condition=Q(answered_at__isnull=True, done_at__isnull=True, subscription__isnull=False),
            ),
            models.CheckConstraint(
                name="proposal_two_people",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="proposal_answer_whole",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, agreed__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False, agreed__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"


class TimeRequest(models.Model):
    """A customer asks for more time at one end of its rights (design §5). A person of ours proposes it or declines.

    Granted when `proposal` is done; while it waits for its second person, or after that one refused, it stays open.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="time_requests")
    deadline_at = models.DateTimeField(_("end that it is about"))
    extension_reason = models.CharField(
        _("reason of the extension"), max_length=16, choices=ExtensionReason.choices
    )
    reason = models.TextField(_("why"))
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="time_requests"
    )
    proposal = models.ForeignKey(
        Proposal, models.SET_NULL, null=True, blank=True, related_name="time_requests"
    )
    answer = models.TextField(_("answer"), blank=True)
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="time_requests_declined"
    )

    class Meta:
        verbose_name = _("request for more time")
        verbose_name_plural = _("requests for more time")
        constraints = (
            models.UniqueConstraint(
                name="time_request_open_once",
                fields=["customer", "deadline_at"],
                condition=Q(declined_at__isnull=True),
            ),
            models.CheckConstraint(
                name="time_request_declined_pair",
                condition=Q(declined_at__isnull=True, declined_by__isnull=True)
                | Q(declined_at__isnull=False, declined_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.deadline_at:%F}"
