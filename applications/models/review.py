"""What reviewers find and decide."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.enums import FlagEffect, Settlement
from applications.models.application import Application


class Flag(models.Model):
    """A screening rule that spoke up about a submission. It advises; a person settles it."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="flags")
    submission_number = models.PositiveIntegerField(_("submission"))
    rule = models.CharField(_("rule"), max_length=60)
    effect = models.CharField(_("default"), max_length=16, choices=FlagEffect.choices)
    question = models.CharField(_("question"), max_length=80, blank=True)
    raised_at = models.DateTimeField(_("raised"))
    settlement = models.CharField(_("settlement"), max_length=16, choices=Settlement.choices, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="flags_settled",
    )
    note = models.TextField(_("why"), blank=True)

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        constraints = (
            models.UniqueConstraint(
                name="flag_once",
                fields=["application", "submission_number", "rule", "question"],
            ),
            models.CheckConstraint(
                name="flag_settled_whole",
                condition=Q(settlement="", settled_at__isnull=True)
                | (~Q(settlement="") & Q(settled_at__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.application_id} {self.rule}"


class SectionReview(models.Model):
    """A reviewer's verdict and note on one section."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="section_reviews")
    section = models.CharField(_("section"), max_length=40)
    verdict = models.CharField(_("verdict"), max_length=16)
    note = models.TextField(_("note"), blank=True)
    reviewed_at = models.DateTimeField(_("reviewed"))
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("verdict on a section")
        verbose_name_plural = _("verdicts on sections")
        constraints = (models.UniqueConstraint(name="verdict_once", fields=["application", "section"]),)

    def __str__(self) -> str:
        return f"{self.application_id} {self.section}"


class Decision(models.Model):
    """A decision over all items of an application, from recommendation to letter.

    `outcomes`: item id (text) → {"outcome", "reasons", "conditions"}. A high-risk one is recommended by one
    person and decided by another, who confirms it exactly (four eyes, a constraint). A recommendation that was
    returned stays as a record with `returned_at`. `words` are the decider's own lines; `letter` is the whole text,
    frozen when decided. `letter_due_at`: letters and denials wait ten minutes.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="decisions")
    outcomes = models.JSONField(_("outcomes"))
    words = models.TextField(_("to the customer"), blank=True)
    letter = models.TextField(_("letter"), blank=True)
    recommended_at = models.DateTimeField(_("recommended"), null=True, blank=True)
    recommended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="recommendations",
    )
    returned_at = models.DateTimeField(_("returned"), null=True, blank=True)
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="returns",
    )
    return_note = models.TextField(_("why returned"), blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
    )
    letter_due_at = models.DateTimeField(_("letter goes out"), null=True, blank=True)
    taken_back_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    verification_code = models.CharField(_("verification code"), max_length=32, blank=True, db_index=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = (
            models.UniqueConstraint(
                name="decided_once",
                fields=["application"],
                condition=Q(decided_at__isnull=False, taken_back_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="recommendation_open_once",
                fields=["application"],
                condition=Q(decided_at__isnull=True, returned_at__isnull=True),
            ),
            models.CheckConstraint(
                name="decision_four_eyes",
                condition=Q(decided_by__isnull=True)
                | Q(recommended_by__isnull=True)
                | ~Q(decided_by=F("recommended_by")),
            ),
            models.CheckConstraint(
                name="decision_decided_pair",
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.application_id}"


class BlindReview(models.Model):
    """A decided case of the sample: a second person judges the submission without seeing what was decided.

    Written with the decision, for the cases whose reference falls into the sample. It measures how alike reviewers
    judge and changes nothing in access. `outcomes`: item id (text) → outcome.
    """

    decision = models.OneToOneField(Decision, models.CASCADE, related_name="blind_review")
    drawn_at = models.DateTimeField(_("drawn"))
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="blind_reviews",
    )
    judged_at = models.DateTimeField(_("judged"), null=True, blank=True)
    outcomes = models.JSONField(_("outcomes"), default=dict)

    class Meta:
        verbose_name = _("blind second review")
        verbose_name_plural = _("blind second reviews")
        indexes = (
            models.Index(name="blind_waiting", fields=["drawn_at"], condition=Q(judged_at__isnull=True)),
            models.Index(name="blind_judged", fields=["judged_at"], condition=Q(judged_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.decision_id}"
