"""What the service remembers of requests is bounded."""

from __future__ import annotations

from airflow_provider_dysms.emulator.admin import get_state
from airflow_provider_dysms.emulator.service import MAX_PARAMETER_LENGTH, MAX_CALLS, Service


def test_requests_are_remembered_in_a_ring() -> None:
    service = Service([])
    for number in range(MAX_CALLS + 7):
        service.remember("QueryMessage", {"MessageId": f"{number}"})
    assert get_state(service, None)["calls"] == {"remembered": MAX_CALLS, "forgotten": 7, "at_most": MAX_CALLS}
    assert service.calls[0] == ("QueryMessage", {"MessageId": "7"})
    service.reset_requests()
    assert (len(service.calls), service.calls_forgotten) == (0, 0)


def test_a_long_parameter_is_remembered_in_part() -> None:
    service = Service([])
    parameters = {"PhoneNumbers": "13900000000," * 1_000, "OutId": "o"}
    service.remember("SendSms", parameters)
    [(_, remembered)] = service.calls
    assert remembered == {"PhoneNumbers": parameters["PhoneNumbers"][:MAX_PARAMETER_LENGTH], "OutId": "o"}
    assert len(parameters["PhoneNumbers"]) == 12_000, "the request itself is whole"
