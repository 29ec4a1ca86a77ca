"""The colours keep their contrast, and nothing vendored has changed under us. Both are read from the files."""

import hashlib
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
SHEETS = sorted((STATIC / "css").glob("*.css"))
TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {
    name: (light, dark) for name, light, dark in TOKEN.findall((STATIC / "css/tokens.css").read_text())
}
LIGHT, DARK = 0, 1
AAA, CONTROL = 7.0, 3.0

# Which text stands on which ground (look: "every pair of text below is AAA").
TEXT = {
    "ink": ("paper", "surface", "wash", "waiting-wash", "accent-wash", "granted-wash", "ended-wash"),
    "ink-2": ("paper", "surface", "wash", "waiting-wash", "accent-wash"),
    "accent": ("paper", "surface", "waiting-wash", "accent-wash"),
    "open": ("paper", "surface", "open-wash"),
    "waiting": ("paper", "surface", "waiting-wash", "accent-wash"),
    "granted": ("paper", "surface", "granted-wash", "waiting-wash", "accent-wash"),
    "ended": ("paper", "surface", "ended-wash", "waiting-wash", "accent-wash"),
    "on-accent": ("accent", "accent-strong"),
    "on-bar": ("bar",),
    "on-bar-2": ("bar",),
}
PAIRS = [(text, ground) for text, grounds in TEXT.items() for ground in grounds]


def luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3: (L1 + 0.05) / (L2 + 0.05), the lighter first."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says_it_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_aaa_on_its_ground(text, ground, theme):
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= AAA


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface", "waiting-wash"])
@pytest.mark.parametrize("line", ["edge", "accent", "ended"])
def test_borders_and_focus_can_be_seen(line, ground, theme):
    assert contrast(COLOURS[line][theme], COLOURS[ground][theme]) >= CONTROL


def test_every_colour_of_the_tokens_is_in_the_table():
    grounds = {ground for grounds in TEXT.values() for ground in grounds}
    assert set(COLOURS) == set(TEXT) | grounds | {"line", "edge"}


def test_no_sheet_but_the_tokens_names_a_colour():
    """One file of colours; the ground of a QR code and the shade behind a dialog have no theme."""
    value = re.compile(r"[\w-]+:\s*([^;{}]+);")
    raw = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(")
    named = {
        sheet.name: [colour for text in value.findall(sheet.read_text()) for colour in raw.findall(text)]
        for sheet in SHEETS
        if sheet.name != "tokens.css"
    }
    assert {name: found for name, found in named.items() if found} == {
        "notices.css": ["#fff"],
        "desk.css": ["rgb("],
    }


def test_every_variable_that_a_sheet_uses_is_declared():
    text = "\n".join(sheet.read_text() for sheet in SHEETS)
    used, declared = set(re.findall(r"var\((--[\w-]+)", text)), set(re.findall(r"(--[\w-]+):", text))
    assert used - declared == set()


VENDORED = sorted(path for path in (STATIC / "vendor").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: folder.name)
def test_vendored_files_are_those_that_were_taken(folder):
    listed = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    there = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert "LICENSE" in listed
    assert there == set(listed)
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in there} == listed


def test_the_font_faces_point_at_vendored_files():
    sheet = STATIC / "css/fonts.css"
    named = re.findall(r'url\("([^"]+)"\)', sheet.read_text())
    assert len(named) == 6
    assert [name for name in named if not (sheet.parent / name).is_file()] == []
