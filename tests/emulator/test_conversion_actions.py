"""Reports about used passwords, as the official SDKs send them."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_dysmsapi20170525 import models as china_models
from alibabacloud_dysmsapi20170525.client import Client as ChinaClient
from alibabacloud_dysmsapi20180501 import models as globe_models
from alibabacloud_dysmsapi20180501.client import Client as GlobeClient
from alibabacloud_tea_openapi.exceptions import ClientException

pytestmark = pytest.mark.slow


def test_of_one_message(china: ChinaClient, globe: GlobeClient, emulator: Any) -> None:
    fields = {"message_id": "1", "delivered": True, "conversion_time": 1_780_000_000_000}
    assert globe.sms_conversion(globe_models.SmsConversionRequest(**fields)).body.response_code == "OK"
    assert china.sms_conversion_intl(china_models.SmsConversionIntlRequest(**fields)).body.code == "OK"
    assert [call["action"] for call in emulator.calls()] == ["SmsConversion", "SmsConversionIntl"]


def test_of_all_messages(china: ChinaClient, globe: GlobeClient) -> None:
    fields = {"conversion_rate": "0.53", "report_time": 1_780_000_000_000}
    assert globe.conversion_data(globe_models.ConversionDataRequest(**fields)).body.response_code == "OK"
    assert china.conversion_data_intl(china_models.ConversionDataIntlRequest(**fields)).body.code == "OK"


@pytest.mark.parametrize("rate", ["1.1", "-1", "half", "nan"])
def test_a_rate_is_a_share(globe: GlobeClient, rate: str) -> None:
    with pytest.raises(ClientException) as caught:
        globe.conversion_data(globe_models.ConversionDataRequest(conversion_rate=rate))
    assert caught.value.code == "InvalidParameter"
