"""Floor 1: values that a spreadsheet opens as they are, never as a formula."""

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: object) -> str:
    """The value as text; what would begin a formula is quoted by an apostrophe. Numbers stay numbers."""
    text = "" if value is None else str(value)
    if isinstance(value, (int, float)) or not text.lstrip(" ").startswith(_BEGINS_A_FORMULA):
        return text
    return f"'{text}"
