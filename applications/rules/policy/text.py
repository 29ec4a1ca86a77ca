"""Text that a person reads, with its translations beside it."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?")
LONGEST = 6000


def tidy(value: str) -> str:
    """Join the lines of a paragraph, keep the blank lines between paragraphs."""
    paragraphs = value.replace("\r\n", "\n").split("\n\n")
    return "\n\n".join(joined for joined in (" ".join(part.split()) for part in paragraphs) if joined)


class Text(str):
    """A `str` in the edition's own language; `to("nl")` gives the translation, or the string itself."""

    translations: Mapping[str, str]

    def __new__(cls, value: str = "", translations: Mapping[str, str] | None = None) -> Self:
        text = super().__new__(cls, value)
        text.translations = MappingProxyType(dict(translations or {}))
        return text

    def __getnewargs__(self) -> tuple[str, dict[str, str]]:  # type: ignore[override]  # carries the translations
        return str(self), dict(self.translations)

    def __reduce__(self) -> tuple[Any, ...]:
        return Text, self.__getnewargs__()

    def to(self, language: str | None) -> str:
        """The text in `language` ("nl", "nl-be"), else in its first part, else as written."""
        wanted = (language or "").lower().replace("_", "-")
        found = self.translations.get(wanted) or self.translations.get(wanted.split("-")[0])
        return found or str(self)

    @classmethod
    def read(cls, value: Any, language: str) -> "Text":
        """A string, or a table of languages that has the edition's own among them."""
        if isinstance(value, Text):
            return value
        if isinstance(value, str):
            table = {language: value}
        elif isinstance(value, Mapping) and all(isinstance(part, str) for part in value.values()):
            table = {str(key): part for key, part in value.items()}
        else:
            raise PydanticCustomError(
                "text", "must be a text or a table of languages such as {{en = …, nl = …}}"
            )
        for key, part in table.items():
            if not _LANGUAGE.fullmatch(key):
                raise PydanticCustomError("language", "'{key}' is not a language code", {"key": key})
            if len(part) > LONGEST:
                raise PydanticCustomError(
                    "too-long", "is longer than {longest} characters", {"longest": LONGEST}
                )
        if language not in table:
            raise PydanticCustomError(
                "language", "lacks the edition's own language '{language}'", {"language": language}
            )
        tidied = {key: tidy(part) for key, part in table.items()}
        if not all(tidied.values()):
            raise PydanticCustomError("empty", "must not be empty")
        return cls(tidied[language], {key: part for key, part in tidied.items() if key != language})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: Any, info: ValidationInfo) -> "Text":
            return cls.read(value, (info.context or {}).get("language", "en"))

        return core_schema.with_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )
