"""What differs between two editions, and where the end of an open grace goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from applications.rules.policy import Difference, Edition, compare, moved_end, read_edition
from tests.factories import edition_text

NOW = datetime(2023, 5, 15, tzinfo=UTC)
END = datetime(2023, 7, 1, tzinfo=UTC)


def changed(*changes: tuple[str, str]) -> Edition:
    text = edition_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read_edition(text)


def test_the_same_edition_differs_in_nothing(edition: Edition) -> None:
    assert compare(edition, edition) == ()


def test_each_difference_is_named(edition: Edition) -> None:
    new = changed(
        ("last_day = 2023-06-30", "last_day = 2023-09-30"),
        ("approval_months = 24", "approval_months = 12"),
        ("[services.video-indexer]", '[services.voice]\nname = "Voice API"\n\n[services.video-indexer]'),
        ('"10minutemail.com", ', ""),
        ('nl = "Verificatie (een op een)"', 'nl = "Verificatie"'),
        ("[reasons.wrong-subscription]", "[reasons.foreign-subscription]"),
        ('label = {en = "Web site", nl', 'required = false\nlabel = {en = "Web site", nl'),
        ('"no one reviews", ', ""),
    )
    found = compare(edition, new)
    assert (
        Difference("gates", "facial-recognition", "changed", "last_day", "2023-06-30", "2023-09-30") in found
    )
    assert Difference("limits", "", "changed", "approval_months", "24", "12") in found
    assert Difference("services", "voice", "added") in found
    assert Difference("free_mail_domains", "10minutemail.com", "removed") in found
    assert Difference("reasons", "wrong-subscription", "removed") in found
    assert Difference("reasons", "foreign-subscription", "added") in found
    assert Difference("questions", "website", "changed", "required", "True", "False") in found
    assert [(d.table, d.code, d.field) for d in found if d.table in ("capabilities", "words")] == [
        ("capabilities", "face.verification", "name"),
        ("words", "automatic", ""),
    ]
    assert len(found) == 9


@pytest.mark.parametrize(
    ("open_until", "end", "after"),
    [
        (END, END, END),
        (END, END + timedelta(days=30), END + timedelta(days=30)),
        # The notice of 90 days protects, but never makes a right longer than it was.
        (END, NOW, END),
        (END + timedelta(days=400), END, NOW + timedelta(days=90)),
        (END + timedelta(days=400), END + timedelta(days=200), END + timedelta(days=200)),
    ],
)
def test_moved_end(edition: Edition, open_until: datetime, end: datetime, after: datetime) -> None:
    assert moved_end(open_until, edition, end, NOW) == after
