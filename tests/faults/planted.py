"""Faults of security, planted one at a time in a copy of the project: which tests catch each?

    python -m tests.faults.planted            all; ONLY=csrf for one
A fault that no test catches is a hole in the tests; `make faults` fails then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scripts import scan

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Fault:
    """`old` becomes `new` in `path`; `tests` have to fail."""

    what: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS: dict[str, Fault] = {
    "permission": Fault(
        "staff may do whatever a page offers, whatever their role",
        "applications/permissions.py",
        "return user.is_active and user.staff_role in POWERS[power]",
        "return user.is_active and user.is_staff",
        ("tests/integration/test_joins.py", "tests/integration/review/test_model_pages.py"),
    ),
    "foreign": Fault(
        "an application is loaded without asking whose it is",
        "applications/queries/application.py",
        "Application.objects.filter(customer__memberships__user=user)",
        "Application.objects.filter(customer__memberships__isnull=False)",
        (
            "tests/integration/applicant/test_draft.py::test_a_strangers_application_answers_like_an_absent_one",
        ),
    ),
    "notes": Fault(
        "notes between staff are shown to applicants",
        "applications/queries/status.py",
        "application.notes.filter(internal=False)",
        "application.notes.all()",
        (
            "tests/integration/applicant/test_submit.py::test_notes_between_staff_and_names_of_staff_stay_inside",
        ),
    ),
    "mass assignment": Fault(
        "a form takes a column that is not its own",
        "applications/views/team.py",
        "    form = InvitationForm(request.POST)\n",
        "    form = InvitationForm(request.POST)\n"
        '    taken = {name: value for name, value in request.POST.items() if name == "customer_id"}\n'
        "    Membership.objects.filter(user=request.user).update(**taken)\n",
        ("tests/integration/census/test_mass_assignment.py",),
    ),
    "autoescape": Fault(
        "templates do not escape",
        "portal/settings.py",
        '"APP_DIRS": True,\n        "OPTIONS": {',
        '"APP_DIRS": True,\n        "OPTIONS": {\n            "autoescape": False,',
        (
            "tests/integration/review/test_queue.py::test_names_of_customers_stay_text",
            "tests/integration/test_public.py",
        ),
    ),
    "content policy": Fault(
        "the content policy allows inline scripts",
        "portal/settings.py",
        '"script-src": [SELF, NONCE],',
        '"script-src": [SELF, NONCE, "\'unsafe-inline\'"],',
        ("tests/integration/test_headers.py",),
    ),
    "csrf": Fault(
        "forms need no token",
        "portal/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
        ("tests/integration/census/test_census.py::test_no_post_is_taken_without_the_token_of_its_form",),
    ),
    "constraint": Fault(
        "the database lets one person propose and answer",
        "applications/migrations/0001_initial.py",
        'models.Q(("answered_by", models.F("proposed_by")), _negated=True),\n                    _connector="OR",\n'
        '                ),\n                name="proposal_two_people",',
        'models.Q(("answered_by__isnull", False)),\n                    _connector="OR",\n'
        '                ),\n                name="proposal_two_people",',
        ("tests/unit/actions/test_rights.py::test_database_refuses_one_person_for_both",),
    ),
    "trigger": Fault(
        "the record can be changed",
        "applications/migrations/0002_guards.py",
        'TABLES = ("applications_auditevent", "applications_auditseal")',
        'TABLES = ("applications_auditseal",)',
        ("tests/integration/test_hardening.py::test_the_database_refuses_to_change_the_record",),
    ),
    "log": Fault(
        "the log names people by their address",
        "portal/middleware.py",
        'user=getattr(user, "pk", None)',
        'user=getattr(user, "email", None)',
        ("tests/integration/test_hardening.py::test_each_refusal_is_a_line_that_says_who_and_where",),
    ),
    "sessions": Fault(
        "other sessions go on after a new password",
        "applications/models/user.py",
        "    def get_full_name(self) -> str:",
        '    def get_session_auth_hash(self) -> str:\n        return "the same"\n\n    def get_full_name(self) -> str:',
        ("tests/integration/test_signin.py::test_a_changed_password_ends_other_sessions_and_is_told",),
    ),
    "redirect": Fault(
        "the choice of a theme leads wherever it is told",
        "portal/theme.py",
        "if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):",
        "if not back:",
        ("tests/integration/test_frame.py",),
    ),
    "step-up": Fault(
        "nobody is asked again who they are",
        "applications/stepup.py",
        "return bool(records) and time.time() - records[-1]",
        "return True or time.time() - records[-1]",
        ("tests/integration/review/test_case.py::test_deciding_asks_again_who_it_is_after_an_hour",),
    ),
    "fails open": Fault(
        "the decision API allows when it has no answer",
        "applications/api/decisions.py",
        '"allowed": False,\n        "reason": AccessReason.ERROR.value,',
        '"allowed": True,\n        "reason": AccessReason.ERROR.value,',
        ("tests/integration/api/test_decisions.py::test_database_that_fails_is_a_deny",),
    ),
    "factor": Fault(
        "staff come in with a password alone",
        "portal/signin.py",
        'return any(record["method"] == "mfa" for record',
        'return any(record["method"] for record',
        ("tests/integration/test_signin.py::test_staff_without_a_second_factor_get_no_page_but_enrolment",),
    ),
}


def copy(place: Path) -> None:
    """The project as it stands."""
    for source in scan.tracked():
        target = place / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def run(place: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", "timeout=300", *tests],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR tests"))]
    return done.returncode, (told or done.stdout.splitlines() or [""])[0][:140]


def plant(place: Path, fault: Fault) -> str:
    """Put the fault in; answers the file as it was."""
    path = place / fault.path
    text = path.read_text()
    if text.count(fault.old) != 1:
        raise SystemExit(f"{fault.path} has changed: say anew where “{fault.what}” is planted")
    path.write_text(text.replace(fault.old, fault.new))
    return text


def main() -> int:
    only = os.environ.get("ONLY", "")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        copy(place)
        chosen = {name: fault for name, fault in FAULTS.items() if only in ("", name)}
        code, told = run(
            place, tuple(dict.fromkeys(test for fault in chosen.values() for test in fault.tests))
        )
        if code != 0:
            print(f"the tests fail without any fault: {told}")
            return 2
        for name, fault in chosen.items():
            began = time.monotonic()
            before = plant(place, fault)
            code, told = run(place, fault.tests)
            (place / fault.path).write_text(before)
            # 1: tests ran and failed. Anything else is no catch: not run at all, or all fine.
            caught = code == 1
            missed += not caught
            said = "caught" if caught else f"MISSED ({code})"
            print(f"{name:16} {said:10} {fault.what}  {told}  {time.monotonic() - began:.0f} s", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
