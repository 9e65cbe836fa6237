"""The state of the service: the requests it keeps are bounded."""

from __future__ import annotations

from airflow_provider_dysms.emulator.admin import get_state
from airflow_provider_dysms.emulator.service import MAX_CALLS, MAX_PARAMETER_LENGTH, Service


def test_only_the_last_requests_are_kept() -> None:
    service = Service([])
    for number in range(MAX_CALLS + 7):
        service.record_call("QueryMessage", {"MessageId": f"{number}"})
    assert get_state(service, None)["calls"] == {"remembered": MAX_CALLS, "forgotten": 7, "at_most": MAX_CALLS}
    assert service.calls[0] == ("QueryMessage", {"MessageId": "7"})
    service.reset_requests()
    assert (len(service.calls), service.forgotten_calls) == (0, 0)


def test_a_long_parameter_is_shortened() -> None:
    service = Service([])
    parameters = {"PhoneNumbers": "13900000000," * 1_000, "OutId": "o"}
    service.record_call("SendSms", parameters)
    [(_, kept)] = service.calls
    assert kept == {"PhoneNumbers": parameters["PhoneNumbers"][:MAX_PARAMETER_LENGTH], "OutId": "o"}
    assert len(parameters["PhoneNumbers"]) == 12_000, "the request itself is unchanged"
