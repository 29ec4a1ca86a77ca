"""Floor 1: every field of every table, what it is and how long it is kept. A test fails on a field that is not here.

Purely data; what the words mean is `rules.privacy`.
"""

from collections.abc import Mapping

from applications.rules.privacy import Holding

INVENTORY: Mapping[str, Holding] = {
    # --- people and customers ---
    "applications.user": Holding(
        "signing in, and writing to people", "account", person="pk",
        identity="name", contact="email", secret="password",  # noqa: S106 -- the name of a field
        operational="id key last_login staff_role is_active absent_until language time_zone joined_at erased_at "
        "wants_optional_mail digest digest_hour",
    ),
    "applications.acceptance": Holding(
        "showing which notice somebody saw", "account", person="user", leaves_with="person",
        operational="id user notice version accepted_at",
    ),
    "applications.customer": Holding(
        "knowing who applies", "customer", customer="pk",
        identity="name name_key website",
        operational="id country sector created_at imported_at erased_at",
    ),
    "applications.maildomain": Holding(
        "letting colleagues find their organisation", "customer", customer="customer", leaves_with="customer",
        contact="domain", operational="id customer",
    ),
    "applications.contact": Holding(
        "warning before access ends", "customer", person="claimed_by", customer="customer", leaves_with="customer",
        identity="name", contact="email",
        operational="id customer language time_zone state state_changed_at order claimed_by noticed_at",
    ),
    "applications.membership": Holding(
        "who may act for a customer", "account", person="user", customer="customer", leaves_with="person customer",
        operational="id customer user role joined_at",
    ),
    "applications.joinrequest": Holding(
        "asking to join", "joining", person="user", customer="customer", leaves_with="person customer",
        operational="id customer user requested_at answered_at answered_by accepted",
    ),
    "applications.invitation": Holding(
        "inviting colleagues", "joining", person="accepted_by", customer="customer", leaves_with="person customer",
        contact="email", secret="token_hash",  # noqa: S106 -- the name of a field
        operational="id customer role invited_by invited_at expires_at closed_at accepted_by",
    ),
    "applications.subscription": Holding(
        "what rights are about", "right", customer="customer", content="label",
        operational="id guid customer known_at",
    ),
    "applications.serviceuse": Holding(
        "who is an existing customer", "right", customer="subscription__customer",
        operational="id subscription service first_used_on",
    ),
    "applications.suspension": Holding(
        "suspending a subscription", "right", customer="subscription__customer",
        operational="id subscription starts_at ends_at suspended_by resumed_by",
    ),
    "applications.attention": Holding(
        "what operators should look at", "customer", customer="customer", leaves_with="customer", internal="detail",
        operational="id customer code raised_at settled_at settled_by settled_how posted_on",
    ),
    "applications.conflict": Holding(
        "nobody judges their own customer", "staff", customer="customer", leaves_with="person",
        secret="id customer user declared_at lifted_at lifted_by",  # noqa: S106 -- between staff
    ),
    # --- applications ---
    "applications.application": Holding(
        "deciding about access", "case", person="submitted_by", customer="customer", internal="search_text",
        secret="create_key risk rank policy_review urgent_at assigned_to assigned_at",  # noqa: S106 -- names
        operational="id reference customer kind previous state state_changed_at created_at created_by saved_at "
        "edition submitted_at submitted_by target_at paused_at deadline_at closed_at erased_at",
    ),
    "applications.section": Holding(
        "drafts that survive", "case", person="saved_by", customer="application__customer", content="answers",
        operational="id application code version complete saved_at saved_by",
    ),
    "applications.submission": Holding(
        "what was decided upon", "case", person="submitted_by", customer="application__customer", content="answers",
        operational="id application number digest salt erased_at submitted_at submitted_by",
    ),
    "applications.requestedcapability": Holding(
        "the items that get an outcome", "right", customer="customer",
        operational="id application customer subscription capability use_case asked_at outcome reasons conditions "
        "closed_at",
    ),
    "applications.condition": Holding(
        "conditions of an approval", "right", customer="item__customer",
        operational="id item code due_at state settled_at settled_by",
    ),
    "applications.informationrequest": Holding(
        "questions to applicants and their answers", "case", person="answered_by",
        customer="application__customer", content="question answer",
        operational="id application sections asked_at asked_by due_at answered_at answered_by closed_at",
    ),
    "applications.note": Holding(
        "the conversation; notes between staff are not given out", "case", person="author",
        customer="application__customer", content="body",
        operational="id application author internal section written_at",
    ),
    "applications.evidence": Holding(
        "files that support an application", "case", person="uploaded_by", customer="application__customer",
        content="original_name",
        operational="id application stored_name content_type size digest scan_state scan_tries scanned_at "
        "uploaded_at uploaded_by removed_at",
    ),
    # --- review and rights ---
    "applications.flag": Holding(
        "what screening found", "case", customer="application__customer", internal="note",
        secret="id application submission_number rule effect question raised_at settlement settled_at "  # noqa: S106
        "settled_by",
    ),
    "applications.sectionreview": Holding(
        "verdicts of reviewers", "case", customer="application__customer", internal="note",
        secret="id application section verdict reviewed_at reviewed_by",  # noqa: S106 -- not shown to applicants
    ),
    "applications.decision": Holding(
        "the decision and its letter", "case", customer="application__customer", content="words letter",
        internal="return_note",
        secret="outcomes recommended_at recommended_by returned_at returned_by",  # noqa: S106 -- the same
        operational="id application decided_at decided_by letter_due_at taken_back_at verification_code",
    ),
    "applications.blindreview": Holding(
        "measuring how alike reviewers judge", "case", customer="decision__application__customer",
        secret="id decision drawn_at taken_at taken_by judged_at outcomes",  # noqa: S106 -- the same
    ),
    "applications.accessgrant": Holding(
        "who may use what, from when until when", "right", customer="customer",
        operational="id subscription customer capability basis gate use_case item extension_reason starts_at ends_at "
        "granted_at closed_at closed_run closed_covered revoked_at revoked_by",
    ),
    "applications.proposal": Holding(
        "acts on rights by two people", "right", customer="subscription__customer",
        secret="id act subscription capability deadline_at until extension_reason to_customer rights reason "  # noqa: S106
        "proposed_at proposed_by answered_at answered_by agreed done_at touched",
    ),
    "applications.timerequest": Holding(
        "asking for more time", "case", person="asked_by", customer="customer", content="reason answer",
        operational="id customer deadline_at extension_reason asked_at asked_by proposal declined_at declined_by",
    ),
    # --- mail ---
    "applications.outboundmessage": Holding(
        "telling people, and showing that they were told", "mail", person="user", customer="customer",
        contact="address", content="subject body", secret="context",  # noqa: S106 -- may open an invitation
        operational="id key kind state customer application reminder user contact queued_at due_at attempts "
        "unknown_outcomes leased_until last_error finished_at",
    ),
    "applications.mailevent": Holding(
        "what mail providers report", "report",
        operational="id event_id message_key kind reported_at settled_at",
    ),
    "applications.reminder": Holding(
        "the ledger of warnings", "right", customer="customer",
        operational="id customer ends_at days_before due_at state recorded_at addressed_at finished_at",
    ),
    # --- the record, holds and erasures ---
    "applications.auditreason": Holding(
        "reasons that people typed", "record", customer="events__customer_ref", internal="text",
        operational="id salt erased_at",
    ),
    "applications.auditevent": Holding(
        "who did what, in codes and ids", "record",
        operational="id at action source actor customer_ref application_ref target target_ref data reason "
        "transaction",
    ),
    "applications.auditseal": Holding(
        "proving that nothing was changed", "record",
        operational="id number count last_transaction last_event leaves root previous digest signature sealed_at",
    ),
    "applications.legalhold": Holding(
        "keeping what a court may ask for", "record",
        operational="id customer reason placed_at placed_by lift_proposed_at lift_proposed_by lifted_at lifted_by",
    ),
    "applications.erasure": Holding(
        "erasing a customer by two people", "record",
        operational="id customer reason asked_at asked_by done_at done_by",
    ),
    # --- staff, policy, operating ---
    "applications.savedfilter": Holding(
        "views of the queue", "staff", person="owner", leaves_with="person", content="name query",
        operational="id owner shared saved_at",
    ),
    "applications.mention": Holding(
        "calling a colleague to a note", "staff", leaves_with="person",
        secret="id note person read_at",  # noqa: S106 -- between staff
    ),
    "applications.policyedition": Holding(
        "the policy", "policy",
        operational="id code text digest loaded_at loaded_by proposed_at proposed_by activated_at activated_by "
        "in_force",
    ),
    "applications.change": Holding(
        "the feed of gateways", "right",
        operational="id at kind service subscription_guid capability deadline_at transaction",
    ),
    "applications.gateway": Holding(
        "who asks for decisions", "policy",
        operational="id name services created_at disabled_at disabled_by acked_transaction acked_change acked_at "
        "seen_at max_silence_s",
    ),
    "applications.gatewaykey": Holding(
        "keys of gateways", "policy", secret="key_hash",  # noqa: S106 -- the name of a field
        operational="id gateway prefix created_at expires_at",
    ),
    "applications.gatewayproposal": Holding(
        "acts on gateways by two people", "policy",
        operational="id gateway act max_silence_s reason proposed_at proposed_by answered_at answered_by agreed",
    ),
    "applications.webhookendpoint": Holding(
        "calling gateways", "policy", secret="secret old_secret",  # noqa: S106 -- names of fields
        operational="id gateway url old_until told_transaction told_change created_at created_by disabled_at "
        "disabled_by",
    ),
    "applications.webhookdelivery": Holding(
        "calls to gateways", "call",
        operational="id endpoint key kind state up_to_transaction up_to_change queued_at due_at attempts "
        "leased_until finished_at",
    ),
    "applications.webhookattempt": Holding(
        "tries of calls", "call", operational="id delivery number at outcome took_ms"
    ),
    "applications.deadlineclosing": Holding(
        "books of a deadline", "right", operational="id ends_at planned confirmed kept closed_at closed_by"
    ),
    "applications.deadlinepreview": Holding(
        "previews of a deadline", "right",
        operational="id ends_at made_at rights customers pending unwarned standings proposed_at proposed_by "
        "armed_at armed_by",
    ),
    "applications.jobrun": Holding(
        "runs of duties", "run",
        operational="id duty as_of started_at finished_at counts error held release_proposed_at "
        "release_proposed_by released_at released_by",
    ),
    "applications.mailswitch": Holding(
        "stopping all mail", "policy",
        operational="id stopped_at stopped_by paused_until per_run per_hour hour_began_at hour_count",
    ),
    # --- tables of libraries ---
    "account.emailaddress": Holding(
        "addresses that somebody showed to be theirs", "account", person="user", leaves_with="person",
        contact="email", operational="id user verified primary",
    ),
    "account.emailconfirmation": Holding(
        "not used: links are signed", "account", secret="key",  # noqa: S106 -- the name of a field
        operational="id email_address created sent",
    ),
    "mfa.authenticator": Holding(
        "passkeys, apps and recovery codes", "account", person="user", leaves_with="person",
        secret="data",  # noqa: S106 -- the name of a field
        operational="id user type created_at last_used_at",
    ),
    "socialaccount.socialapp": Holding(
        "not used: providers stand in the settings", "policy",
        secret="secret key", operational="id provider provider_id name client_id settings",  # noqa: S106
    ),
    "socialaccount.socialaccount": Holding(
        "single sign-on", "account", person="user", leaves_with="person",
        identity="uid extra_data", operational="id user provider last_login date_joined",
    ),
    "socialaccount.socialtoken": Holding(
        "single sign-on", "account", secret="token token_secret",  # noqa: S106 -- names of fields
        operational="id app account expires_at",
    ),
    "usersessions.usersession": Holding(
        "showing people their sessions", "session", person="user", leaves_with="person",
        contact="ip", identity="user_agent", secret="session_key data",  # noqa: S106 -- names of fields
        operational="id user created_at last_seen_at",
    ),
    "sessions.session": Holding(
        "staying signed in", "session", secret="session_key session_data",  # noqa: S106 -- names of fields
        operational="expire_date",
    ),
    "admin.logentry": Holding(
        "not used: nothing is changed by the admin", "staff", person="user", leaves_with="person",
        content="object_repr change_message",
        operational="id action_time user content_type object_id action_flag",
    ),
}  # fmt: skip
