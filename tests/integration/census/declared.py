"""Every address of the site and who comes in. An address that does not stand here fails the census.

`Door(get, post, about)`: see `doors` for the words. What nobody declared is 405; a lead without a second factor gets
nothing but the pages of the account (`portal.signin`), which is not repeated in each line.
"""

from __future__ import annotations

from applications.permissions import Can
from tests.integration.census.doors import (
    CUSTOMERS,
    GATEWAYS,
    KEYED,
    MEMBERS,
    NOWHERE,
    ONWARD,
    OWNERS,
    PUBLIC,
    ROLES,
    SIGNED_IN,
    STAFF,
    WRITERS,
    Answer,
    Door,
    but,
    desk,
    hidden,
)

ANONYMOUS = ("anonymous", "gateway")  # a key opens no page
SIGNED_IN_MOVE_ON = but(ONWARD, Answer.IN, *ANONYMOUS)
# Pages of an account whose state makes them redirect, or be absent: a password is set, no factor is there yet.
SIGNED_IN_ONWARD = but(ONWARD, Answer.SIGN_IN, *ANONYMOUS)
SIGNED_IN_ABSENT = but(NOWHERE, Answer.SIGN_IN, *ANONYMOUS)
STAFF_ONWARD = but(desk(Can.SEE_CUSTOMERS), Answer.ON, *STAFF)
# Whoever decided a case does not judge it blind, and one's own saved filter is nobody else's.
BLIND = but(desk(Can.REVIEW), Answer.ABSENT, "reviewer")
OWN_FILTER = but(desk(Can.REVIEW), Answer.ABSENT, "lead")
STAFF_ABSENT = but(desk(Can.SEE_CUSTOMERS), Answer.ABSENT, *STAFF)
TYPED = {"reason": "Because."}

SITE = {
    "": Door(PUBLIC),
    "healthz": Door(PUBLIC),
    "readyz": Door(PUBLIC),
    "metrics": Door(NOWHERE),  # without a token, or with a wrong one
    "csp-report": Door(post=PUBLIC),
    ".well-known/security.txt": Door(PUBLIC),
    ".well-known/jwks.json": Door(PUBLIC),
    "theme/": Door(post=PUBLIC),
    "i18n/setlang/": Door(post=PUBLIC),
    "check/": Door(PUBLIC),
    "check/eligibility/": Door(PUBLIC),
    "catalogue/": Door(PUBLIC),
    "catalogue/compare/": Door(PUBLIC),
    "policy/": Door(PUBLIC),
    "how-we-decide/": Door(PUBLIC),
    "privacy/": Door(PUBLIC),
    "accessibility/": Door(PUBLIC),
    "help/": Door(PUBLIC),
    "decode/": Door(PUBLIC, PUBLIC),
    "verify/": Door(PUBLIC),
    "transparency/": Door(PUBLIC),
    "transparency/data.json": Door(PUBLIC),
}
APPLICANT = {
    "access/": Door(SIGNED_IN),
    "access/dates.ics": Door(but(SIGNED_IN, Answer.ABSENT, *STAFF)),
    "access/more-time/": Door(but(SIGNED_IN, Answer.ABSENT, *STAFF), but(SIGNED_IN, Answer.ABSENT, *STAFF)),
    "applications/": Door(SIGNED_IN),
    "applications/new/": Door(SIGNED_IN, SIGNED_IN),
    "applications/<str:reference>/": Door(MEMBERS, about="draft"),
    "applications/<str:reference>/check/": Door(MEMBERS, OWNERS, about="draft", sends={"": ""}),
    "applications/<str:reference>/submitted/": Door(MEMBERS, about="case"),
    "applications/<str:reference>/status/": Door(
        MEMBERS, WRITERS, about="case", sends={"message-body": "Hello."}
    ),
    "applications/<str:reference>/answers/": Door(MEMBERS, about="case"),
    "applications/<str:reference>/answers.pdf": Door(MEMBERS, about="case"),
    "applications/<str:reference>/letter.pdf": Door(MEMBERS, about="decided"),
    "applications/<str:reference>/appeal/": Door(MEMBERS, WRITERS, about="decided"),
    "applications/<str:reference>/renew/": Door(MEMBERS, WRITERS, about="decided"),
    "applications/<str:reference>/change/": Door(MEMBERS, WRITERS, about="decided", sends={"": ""}),
    "applications/<str:reference>/apply-again/": Door(MEMBERS, WRITERS, about="decided"),
    "applications/<str:reference>/withdraw/": Door(MEMBERS, OWNERS, about="case", sends={"": ""}),
    "applications/<str:reference>/discard/": Door(MEMBERS, WRITERS, about="draft", sends={"": ""}),
    "applications/<str:reference>/files/<slug:name>/": Door(MEMBERS, about="file"),
    "applications/<str:reference>/files/<slug:name>/remove/": Door(
        post=WRITERS, about="file", sends={"": ""}
    ),
    "applications/<str:reference>/<str:section>/": Door(
        MEMBERS, WRITERS, about="section", sends={"version": "1", "services": ["face"]}
    ),
}
TEAM = {
    "accounts/start/": Door(SIGNED_IN_ONWARD),
    "accounts/data/": Door(SIGNED_IN),
    "accounts/data/copy/": Door(post=SIGNED_IN, again=True),
    "accounts/data/copy/<int:customer_id>/": Door(post=OWNERS, about="customer", sends={"": ""}, again=True),
    "accounts/data/erase/": Door(SIGNED_IN, SIGNED_IN, again=True),
    "accounts/notices/": Door(SIGNED_IN_ONWARD, SIGNED_IN_ONWARD),
    "accounts/organisation/": Door(but(SIGNED_IN, Answer.ON, *CUSTOMERS), SIGNED_IN),
    "accounts/team/": Door(but(SIGNED_IN, Answer.ON, *STAFF)),
    "accounts/team/<int:customer_id>/": Door(MEMBERS, about="customer"),
    "accounts/team/<int:customer_id>/invite/": Door(
        post=OWNERS, about="customer", sends={"email": "ida@nordlys.example", "role": "viewer"}, again=True
    ),
    "accounts/team/<int:customer_id>/leave/": Door(MEMBERS, MEMBERS, about="customer"),
    "accounts/team/<int:customer_id>/invitations/<int:invitation_id>/withdraw/": Door(
        post=OWNERS, about="invitation", sends={"": ""}
    ),
    "accounts/team/<int:customer_id>/requests/<int:request_id>/": Door(
        post=OWNERS, about="join", sends={"accept": "0", "role": "viewer"}, again=True
    ),
    "accounts/team/<int:customer_id>/members/<int:member_id>/": Door(
        hidden("owner"), hidden("owner"), about="member", sends={"role": "editor"}, again=True
    ),
    "accounts/team/<int:customer_id>/members/<int:member_id>/hand-over/": Door(
        post=hidden("owner"), about="member", sends={"": ""}, again=True
    ),
    "accounts/team/<int:customer_id>/members/<int:member_id>/remove/": Door(
        post=hidden("owner"), about="member", sends={"": ""}, again=True
    ),
    "accounts/invitation/<str:token>/": Door(PUBLIC, PUBLIC, about="token"),
}
ACCOUNT = {
    "accounts/login/": Door(SIGNED_IN_MOVE_ON, SIGNED_IN_MOVE_ON),
    "accounts/logout/": Door(but(SIGNED_IN, Answer.ON, *ANONYMOUS), ONWARD),
    "accounts/inactive/": Door(PUBLIC),
    "accounts/signup/": Door(SIGNED_IN_MOVE_ON, SIGNED_IN_MOVE_ON),
    "accounts/reauthenticate/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/email/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/confirm-email/": Door(PUBLIC),
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": Door(PUBLIC, NOWHERE, about="key"),
    "accounts/password/change/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/password/set/": Door(SIGNED_IN_ONWARD, SIGNED_IN_ONWARD),
    "accounts/password/reset/": Door(PUBLIC, PUBLIC),
    "accounts/password/reset/done/": Door(PUBLIC),
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Door(
        PUBLIC, PUBLIC, about="reset"
    ),
    "accounts/password/reset/key/done/": Door(PUBLIC),
    "accounts/login/code/confirm/": Door(ONWARD, ONWARD),
    "accounts/2fa/": Door(SIGNED_IN),
    "accounts/2fa/authenticate/": Door(ONWARD, ONWARD),
    "accounts/2fa/reauthenticate/": Door(SIGNED_IN_ONWARD, SIGNED_IN_ONWARD),
    "accounts/2fa/totp/activate/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/2fa/totp/deactivate/": Door(SIGNED_IN_ABSENT, SIGNED_IN_ABSENT),
    "accounts/2fa/recovery-codes/": Door(SIGNED_IN_ABSENT),
    "accounts/2fa/recovery-codes/generate/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/2fa/recovery-codes/download/": Door(SIGNED_IN_ABSENT),
    "accounts/2fa/webauthn/": Door(SIGNED_IN),
    "accounts/2fa/webauthn/add/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/2fa/webauthn/reauthenticate/": Door(
        but(SIGNED_IN_ONWARD, Answer.IN, "owner", "stranger"), SIGNED_IN
    ),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": Door(hidden("owner"), hidden("owner"), about="passkey"),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": Door(hidden("owner"), hidden("owner"), about="passkey"),
    "accounts/2fa/webauthn/login/": Door(ONWARD, ONWARD),
    "accounts/sessions/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/mail/": Door(SIGNED_IN, SIGNED_IN),
    "accounts/mail/stop/<str:token>/": Door(NOWHERE, NOWHERE, about="wrong token"),
}
API = {
    "api/": Door(PUBLIC),
    "api/gateway/": Door(PUBLIC),
    "api/reference/": Door(PUBLIC),
    "api/v1/problems/<slug:code>": Door(PUBLIC, about="problem"),
    "api/v1/openapi.json": Door(PUBLIC),
    "api/v1/access-decisions": Door(KEYED, KEYED, head=False),
    "api/v1/authorize": Door(KEYED, head=False),
    "api/v1/token": Door(post=PUBLIC),
    "api/v1/changes": Door(KEYED, head=False),
    "api/v1/snapshot": Door(KEYED, head=False),
    "api/v1/changes/ack": Door(post=GATEWAYS),
}
DESK = {
    "": Door(desk(Can.SEE_CUSTOMERS)),
    "queue/take-next/": Door(post=desk(Can.REVIEW)),
    "queue/filters/": Door(post=desk(Can.REVIEW)),
    "queue/filters/<int:pk>/delete/": Door(post=OWN_FILTER, about="filter"),
    "queue/<str:reference>/": Door(desk(Can.SEE_CASES), about="case"),
    "queue/<str:reference>/claim/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/release/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/assign/": Door(post=desk(Can.LEAD), about="case"),
    "queue/<str:reference>/near/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/ask/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/flags/<int:flag>/": Door(post=desk(Can.REVIEW), about="flag"),
    "queue/<str:reference>/sections/<str:section>/": Door(post=desk(Can.REVIEW), about="case section"),
    "queue/<str:reference>/files/<slug:name>/": Door(desk(Can.SEE_CASES), about="case file"),
    "queue/<str:reference>/letter.pdf": Door(desk(Can.SEE_CASES), about="decided"),
    "queue/<str:reference>/notes/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/read/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/conditions/<slug:code>/": Door(post=desk(Can.REVIEW), about="condition"),
    "queue/<str:reference>/decision/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/decision/edit/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/decision/confirm/": Door(post=desk(Can.REVIEW), about="case", again=True),
    "queue/<str:reference>/decision/second/": Door(post=desk(Can.REVIEW), about="case", again=True),
    "queue/<str:reference>/decision/return/": Door(post=desk(Can.REVIEW), about="case"),
    "queue/<str:reference>/decision/take-back/": Door(post=desk(Can.REVIEW), about="decided"),
    "blind/": Door(desk(Can.REVIEW)),
    "blind/take/": Door(post=desk(Can.REVIEW)),
    "blind/<str:reference>/": Door(BLIND, BLIND, about="sample"),
    "figures/": Door(desk(Can.SEE_FIGURES)),
    "figures/figures.csv": Door(desk(Can.SEE_FIGURES)),
    "handing/": Door(desk(Can.LEAD)),
    "handing/preview/": Door(post=desk(Can.LEAD)),
    "handing/confirm/": Door(post=desk(Can.LEAD)),
    "handing/rebalance/": Door(desk(Can.LEAD)),
    "handing/write/": Door(post=desk(Can.LEAD)),
    "deadlines/": Door(desk(Can.SEE_CUSTOMERS)),
    "deadlines/previews/<int:preview>/arm/": Door(post=desk(Can.OPERATE), about="preview", again=True),
    "deadlines/held/<int:run>/release/": Door(post=desk(Can.OPERATE), about="run", again=True),
    "deadlines/<str:at>/": Door(desk(Can.SEE_CUSTOMERS), about="deadline"),
    "deadlines/<str:at>/forecast.csv": Door(desk(Can.SEE_CUSTOMERS), about="deadline"),
    "deadlines/<str:at>/close/": Door(post=desk(Can.OPERATE), about="deadline", again=True),
    "rights/": Door(desk(Can.SEE_CUSTOMERS)),
    "rights/requests/<int:pk>/": Door(desk(Can.SEE_CUSTOMERS), about="time request"),
    "rights/requests/<int:pk>/propose/": Door(post=desk(Can.EXTEND), about="time request", again=True),
    "rights/requests/<int:pk>/decline/": Door(
        post=desk(Can.EXTEND), about="time request", sends={"answer": "Apply first."}, again=True
    ),
    "rights/<uuid:guid>/": Door(desk(Can.SEE_CUSTOMERS), about="subscription"),
    "rights/<uuid:guid>/<slug:name>/": Door(post=desk(Can.LEAD), about="suspending", sends=TYPED, again=True),
    # The lead proposed it.
    "rights/proposals/<int:proposal>/": Door(
        post=but(desk(Can.EXTEND), Answer.FORBIDDEN, "lead"), about="proposal", again=True
    ),
    "editions/": Door(desk(Can.SEE_CUSTOMERS)),
    "editions/<str:code>/": Door(desk(Can.SEE_CUSTOMERS), about="edition"),
    "editions/<str:code>/propose/": Door(post=desk(Can.OPERATE), about="edition", again=True),
    "editions/<str:code>/activate/": Door(post=desk(Can.OPERATE), about="edition", again=True),
    "outbox/": Door(desk(Can.SEE_RECORD)),
    "outbox/stop/": Door(post=desk(Can.OPERATE), again=True),
    "outbox/start/": Door(post=desk(Can.OPERATE), again=True),
    "outbox/<int:pk>/retry/": Door(post=desk(Can.OPERATE), about="message"),
    "attention/": Door(desk(Can.SEE_CUSTOMERS)),
    "attention/letters.pdf": Door(post=desk(Can.OPERATE)),
    "attention/posted/": Door(post=desk(Can.OPERATE)),
    "attention/<int:pk>/": Door(desk(Can.SEE_CUSTOMERS), about="attention"),
    "attention/<int:pk>/letter.pdf": Door(desk(Can.OPERATE), about="attention"),
    "attention/<int:pk>/<slug:name>/": Door(post=desk(Can.OPERATE), about="attention act", again=True),
    "gateways/": Door(desk(Can.SEE_RECORD)),
    "gateways/register/": Door(post=desk(Can.OPERATE), again=True),
    "gateways/<int:pk>/": Door(desk(Can.SEE_RECORD), about="gateway"),
    "gateways/<int:pk>/enable/": Door(post=desk(Can.OPERATE), about="gateway", again=True),
    "gateways/<int:pk>/key/": Door(post=desk(Can.OPERATE), about="gateway", again=True),
    "gateways/<int:pk>/<slug:name>/": Door(post=desk(Can.OPERATE), about="gateway act", again=True),
    "gateways/keys/<int:key>/end/": Door(post=desk(Can.OPERATE), about="gateway key", again=True),
    "gateways/proposals/<int:proposal>/": Door(post=desk(Can.OPERATE), about="gateway proposal", again=True),
    "gateways/endpoints/<int:pk>/": Door(desk(Can.SEE_RECORD), about="endpoint"),
    "gateways/endpoints/<int:pk>/<slug:name>/": Door(
        post=desk(Can.OPERATE), about="endpoint act", again=True
    ),
    "joins/": Door(desk(Can.OPERATE)),
    "joins/<int:request_id>/": Door(post=desk(Can.OPERATE), about="join of nobody", again=True),
    "people/<int:person_id>/sign-out/": Door(post=desk(Can.OPERATE), about="person", again=True),
    "people/<int:person_id>/disable/": Door(post=desk(Can.OPERATE), about="person", sends=TYPED, again=True),
    "people/<int:person_id>/enable/": Door(post=desk(Can.OPERATE), about="person", again=True),
    "people/<int:person_id>/absence/": Door(post=but(desk(Can.OPERATE), Answer.IN, "lead"), about="person"),
    "people/<int:person_id>/conflicts/<int:conflict>/": Door(post=desk(Can.LEAD), about="conflict"),
    "runs/": Door(desk(Can.SEE_RECORD)),
    "queue/<str:reference>/archive.zip": Door(
        post=desk(Can.ARCHIVE), about="decided", sends={"": ""}, again=True
    ),
    "queue/<str:reference>/record/": Door(desk(Can.SEE_CASES), about="case"),
    "record/access/": Door(desk(Can.SEE_RECORD)),
    "record/access.csv": Door(post=desk(Can.SEE_RECORD), sends={"on": "2023-05-15"}, again=True),
    "record/customers/<int:pk>/": Door(desk(Can.SEE_RECORD), about="data of customer"),
    "record/people/<int:pk>/": Door(desk(Can.SEE_RECORD), about="data of person"),
    "privacy/": Door(desk(Can.SEE_RECORD)),
    "privacy/person/": Door(post=desk(Can.OPERATE), again=True),
    "privacy/customers/<int:pk>/": Door(desk(Can.SEE_RECORD), about="data of customer"),
    "privacy/customers/<int:pk>/<slug:what>/": Door(post=desk(Can.FORGET), about="act on data", again=True),
    "you/": Door(desk(Can.SEE_CUSTOMERS)),
    "you/digest/": Door(post=desk(Can.SEE_CUSTOMERS)),
    "you/absence/": Door(post=desk(Can.SEE_CUSTOMERS)),
    # Django's own.
    "login/": Door(dict.fromkeys(ROLES, Answer.SIGN_IN)),
    "logout/": Door(STAFF_ONWARD),
    "password_change/": Door(STAFF_ONWARD),
    "password_change/done/": Door(desk(Can.SEE_CUSTOMERS)),
    "autocomplete/": Door(desk(None)),
    "jsi18n/": Door(desk(Can.SEE_CUSTOMERS)),
    "r/<path:content_type_id>/<path:object_id>/": Door(STAFF_ABSENT, about="nothing"),
    "^(?P<app_label>applications)/$": Door(desk(Can.SEE_CUSTOMERS), about="app"),
    "(?P<url>.*)$": Door(STAFF_ABSENT, about="nowhere"),
}
# Model pages: for reading, by this power.
MODELS = {
    "customer": Can.SEE_CUSTOMERS,
    "contact": Can.SEE_CUSTOMERS,
    "subscription": Can.SEE_CUSTOMERS,
    "accessgrant": Can.SEE_CUSTOMERS,
    "application": Can.SEE_CASES,
    "attention": Can.SEE_CUSTOMERS,
    "deadlinepreview": Can.SEE_CUSTOMERS,
    "reminder": Can.SEE_CUSTOMERS,
    "outboundmessage": Can.SEE_RECORD,
    "policyedition": Can.SEE_CUSTOMERS,
    "auditevent": Can.SEE_RECORD,
    "jobrun": Can.SEE_RECORD,
    "user": Can.SEE_RECORD,
}


def _of_model(name: str, power: Can) -> dict[str, Door]:
    page, one = f"applications/{name}/", f"applications/{name}/<path:object_id>/"
    return {
        page: Door(desk(power)),
        f"{page}add/": Door(desk(None)),
        f"{one}history/": Door(desk(power), about=f"model {name}"),
        f"{one}delete/": Door(desk(None), about=f"model {name}"),
        f"{one}change/": Door(desk(power), about=f"model {name}"),
        one: Door(STAFF_ONWARD, about=f"model {name}"),
    }


for _name, _power in MODELS.items():
    DESK |= _of_model(_name, _power)

DOORS: dict[str, Door] = {
    **SITE,
    **APPLICANT,
    **TEAM,
    **ACCOUNT,
    **API,
    **{f"admin/{address}": door for address, door in DESK.items()},
}
