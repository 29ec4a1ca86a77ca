"""Access applications: drafts, what they ask for, and what passes between applicant and reviewer."""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.enums import Kind, Outcome, Risk, ScanState, State
from applications.models.customer import Customer, Subscription
from applications.models.policy import PolicyEdition


class Application(models.Model):
    """An access application. Its `state` is changed by `actions.transition.move` only.

    `target_at`, `deadline_at` and `urgent_at` (the earlier of the two) are kept for the queue's order, which is
    one-directional (`rank` is 0 for high risk) so that a page can start after any row.
    While the ball is with the applicant the review clock stands still: `paused_at` is set and `target_at`
    moves on when they answer.
    """

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="applications")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.INITIAL)
    previous = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followers")
    state = models.CharField(_("state"), max_length=24, choices=State.choices, default=State.DRAFT)
    state_changed_at = models.DateTimeField(_("state changed"))
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="applications_created",
    )
    saved_at = models.DateTimeField(_("last saved"))
    create_key = models.UUIDField(_("idempotency key of the creation"), default=uuid.uuid4, unique=True)
    edition = models.ForeignKey(
        PolicyEdition,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="applications_submitted",
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="cases",
    )
    assigned_at = models.DateTimeField(_("assigned"), null=True, blank=True)
    target_at = models.DateTimeField(_("answer by"), null=True, blank=True)
    paused_at = models.DateTimeField(_("clock stopped"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("access ends"), null=True, blank=True)
    urgent_at = models.DateTimeField(_("urgent by"), null=True, blank=True)
    risk = models.SmallIntegerField(_("risk"), choices=Risk.choices, default=Risk.LOW)
    rank = models.GeneratedField(
        verbose_name=_("place by risk"),
        expression=models.Value(int(Risk.HIGH)) - models.F("risk"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    policy_review = models.BooleanField(_("asks for an unlisted use case"), default=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    search_text = models.TextField(_("normalised search text"), blank=True)
    erased_at = models.DateTimeField(_("content erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("access application")
        verbose_name_plural = _("access applications")
        indexes = (
            models.Index(
                name="queue_order",
                fields=["rank", "urgent_at", "id"],
                condition=Q(
                    state__in=[
                        "submitted",
                        "in_review",
                        "information_requested",
                        "second_review",
                    ]
                ),
            ),
            # A search among closed cases too is read in the same order.
            models.Index(
                name="all_in_order", fields=["rank", "urgent_at", "id"], condition=~Q(state="draft")
            ),
            # Lanes are counted from these indexes alone, not from the rows.
            models.Index(
                name="queue_lanes",
                fields=["state", "assigned_to", "kind", "policy_review"],
                condition=Q(state__in=["submitted", "in_review", "information_requested", "second_review"]),
            ),
            models.Index(
                name="queue_targets",
                fields=["target_at"],
                condition=Q(
                    state__in=["submitted", "in_review", "information_requested", "second_review"],
                    paused_at=None,
                ),
            ),
            models.Index(
                name="queue_deadlines",
                fields=["deadline_at"],
                condition=Q(state__in=["submitted", "in_review", "information_requested", "second_review"]),
            ),
            models.Index(name="application_of_customer", fields=["customer", "-created_at"]),
            models.Index(
                name="decided_by_day", fields=["closed_at", "target_at"], condition=Q(state="decided")
            ),
            models.Index(name="drafts_by_save", fields=["saved_at"], condition=Q(state="draft")),
        )
        constraints = (
            models.CheckConstraint(
                name="application_submitted_whole",
                condition=Q(state="draft")
                | Q(state="lapsed")
                | Q(submitted_at__isnull=False, edition__isnull=False),
            ),
            models.CheckConstraint(
                name="application_closed_whole",
                condition=Q(
                    closed_at__isnull=False,
                    state__in=["decided", "withdrawn", "lapsed"],
                )
                | Q(
                    closed_at__isnull=True,
                    state__in=[
                        "draft",
                        "submitted",
                        "in_review",
                        "information_requested",
                        "second_review",
                    ],
                ),
            ),
            # Two clicks, or two people at once, go on in the same follow-up. Of amendments several may be under way.
            models.UniqueConstraint(
                name="follower_once",
                fields=["previous", "kind"],
                condition=Q(previous__isnull=False)
                & (
                    Q(state="draft")
                    | Q(
                        kind__in=["appeal", "renewal"],
                        state__in=["submitted", "in_review", "information_requested", "second_review"],
                    )
                ),
            ),
            models.CheckConstraint(
                name="application_assigned_pair",
                condition=Q(assigned_at__isnull=False) | Q(assigned_to__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Section(models.Model):
    """Answers of one section of the form: question code → value. `version` counts saves (promise P4)."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="sections")
    code = models.CharField(_("section"), max_length=40)
    answers = models.JSONField(_("answers"), default=dict)
    version = models.PositiveIntegerField(_("version"), default=1)
    complete = models.BooleanField(_("complete"), default=False)
    saved_at = models.DateTimeField(_("saved"))
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="sections_saved",
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints = (models.UniqueConstraint(name="section_once", fields=["application", "code"]),)

    def __str__(self) -> str:
        return f"{self.application_id} {self.code}"


class Submission(models.Model):
    """Answers frozen at submission and at each answer to a question; what reviewers judge and letters cite.

    `digest` is over salt and answers. Erasing takes the salt away, so that the hash tells nobody what stood there.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="submissions")
    number = models.PositiveIntegerField(_("number"))
    answers = models.JSONField(_("answers by section"))
    digest = models.CharField(_("SHA-256 of the answers"), max_length=64)
    salt = models.CharField(_("salt"), max_length=32, blank=True, default="")
    erased_at = models.DateTimeField(_("erased in part or whole"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"))
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="submissions"
    )

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ("application_id", "number")
        constraints = (
            models.UniqueConstraint(name="submission_number_once", fields=["application", "number"]),
        )

    def __str__(self) -> str:
        return f"{self.application_id} #{self.number}"


class RequestedCapability(models.Model):
    """The item that gets an outcome: capability × use case × one subscription, unique while open.

    `use_case` is empty for an enquiry about an unlisted use (design §5). `customer` repeats the application's
    so that the constraint can see it. `first_uses` (service → day) is there when `queries.case.items_of` read it.
    """

    first_uses: dict[str, date]

    application = models.ForeignKey(Application, models.CASCADE, related_name="items")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="items")
    capability = models.CharField(_("capability"), max_length=80)
    use_case = models.CharField(_("use case"), max_length=20, blank=True)
    asked_at = models.DateTimeField(_("asked"))
    outcome = models.CharField(_("outcome"), max_length=32, choices=Outcome.choices, blank=True)
    reasons = models.JSONField(_("reason codes"), default=list, blank=True)
    conditions = models.JSONField(_("condition codes"), default=list, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("requested capability")
        verbose_name_plural = _("requested capabilities")
        indexes = (
            models.Index(name="item_of_subscription", fields=["subscription", "capability"]),
            # Precedents: the newest outcomes of a use case.
            models.Index(name="item_precedents", fields=["use_case", "-closed_at"], condition=~Q(outcome="")),
            # Shares of outcomes are counted from this index alone.
            models.Index(
                name="item_outcomes",
                fields=["closed_at", "capability", "use_case", "outcome"],
                condition=Q(closed_at__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="item_open_once",
                fields=["customer", "subscription", "capability", "use_case"],
                condition=Q(closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="item_outcome_closed",
                condition=Q(outcome="") | Q(closed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.application_id} {self.capability}"


class InformationRequest(models.Model):
    """A reviewer asks, the applicant answers; the review clock stands still in between. At most one is open."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="information_requests")
    question = models.TextField(_("question"))
    sections = models.JSONField(_("sections to change"), default=list, blank=True)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="questions_asked",
    )
    due_at = models.DateTimeField(_("due"))
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="questions_answered",
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("question to the applicant")
        verbose_name_plural = _("questions to applicants")
        constraints = (
            models.UniqueConstraint(
                name="question_open_once",
                fields=["application"],
                condition=Q(closed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.application_id}"


class Note(models.Model):
    """A line of the conversation (`internal` false) or between staff (`internal` true, never shown to applicants)."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="notes")
    internal = models.BooleanField(_("between staff"), default=False)
    section = models.CharField(_("section"), max_length=40, blank=True)
    body = models.TextField(_("text"))
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = (models.Index(name="notes_of_application", fields=["application", "written_at"]),)

    def __str__(self) -> str:
        return f"{self.application_id} {self.written_at:%F}"


class Evidence(models.Model):
    """A file of an application, under a random name outside the web root; downloadable once scanned."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="evidence")
    stored_name = models.CharField(_("stored name"), max_length=64, unique=True)
    original_name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    scan_state = models.CharField(
        _("scan"), max_length=16, choices=ScanState.choices, default=ScanState.PENDING
    )
    scan_tries = models.PositiveSmallIntegerField(_("tries of the scan"), default=0)
    scanned_at = models.DateTimeField(_("scanned"), null=True, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="evidence"
    )
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")

    def __str__(self) -> str:
        return self.stored_name
