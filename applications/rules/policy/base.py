"""What every part of an edition shares."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

_CODE = re.compile(r"[A-Za-z0-9]+([-._][A-Za-z0-9]+)*")
LONGEST_CODE = 64


def _is_code(value: str) -> str:
    if len(value) > LONGEST_CODE or not _CODE.fullmatch(value):
        raise PydanticCustomError(
            "code", "'{value}' is not a code: letters and digits, joined by - . or _", {"value": value[:80]}
        )
    return value


Code = Annotated[str, AfterValidator(_is_code)]
Codes = tuple[Code, ...]


def _star_at_end(value: str) -> str:
    if "*" in value[:-1]:
        raise PydanticCustomError("star", "'{value}': a star stands at the end only", {"value": value})
    return value


Word = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_star_at_end)]
Words = tuple[Word, ...]


class Part(BaseModel):
    """Frozen and strict: a key that nobody reads is an error, a number is not a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(Part):
    """A part that stands in the file under its code."""

    code: Code
