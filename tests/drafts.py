"""A whole set of answers, and drafts that hold them: what an owner fills in, section by section."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from applications.actions.application import start
from applications.models import Application, Customer, PolicyEdition, User
from tests import factories

KIOSKS = "7b1e4c02-9d3a-4f65-8e21-0c6a5d9f3b84"
GATES = "dc4d27d9-ea49-4921-938f-7782a774e151"

ANSWERS: dict[str, dict[str, Any]] = {
    "organisation": {
        "applicant-name": "Henrik Aagaard",
        "work-email": "henrik@nordlys.example",
        "organisation-name": "Nordlys Airports A/S",
        "website": "https://nordlys.example",
        "country": "DK",
        "sector": "commercial",
        "account-team": "unsure",
        "builds-for-others": "no",
    },
    "subscriptions": {
        "subscription-ids": [KIOSKS],
        "subscription-ids.names": {KIOSKS: "Check-in kiosks"},
        "paid-tier": "yes",
    },
    "need": {"services": ["face"], "capabilities": ["face.identification", "face.liveness"]},
    "use-case": {
        "use-cases": ["FC3"],
        "description": "Travellers who enrolled walk through the gate; a person at the desk looks at each doubt.",
    },
    "people": {
        "deployment-countries": "Denmark",
        "whose-faces": ["customers"],
        "face-source": ["enrolled"],
        "places": ["controlled-entrance"],
        "real-time": "yes",
        "minors": "no",
        "police": "no",
        "voluntary": "yes",
        "other-way": "yes",
        "match-review": "person",
        "notice": "A sign at the gate and a page in the app.",
        "consent": "Travellers enrol in the app and confirm it there.",
        "retention": "Faces are deleted within 24 hours after the flight by a scheduled job.",
    },
    "attestations": {"attest-police": "yes", "attest-terms": "yes", "attest-duties": "yes"},
}


def answers(**sections: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The whole set, with other answers in the sections named (`use_case={"use-cases": […]}`)."""
    changed = {name.replace("_", "-"): dict(values) for name, values in sections.items()}
    return {code: {**values, **changed.get(code, {})} for code, values in ANSWERS.items()}


def draft(
    of: Customer, by: User, row: PolicyEdition, filled: Mapping[str, Mapping[str, Any]] | None = None
) -> Application:
    """A draft with these answers (everything, unless said otherwise)."""
    return start(
        customer=of,
        edition=factories.read_file(),
        by=by,
        now=factories.NOW,
        create_key=uuid.uuid4(),
        prefill=ANSWERS if filled is None else filled,
    )


def posted(section: str, values: Mapping[str, Any], version: int = 0) -> dict[str, Any]:
    """Stored answers of a section as its form posts them."""
    data: dict[str, Any] = {"version": version}
    for code, value in values.items():
        if code == "subscription-ids":
            names = values.get("subscription-ids.names", {})
            data[code] = "\n".join(f"{guid} {names.get(guid, '')}" for guid in value)
        elif code == "capabilities":
            for one in value:
                data.setdefault(f"capabilities--{one.partition('.')[0]}", []).append(one)
        elif not code.endswith(".names"):
            data[code] = value
    return data
