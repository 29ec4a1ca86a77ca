"""A deadline whose books balance is closed by a person (promise P6)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DeadlineClosing(models.Model):
    """The books of one deadline as they stood when it was closed: nothing was open."""

    ends_at = models.DateTimeField(_("deadline"), unique=True)
    planned = models.PositiveBigIntegerField(_("planned"))
    confirmed = models.PositiveBigIntegerField(_("ended and confirmed"))
    kept = models.PositiveBigIntegerField(_("kept with a reason"))
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="deadlines_closed")

    class Meta:
        verbose_name = _("closed deadline")
        verbose_name_plural = _("closed deadlines")

    def __str__(self) -> str:
        return f"{self.ends_at:%F}"
