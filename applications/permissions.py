"""Floor 3: who may do what (design §3, §5; promise P9). Default is deny.

Customers' people are asked through their role in the customer, ours through their staff role. `Can` lists every
power of staff; `POWERS` is the whole matrix. Moves of an application are `rules.workflow`; here they meet people.
"""

from enum import StrEnum

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from applications.enums import Kind, Move, StaffRole
from applications.exceptions import NotAllowed, NotFound
from applications.models import Application, Conflict, Customer, Decision, MailDomain, Membership, User
from applications.rules import workflow
from applications.rules.identifiers import email_domain


class Can(StrEnum):
    """What staff may do. The value is the word used in the audit trail and the documents."""

    SEE_CASES = "see_cases"
    REVIEW = "review"
    LEAD = "lead"
    SEE_FIGURES = "see_figures"
    SEE_CUSTOMERS = "see_customers"
    OPERATE = "operate"
    SEE_RECORD = "see_record"
    ARCHIVE = "archive"
    FORGET = "forget"
    EXTEND = "extend"
    REVOKE = "revoke"


_ALL = frozenset({StaffRole.REVIEWER, StaffRole.LEAD, StaffRole.OPERATOR, StaffRole.AUDITOR})
POWERS: dict[Can, frozenset[StaffRole]] = {
    Can.SEE_CASES: frozenset({StaffRole.REVIEWER, StaffRole.LEAD, StaffRole.AUDITOR}),
    Can.REVIEW: frozenset({StaffRole.REVIEWER, StaffRole.LEAD}),
    Can.LEAD: frozenset({StaffRole.LEAD}),
    Can.SEE_FIGURES: frozenset({StaffRole.LEAD, StaffRole.AUDITOR}),
    Can.SEE_CUSTOMERS: _ALL,
    Can.OPERATE: frozenset({StaffRole.OPERATOR}),
    Can.SEE_RECORD: frozenset({StaffRole.LEAD, StaffRole.OPERATOR, StaffRole.AUDITOR}),
    Can.ARCHIVE: frozenset({StaffRole.LEAD, StaffRole.AUDITOR}),
    Can.FORGET: frozenset({StaffRole.LEAD, StaffRole.OPERATOR}),
    Can.EXTEND: frozenset({StaffRole.LEAD, StaffRole.OPERATOR}),
    Can.REVOKE: frozenset({StaffRole.REVIEWER, StaffRole.LEAD}),
}


def can(user: User, power: Can) -> bool:
    return user.is_active and user.staff_role in POWERS[power]


def require(user: User, power: Can) -> None:
    """Raise NotAllowed unless the person has the power."""
    if not can(user, power):
        raise NotAllowed(_("Your role does not allow this."))


def role_in(user: User, customer: Customer) -> str | None:
    """The person's role in the customer, or None."""
    return Membership.objects.filter(user=user, customer=customer).values_list("role", flat=True).first()


def stands_near(user: User, customer: str) -> Q:
    """The condition that a person stands too near to the customer that `customer` of a row names (promise P5).

    A member, the same mail domain, or a conflict that they declared.
    """
    of = OuterRef(customer)
    domains = MailDomain.objects.filter(customer=of, domain=email_domain(user.email))
    declared = Conflict.objects.filter(customer=of, user=user, lifted_at__isnull=True)
    return (
        Q(Exists(Membership.objects.filter(customer=of, user=user)))
        | Q(Exists(domains))
        | Q(Exists(declared))
    )


def is_own_customer(user: User, customer: Customer) -> bool:
    """Whether a reviewer stands too near to a customer. One statement."""
    return Customer.objects.filter(stands_near(user, "pk"), pk=customer.pk).exists()


def judged_before(user: User, application: Application) -> bool:
    """Whether the person recommended or decided what an appeal is about: it needs another reviewer."""
    if application.kind != Kind.APPEAL or application.previous_id is None:
        return False
    return (
        Decision.objects.filter(application=application.previous_id)
        .filter(Q(decided_by=user) | Q(recommended_by=user))
        .exists()
    )


def require_member_move(user: User, application: Application, move: Move) -> None:
    """A customer's person makes a move. Raises NotFound for strangers, NotAllowed for the wrong role."""
    role = role_in(user, application.customer)
    if role is None:
        raise NotFound
    if not workflow.role_may(move, role):
        raise NotAllowed(_("Your role in this organisation does not allow this. Ask an owner."))


def require_staff_move(user: User, application: Application, move: Move) -> None:
    """One of ours makes a move. Raises NotAllowed: wrong role, own customer, or not their case."""
    require(user, Can.REVIEW)
    if is_own_customer(user, application.customer):
        raise NotAllowed(
            _("You belong to this customer or share its mail domain. Somebody else has to take this case."),
            code="own_customer",
        )
    if judged_before(user, application):
        raise NotAllowed(
            _("You judged the application that this appeal is about. Another reviewer has to take it."),
            code="judged_before",
        )
    recommended = Decision.objects.filter(
        application=application, decided_at=None, returned_at=None, recommended_by=user
    ).exists()
    if not workflow.staff_may(
        move,
        user.staff_role,
        holds=application.assigned_to_id == user.pk,
        recommended=recommended,
        state=application.state,
    ):
        raise NotAllowed(
            _("This needs a second person.")
            if recommended
            else _("Only the person who has this case may do this.")
        )
