"""The record: who did what, when and why, in codes and ids (promise P8)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from applications.enums import Source
from applications.models.fields import CurrentTransaction


class AuditReason(models.Model):
    """A reason a person typed. It stands apart so that it can be erased and the record stays whole.

    The sealed row holds SHA-256 of salt and text: a changed text is found, and once the salt is gone with the text,
    nobody can tell from the hash what it was.
    """

    text = models.TextField(_("reason"))
    salt = models.CharField(_("salt"), max_length=32, blank=True, default="")
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")

    def __str__(self) -> str:
        return f"{self.pk}"


class AuditEvent(models.Model):
    """One change, in the same transaction as the change. Append-only: triggers refuse UPDATE and DELETE.

    No foreign keys to people or customers: ids and the pseudonym stand as values, so that nothing cascades here.
    `transaction` orders rows by commit on PostgreSQL (see `Change`).
    """

    at = models.DateTimeField(_("when"), db_index=True)
    action = models.CharField(_("action"), max_length=60)
    source = models.CharField(_("through"), max_length=16, choices=Source.choices)
    actor = models.UUIDField(_("who (pseudonym)"), null=True, blank=True, db_index=True)
    customer_ref = models.BigIntegerField(_("customer"), null=True, blank=True)
    application_ref = models.BigIntegerField(_("application"), null=True, blank=True)
    target = models.CharField(_("what"), max_length=60, blank=True)
    target_ref = models.BigIntegerField(_("its id"), null=True, blank=True)
    data = models.JSONField(_("codes and ids"), default=dict)
    reason = models.ForeignKey(AuditReason, models.DO_NOTHING, null=True, blank=True, related_name="events")
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        indexes = (
            models.Index(name="trail_of_application", fields=["application_ref", "id"]),
            models.Index(name="trail_of_customer", fields=["customer_ref", "id"]),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_ref}"


class AuditSeal(models.Model):
    """A sealed stretch of the trail: the Merkle root over its rows, chained to the seal before it.

    `leaves`: 8 bytes of id and 32 of SHA-256 a row, in order, so that a check can name the row and not only the
    stretch.
    """

    number = models.PositiveBigIntegerField(_("number"), unique=True)
    count = models.PositiveIntegerField(_("rows"))
    last_transaction = models.BigIntegerField(_("last transaction"))
    last_event = models.BigIntegerField(_("last row"))
    leaves = models.BinaryField(_("leaves"))
    root = models.CharField(_("Merkle root"), max_length=64)
    previous = models.CharField(_("seal before"), max_length=64)
    digest = models.CharField(_("seal"), max_length=64, unique=True)
    signature = models.CharField(_("signature"), max_length=200, blank=True)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"{self.number}"
