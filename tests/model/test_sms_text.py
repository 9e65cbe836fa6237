from __future__ import annotations

import pytest

from airflow_provider_dysms.model.sms_text import segments, sign_name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("【阿里云】验证码为：123", "阿里云"),
        ("【Alibaba Cloud】Hello", "Alibaba Cloud"),
        (" 【阿里云】x", "阿里云"),
        ("【 阿里云 】x", "阿里云"),
        ("【阿里云】", "阿里云"),
        ("【一】【二】x", "一"),
        ("验证码为：123【阿里云】", None),
        ("[Aliyun] Hello", None),
        ("【】x", None),
        ("【 】x", None),
        ("【阿里云", None),
        ("【阿【里】云】", None),
        ("", None),
    ],
)
def test_a_signature_is_in_the_brackets_at_the_very_beginning(content: str, name: str | None) -> None:
    assert sign_name(content) == name


@pytest.mark.parametrize(
    ("length", "billed"), [(0, 0), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (500, 8)]
)
def test_a_mainland_text_is_billed_by_70_and_then_by_67_characters(length: int, billed: int) -> None:
    assert segments("字" * length, international=False) == billed
    assert segments("a" * length, international=False) == billed
    assert segments("字" * length, international=True) == billed


def test_the_signature_and_its_brackets_are_billed() -> None:
    text = "字" * 66
    assert segments("【云】" + text, international=False) == 1
    assert segments("【阿云】" + text + "字", international=False) == 2


@pytest.mark.parametrize(("length", "billed"), [(160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)])
def test_an_international_text_in_gsm_7_is_billed_by_160_and_then_by_153(length: int, billed: int) -> None:
    assert segments("a" * length, international=True) == billed


def test_a_character_of_the_gsm_7_extension_takes_two_places() -> None:
    assert segments("€" * 80, international=True) == 1
    assert segments("€" * 81, international=True) == 2
    assert segments("a" * 159 + "[", international=True) == 2


def test_one_character_outside_gsm_7_makes_all_of_it_ucs_2() -> None:
    assert segments("a" * 70 + "é", international=True) == 1
    assert segments("a" * 70 + "ê", international=True) == 2


def test_an_emoji_takes_two_places() -> None:
    assert segments("😀" * 35, international=True) == 1
    assert segments("😀" * 36, international=False) == 2
