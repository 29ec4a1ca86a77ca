"""Conditions of an approval, each with the day it is due; a person says whether it was met."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.enums import ConditionState
from applications.models.application import RequestedCapability


class Condition(models.Model):
    """One condition of one approved item. Past `due_at` it fills a lane; only a person acts on it (design §5)."""

    item = models.ForeignKey(RequestedCapability, models.CASCADE, related_name="promises")
    code = models.CharField(_("condition"), max_length=60)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=16, choices=ConditionState.choices, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        indexes = (models.Index(name="conditions_open", fields=["due_at"], condition=Q(state="")),)
        constraints = (
            models.UniqueConstraint(name="condition_once", fields=["item", "code"]),
            models.CheckConstraint(
                name="condition_settled_whole",
                condition=Q(state="", settled_at__isnull=True) | (~Q(state="") & Q(settled_at__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.item_id} {self.code}"
