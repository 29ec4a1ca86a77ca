"""The record in words: what somebody did, for every kind of change that people look up."""

from collections.abc import Callable

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def did(action: str) -> str:
    """`invited a colleague` for `invited`; a code that has no words yet is shown as it is, without its dots."""
    return _words().get(action) or action.replace(".", ": ").replace("_", " ")


def _words() -> dict[str, str]:
    return _PARTS[0]() | _PARTS[1]() | _PARTS[2]()


def _of_applications() -> dict[str, str]:
    return {
        "application.start": _("began the application"),
        "application.submit": _("submitted it"),
        "application.claim": _("took the case"),
        "application.assign": _("gave the case to a reviewer"),
        "application.release": _("put the case back into the queue"),
        "application.reassign": _("handed the case over"),
        "application.request_information": _("asked the customer; the clock stopped"),
        "application.respond": _("answered; the clock runs on"),
        "application.message": _("wrote a message"),
        "application.recommend": _("recommended a decision"),
        "application.return_to_review": _("returned it to review"),
        "application.take_back": _("took the decision back before its letter went out"),
        "application.decide": _("decided"),
        "application.withdraw": _("withdrew it"),
        "application.lapse": _("let it lapse"),
        "application.discard": _("discarded the draft"),
        "application.emptied": _("deleted what was written in it: its time was over"),
        "condition.settled": _("settled a condition"),
        "flag.settled": _("settled a flag"),
        "section.reviewed": _("judged a section"),
        "note.written": _("wrote a note"),
        "item.closed": _("closed an item: the policy has changed"),
        "evidence.attach": _("added a file"),
        "evidence.remove": _("removed a file"),
        "evidence.scan": _("scanned a file"),
    }


def _of_rights() -> dict[str, str]:
    return {
        "right.approved": _("granted a right"),
        "right.extended": _("extended a right"),
        "right.grace": _("wrote the right of the grace year"),
        "right.revoked": _("revoked a right"),
        "right.cut": _("ended a right early"),
        "right.moved": _("moved the end of a right"),
        "right.closed": _("closed a right that had ended"),
        "subscription.suspended": _("suspended a subscription"),
        "subscription.resumed": _("resumed a subscription"),
        "policy.loaded": _("loaded an edition of the policy"),
        "policy.activated": _("let an edition take effect"),
        "policy.activation_proposed": _("proposed that an edition takes effect"),
        "time.asked": _("asked for more time"),
        "time.declined": _("declined more time"),
    }


def _of_people() -> dict[str, str]:
    return {
        "customer_founded": _("set the organisation up"),
        "contact_claimed": _("came in as the contact that an import named"),
        "contact.added": _("added a contact"),
        "contact.erased": _("erased a contact's data"),
        "invited": _("invited a colleague"),
        "invitation_withdrawn": _("took an invitation back"),
        "invitation_accepted": _("accepted an invitation"),
        "join_requested": _("asked to join"),
        "join_answered": _("answered a request to join"),
        "role_changed": _("changed a member's role"),
        "handed_over": _("handed the organisation over"),
        "member_removed": _("removed a member"),
        "member_left": _("left the organisation"),
        "sessions_ended": _("ended a person's sessions"),
        "staff_role_changed": _("changed a role of staff"),
        "person.disabled": _("disabled a person"),
        "person.enabled": _("enabled a person again"),
        "person.absent": _("noted an absence"),
        "person.erased": _("erased a person's data"),
        "notice.accepted": _("saw a notice and went on"),
        "data.copied": _("took a copy of data"),
        "archive.taken": _("took the archive of a decision"),
        "report.taken": _("took a report of who had access"),
        "hold.placed": _("placed a hold"),
        "hold.lift_proposed": _("proposed to lift a hold"),
        "hold.lifted": _("lifted a hold"),
        "customer.erasure_asked": _("noted that the customer asked to be erased"),
        "customer.erased": _("erased the customer's data"),
    }


_PARTS: tuple[Callable[[], dict[str, str]], ...] = (_of_applications, _of_rights, _of_people)
