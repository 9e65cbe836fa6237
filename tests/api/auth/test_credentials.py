from __future__ import annotations

import pytest

from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.model.errors import DysmsInputError

ID, SECRET, TOKEN = "LTAI5tFakeFakeFakeFake01", "FakeSecretForTests", "FakeTokenForTests"


def test_a_repr_shows_four_characters_of_the_id_and_nothing_else() -> None:
    shown = f"{Credentials(ID, SECRET, TOKEN)!r} {Credentials(ID, SECRET, TOKEN)}"
    assert "LTAI…" in shown
    assert not any(secret in shown for secret in (ID, ID[:5], SECRET, TOKEN))


@pytest.mark.parametrize(
    "bad",
    ["", " ", "with blank", "line-end\n", "tab\t", "\x00", "“quoted”", "密钥", "trailing ", "\xa0nbsp", 7, b"x"],
)
@pytest.mark.parametrize("argument", ["login", "password", "security_token"])
def test_a_key_that_cannot_be_one_is_refused_by_name_and_not_repeated(argument: str, bad: str) -> None:
    parts = {"login": ID, "password": SECRET, "security_token": TOKEN} | {argument: bad}
    with pytest.raises(DysmsInputError) as caught:
        Credentials(parts["login"], parts["password"], parts["security_token"])
    assert caught.value.argument == argument
    assert str(caught.value).startswith(argument)
    assert not any(secret in str(caught.value) for secret in (ID, SECRET, TOKEN, "blank\n", "密钥", "quoted"))
