"""`.venv` is made when the lock or the interpreter changed, and only then."""

import pytest

from scripts import env


@pytest.fixture
def calls():
    """The lock that each call of pip installed."""
    return []


@pytest.fixture
def place(tmp_path, monkeypatch, calls):
    """An environment made for `dev`, with the calls of pip and venv recorded instead of made."""
    monkeypatch.setattr(env, "ROOT", tmp_path)
    monkeypatch.setattr(env, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(env, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(env.subprocess, "run", lambda *_, **__: make_venv(tmp_path))
    monkeypatch.setattr(env, "pip", lambda _python, *arguments: calls.append(arguments[-1]))
    for name in ("base", "dev"):
        (tmp_path / f"{name}.txt").write_text(f"{name}==1")
    env.install("dev")
    calls.clear()
    return tmp_path


def make_venv(root):
    (root / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (root / ".venv" / "bin" / "python").touch()
    version = ".".join(str(part) for part in env.sys.version_info[:3])
    (root / ".venv" / "pyvenv.cfg").write_text(f"version = {version}\n")


def test_second_start_installs_nothing(place, calls):
    env.install("dev")
    assert calls == []


def test_what_tests_need_serves_who_only_runs(place, calls):
    env.install("base")
    assert calls == []


def test_changed_lock_is_installed(place, calls):
    (place / "dev.txt").write_text("dev==2")
    env.install("dev")
    assert calls == [str(place / "dev.txt")]


def test_only_running_does_not_serve_tests(place, calls):
    (place / ".venv" / ".stamp-dev").unlink()
    env.install("base")
    env.install("dev")
    assert calls == [str(place / "base.txt"), str(place / "dev.txt")]


def test_another_interpreter_starts_from_nothing(place, calls):
    (place / ".venv" / "pyvenv.cfg").write_text("version = 3.9.1\n")
    (place / ".venv" / ".stamp-dev").write_text("made by 3.9.1")
    (place / ".venv" / "leftover").touch()
    env.install("dev")
    assert calls == [str(place / "dev.txt")]
    assert not (place / ".venv" / "leftover").exists()
