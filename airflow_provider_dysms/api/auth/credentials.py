"""The key that signs requests; a repr shows the first four characters of its id and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.safe_text import is_visible_ascii


@dataclass(frozen=True)
class Credentials:
    """An access key, with the token that belongs to it where it is a temporary one (STS).

    :param access_key_id: the connection's login
    :param access_key_secret: the connection's password
    :param security_token: the token of a temporary key; ``None`` for a lasting one
    :raises DysmsInputError: one of them is empty, or has a character that no key has
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
        """To whom budgets belong."""
        return self.access_key_id

    def __repr__(self) -> str:
        return f"Credentials(access_key_id='{self.access_key_id[:4]}…')"


def _check(argument: str, what: str, value: object) -> None:
    if not isinstance(value, str):
        raise DysmsInputError(argument, f"is {what} and must be text, not {type(value).__name__}")
    if not value:
        raise DysmsInputError(argument, f"is empty; put {what} there")
    # A blank, a line end or a curly quotation mark that was pasted with a key would end as a signature mismatch.
    if not is_visible_ascii(value):
        raise DysmsInputError(
            argument, f"has a blank, a control or a non-ASCII character, which {what} never has; copy it once more"
        )
