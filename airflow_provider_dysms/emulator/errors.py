"""What the service answers when it says no: the gateway's own errors, and business errors inside HTTP 200."""

from __future__ import annotations

from http import HTTPStatus

VERSION_CHINA = "2017-05-25"
VERSION_GLOBE = "2018-05-01"


class InputError(ValueError):
    """Whoever controls the emulator asked for something that there is not."""


class Refusal(Exception):
    """The answer to a request is an error.

    :param code: the vendor's code
    :param message: the text beside it
    :param status: HTTP status of a gateway error; ``None`` for a business error, which is HTTP 200
    :param headers: further headers of the answer
    :param verbatim: whether the code is written as it stands, whatever the switches say of its form
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        *,
        verbatim: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers
        self.verbatim = verbatim

    def body(self, request_id: str, host: str, version: str | None, *, bare: bool) -> dict[str, object]:
        """Return the answer's body: three shapes, by where the error comes from.

        :param bare: whether codes of 2018-05-01 lack the prefixes that those of 2017-05-25 have
        """
        if self.status is not None:
            return {
                "RequestId": request_id,
                "Message": self.message,
                "Recommend": "https://api.aliyun.com/troubleshoot"
                f"?q={self.code}&product=Dysmsapi&requestId={request_id}",
                "HostId": host,
                "Code": self.code,
            }
        if version == VERSION_GLOBE:
            code = self.code.removeprefix("isv.").removeprefix("isp.") if bare and not self.verbatim else self.code
            return {"ResponseCode": code, "ResponseDescription": self.message, "RequestId": request_id}
        return {"Message": self.message, "RequestId": request_id, "Code": self.code}


def gateway(code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> Refusal:
    """Return an error of the gateway, by default HTTP 400."""
    return Refusal(code, message, int(status))


def business(code: str, message: str, *, verbatim: bool = False) -> Refusal:
    """Return an error of the service itself: HTTP 200 with a code other than OK.

    :param code: with its prefix, ``isv.`` or ``isp.``
    """
    return Refusal(code, message, verbatim=verbatim)


def missing(parameter: str) -> Refusal:
    """Return the gateway's error for a parameter that is not there."""
    return gateway(f"Missing{parameter}", f"{parameter} is mandatory for this action.")


def invalid(parameter: str, problem: str = "is not valid") -> Refusal:
    """Return the gateway's error for a parameter that it does not take."""
    return gateway("InvalidParameter", f"The specified parameter {parameter} {problem}.")


def throttled(status: int, retry_after_ms: float | None) -> Refusal:
    """Return the gateway's error for too many requests a second."""
    headers = () if retry_after_ms is None else ((b"x-acs-retry-after", str(int(retry_after_ms)).encode()),)
    return Refusal("Throttling.User", "Request was denied due to user flow control.", status, headers)
