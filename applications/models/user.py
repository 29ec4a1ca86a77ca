"""People who sign in: customers' people and staff."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from applications.enums import Digest, StaffRole


class UserManager(BaseUserManager["User"]):
    """Creates people; mail addresses are stored normalised (lower case) and are unique."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. `key` is the pseudonym that the audit trail keeps after erasure (promise P8)."""

    key = models.UUIDField(_("pseudonym"), default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    staff_role = models.CharField(_("staff role"), max_length=16, choices=StaffRole.choices, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    absent_until = models.DateField(_("absent until"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    joined_at = models.DateTimeField(_("joined"))
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    wants_optional_mail = models.BooleanField(_("wants optional mail"), default=True)
    digest = models.CharField(_("digest of work"), max_length=8, choices=Digest.choices, default=Digest.OFF)
    digest_hour = models.PositiveSmallIntegerField(_("hour of the digest"), default=8)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = (
            models.CheckConstraint(
                name="user_email_is_normalised",
                condition=models.Q(email=Lower("email")),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Whether the admin lets this person in at all; what they may do is `applications.permissions`."""
        return self.is_active and self.staff_role != StaffRole.NONE

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email

    # Django's admin and template tags ask these; roles answer, never rows of permissions.
    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff
