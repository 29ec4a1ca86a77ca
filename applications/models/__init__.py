"""Floor 2: what is stored. One file per subject; constraints live in the database."""

from applications.models.access import AccessGrant
from applications.models.application import (
    Application,
    Evidence,
    InformationRequest,
    Note,
    RequestedCapability,
    Section,
    Submission,
)
from applications.models.audit import AuditEvent, AuditReason, AuditSeal
from applications.models.change import Change, Gateway, GatewayKey, GatewayProposal
from applications.models.closing import DeadlineClosing
from applications.models.condition import Condition
from applications.models.customer import (
    Attention,
    Conflict,
    Contact,
    Customer,
    Invitation,
    JoinRequest,
    MailDomain,
    Membership,
    ServiceUse,
    Subscription,
    Suspension,
)
from applications.models.deadline import ANNOUNCEMENT, DeadlinePreview, JobRun, Reminder
from applications.models.desk import Mention, SavedFilter
from applications.models.message import MailEvent, MailSwitch, OutboundMessage
from applications.models.policy import PolicyEdition
from applications.models.privacy import Acceptance, Erasure, LegalHold
from applications.models.proposal import Proposal, TimeRequest
from applications.models.review import BlindReview, Decision, Flag, SectionReview
from applications.models.user import User
from applications.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ANNOUNCEMENT",
    "Acceptance",
    "AccessGrant",
    "Application",
    "Attention",
    "AuditEvent",
    "AuditReason",
    "AuditSeal",
    "BlindReview",
    "Change",
    "Condition",
    "Conflict",
    "Contact",
    "Customer",
    "DeadlineClosing",
    "DeadlinePreview",
    "Decision",
    "Erasure",
    "Evidence",
    "Flag",
    "Gateway",
    "GatewayKey",
    "GatewayProposal",
    "InformationRequest",
    "Invitation",
    "JobRun",
    "JoinRequest",
    "LegalHold",
    "MailDomain",
    "MailEvent",
    "MailSwitch",
    "Membership",
    "Mention",
    "Note",
    "OutboundMessage",
    "PolicyEdition",
    "Proposal",
    "Reminder",
    "RequestedCapability",
    "SavedFilter",
    "Section",
    "SectionReview",
    "ServiceUse",
    "Submission",
    "Subscription",
    "Suspension",
    "TimeRequest",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
