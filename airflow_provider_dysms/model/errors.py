"""The errors of this package, classed by what the caller should do about them.

::

    DysmsError
    ├── DysmsInputError            correct the argument; no request was sent
    │   └── DysmsWindowError       the service has no records of the day, or has them no longer
    ├── DysmsRefused               the service refused, and would refuse again
    │   ├── DysmsAuthError         key, token or account
    │   │   └── DysmsCredentialsError  the source of credentials gave none
    │   ├── DysmsSignatureError    the secret, or something that alters requests on their way
    │   ├── DysmsClockError        this machine's clock
    │   ├── DysmsPermissionError   RAM, or the site's own rules
    │   ├── DysmsParameterError    a parameter that the service does not accept
    │   ├── DysmsConfigError       endpoint, site, API version or method
    │   ├── DysmsContentError      signature, template or text of a message
    │   └── DysmsUnknownCode       a code that is not in the vendor's lists
    ├── DysmsTransient             may be tried again
    │   ├── DysmsThrottled         more requests per second than the account may send
    │   ├── DysmsServerError       5xx, and the vendor's own system errors
    │   ├── DysmsNonceUsed         to be tried again with a new nonce
    │   ├── DysmsTransportError    no response: refused, reset, cut off, timed out
    │   │   └── DysmsHeldBack      a send that was paused or queued for too long, and did not leave
    │   ├── DysmsUnreadable        a response that this API does not give
    │   │   └── DysmsMismatched    a response that may belong to another request
    │   └── DysmsBusinessLimit     a limit of the account: to be tried later, not at once
    ├── DysmsNotFound              the service does not know the message, or not yet
    ├── DysmsIncomplete            an answer that cannot be shown to be complete
    └── DysmsStorageError          a store did not answer, or a partition changed while it was written

An error never repeats the vendor's own message text, which quotes numbers and whole requests.
"""

from __future__ import annotations

from airflow_provider_dysms.model.safe_text import one_line

#: Characters of a code or an id, and of a whole message, that are repeated.
MAX_DETAIL_LENGTH, MAX_MESSAGE = 100, 8_000


class DysmsError(Exception):
    """Base of every error of this package.

    :param message: what happened, to which object, and what to do
    :param code: the vendor's code
    :param request_id: the vendor's id of the request, for a ticket
    :param http_status: status of the response
    """

    #: What to do about it, appended to the message.
    remedy = ""

    #: Whether the request may be repeated although it may have been executed: a query may, a send may not.
    is_idempotent = True

    def __init__(
        self, message: str, *, code: str | None = None, request_id: str | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(message, code, request_id, http_status)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.http_status = http_status

    def __str__(self) -> str:
        # Codes and ids come from outside: none of them may begin a line of its own in a log.
        facts = ", ".join(
            f"{name} {one_line(str(value), MAX_DETAIL_LENGTH)}"
            for name, value in (("code", self.code), ("HTTP", self.http_status), ("request id", self.request_id))
            if value is not None
        )
        return " ".join(
            filter(None, (one_line(self.message, MAX_MESSAGE) + (f" ({facts})." if facts else "."), self.remedy))
        )

    def prefix_message(self, subject: str) -> None:
        """Put the subject of the error, such as a line of a file, in front of its message."""
        self.message = f"{subject}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[DysmsError], args: tuple[object, ...], state: dict[str, object]) -> DysmsError:
    error = cls.__new__(cls)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class DysmsInputError(DysmsError, ValueError):
    """An argument is wrong; no request was sent.

    :param argument: name of the argument
    :param problem: what is wrong with it and how to correct it, a clause that follows the name
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument} {problem}")
        self.argument = argument
        self.problem = problem


class DysmsWindowError(DysmsInputError):
    """The service has no records of the day, or has them no longer."""


class DysmsRefused(DysmsError):
    """The service refused the request, and would refuse it again."""


class DysmsAuthError(DysmsRefused):
    """The service does not accept the key, the token or the account."""

    remedy = "Check login, password and security_token of the connection, and the state of the account."


class DysmsCredentialsError(DysmsAuthError):
    """The source of credentials for the connection's ``auth_type`` gave none, and would give none again."""

    remedy = "Check auth_type and its fields in the connection, and that the identity in them may assume the role."


class DysmsSignatureError(DysmsRefused):
    """The service computed a different signature."""

    remedy = "Check the AccessKey secret (the connection's password), and that no proxy alters requests."


class DysmsClockError(DysmsRefused):
    """The service found the request's time too far from its own."""

    remedy = "Synchronise the clock of this machine (NTP); requests are dated in UTC."


class DysmsPermissionError(DysmsRefused):
    """The account does not have the permission."""

    remedy = "Grant the RAM user dysms:Query* (policy AliyunDysmsReadOnlyAccess), and dysms:Send* to send."


class DysmsParameterError(DysmsRefused):
    """The service does not accept the value of a parameter."""


class DysmsConfigError(DysmsRefused):
    """The endpoint does not know the API version, the action or the method of the request."""

    remedy = "Check region_id, host, port and schema of the connection: site, region and API version must fit."


class DysmsContentError(DysmsRefused):
    """The signature, the template or the text of a message is not accepted."""


class DysmsUnknownCode(DysmsRefused):
    """The service answered with a code that is not in the vendor's lists."""


class DysmsTransient(DysmsError):
    """The problem is temporary; the request may be tried again."""


class DysmsThrottled(DysmsTransient):
    """More requests per second than the account may send.

    :param retry_after: seconds to wait, as the service asked, or ``None``
    """

    remedy = "The account's quota is shared by all its keys: lower quota_share or requests_per_second, or use a pool."
    retry_after: float | None = None


class DysmsServerError(DysmsTransient):
    """The service failed."""


class DysmsNonceUsed(DysmsTransient):
    """The service has seen the nonce before: an earlier attempt may have been carried out."""


class DysmsTransportError(DysmsTransient):
    """The request got no response.

    :param request_sent: whether part of the request had left, so that the service may have acted on it
    """

    request_sent: bool = True


class DysmsHeldBack(DysmsTransportError):
    """A send did not leave in time and was dropped; a later one, with a new signature, may replace it."""

    request_sent = False


class DysmsUnreadable(DysmsTransient):
    """The response is not one that this API gives."""


class DysmsMismatched(DysmsUnreadable):
    """A response may belong to another request."""

    remedy = "Something between this machine and the service, such as a proxy, repeats or exchanges responses."


class DysmsBusinessLimit(DysmsTransient):
    """A limit of the account or of the number is used up."""

    remedy = "Such limits last from a minute to a month: see the account's sending limits and balance."


class DysmsNotFound(DysmsError):
    """The service does not know the message, or not yet."""


class DysmsIncomplete(DysmsError):
    """An answer could not be shown to be complete, so none of it is used."""


class DysmsStorageError(DysmsError):
    """A store did not answer, or a partition changed while it was written."""


def is_permanent(error: DysmsError) -> bool:
    """Return whether the same request would end in the same error: a wrong argument, or a refusal."""
    return isinstance(error, (DysmsInputError, DysmsRefused))


def may_have_executed(error: DysmsError) -> bool:
    """Return whether the service may have carried out the request that failed; then only a query may be repeated."""
    if isinstance(error, DysmsTransportError):
        return error.request_sent
    return isinstance(error, DysmsTransient) and not isinstance(error, (DysmsThrottled, DysmsBusinessLimit))


def is_uncertain_send(error: DysmsError) -> bool:
    """Return whether a message may have been sent although the request failed."""
    return not error.is_idempotent and may_have_executed(error)
