"""Single extras are read by name, and each error names the extra and never its value."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dysms.hooks.extras import flag, number, text, unmasked_extra_warnings, with_current_names
from airflow_provider_dysms.model.errors import DysmsInputError


@pytest.mark.parametrize(("value", "read"), [(None, None), ("", None), ("proxy", "proxy")])
def test_an_empty_text_is_none(value: Any, read: str | None) -> None:
    assert text({"proxy": value}, "proxy") == read
    assert text({}, "proxy") is None


@pytest.mark.parametrize(("value", "read"), [("", 5.0), (None, 5.0), ("3.5", 3.5), (10, 10.0)])
def test_a_number_may_be_written_as_text(value: Any, read: float) -> None:
    assert number({"timeout": value}, "timeout", 5.0, maximum=10) == read


@pytest.mark.parametrize("value", [0, -1, 11, "soon", True, [], float("nan"), float("inf")])
def test_another_number_is_refused_with_the_bound(value: Any) -> None:
    with pytest.raises(DysmsInputError, match="quota must be a number above 0 and at most 10"):
        number({"timeout": value}, "timeout", 5.0, maximum=10, argument="quota")


@pytest.mark.parametrize(
    ("value", "read"),
    [(None, False), ("", False), ("No", False), (False, False), (0, False), (" YES ", True), (1, True)],
)
def test_a_switch_may_be_written_in_many_ways(value: Any, read: bool) -> None:
    assert flag({"allow": value}, "allow") is read


@pytest.mark.parametrize(("read", "value"), [(flag, "perhaps"), (text, 7)])
def test_a_value_of_another_kind_is_refused(read: Any, value: Any) -> None:
    with pytest.raises(DysmsInputError, match="allow must be"):
        read({"allow": value}, "allow")


def test_earlier_names_become_current_ones() -> None:
    assert with_current_names({"privacy_key": "k", "region": "r"}) == {"privacy_secret": "k", "region": "r"}
    assert with_current_names({"privacy_key": "k", "privacy_secret": "k"}) == {"privacy_secret": "k"}
    assert with_current_names({"privacy_key": "", "privacy_secret": "k"})["privacy_secret"] == "k"
    with pytest.raises(DysmsInputError, match="privacy_secret and its earlier name privacy_key") as raised:
        with_current_names({"privacy_key": "secret-1", "privacy_secret": "secret-2"})
    assert "secret-" not in str(raised.value)


def test_an_earlier_name_is_warned_about_without_its_value() -> None:
    (warning,) = unmasked_extra_warnings({"external_id": "the-value", "region": "r", "credentials_uri": ""})
    assert "'external_id' in clear" in warning
    assert "the-value" not in warning
