"""A log line about an error says where, never what was typed."""

import json
import logging
import sys

import structlog

from portal.configure import logging_config


def rendered(error: BaseException) -> str:
    formatter = logging_config("INFO", "json")["formatters"]["lines"]
    made = structlog.stdlib.ProcessorFormatter(
        **{name: value for name, value in formatter.items() if name != "()"}
    )
    try:
        secret_local = "Ada Canary"
        raise error
    except type(error):
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it_failed", (), sys.exc_info())
        assert secret_local
    return made.format(record)


def test_error_line_names_the_place_and_no_value() -> None:
    error = ValueError("ada@canary.example is taken")
    error.__cause__ = KeyError("Ada Canary")
    line = rendered(error)
    told = json.loads(line)
    assert told["error"] == ["ValueError", "KeyError"]
    assert told["at"][-1].endswith(" rendered")
    assert "anary" not in line
    assert "\n" not in line
