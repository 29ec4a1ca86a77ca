"""What reviewers keep for themselves and for each other at the desk."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.models.application import Note


class SavedFilter(models.Model):
    """A view of the queue under a name: the part of its address after "?". Shared ones are everybody's to use."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("address"), max_length=600)
    shared = models.BooleanField(_("shared"), default=False)
    saved_at = models.DateTimeField(_("saved"))

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        constraints = (models.UniqueConstraint(name="filter_name_once", fields=["owner", "name"]),)

    def __str__(self) -> str:
        return self.name


class Mention(models.Model):
    """A note between staff names a person; it stands in their lane until they say that they have read it."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mentions")
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        indexes = (
            models.Index(name="mentions_unread", fields=["person"], condition=Q(read_at__isnull=True)),
        )
        constraints = (models.UniqueConstraint(name="mention_once", fields=["note", "person"]),)

    def __str__(self) -> str:
        return f"{self.note_id} {self.person_id}"
