"""Floor 5: one connection to the mail server, and what its answers mean."""

import smtplib
from enum import StrEnum

from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend


class Answer(StrEnum):
    """What became of one try."""

    ACCEPTED = "accepted"
    LATER = "later"  # not taken now, for certain
    BOUNCED = "bounced"  # this recipient is refused for good
    REJECTED = "rejected"  # this mail is refused for good
    UNKNOWN = "unknown"  # nobody knows whether it was taken
    DOWN = "down"  # the server takes nothing from us


class MailServer:
    """Opens when it is needed, and again after a fault. `failures` counts faults of the server in a row."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self.failures = 0

    def is_open(self) -> bool:
        """Open the connection; False, and one failure more, when it does not open."""
        if self._connection is not None:
            return True
        connection = get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException):
            self.failures += 1
            return False
        self._connection = connection
        return True

    def send(self, mail: EmailMessage) -> tuple[Answer, str]:
        """Hand over one mail; the answer and its code for the row."""
        if self._connection is None:
            return Answer.DOWN, "closed"
        try:
            taken = self._connection.send_messages([mail])
        except (OSError, smtplib.SMTPException, AnymailError, ValueError) as error:
            answer, code = read(error)
        else:
            answer, code = (Answer.ACCEPTED, "") if taken else (Answer.DOWN, "closed")
        if answer is Answer.ACCEPTED:
            self.failures = 0
        else:
            self.close()
        if answer in (Answer.DOWN, Answer.UNKNOWN):
            self.failures += 1
        elif answer is not Answer.ACCEPTED:
            self.failures = 0
        return answer, code

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except (OSError, smtplib.SMTPException):
            return


def read(error: Exception) -> tuple[Answer, str]:
    """What an error of a try means. Codes only: an answer of a server may hold an address."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((answer[0] for answer in error.recipients.values()), default=0)
        return (Answer.BOUNCED if code >= 500 else Answer.LATER), str(code)
    if isinstance(error, smtplib.SMTPDataError):
        return (Answer.REJECTED if error.smtp_code >= 500 else Answer.LATER), str(error.smtp_code)
    if isinstance(error, smtplib.SMTPResponseException):  # greeting, sign-in, our own address
        return Answer.DOWN, str(error.smtp_code)
    if isinstance(error, AnymailRecipientsRefused):
        return Answer.BOUNCED, "refused"
    if isinstance(error, AnymailRequestsAPIError) and error.status_code:
        if error.status_code in (401, 403, 429) or error.status_code >= 500:
            return Answer.DOWN, str(error.status_code)
        return Answer.REJECTED, str(error.status_code)
    if isinstance(error, smtplib.SMTPNotSupportedError | ValueError):  # an address or header nobody can send
        return Answer.REJECTED, name
    return Answer.UNKNOWN, name
