"""The reader of the environment refuses nonsense, says what to mend, and never repeats a value."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.env import Env


def refused(env: Env) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        env.finish()
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "meant"), [("1", True), ("on", True), ("TRUE", True), ("0", False), ("No", False), ("", True)]
)
def test_flag_knows_its_words(raw, meant):
    assert Env({"X": raw}).flag("X", default=True, help="") is meant


@pytest.mark.parametrize("raw", ["2", "maybe", "tru", "1.0"])
def test_flag_refuses_other_words(raw):
    env = Env({"X": raw})
    env.flag("X", help="")
    assert "X: must be 1 or 0" in refused(env)


def test_number_within_its_limits():
    assert Env({"X": "5"}).number("X", 1, least=0, most=5, help="") == 5
    assert Env({}).number("X", 1, least=0, most=5, help="") == 1


@pytest.mark.parametrize("raw", ["6", "-1", "1.5", "1_0", "٣", "0x1", "x"])
def test_number_refuses_what_is_none(raw):
    env = Env({"X": raw})
    env.number("X", 1, least=0, most=5, help="")
    assert "X: must be a whole number from 0 to 5" in refused(env)


def test_choice_is_one_of_its_options():
    assert Env({"X": "b"}).choice("X", "a", ("a", "b"), help="") == "b"
    env = Env({"X": "c"})
    env.choice("X", "a", ("a", "b"), help="")
    assert "X: must be one of a, b" in refused(env)


def test_listing_drops_blanks():
    assert Env({"X": " a, ,b,"}).listing("X", help="") == ["a", "b"]


@pytest.mark.parametrize("raw", ["*", ".example.org", "https://example.org", "a.example/b", "a.example, *"])
def test_hosts_are_exact_names(raw):
    env = Env({"X": raw})
    env.hosts("X", help="", required=True)
    assert "is not the exact name of a host" in refused(env)


@pytest.mark.parametrize("raw", ["mysql://db", "example.org", "https://[bad", "postgres://h:99999999/x"])
def test_url_refuses_other_schemes_and_malformed_ones(raw):
    env = Env({"X": raw})
    env.url("X", schemes=("postgres",), help="")
    assert "X:" in refused(env)


def test_path_is_absolute():
    assert Env({"X": "/srv/files"}).path("X", Path("/default"), help="") == Path("/srv/files")
    env = Env({"X": "files"})
    env.path("X", Path("/default"), help="")
    assert "X: must be an absolute path" in refused(env)


def test_missing_required_ones_are_all_named_at_once():
    env = Env({"C": "  "})
    env.text("A", required=True, help="what A is")
    env.listing("B", required=True, help="what B is")
    env.secret("C", required=True, help="what C is")
    said = refused(env)
    assert [f"{name}: must be set (what {name} is)" in said for name in "ABC"] == [True, True, True]


@pytest.mark.parametrize("raw", ["hunter2", "a" * 60])
def test_weak_secret_is_refused_and_not_repeated(raw):
    env = Env({"X": raw})
    env.secret("X", least=50, help="")
    said = refused(env)
    assert "X: must be random and at least 50 characters long" in said
    assert raw not in said


def test_secret_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("from-a-file\n")
    assert Env({"X_FILE": str(tmp_path / "secret")}).secret("X", help="") == "from-a-file"
    assert Env({"X_FILE": str(tmp_path / "secret"), "X": "itself"}).secret("X", help="") == "itself"


def test_any_variable_may_stand_in_a_file(tmp_path):
    (tmp_path / "address").write_text("postgres://portal:word@db.example/portal\n")
    env = Env({"X_FILE": str(tmp_path / "address")})
    assert env.url("X", schemes=("postgres",), help="") == "postgres://portal:word@db.example/portal"


def test_secret_file_that_cannot_be_read(tmp_path):
    env = Env({"X_FILE": str(tmp_path / "none")})
    env.secret("X", help="")
    assert "X_FILE" in refused(env)


def test_nothing_wrong_nothing_said():
    env = Env({})
    env.text("A", "a", help="letter")
    env.finish()
    assert env.table() == "| `A` | text | `a` | letter |"
