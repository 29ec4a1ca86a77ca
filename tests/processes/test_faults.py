"""A seeded minute of `make faults`: the harness sees a broken delivery, and nothing is lost by ours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes.conftest import ROOT

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        "config.getoption('--db') != 'postgresql'", reason="it brings a PostgreSQL of its own"
    ),
]


@pytest.mark.parametrize("fault", ["broken", "F1", "F16"])
def test_nothing_is_lost(fault: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ONLY": fault, "QUICK": "1", "SEED": "20230630"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as it must" in done.stdout
