"""The errors that the emulated service answers: gateway errors, and business errors inside HTTP 200."""

from __future__ import annotations

from http import HTTPStatus

VERSION_CHINA = "2017-05-25"
VERSION_GLOBE = "2018-05-01"


class InputError(ValueError):
    """The emulator was given a switch, fault, message or other input that it cannot use."""


class ApiError(Exception):
    """An error that ends a request; the application turns it into the response.

    :param code: the vendor's code
    :param message: the text that explains the code
    :param status: HTTP status of a gateway error; ``None`` for a business error, which has HTTP status 200
    :param headers: additional response headers
    :param verbatim: whether the code is written exactly like this, even if a switch asks for another form
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

    def payload(self, request_id: str, host: str, version: str | None, *, bare: bool) -> dict[str, object]:
        """Return the payload of the response. Gateway errors and the errors of each API version have their own shape.

        :param bare: whether codes of 2018-05-01 are written without the prefix ``isv.`` or ``isp.``
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


def gateway_error(code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> ApiError:
    """Return an error of the gateway.

    :param status: HTTP status, default 400
    """
    return ApiError(code, message, int(status))


def business_error(code: str, message: str, *, verbatim: bool = False) -> ApiError:
    """Return an error of the service itself: HTTP 200 with a code other than OK.

    :param code: the code including its prefix, ``isv.`` or ``isp.``
    :param verbatim: see :class:`ApiError`
    """
    return ApiError(code, message, verbatim=verbatim)


def missing_parameter(parameter: str) -> ApiError:
    """Return the gateway's error for a required parameter that the request lacks."""
    return gateway_error(f"Missing{parameter}", f"{parameter} is mandatory for this action.")


def invalid_parameter(parameter: str, problem: str = "is not valid") -> ApiError:
    """Return the gateway's error for a parameter with an invalid value."""
    return gateway_error("InvalidParameter", f"The specified parameter {parameter} {problem}.")


def throttled_error(status: int, retry_after_ms: float | None) -> ApiError:
    """Return the gateway's error for too many requests per second.

    :param status: HTTP status
    :param retry_after_ms: value of the header ``x-acs-retry-after`` in milliseconds; ``None``: no such header
    """
    headers = () if retry_after_ms is None else ((b"x-acs-retry-after", str(int(retry_after_ms)).encode()),)
    return ApiError("Throttling.User", "Request was denied due to user flow control.", status, headers)
