"""An access key (AccessKey ID, secret and STS token) that signs requests, checked for characters no key has."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import is_visible_ascii


@dataclass(frozen=True)
class Credentials:
    """An access key, permanent or temporary. Its repr shows the first four characters of the id and nothing else.

    :param access_key_id: the connection's login
    :param access_key_secret: the connection's password
    :param security_token: the STS token of a temporary key; ``None`` for a permanent one
    :raises DysmsInputError: one of them is not text, is empty, or has a character that keys never have
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check("login", "the AccessKey ID", self.access_key_id)
        _check("password", "the AccessKey secret", self.access_key_secret)
        if self.security_token is not None:
            _check("security_token", "the STS token", self.security_token)

    @property
    def identity(self) -> str:
        """The owner of the rate limiters."""
        return self.access_key_id

    def __repr__(self) -> str:
        return f"Credentials(access_key_id='{self.access_key_id[:4]}…')"


def _check(argument: str, what: str, value: object) -> None:
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"must be text, not {type(value).__name__}: it is {what}")
    if not value:
        raise DysmsInputError(argument, f"is empty; it must be {what}")
    # A blank, line end or curly quotation mark pasted together with a key would cause a signature mismatch.
    if not is_visible_ascii(value):
        raise DysmsInputError(
            argument, f"has a blank, a control or a non-ASCII character, which {what} never has; copy it again"
        )
