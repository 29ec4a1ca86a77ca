"""Policy editions as loaded: the text is the truth, everything else is read out of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PolicyEdition(models.Model):
    """Immutable text of one edition. The one in force is the one with `in_force` set (at most one).

    The first edition of an empty database takes effect at once; later ones need two people (design §6).
    """

    code = models.CharField(_("code"), max_length=60, unique=True)
    text = models.TextField(_("text"))
    digest = models.CharField(_("SHA-256 of the text"), max_length=64, unique=True)
    loaded_at = models.DateTimeField(_("loaded"))
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="editions_loaded",
    )
    proposed_at = models.DateTimeField(_("activation proposed"), null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="editions_proposed",
    )
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="editions_activated",
    )
    in_force = models.BooleanField(_("in force"), default=False)

    class Meta:
        verbose_name = _("policy edition")
        verbose_name_plural = _("policy editions")
        constraints = (
            models.UniqueConstraint(
                name="one_edition_in_force",
                fields=["in_force"],
                condition=Q(in_force=True),
            ),
            models.CheckConstraint(
                name="edition_two_people",
                condition=Q(activated_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(activated_by=F("proposed_by")),
            ),
        )

    def __str__(self) -> str:
        return self.code
