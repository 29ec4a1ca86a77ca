"""What a log line may say of an error: where it happened and of what type, never the values (privacy, secrets)."""

import logging
from types import TracebackType
from typing import Any

SAYS_WHAT_WAS_TYPED = ("django.request", "django.security")


def without_address(record: logging.LogRecord) -> bool:
    """Django ends these lines with the path or the host as sent: an invitation's token, anybody's words.

    What is before the colon stays; portal.middleware names the route under the same request_id.
    """
    if record.name.startswith(SAYS_WHAT_WAS_TYPED):
        record.msg, record.args = record.getMessage().split(":")[0], ()
    return True


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def where_it_failed(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace `exc_info` by `error` (types, the cause last) and `at` (our frames as file:line function).

    Messages and local variables are left out: a database error repeats the row, a validator repeats the input.
    """
    info = event.pop("exc_info", None)
    if not isinstance(info, tuple) or info[1] is None:
        return event
    error: BaseException | None = info[1]
    event["at"] = frames(info[2])
    types: list[str] = []
    while error is not None and len(types) < 5:
        types.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    event["error"] = types
    return event


def frames(trace: TracebackType | None, most: int = 12) -> list[str]:
    found: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-most:]
