"""Everything that can go wrong, classed by what the caller should do. :mod:`.error_codes` says which of it an answer is.

::

    DysmsError
    ├── DysmsInputError            mend the argument; nothing was asked
    │   └── DysmsWindowError       the service does not remember the day (any more)
    ├── DysmsRefused               the service said no, and would say it again
    │   ├── DysmsAuthError         key, token or account
    │   │   └── DysmsCredentialsError  whoever should hand out a key did not
    │   ├── DysmsSignatureError    the secret, or something that alters requests on their way
    │   ├── DysmsClockError        this machine's clock
    │   ├── DysmsPermissionError   RAM, or the site's own rules
    │   ├── DysmsParameterError    a parameter that the service does not take
    │   ├── DysmsConfigError       endpoint, site, API version or method
    │   ├── DysmsContentError      signature, template or text of a message
    │   └── DysmsUnknownCode       a code that is in none of the vendor's lists
    ├── DysmsTransient             may be tried again
    │   ├── DysmsThrottled         too many requests a second for the account
    │   ├── DysmsServerError       5xx, and the vendor's own system errors
    │   ├── DysmsNonceUsed         once more with a new nonce
    │   ├── DysmsTransportError    no answer: refused, reset, cut off, timed out
    │   │   └── DysmsHeldBack      a send that was paused or queued for too long, and did not leave
    │   ├── DysmsUnreadable        an answer that is none
    │   │   └── DysmsMismatched    a response that may be another request's
    │   └── DysmsBusinessLimit     a limit of the account: later, not at once
    ├── DysmsNotFound              no such message, or not yet
    ├── DysmsIncomplete            an answer that cannot be shown to be whole
    └── DysmsStorageError          no answer from a store, or a partition that did not hold still

The vendor's own message text is never repeated: it quotes numbers, and whole requests.
"""

from __future__ import annotations

import re

#: Characters of a text from outside that is repeated, of a code or an id, and of a whole message, at most.
MAX_REPEATED, MAX_FACT, MAX_MESSAGE = 500, 100, 8_000


class DysmsError(Exception):
    """Base of every error of this package.

    :param message: what happened, to which object, and what to do
    :param code: the vendor's code
    :param request_id: the vendor's id of the request, for a ticket
    :param http_status: status of the answer
    """

    #: What to do about it, appended to the message.
    remedy = ""

    def __init__(
        self, message: str, *, code: str | None = None, request_id: str | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(message, code, request_id, http_status)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.http_status = http_status

    def __str__(self) -> str:
        # Names of columns and files, codes and ids come from outside: none of them begins a line of its own in a log.
        facts = ", ".join(
            f"{name} {one_line(str(value), MAX_FACT)}"
            for name, value in (("code", self.code), ("HTTP", self.http_status), ("request id", self.request_id))
            if value is not None
        )
        return " ".join(
            filter(None, (one_line(self.message, MAX_MESSAGE) + (f" ({facts})." if facts else "."), self.remedy))
        )

    def is_about(self, what: str) -> None:
        """Say in front of the message what it is about, such as a line of a file."""
        self.message = f"{what}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[DysmsError], args: tuple[object, ...], state: dict[str, object]) -> DysmsError:
    error = cls.__new__(cls)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class DysmsInputError(DysmsError, ValueError):
    """An argument is wrong; nothing was asked.

    :param argument: name of the argument
    :param problem: what is wrong with it and how to mend it, a clause that follows the name
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument} {problem}")
        self.argument = argument
        self.problem = problem


class DysmsWindowError(DysmsInputError):
    """The service does not remember the day, or no longer does."""


class DysmsRefused(DysmsError):
    """The service said no, and would say it again."""


class DysmsAuthError(DysmsRefused):
    """The service does not accept the key, the token or the account."""

    remedy = "Check login, password and security_token of the connection, and the state of the account."


class DysmsCredentialsError(DysmsAuthError):
    """Whoever should hand out a key for the connection's ``auth_type`` did not, and would not."""

    remedy = "Check auth_type and its fields in the connection, and that the role may be assumed by whom they name."


class DysmsSignatureError(DysmsRefused):
    """The service computed another signature."""

    remedy = "Check the AccessKey secret (the connection's password), and that no proxy alters requests."


class DysmsClockError(DysmsRefused):
    """The service found the request's time too far from its own."""

    remedy = "Synchronise the clock of this machine (NTP); requests are dated in UTC."


class DysmsPermissionError(DysmsRefused):
    """The account may not do this."""

    remedy = "Grant the RAM user dysms:Query* (policy AliyunDysmsReadOnlyAccess), and dysms:Send* to send."


class DysmsParameterError(DysmsRefused):
    """The service does not take a parameter as it is."""


class DysmsConfigError(DysmsRefused):
    """The endpoint does not know what it was asked for."""

    remedy = "Check region_id, host, port and schema of the connection: site, region and API version must fit."


class DysmsContentError(DysmsRefused):
    """The signature, the template or the text of a message is not accepted."""


class DysmsUnknownCode(DysmsRefused):
    """The service answered with a code that none of its lists has."""


class DysmsTransient(DysmsError):
    """Something that passes; the request may be tried again."""


class DysmsThrottled(DysmsTransient):
    """More requests a second than the account may send.

    :param retry_after: seconds that the service asked to wait, or ``None``
    """

    remedy = "The account's quota is shared by all its keys: lower quota_share or requests_per_second, or use a pool."
    retry_after: float | None = None


class DysmsServerError(DysmsTransient):
    """The service failed on its own account."""


class DysmsNonceUsed(DysmsTransient):
    """The service saw the nonce before: an earlier try may have been carried out."""


class DysmsTransportError(DysmsTransient):
    """There was no answer.

    :param request_sent: whether a part of the request had left, so that the service may have acted on it
    """

    request_sent: bool = True


class DysmsHeldBack(DysmsTransportError):
    """A send did not leave in time, and was given up: a later one, with a new signature, may take its place."""

    request_sent = False


class DysmsUnreadable(DysmsTransient):
    """What came back is no answer of this API."""


class DysmsMismatched(DysmsUnreadable):
    """A response may belong to another request."""

    remedy = "Something between this machine and the service, such as a proxy, repeats or exchanges responses."


class DysmsBusinessLimit(DysmsTransient):
    """A limit of the account or of the number is used up."""

    remedy = "Such limits last from a minute to a month: see the account's sending limits and balance."


class DysmsNotFound(DysmsError):
    """The service has no such message, or not yet."""


class DysmsIncomplete(DysmsError):
    """An answer could not be shown to be whole, so none of it is used."""


class DysmsStorageError(DysmsError):
    """A store did not answer, or a partition did not hold still while it was written."""


def is_permanent(error: DysmsError) -> bool:
    """Say whether the same question would end in the same error: a wrong argument, or a plain no."""
    return isinstance(error, (DysmsInputError, DysmsRefused))


def may_have_executed(error: DysmsError) -> bool:
    """Say whether a request that ended so may have been carried out all the same: then only a query is tried again."""
    if isinstance(error, DysmsTransportError):
        return error.request_sent
    return isinstance(error, DysmsTransient) and not isinstance(error, (DysmsThrottled, DysmsBusinessLimit))


def safe_repr(value: object) -> str:
    """Return a value that a user passed as an error may repeat it: arguments get mixed up, and some are private.

    :param value: any argument; only what is short and has no room for a phone number is repeated
    """
    text = repr(value)
    is_plain = value is None or isinstance(value, (str, int, float))
    return text if is_plain and len(text) <= 42 and sum(map(str.isdigit, text)) < 7 else f"this {type(value).__name__}"


_LONG_NUMBER = re.compile(r"\d{7,}")


def one_line(text: str, longest: int = MAX_REPEATED) -> str:
    """Return a text from outside, such as the name of a file, as a log may repeat it: one line, without escape codes.

    :param longest: characters of it, at most
    """
    line = text[:longest] + ("..." if len(text) > longest else "")
    return line if line.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)


def safe_text(text: str, longest: int = MAX_REPEATED) -> str:
    """Return what :func:`one_line` does of a text that may have been forged, without numbers that may be a phone's.

    :param text: such as what a stored event says
    :param longest: characters of it, at most
    """
    return _LONG_NUMBER.sub("***", one_line(text, longest))
