"""Tags for the pages of a person's account."""

import re
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

# The first that fits: most browsers also carry the names of others.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: Any) -> str:
    """`Firefox on Windows` from what a browser says of itself; what is not known is shown as it is, cut short."""
    text = str(user_agent)
    program = next((name for sign, name in _BROWSERS if sign in text), "")
    system = next((name for sign, name in _SYSTEMS if sign in text), "")
    if program and system:
        return _("%(program)s on %(system)s") % {"program": program, "system": system}
    return program or system or text[:40] or _("Unknown browser")


@register.filter
def groups_of_four(secret: Any) -> SafeString:
    """A long secret to copy by hand: groups of four, each on one line."""
    return format_html_join(
        " ", '<span class="nowrap">{}</span>', ((g,) for g in re.findall(".{1,4}", str(secret)))
    )
