"""Organisations, their people and their subscriptions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.enums import AttentionCode, ContactState, Role, Sector, SettledBy


class Customer(models.Model):
    """An organisation. Imported ones are unique by their cleaned name; a sign-up never reveals them."""

    name = models.CharField(_("name"), max_length=200)
    name_key = models.CharField(_("cleaned name"), max_length=200, db_index=True)
    website = models.CharField(_("web site"), max_length=300, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    sector = models.CharField(_("sector"), max_length=32, choices=Sector.choices, blank=True)
    created_at = models.DateTimeField(_("created"))
    imported_at = models.DateTimeField(_("imported"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = (
            models.UniqueConstraint(
                name="customer_imported_once",
                fields=["name_key"],
                condition=Q(imported_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name


class MailDomain(models.Model):
    """A mail domain that belongs to a customer; a sign-up from it asks to join (free-mail domains never stand here)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253, db_index=True)

    class Meta:
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")
        constraints = (
            models.UniqueConstraint(name="domain_once_per_customer", fields=["customer", "domain"]),
        )

    def __str__(self) -> str:
        return self.domain


class Contact(models.Model):
    """A person the import names. `order` is the order in which a bounced warning moves on."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail address"), max_length=254, db_index=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=ContactState.choices, default=ContactState.OK)
    state_changed_at = models.DateTimeField(_("state changed"), null=True, blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="claimed_contacts",
    )
    noticed_at = models.DateTimeField(_("privacy notice sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("customer_id", "order", "id")
        constraints = (
            models.UniqueConstraint(name="contact_once_per_customer", fields=["customer", "email"]),
        )

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """A person in a customer, with a role."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    joined_at = models.DateTimeField(_("joined"))

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = (models.UniqueConstraint(name="member_once", fields=["customer", "user"]),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.customer_id}"


class Conflict(models.Model):
    """One of ours declares to stand too near to a customer: they judge nothing of it until a lead lifts that."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="conflicts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conflicts")
    declared_at = models.DateTimeField(_("declared"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="conflicts_lifted",
    )

    class Meta:
        verbose_name = _("declared conflict")
        verbose_name_plural = _("declared conflicts")
        constraints = (
            models.UniqueConstraint(
                name="conflict_open_once",
                fields=["user", "customer"],
                condition=Q(lifted_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.customer_id}"


class JoinRequest(models.Model):
    """A person at a customer's mail domain asks to join; owners answer, or operators where there is none."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="join_requests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="join_requests")
    requested_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="answered_joins",
    )
    accepted = models.BooleanField(_("accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        constraints = (
            models.UniqueConstraint(
                name="join_open_once",
                fields=["customer", "user"],
                condition=Q(answered_at__isnull=True),
            ),
            models.CheckConstraint(
                name="join_answer_whole",
                condition=Q(answered_at__isnull=True, accepted__isnull=True)
                | Q(answered_at__isnull=False, accepted__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} → {self.customer_id}"


class Invitation(models.Model):
    """An owner invites by mail. Only the hash of the token is stored."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"), max_length=254)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="invitations_made",
    )
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="invitations_accepted",
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = (
            models.UniqueConstraint(
                name="invitation_open_once",
                fields=["customer", "email"],
                condition=Q(closed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.role}"


class Subscription(models.Model):
    """A vendor subscription (GUID), held by one customer from the moment it becomes known (design §5)."""

    guid = models.UUIDField(_("subscription id"), unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="subscriptions")
    label = models.CharField(_("name"), max_length=100, blank=True)
    known_at = models.DateTimeField(_("known since"))

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return str(self.guid)


class ServiceUse(models.Model):
    """First use of a service by a subscription: what makes it *existing* for that service's gate.

    `service` may be a code that no edition knows yet; it is kept for later editions.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="uses")
    service = models.CharField(_("service"), max_length=60)
    first_used_on = models.DateField(_("first used on"))

    class Meta:
        verbose_name = _("use of a service")
        verbose_name_plural = _("uses of services")
        constraints = (models.UniqueConstraint(name="use_once", fields=["subscription", "service"]),)

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.service}"


class Suspension(models.Model):
    """A subscription is suspended on [starts_at, ends_at); at most one is open."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="suspensions")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="suspensions_made"
    )
    resumed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="suspensions_lifted",
    )

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        constraints = (
            models.UniqueConstraint(
                name="suspension_open_once",
                fields=["subscription"],
                condition=Q(ends_at__isnull=True),
            ),
            models.CheckConstraint(
                name="suspension_resume_pair",
                condition=Q(ends_at__isnull=True, resumed_by__isnull=True)
                | Q(ends_at__isnull=False, resumed_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id}"


class Attention(models.Model):
    """A customer an operator should look at, with the reason as a code; settled by a person or by its cure.

    `settled_how` is what a person did about it, `posted_on` the day on which a letter went out by post.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="attentions")
    code = models.CharField(_("why"), max_length=24, choices=AttentionCode.choices)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    raised_at = models.DateTimeField(_("raised"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="attentions_settled",
    )
    settled_how = models.CharField(_("how"), max_length=16, choices=SettledBy.choices, blank=True, default="")
    posted_on = models.DateField(_("posted on"), null=True, blank=True)

    class Meta:
        verbose_name = _("needs attention")
        verbose_name_plural = _("need attention")
        indexes = (
            models.Index(
                name="attention_open",
                fields=["code", "raised_at", "id"],
                condition=Q(settled_at__isnull=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="attention_open_once",
                fields=["customer", "code", "detail"],
                condition=Q(settled_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} {self.code}"
