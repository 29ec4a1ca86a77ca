"""What differs between places: read from the environment here and nowhere else, all that is wrong named at once."""

from __future__ import annotations

import os
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from portal.env import Env

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

env = Env(os.environ)

DEBUG = env.flag(
    "DEBUG", help="For developers: pages of errors with details, a key and a database of its own."
)
DEMO = env.flag(
    "DEMO", help="Demo data, a mailbox page and a clock that can be moved. Never where real people apply."
)
SECRET_KEY = env.secret(
    "SECRET_KEY", least=50, required=not DEBUG, help="Signs sessions and links. Needed outside debug."
)
SECRET_KEY_FALLBACKS = env.listing("SECRET_KEY_FALLBACKS", help="Older keys, while a new one takes over.")
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS",
    LOOPBACK if DEBUG else (),
    required=not DEBUG,
    help="Names the site answers to. Needed outside debug.",
)
DATABASE_URL = env.url(
    "DATABASE_URL",
    schemes=("postgres", "postgresql", "sqlite"),
    required=not DEBUG,
    shown="in debug a file in VAR_DIR",
    help="`postgres://…` or `sqlite:///path`. Needed outside debug.",
)
DATABASE_TIMEOUT_S = env.number(
    "DATABASE_TIMEOUT_S",
    30,
    least=0,
    most=3600,
    help="Longest statement on PostgreSQL; 0 for none (long migrations).",
)
REDIS_URL = env.url(
    "REDIS_URL",
    schemes=("redis", "rediss", "redis+socket"),
    shown="none: worker and schedule run inside the web process",
    help="Broker of the jobs. Holds hints only; losing it loses nothing.",
)
EMAIL_URL = env.url(
    "EMAIL_URL",
    "console:" if DEBUG else "smtp://localhost:25",
    schemes=("smtp", "smtps", "smtp+tls", "console", "file", "memory", "null"),
    shown="`smtp://localhost:25`",
    help="`smtp+tls://user:password@host:587`, `smtps://…:465`, `file:///folder`, `console:` or `null:`.",
)
EMAIL_PROVIDER = env.choice(
    "EMAIL_PROVIDER",
    "none",
    ("none", "amazon_ses", "brevo", "mailgun", "mailjet", "postmark", "resend", "sendgrid"),
    help="`none` uses EMAIL_URL. A provider's API else; it reports to `/mail-events/<provider>/tracking/`.",
)
EMAIL_PROVIDER_KEY = env.secret(
    "EMAIL_PROVIDER_KEY",
    required=EMAIL_PROVIDER != "none",
    help="The provider's API key. Needed with EMAIL_PROVIDER.",
)
EMAIL_WEBHOOK_SECRET = env.secret(
    "EMAIL_WEBHOOK_SECRET",
    required=EMAIL_PROVIDER != "none",
    help="`name:password` that the provider sends with its reports. Needed with EMAIL_PROVIDER.",
)
EMAIL_FROM = env.text("EMAIL_FROM", "Limited Access Portal <portal@localhost>", help="Sender of every mail.")
SITE_URL = env.url(
    "SITE_URL",
    f"https://{ALLOWED_HOSTS[0]}" if ALLOWED_HOSTS and not (DEBUG or DEMO) else "http://localhost:8000",
    schemes=("https", "http"),
    shown="https and the first of ALLOWED_HOSTS",
    help="The address in mails and letters. Plain http is for loopback only.",
).rstrip("/")
SECURITY_CONTACT = env.url(
    "SECURITY_CONTACT",
    f"mailto:{parseaddr(EMAIL_FROM)[1]}",
    schemes=("mailto", "https"),
    shown="EMAIL_FROM",
    help="Whom finders of faults write to, in security.txt.",
)
TRUSTED_PROXIES = env.number(
    "TRUSTED_PROXIES", 0, least=0, most=5, help="How many proxies of ours add to X-Forwarded-For."
)
VAR_DIR = env.path(
    "VAR_DIR",
    BASE_DIR / "var",
    shown="`var/` beside the code",
    help="Where files are kept: uploads, collected static files, the schedule's memory.",
)
CLAMD_URL = env.url(
    "CLAMD_URL",
    schemes=("unix", "tcp"),
    shown="none: files are not scanned, and reviewers are told so",
    help="ClamAV's daemon, `unix:///run/clamav/clamd.ctl` or `tcp://host:3310`.",
)
WEBHOOK_HOSTS = env.listing(
    "WEBHOOK_HOSTS",
    help="`host:port` that gateways may be called at by plain http or inside: for developers only.",
)
BLIND_REVIEW_PERCENT = env.number("BLIND_REVIEW_PERCENT", 5, least=0, most=100, help="Cases judged twice.")
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), help="Least level that is written."
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "console" if DEBUG else "json",
    ("json", "console"),
    shown="`json`",
    help="One JSON object a line, or text to read.",
)
METRICS_TOKEN = env.secret(
    "METRICS_TOKEN",
    least=24,
    help="A monitor's bearer token for `/metrics`; without it there is no such page.",
)
OIDC_ISSUER = env.url(
    "OIDC_ISSUER",
    schemes=("https", "http"),
    shown="none",
    help="OpenID Connect sign-in: the issuer's address. Plain http is for loopback only.",
)
OIDC_DOMAINS = [
    domain.lower()
    for domain in env.listing(
        "OIDC_DOMAINS",
        required=bool(OIDC_ISSUER),
        help="Mail domains that the issuer speaks for, of staff or of a customer. Needed with OIDC_ISSUER.",
    )
]
OIDC_NAME = env.text("OIDC_NAME", "Single sign-on", help="What the button says.")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", required=bool(OIDC_ISSUER), help="Needed with OIDC_ISSUER.")
OIDC_CLIENT_SECRET = env.secret(
    "OIDC_CLIENT_SECRET", required=bool(OIDC_ISSUER), help="Needed with OIDC_ISSUER."
)

for _name, _address in (("SITE_URL", SITE_URL), ("OIDC_ISSUER", OIDC_ISSUER)):
    if urlsplit(_address).scheme == "http" and urlsplit(_address).hostname not in (
        "localhost",
        "127.0.0.1",
        "::1",
    ):
        env.problems.append(f"{_name}: plain http is for loopback only")
env.finish()

SECRET_KEY = SECRET_KEY or "insecure-key-of-a-developer-0123456789-never-outside-debug"
SECURE = SITE_URL.startswith(
    "https:"
)  # one truth: what the public address says, the cookies and headers follow
