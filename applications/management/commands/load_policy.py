"""`load_policy FILE`: read an edition, say what it changes for whom, store it."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from applications import clock
from applications.actions.policy import load_edition
from applications.exceptions import NoEdition, PortalError
from applications.queries.policy import edition_in_force
from applications.queries.policy_preview import PolicyPreview, preview_edition
from applications.rules.policy import Difference, Edition, PolicyError
from applications.rules.screening import read_tested_edition

SHOWN = 60


class Command(BaseCommand):
    help = "Load a policy edition. The first one takes effect at once; later ones are activated by two operators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", help="an edition as TOML, for example applications/editions/2022-06-21.toml"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what it would change, and for whom"
        )
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        now, path = clock.now(), Path(options["file"])
        try:
            text = path.read_text(encoding="utf-8-sig")
            new = read_tested_edition(text, source=path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        except PolicyError as error:
            self._refuse(error, as_json=options["json"])
        old = _in_force()
        preview = preview_edition(old, new, now=now)
        state = "dry-run"
        if not options["dry_run"]:
            try:
                loaded = load_edition(text, source=path.name, by=None, now=now)
            except PortalError as error:
                raise CommandError(error.message) from error
            state = "unchanged" if not loaded.fresh else "in_force" if loaded.row.in_force else "loaded"
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(new, old, preview, state)))
        else:
            self._say(new, old, preview, state)

    def _refuse(self, error: PolicyError, *, as_json: bool) -> NoReturn:
        if as_json:
            problems = [vars(problem) for problem in error.problems]
            self.stdout.write(json.dumps({"state": "refused", "problems": problems}))
        raise CommandError(f"{len(error.problems)} problem(s); nothing was loaded.\n{error}") from error

    def _say(self, new: Edition, old: Edition | None, preview: PolicyPreview, state: str) -> None:
        self.stdout.write(f"Edition {new.code}: {new.name}")
        self.stdout.write(
            f"{len(new.services)} services, {len(new.capabilities)} capabilities, {len(new.use_cases)} use cases, "
            f"{len(new.questions)} questions, {len(new.screening)} screening rules"
        )
        if old is not None:
            self.stdout.write(
                f"Compared with edition {old.code}, in force: {len(preview.differences)} differences"
            )
        for difference in preview.differences[:SHOWN]:
            self.stdout.write(f"  {_line(difference)}")
        if len(preview.differences) > SHOWN:
            self.stdout.write(f"  … and {len(preview.differences) - SHOWN} more (all of them with --json)")
        self.stdout.write(f"Customers touched: {preview.customers}")
        for one in preview.touched:
            self.stdout.write(
                f"  {one.capability}: new {' → '.join(one.new_now)}, existing {' → '.join(one.existing_now)}; "
                f"grace later {one.later}, earlier {one.earlier}, new {one.granted}; open items {one.open_items}"
            )
        self.stdout.write(_STATES[state])


_STATES = {
    "dry-run": "Dry run: nothing was written.",
    "unchanged": "This text is loaded already: nothing changed.",
    "in_force": "Loaded; as the first edition it is in force at once.",
    "loaded": "Loaded, not in force: an operator proposes it in the admin, a second one activates it.",
}


def _in_force() -> Edition | None:
    try:
        return edition_in_force()
    except NoEdition:
        return None


def _line(difference: Difference) -> str:
    place = ".".join(filter(None, (difference.table, difference.code, difference.field)))
    if difference.kind != "changed":
        return f"{difference.kind}: {place}"
    return f"changed: {place}: {difference.before} → {difference.after}"


def _as_json(new: Edition, old: Edition | None, preview: PolicyPreview, state: str) -> dict[str, Any]:
    return {
        "edition": new.code,
        "state": state,
        "in_force": old.code if old else (new.code if state == "in_force" else None),
        "dry_run": state == "dry-run",
        "differences": [vars(difference) for difference in preview.differences],
        "touched": [vars(one) for one in preview.touched],
        "customers": preview.customers,
    }
