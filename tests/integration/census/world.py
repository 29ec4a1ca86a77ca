"""One of each thing that an address can be about, for a customer; the census asks for them as everybody."""

from __future__ import annotations

import hashlib
import io
import secrets
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.admin.utils import quote
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from applications.actions import decision, evidence, rights, team
from applications.actions import gateway as gateways
from applications.actions.gateway import create_key
from applications.actions.more_time import ask_for_time
from applications.enums import AttentionCode, Duty, ExtensionReason, GatewayAct, MessageKind, Role, State
from applications.models import (
    AccessGrant,
    Application,
    Attention,
    AuditEvent,
    BlindReview,
    Conflict,
    Contact,
    Customer,
    DeadlinePreview,
    Decision,
    Evidence,
    Gateway,
    JobRun,
    JoinRequest,
    Membership,
    OutboundMessage,
    PolicyEdition,
    Reminder,
    SavedFilter,
    Subscription,
    User,
    WebhookEndpoint,
)
from applications.queries.evidence import path_of
from applications.queries.team import invitation_token
from tests import drafts, factories, files
from tests.cases import case, flag, same_for_all
from tests.factories import NOW

Things = dict[str, dict[str, Any]]
END = factories.read_file().capability("face.identification").grace[1]
AT = f"{END:%Y-%m-%dT%H:%M:%S.%fZ}"


def credential() -> dict[str, Any]:
    """What a browser sends when a passkey is made."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    made = AttestedCredentialData.create(Aaguid.NONE, b"passkey-of-tests", key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), flags, 0, made)
    client = CollectedClientData.create("webauthn.create", b"0" * 32, "https://localhost")
    return {
        "id": websafe_encode(b"passkey-of-tests"),
        "rawId": websafe_encode(b"passkey-of-tests"),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
    }


def _attached_to(asked: Application, one: Evidence) -> str:
    """The same file, as the case has it."""
    made = Evidence.objects.get(pk=one.pk)
    made.pk, made.application, made.stored_name = None, asked, secrets.token_hex(16)
    made.save(force_insert=True)
    path_of(one).with_name(made.stored_name).write_bytes(files.PDF)
    return made.stored_name


def things(of: Customer, row: PolicyEdition, reviewer: User, lead: User) -> tuple[Things, dict[str, User]]:
    """What the customer has, by the name that `declared` calls it."""
    domain = of.domains.get().domain
    owner = factories.member(of, factories.person(f"owner@{domain}"))
    editor = factories.member(of, factories.person(f"editor@{domain}"), Role.EDITOR)
    viewer = factories.member(of, factories.person(f"viewer@{domain}"), Role.VIEWER)
    asker = factories.person(f"asker@{domain}")
    sub = factories.subscription(of, "Entrance", used={"face": factories.BEFORE_THE_CUT})
    factories.grace(sub, "face.identification")
    edition = factories.read_file()
    answers = drafts.answers(
        subscriptions={"subscription-ids": [str(sub.guid)], "subscription-ids.names": {str(sub.guid): "E"}}
    )
    draft = drafts.draft(of, owner, row, answers)
    about = {"edition": edition, "by": owner, "now": NOW}
    attached = evidence.attach(
        application=draft, name="DPIA.pdf", content=io.BytesIO(files.PDF), size=len(files.PDF), **about
    )
    asked = case(of, state=State.IN_REVIEW, holder=reviewer, by=owner, subscriptions=[sub])
    raised = flag(asked, "minors")
    decided = case(of, state=State.IN_REVIEW, holder=reviewer, by=owner)
    earlier = NOW - timedelta(days=1)
    decision.decide(decided, outcomes=same_for_all(decided), edition=edition, by=reviewer, now=earlier)
    invited = team.invite(by=owner, customer=of, email=f"guest@{domain}", role=Role.VIEWER, now=NOW)
    mail = OutboundMessage.objects.get(kind=MessageKind.INVITATION, address=f"guest@{domain}")
    join = JoinRequest.objects.create(customer=of, user=asker, requested_at=NOW)
    proposal = rights.propose_extension(
        sub,
        deadline_at=END,
        until=(END + timedelta(days=40)).date(),
        why=ExtensionReason.CUSTOMER,
        reason="Their audit ends in August.",
        edition=edition,
        by=lead,
        now=NOW,
    )
    wanted = ask_for_time(of, deadline_at=END, reason="Our case is with you.", **about)
    key = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": credential()}
    )
    reference = {"reference": draft.reference}
    of_case = {"reference": asked.reference}
    of_team = {"customer_id": of.pk}
    member = Membership.objects.get(user=viewer, customer=of)
    made: Things = {
        "draft": reference,
        "case file": {**of_case, "name": _attached_to(asked, attached)},
        "section": {**reference, "section": "need"},
        "file": {**reference, "name": attached.stored_name},
        "case": of_case,
        "flag": {**of_case, "flag": raised.pk},
        "case section": {**of_case, "section": "people"},
        "decided": {"reference": decided.reference},
        "customer": of_team,
        "invitation": {**of_team, "invitation_id": invited.pk},
        "join": {**of_team, "request_id": join.pk},
        "member": {**of_team, "member_id": member.pk},
        "token": {"token": invitation_token(mail.context["nonce"])},
        "subscription": {"guid": sub.guid},
        "suspending": {"guid": sub.guid, "name": "suspend"},
        "proposal": {"proposal": proposal.pk},
        "passkey": {"pk": key.pk},
        "time request": {"pk": wanted.pk},
    }
    return made, {"owner": owner, "editor": editor, "viewer": viewer}


# What nobody has, in the form that the thing itself has.
ABSENT = {
    "reference": "LA-ZZZZ-ZZZZ",
    "name": "0" * 32,
    "guid": "00000000-0000-4000-8000-000000000009",
    "at": "2031-01-01T00:00:00.000000Z",
    "code": "none",
    "section": "nowhere",
    "token": "nobody",
}


def absent(words: dict[str, Any]) -> dict[str, Any]:
    return {name: ABSENT.get(name, 999_999_999) for name in words}


def of_gateways(by: User) -> tuple[Gateway, Things]:
    gateway, _key = create_key("Edge", ["face"], secret="e" * 43, edition=factories.read_file(), now=NOW)
    proposal = gateways.propose(gateway, GatewayAct.DISABLE, reason="Gone.", by=by, now=NOW)
    endpoint = WebhookEndpoint.objects.create(
        gateway=gateway, url="https://edge.example/hook", secret="s", created_at=NOW, created_by=by
    )
    return gateway, {
        "gateway": {"pk": gateway.pk},
        "gateway act": {"pk": gateway.pk, "name": "services"},
        "gateway key": {"key": gateway.keys.get().pk},
        "gateway proposal": {"proposal": proposal.pk},
        "endpoint": {"pk": endpoint.pk},
        "endpoint act": {"pk": endpoint.pk, "name": "disable"},
    }


def of_the_desk(of: Customer, row: PolicyEdition, person: User, lead: User) -> Things:
    """What staff alone have addresses for, and a row of each model that has pages."""
    nobody_owns = factories.customer("Ownerless Ltd", domain="ownerless.example")
    asker = factories.person("asker@ownerless.example")
    wish = JoinRequest.objects.create(customer=nobody_owns, user=asker, requested_at=NOW)
    UserSession.objects.create(user=person, session_key="elsewhere", ip="127.0.0.1", user_agent="", data={})
    preview = DeadlinePreview.objects.create(
        ends_at=END, made_at=NOW, rights=1, customers=1, pending=0, unwarned=0
    )
    run = JobRun.objects.create(duty=Duty.ENDS, as_of=NOW, started_at=NOW, finished_at=NOW, held=1)
    olga = factories.person("olga@vendor.example", staff_role="operator")
    gateway, about_gateways = of_gateways(olga)
    decided = Decision.objects.exclude(application__customer=of).get(decided_at__isnull=False)
    taken = {"drawn_at": NOW, "taken_at": NOW, "taken_by": lead}
    BlindReview.objects.update_or_create(decision=decided, defaults=taken)
    declared = Conflict.objects.create(customer=nobody_owns, user=person, declared_at=NOW)
    kept = SavedFilter.objects.create(owner=person, name="Mine", query="lane=mine", saved_at=NOW)
    message = OutboundMessage.objects.filter(customer=of).earliest("pk")
    nobody = Attention.objects.create(customer=of, code=AttentionCode.NOBODY_REACHED, raised_at=NOW)
    Attention.objects.create(customer=nobody_owns, code=AttentionCode.JOIN_REQUEST, raised_at=NOW)
    rows = {
        "customer": of,
        "contact": Contact.objects.create(customer=of, email="it@nordlys.example"),
        "subscription": Subscription.objects.filter(customer=of).earliest("pk"),
        "accessgrant": AccessGrant.objects.filter(customer=of).earliest("pk"),
        "application": Application.objects.filter(customer=of).earliest("pk"),
        "attention": nobody,
        "deadlinepreview": preview,
        "reminder": Reminder.objects.create(
            customer=of, ends_at=END, days_before=30, due_at=NOW, recorded_at=NOW
        ),
        "outboundmessage": message,
        "policyedition": row,
        "auditevent": AuditEvent.objects.earliest("pk"),
        "jobrun": run,
        "user": asker,
    }
    return {
        **{f"model {name}": {"object_id": quote(one.pk)} for name, one in rows.items()},
        **about_gateways,
        "attention": {"pk": nobody.pk},
        "attention act": {"pk": nobody.pk, "name": "posted"},
        "filter": {"pk": kept.pk},
        "sample": {"reference": decided.application.reference},
        "condition": {
            "reference": Application.objects.get(customer=of, state="decided").reference,
            "code": "x",
        },
        "problem": {"code": "method"},
        "preview": {"preview": preview.pk},
        "run": {"run": run.pk},
        "deadline": {"at": AT},
        "edition": {"code": row.code},
        "message": {"pk": message.pk},
        "join of nobody": {"request_id": wish.pk},
        "person": {"person_id": person.pk},
        "conflict": {"person_id": person.pk, "conflict": declared.pk},
        "data of customer": {"pk": of.pk},
        "data of person": {"pk": person.pk},
        "act on data": {"pk": of.pk, "what": "hold"},
        "wrong token": {"token": "nobody"},
        "key": {"key": "x"},
        "reset": {"uidb36": "1", "key": "x"},
        "app": {"app_label": "applications"},
        "nothing": {"content_type_id": "1", "object_id": "1"},
        "nowhere": {"url": "nowhere/"},
    }
