import pytest

from applications.templatetags.account_pages import browser, groups_of_four

_MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"{_MOZILLA} (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (
            f"{_MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120",
            "Edge on Windows",
        ),
        (f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15) Version/17 Safari/605", "Safari on macOS"),
        (f"{_MOZILLA} (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17 Safari/604", "Safari on iPhone"),
        (
            f"{_MOZILLA} (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile Safari/537",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("Firefox/1", "Firefox"),
        ("", "Unknown browser"),
        ("x" * 200, "x" * 40),
    ],
)
def test_browser(said: str, shown: str) -> None:
    assert browser(said) == shown


def test_groups_of_four_escape_what_they_show() -> None:
    assert groups_of_four("ABCDEF") == '<span class="nowrap">ABCD</span> <span class="nowrap">EF</span>'
    assert "<b>" not in groups_of_four("<b>x")
