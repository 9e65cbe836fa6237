"""The Airflow variables of the example DAGs, for `make demo` and `make airflow`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CARRIERS = ("mobile", "unicom", "telecom")


def example_variables(folder: Path) -> dict[str, str]:
    """Write the files that the example DAGs read, except the send logs, and return the variables that name them.

    :param folder: an existing folder; send logs belong into ``sent``, and audits go to ``output``
    """
    sims, campaign = folder / "sims.json", folder / "campaign"
    sims.write_text(json.dumps({carrier: f"1390000000{position}" for position, carrier in enumerate(CARRIERS)}))
    campaign.mkdir()
    for wave in (1, 2):
        numbers = (f"139{wave:04}{position:04}" for position in range(20))
        (campaign / f"wave-{wave}.txt").write_text("\n".join(numbers))
    return {
        "AIRFLOW_VAR_DYSMS_SENT_URI": f"file://{folder}/sent/{{send_date:%Y%m%d}}.csv",
        "AIRFLOW_VAR_DYSMS_OUTPUT_URI": f"file://{folder}/output",
        "AIRFLOW_VAR_DYSMS_PROBE_SIMS": f"file://{sims}",
        "AIRFLOW_VAR_DYSMS_SIGN_NAME": "示例",
        "AIRFLOW_VAR_DYSMS_OTP_TEMPLATE": "SMS_200000001",
        "AIRFLOW_VAR_DYSMS_CAMPAIGN_URI": f"file://{campaign}",
        "AIRFLOW_VAR_DYSMS_CAMPAIGN_TEMPLATE": "SMS_300000001",
    }
