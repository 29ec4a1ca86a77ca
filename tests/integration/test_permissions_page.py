"""`docs/permissions.md` is what the code says today."""

from pathlib import Path

from applications.management.commands.permissions import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == "\n".join(page()) + "\n", "manage.py permissions > docs/permissions.md"
