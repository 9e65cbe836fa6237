"""Shortens the manifest for XCom, which Airflow keeps for every run: unlike the file, it must have a bounded size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.storage.audited_days.snapshots import largest_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.storage.manifest import Manifest

#: Largest number of entries of one map or list in XCom.
MAX_ENTRIES = 50

#: Largest size in bytes of JSON in XCom. An ordinary day has about 4,000.
MAX_BYTES = 32_768

#: Entries of ``result`` for the next refresh and for reports, which read the file.
_FILE_ONLY = {"unseen", "latency"}


def for_xcom(manifest: Manifest) -> Manifest:
    """Return a manifest whose size does not grow with the log.

    :param manifest: the stored manifest
    :returns: the manifest without ``unseen``, ``latency`` and ``snapshots``; ``left_out`` names the entries that were
        shortened or left out
    """
    left_out: list[str] = []
    result = {name: value for name, value in manifest["result"].items() if name not in _FILE_ONLY}
    shortened = {
        "version": manifest["version"],
        "result": _shortened(result, "result", left_out),
        "run": manifest["run"],
    }
    while _size(shortened) > MAX_BYTES - _size(left_out):
        part, name = max(
            ((part, name) for part in ("result", "run") for name in shortened[part]),
            key=lambda place: _size(shortened[place[0]][place[1]]),
        )
        shortened[part] = {key: value for key, value in shortened[part].items() if key != name}
        left_out.append(f"{part}.{name}")
    return {**shortened, "left_out": sorted({*left_out})} if left_out else shortened


def _shortened(values: Mapping[str, Any], path: str, left_out: list[str]) -> dict[str, Any]:
    shortened: dict[str, Any] = {}
    for name, value in values.items():
        here = f"{path}.{name}"
        if not isinstance(value, (dict, list)):
            shortened[name] = value
            continue
        if len(value) > MAX_ENTRIES:
            left_out.append(here)
            value = value[:MAX_ENTRIES] if isinstance(value, list) else _largest(value)
        shortened[name] = _shortened(value, here, left_out) if name == "parameters" else value
    return shortened


def _largest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the largest of some counts, or of some maps of counts, and the sum of the others."""
    if not all(isinstance(value, (int, dict)) for value in values.values()):
        return dict(list(values.items())[:MAX_ENTRIES])
    return largest_entries(values, MAX_ENTRIES)


def _size(value: object) -> int:
    return len(json.dumps(value).encode())
