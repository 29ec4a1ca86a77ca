"""What the site is made of, as CycloneDX 1.6 (`make sbom` writes var/sbom.json): the lock, and what is vendored.

From the lock and the licences that the installed packages state; nothing is asked of a network.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "base.txt"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(.*?)(?=^\S|\Z)", re.M | re.S)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> dict[str, tuple[str, list[str]]]:
    """Name → version and the hashes of the files that may be installed."""
    return {key(name): (version, HASH.findall(rest)) for name, version, rest in PINNED.findall(text)}


def licences(name: str) -> list[dict[str, Any]]:
    try:
        data = metadata(name)
    except PackageNotFoundError:
        return []
    said = "".join(data.get_all("License-Expression") or [])
    if said:
        return [{"expression": said}]
    said = "".join(data.get_all("License") or [])
    if said and len(said) < 60:
        return [{"license": {"name": said}}]
    named = [
        line.rsplit("::", 1)[-1].strip() for line in data.get_all("Classifier") or [] if "License ::" in line
    ]
    return [{"license": {"name": one}} for one in named]


def needs(name: str, known: set[str]) -> list[str]:
    try:
        wanted = [NAME.match(line) for line in requires(name) or [] if "extra ==" not in line]
    except PackageNotFoundError:
        return []
    return sorted({key(one[0]) for one in wanted if one} & known)


def bill() -> dict[str, Any]:
    packages = locked(LOCK.read_text())
    refs = {name: f"pkg:pypi/{name}@{version}" for name, (version, _hashes) in packages.items()}
    components: list[dict[str, Any]] = [
        {
            "type": "library",
            "bom-ref": refs[name],
            "name": name,
            "version": version,
            "purl": refs[name],
            "licenses": licences(name),
            # Each file that may be installed has its own.
            "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
        }
        for name, (version, hashes) in packages.items()
    ]
    for folder in sorted((ROOT / "static" / "vendor").iterdir()):
        name, _dash, version = folder.name.rpartition("-")
        ref = f"pkg:generic/{name}@{version}"
        components.append(
            {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref, "licenses": []}
        )
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, LOCK.read_text())}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "limited-access-portal", "bom-ref": "portal"}
        },
        "components": components,
        "dependencies": [
            {"ref": "portal", "dependsOn": sorted(one["bom-ref"] for one in components)},
            *(
                {"ref": refs[name], "dependsOn": [refs[one] for one in needs(name, set(refs))]}
                for name in refs
            ),
        ],
    }


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / "sbom.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = bill()
    path.write_text(json.dumps(made, indent=1) + "\n")
    print(f"{path}: {len(made['components'])} components")


if __name__ == "__main__":
    main()
