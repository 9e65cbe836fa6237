"""Runs when new receipts lie in the archive; the environment says where."""

import os

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dysms.triggers.receipts import DysmsReceiptsTrigger

archive = DysmsReceiptsTrigger(receipts_uri=os.environ["RECEIPTS_URI"], poll_interval=1)
arrivals = Asset("arrivals", watchers=[AssetWatcher(name="archive", trigger=archive)])

with DAG("arrived", schedule=[arrivals]):

    @task
    def new_files(triggering_asset_events=None):
        payloads = [event.extra["payload"] for events in triggering_asset_events.values() for event in events]
        return sum(payload["new_files"] for payload in payloads)

    new_files()
