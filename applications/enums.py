"""Floor 0: the closed lists of words the product speaks. Imports nothing of ours.

Codes are what is stored, sent and matched; labels are what a person reads.
"""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class CapabilityState(models.TextChoices):
    OPEN = "open", _("Open")
    GATED = "gated", _("Needs approval")
    RETIRED = "retired", _("Retired")


class Sector(models.TextChoices):
    COMMERCIAL = "commercial", _("Commercial")
    GOVERNMENT = "government", _("Government")
    INTERNATIONAL = "international-organisation", _("International organisation")


class Role(models.TextChoices):
    """What a person may do in a customer (design §3)."""

    OWNER = "owner", _("Owner")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


class StaffRole(models.TextChoices):
    """What a person may do for us; a lead is also a reviewer (design §3)."""

    NONE = "", _("Not staff")
    REVIEWER = "reviewer", _("Reviewer")
    LEAD = "lead", _("Lead")
    OPERATOR = "operator", _("Operator")
    AUDITOR = "auditor", _("Auditor")


class Kind(models.TextChoices):
    """Why an access application was made."""

    INITIAL = "initial", _("First application")
    AMENDMENT = "amendment", _("Amendment")
    RENEWAL = "renewal", _("Renewal")
    APPEAL = "appeal", _("Appeal")


class State(models.TextChoices):
    """State of an access application (design §5)."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    INFORMATION_REQUESTED = "information_requested", _("Waiting for your answer")
    SECOND_REVIEW = "second_review", _("Second review")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


OPEN_STATES = (
    State.DRAFT,
    State.SUBMITTED,
    State.IN_REVIEW,
    State.INFORMATION_REQUESTED,
    State.SECOND_REVIEW,
)
UNDECIDED_STATES = OPEN_STATES[1:]
FINAL_STATES = (State.DECIDED, State.WITHDRAWN, State.LAPSED)


class Move(models.TextChoices):
    """Every way an access application changes state; the table is `rules.workflow`."""

    SUBMIT = "submit", _("Submit")
    CLAIM = "claim", _("Claim")
    ASSIGN = "assign", _("Assign")
    RELEASE = "release", _("Release")
    REASSIGN = "reassign", _("Hand over")
    REQUEST_INFORMATION = "request_information", _("Ask for information")
    RESPOND = "respond", _("Answer")
    RECOMMEND = "recommend", _("Recommend")
    RETURN_TO_REVIEW = "return_to_review", _("Return to review")
    DECIDE = "decide", _("Decide")
    TAKE_BACK = "take_back", _("Take back")
    WITHDRAW = "withdraw", _("Withdraw")
    DISCARD = "discard", _("Discard")
    LAPSE = "lapse", _("Lapse")


class Outcome(models.TextChoices):
    """What became of one requested capability."""

    APPROVED = "approved", _("Approved")
    CONDITIONS = "approved_with_conditions", _("Approved with conditions")
    DENIED = "denied", _("Denied")
    NOT_NEEDED = "not_needed", _("No approval needed")
    RETIRED = "retired", _("Retired")
    ANSWERED = "answered", _("Answered")


GRANTING_OUTCOMES = (Outcome.APPROVED, Outcome.CONDITIONS)


class Basis(models.TextChoices):
    """Where a right comes from."""

    GRACE = "grace", _("Grace year")
    APPROVAL = "approval", _("Approval")
    EXTENSION = "extension", _("Extension")


class ExtensionReason(models.TextChoices):
    NONE = "", _("Not an extension")
    CUSTOMER = "customer", _("Asked for by the customer")
    APPEAL = "appeal", _("Appeal under way")
    RENEWAL = "renewal", _("Renewal under way")
    MOVE = "move", _("Subscription moved to another customer")
    REINSTATED = "reinstated", _("Reinstated")
    COHORT = "cohort", _("Extended with others")


class RightsAct(models.TextChoices):
    """What two people may do to rights besides deciding an application (design §5)."""

    EXTEND = "extend", _("Extend")
    EXTEND_COHORT = "extend_cohort", _("Extend many")
    REVOKE = "revoke", _("Revoke")
    REINSTATE = "reinstate", _("Reinstate")
    MOVE = "move", _("Move to another customer")


class AccessReason(models.TextChoices):
    """Closed list of reasons in an access decision (design §6)."""

    OPEN = "open", _("needs no approval")
    APPROVED = "approved", _("approved")
    EXTENSION = "extension", _("extended")
    GRACE = "grace", _("in the grace year")
    UNKNOWN_CAPABILITY = "unknown_capability", _("capability not known")
    RETIRED = "retired", _("retired")
    UNKNOWN_SUBSCRIPTION = "unknown_subscription", _("subscription not known")
    SUSPENDED = "suspended", _("suspended")
    REVOKED = "revoked", _("revoked")
    PENDING = "pending", _("application not decided yet")
    DENIED = "denied", _("application denied")
    EXPIRED = "expired", _("ran out")
    GRACE_ENDED = "grace_ended", _("grace year ended")
    NOT_APPLIED = "not_applied", _("not applied for")
    ERROR = "error", _("no answer possible now")


class FlagEffect(models.TextChoices):
    """What a screening rule advises by default; it never decides."""

    DENY = "deny", _("Deny")
    ESCALATE = "escalate", _("Escalate")
    CONDITION = "condition", _("Condition")
    ASK = "ask", _("Ask")


class Settlement(models.TextChoices):
    """What a reviewer found about a flag."""

    OPEN = "", _("Not settled")
    STANDS = "stands", _("Stands")
    CURED = "cured", _("Does not apply")


class ConditionState(models.TextChoices):
    """What became of a condition of an approval; only a person says it."""

    OPEN = "", _("Not looked at")
    MET = "met", _("Met")
    DROPPED = "dropped", _("No longer asked for")


class Risk(models.IntegerChoices):
    LOW = 0, _("Low")
    MEDIUM = 1, _("Medium")
    HIGH = 2, _("High")


class ReminderState(models.TextChoices):
    """`due` is the only state that is not terminal (promise P3)."""

    DUE = "due", _("Due")
    SENT = "sent", _("Sent")
    SUPERSEDED = "superseded", _("Superseded by a later one")
    NOT_NEEDED = "not_needed", _("Not needed")
    UNDELIVERABLE = "undeliverable", _("Undeliverable")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being handed over")
    SENT = "sent", _("Handed over")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    SUPPRESSED = "suppressed", _("Suppressed")
    NOT_NEEDED = "not_needed", _("Not needed any more")
    UNDELIVERABLE = "undeliverable", _("Undeliverable")
    QUARANTINED = "quarantined", _("Waiting for a person")
    HELD = "held", _("Held until two people agree")


OPEN_MESSAGE_STATES = (MessageState.QUEUED, MessageState.SENDING)


class MessageKind(models.TextChoices):
    """Two templates each: `templates/mail/<kind>.subject.txt` and `<kind>.txt`; the HTML part is the same words."""

    REMINDER = "reminder", _("Reminder of an end")
    ANNOUNCEMENT = "announcement", _("Announcement of the gate")
    ACCESS_ENDED = "access_ended", _("Access ended")
    APPLICATION_SUBMITTED = "application_submitted", _("Application received")
    INFORMATION_REQUESTED = "information_requested", _("A reviewer asks")
    MESSAGE_WRITTEN = "message_written", _("A reviewer writes")
    APPLICATION_DECIDED = "application_decided", _("Decision")
    APPLICATION_WITHDRAWN = "application_withdrawn", _("Application withdrawn")
    LAPSE_WARNING = "lapse_warning", _("Draft or question about to lapse")
    APPLICATION_LAPSED = "application_lapsed", _("Application lapsed")
    INVITATION = "invitation", _("Invitation")
    MENTIONED = "mentioned", _("A colleague mentions you")
    JOIN_REQUESTED = "join_requested", _("Somebody asks to join")
    JOIN_ANSWERED = "join_answered", _("Your request to join")
    ACCESS_CHANGED = "access_changed", _("Access changed by a person")
    DIGEST = "digest", _("Digest of work")
    ACCOUNT_CONFIRM = "account_confirm", _("Confirm your address")
    ACCOUNT_EXISTS = "account_exists", _("You have an account already")
    ACCOUNT_RESET = "account_reset", _("Choose a new password")
    ACCOUNT_UNKNOWN = "account_unknown", _("No account with this address")
    ACCOUNT_NOTICE = "account_notice", _("The security of your account changed")
    RETENTION_WARNING = "retention_warning", _("What we will delete")


# Their text holds a link that opens something: it is made at the moment of handing over and kept nowhere.
LINK_KINDS = (MessageKind.INVITATION, MessageKind.ACCOUNT_CONFIRM, MessageKind.ACCOUNT_RESET)


class GatewayAct(models.TextChoices):
    """What two people may do to a gateway (design §7)."""

    SILENCE = "silence", _("Let it trust its memory for longer")
    DISABLE = "disable", _("Disable it")


class WebhookKind(models.TextChoices):
    """What a call to an endpoint says; none of them holds more than where the feed stands."""

    ENDED = "access.ended", _("Access ended")
    CHANGED = "access.changed", _("Access changed")
    TEST = "test", _("Test")


class WebhookState(models.TextChoices):
    QUEUED = "queued", _("Waits for its time")
    SENDING = "sending", _("Being handed over")
    SENT = "sent", _("Taken")
    SUPERSEDED = "superseded", _("A later one was taken")
    FAILED = "failed", _("Given up")
    DROPPED = "dropped", _("The endpoint was disabled")


OPEN_WEBHOOK_STATES = (WebhookState.QUEUED, WebhookState.SENDING)


# What a person may switch off: it stands on the site as well, and nothing is lost by not reading it. Warnings before
# an end, decisions, questions that stop the clock and notices of security are never among them.
OPTIONAL_KINDS = (
    MessageKind.APPLICATION_SUBMITTED,
    MessageKind.APPLICATION_WITHDRAWN,
    MessageKind.MESSAGE_WRITTEN,
)


class MailEventKind(models.TextChoices):
    """What a mail provider reports about a mail that it took."""

    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    SUPPRESSED = "suppressed", _("Suppressed")


class ContactState(models.TextChoices):
    OK = "ok", _("Reachable as far as known")
    BOUNCED = "bounced", _("Bounced")
    SUPPRESSED = "suppressed", _("Suppressed")


class AttentionCode(models.TextChoices):
    """Why an operator should look at a customer (contract: customers file)."""

    NO_CONTACT = "no_contact", _("No contact")
    FREE_MAIL = "free_mail", _("Contact uses free mail")
    COUNTRY = "country", _("Country not recognised")
    SECTOR = "sector", _("Sector not recognised")
    UNKNOWN_SERVICE = "unknown_service", _("Service not known")
    CLEANED = "cleaned", _("Text was cleaned")
    LATER_DATE = "later_date", _("Later date ignored")
    NEVER_WARNED = "never_warned", _("Imported after the deadline, never warned")
    NOBODY_REACHED = "nobody_reached", _("Nobody was reached")
    JOIN_REQUEST = "join_request", _("Somebody asks to join and there is no owner")


class SettledBy(models.TextChoices):
    """What a person did about a customer that needed attention; "" where its cure settled it."""

    CURE = "", _("Cured by itself")
    CONTACT = "contact", _("Contact added")
    POSTED = "posted", _("Letter posted")
    DISMISSED = "dismissed", _("Dismissed")


class Digest(models.TextChoices):
    """How often a person of ours gets a mail that counts what waits."""

    OFF = "off", _("Never")
    DAILY = "daily", _("Every business day")
    WEEKLY = "weekly", _("On the first business day of a week")


class ChangeKind(models.TextChoices):
    """Rows of the feed; what is true is read at delivery (design §7)."""

    GRANTED = "granted", _("Right granted")
    ENDED = "ended", _("Right ended")
    REVOKED = "revoked", _("Right revoked")
    MOVED = "moved", _("End moved")
    SUSPENDED = "suspended", _("Subscription suspended")
    RESUMED = "resumed", _("Subscription resumed")
    POLICY = "policy", _("Policy edition activated")


TAKING_CHANGES = (ChangeKind.ENDED, ChangeKind.REVOKED, ChangeKind.SUSPENDED)
"""Of these gateways are told without end; the others are hints (design §7)."""


class ScanState(models.TextChoices):
    """What is known about a file; `unscanned` is shown, never stored, where no scanner is set."""

    PENDING = "pending", _("Waits for the scan")
    CLEAN = "clean", _("Scanned, nothing found")
    INFECTED = "infected", _("Harmful, removed")
    FAILED = "failed", _("Could not be scanned")
    UNSCANNED = "unscanned", _("Not scanned")


class Duty(models.TextChoices):
    """Jobs that must not fall silent; one run row each time."""

    REMINDERS = "reminders", _("Reminders")
    ENDS = "ends", _("Ends of rights")
    DELIVERY = "delivery", _("Delivery of messages")
    WEBHOOKS = "webhooks", _("Calls to gateways")
    LAPSES = "lapses", _("Lapses of drafts and questions")
    PREVIEW = "preview", _("Preview of the next deadlines")
    SEAL = "seal", _("Sealing of the audit trail")
    SCANNING = "scanning", _("Scan of files")
    RETENTION = "retention", _("Retention")
    PACE = "pace", _("Measured times")
    DIGESTS = "digests", _("Digests for staff")


DUTY_PERIODS = {
    Duty.REMINDERS: timedelta(minutes=1),
    Duty.ENDS: timedelta(minutes=1),
    Duty.DELIVERY: timedelta(seconds=15),
    Duty.WEBHOOKS: timedelta(seconds=15),
    Duty.LAPSES: timedelta(minutes=5),
    Duty.PREVIEW: timedelta(hours=1),
    Duty.SEAL: timedelta(minutes=5),
    Duty.SCANNING: timedelta(seconds=20),
    Duty.RETENTION: timedelta(hours=1),
    Duty.PACE: timedelta(hours=1),
    Duty.DIGESTS: timedelta(minutes=15),
}
"""How often each duty runs: short, since catching up goes by what the rows say and never by the schedule."""
SILENT_PERIODS = 3
"""A duty without a good run for so many of its periods has fallen silent, which is an alarm."""


class NoticeKind(models.TextChoices):
    """What a person is shown before they go on, each version once."""

    PRIVACY = "privacy", _("Privacy notice")
    TERMS = "terms", _("Terms of use")


class Source(models.TextChoices):
    """Through which entrance a change came."""

    PERSON = "person", _("Person")
    COMMAND = "command", _("Command")
    CLOCK = "clock", _("Clock")
    GATEWAY = "gateway", _("Gateway")
