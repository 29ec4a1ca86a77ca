"""Who and what the demo plays with: invented people, organisations and answers."""

from typing import Any

from applications.enums import StaffRole

PASSWORD = "correct horse battery staple"  # noqa: S105 -- the demo's, shown on its mailbox page
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 -- likewise

STAFF = (
    ("rosa@vendor.example", "Rosa Keller", StaffRole.REVIEWER),
    ("sam@vendor.example", "Sam Okafor", StaffRole.REVIEWER),
    ("lena@vendor.example", "Lena Brandt", StaffRole.LEAD),
    ("omar@vendor.example", "Omar Haddad", StaffRole.OPERATOR),
    ("aiko@vendor.example", "Aiko Tanaka", StaffRole.AUDITOR),
)

# name, domain, country, sector, owner, services, number of subscriptions
EXISTING: tuple[tuple[str, str, str, str, str, str, int], ...] = (
    (
        "Nordlys Airports A/S",
        "nordlys.example",
        "DK",
        "commercial",
        "Henrik Aagaard",
        "face;computer-vision",
        4,
    ),
    (
        "Hafenlogistik Brandt & Söhne GmbH & Co. KGaA",
        "hafenlogistik-brandt.example",
        "DE",
        "commercial",
        "Jürgen Brandt",
        "face",
        3,
    ),
    ("هيئة مطارات الخليج", "gulf-airports.example", "AE", "government", "Layla Al-Mansouri", "face", 3),
    (
        "Meridian Media Archive Ltd",
        "meridian-archive.example",
        "GB",
        "commercial",
        "Oliver Grant",
        "video-indexer",
        2,
    ),
    ("Banco Cordillera S.A.", "bancocordillera.example", "ES", "commercial", "Lucía Ortega", "face", 4),
    ("Universidade Federal do Vale Médio", "ufvm.example", "BR", "government", "Tomás Ribeiro", "face", 1),
    (
        "みなと放送株式会社",
        "minato-broadcasting.example",
        "JP",
        "commercial",
        "田中 葵",
        "video-indexer;computer-vision",
        2,
    ),
    ("Kestrel Exams Ltd", "kestrel-exams.example", "GB", "commercial", "Priya Nair", "face", 1),
    ("Ville de Saint-Aubin-les-Eaux", "saint-aubin.example", "FR", "government", "Claire Moreau", "face", 1),
    ("Red Lantern Rescue", "redlantern.example", "CH", "international-organisation", "Anja Meier", "face", 1),
    ("Pinecrest Care Homes", "pinecrest-care.example", "US", "commercial", "Dana Whitfield", "face", 2),
    ("Aurora Stadium Oy", "aurorastadium.example", "FI", "commercial", "Eero Lahtinen", "face", 1),
    (
        "Oakline Security Partners LLC",
        "oakline-security.example",
        "US",
        "commercial",
        "Marcus Reed",
        "face",
        2,
    ),
    ("Tessellate Retail B.V.", "tessellate.example", "NL", "commercial", "Sanne de Vries", "face", 1),
)
SILENT = (
    "Copperfield Hotels",
    "Westmoor Museum",
    "Granvia Telecom",
    "Lumen Insurance",
    "Dunmore Rail",
    "Havn Bank",
    "Solvang Ferries",
    "Yarrow Identity",
    "Iberra Exams",
    "Zephyr Studios",
)
NEW = (
    ("Keystone Onboarding Inc.", "keystone-onboarding.example", "US", "Grace Okonkwo"),
    ("Polderzicht Notarissen", "polderzicht.example", "NL", "Bram Jansen"),
)


def answers(
    *,
    person: str,
    email: str,
    name: str,
    website: str,
    country: str,
    sector: str,
    subscriptions: dict[str, str],
    services: list[str],
    capabilities: list[str],
    use_cases: list[str],
    description: str,
    **people: Any,
) -> dict[str, dict[str, Any]]:
    """A whole set of answers by section; `people` overrides answers about the people affected."""
    return {
        "organisation": {
            "applicant-name": person,
            "work-email": email,
            "organisation-name": name,
            "website": website,
            "country": country,
            "sector": sector,
            "account-team": "yes",
            "account-contact": "Partner desk",
            "builds-for-others": "no",
        },
        "subscriptions": {
            "subscription-ids": list(subscriptions),
            "subscription-ids.names": subscriptions,
            "paid-tier": "yes",
        },
        "need": {"services": services, "capabilities": capabilities},
        "use-case": {"use-cases": use_cases, "description": description},
        "people": {
            "deployment-countries": "Denmark, Norway",
            "whose-faces": ["customers"],
            "face-source": ["enrolled"],
            "places": ["controlled-entrance"],
            "real-time": "no",
            "minors": "no",
            "police": "no",
            "voluntary": "yes",
            "other-way": "yes",
            "match-review": "person",
            "notice": "A sign at each gate and a page in the app say what is compared, why, and who is responsible.",
            "consent": "People enrol themselves in the app and can withdraw there at any time.",
            "retention": "The picture is deleted after 30 seconds; the template when the account is closed.",
            **people,
        },
        "evidence": {},
        "attestations": {"attest-police": "yes", "attest-terms": "yes", "attest-duties": "yes"},
    }
