"""Icons, told apart by shape so that print and forced colours lose nothing. One colour each (currentColor).

`CUT` strokes are drawn in the page's paper colour over a filled shape.
"""

from django.utils.html import format_html
from django.utils.safestring import SafeString

_RING = '<circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="2"/>'
_DISC = '<circle cx="10" cy="10" r="8.5" fill="currentColor"/>'
_STROKE = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
_THIN = 'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"'
_CUT = 'class="cut" fill="none" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'


def _bars(filled: int) -> str:
    box = '<rect x="{x}" y="3" width="4.5" height="14" rx="0.8" {paint}/>'
    full, hollow = 'fill="currentColor"', 'fill="none" stroke="currentColor" stroke-width="1.2"'
    return "".join(box.format(x=1 + 6.5 * n, paint=full if n < filled else hollow) for n in range(3))


SHAPES = {
    "ring": _RING,
    "half": f'{_RING}<path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor"/>',
    "disc-tick": f'{_DISC}<path d="M6.2 10.3l2.6 2.6 5-5.4" {_CUT}/>',
    "square-bar": (
        f'<rect x="2" y="2" width="16" height="16" rx="2" fill="currentColor"/><path d="M6 10h8" {_CUT}/>'
    ),
    "lock": (
        f'<rect x="4.5" y="9" width="11" height="7.5" rx="1" {_THIN}/>'
        f'<path d="M7 9V6.5a3 3 0 0 1 6 0V9" {_THIN}/><path d="M10 12v1.8" {_THIN}/>'
    ),
    "ring-bar": f'{_RING}<path d="M6.5 10h7" {_STROKE}/>',
    "dashed": (
        '<circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-dasharray="3 2.89"/>'
    ),
    "tick": f'<path d="M3.5 10.8l4.2 4.2 8.8-9.6" {_STROKE}/>',
    "cross": f'<path d="M5 5l10 10M15 5L5 15" {_STROKE}/>',
    "triangle": f'<path d="M10 2.5L18.5 17.2H1.5z" {_THIN}/><path d="M10 8v4.2M10 14.6v.2" {_THIN}/>',
    "pennant": f'<path d="M4 18V3h12l-3.2 3.8L16 10.6H4" {_THIN}/>',
    "pause": '<path d="M5.5 5h3v10h-3zM11.5 5h3v10h-3z" fill="currentColor"/>',
    "dot": '<circle cx="10" cy="10" r="4.5" fill="currentColor"/>',
    "small-ring": '<circle cx="10" cy="10" r="4" fill="none" stroke="currentColor" stroke-width="2"/>',
    "info": f'{_RING}<path d="M10 9.2v4.3M10 6.4v.2" {_STROKE}/>',
    "clock": f'{_RING}<path d="M10 5.8V10l2.8 1.8" {_THIN}/>',
    "file": f'<path d="M5 2.5h7l3.5 3.5v11.5H5z" {_THIN}/><path d="M12 2.5V6h3.5" {_THIN}/>',
    "risk-0": _bars(1),
    "risk-1": _bars(2),
    "risk-2": _bars(3),
}


def icon(name: str, css: str = "") -> SafeString:
    """The icon as SVG, hidden from screen readers: the word beside it says the same."""
    return format_html(_FRAMES[name], css and f" {css}")


_FRAMES = {
    name: (
        f'<svg class="icon icon-{name}{{}}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">'
        f"{shape}</svg>"
    )
    for name, shape in SHAPES.items()
}
