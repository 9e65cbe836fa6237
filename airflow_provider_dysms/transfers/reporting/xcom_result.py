"""Shortens the manifest for XCom, which Airflow keeps for every run: unlike the file, it must have a bounded size."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.storage.manifest import Manifest

#: Largest number of entries of one map or list in XCom.
MAX_ENTRIES = 50

#: Largest size in bytes of JSON in XCom. An ordinary day has about 4,000.
MAX_BYTES = 32_768

#: Name of the entry that has the sum of the entries that are left out, so that the totals stay right.
OTHERS = "(others)"

#: Entry of ``result`` that only the next refresh needs, which reads the file.
_PACKED = "unseen"


def for_xcom(manifest: Manifest) -> Manifest:
    """Return a manifest whose size does not grow with the log.

    :param manifest: the stored manifest
    :returns: the manifest without ``unseen``; ``left_out`` names the entries that were shortened or left out
    """
    left_out: list[str] = []
    result = {name: value for name, value in manifest["result"].items() if name != _PACKED}
    shortened = {**manifest, "result": _shortened(result, "result", left_out)}
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
    names = sorted(values, key=lambda name: (-_total(values[name]), name))
    kept = {name: values[name] for name in sorted(names[:MAX_ENTRIES])}
    others: Counter[str] = Counter()
    for name in names[MAX_ENTRIES:]:
        value = values[name]
        others.update(value if isinstance(value, dict) else {"": value})
    return {**kept, OTHERS: others[""] if set(others) == {""} else dict(sorted(others.items()))}


def _total(value: Any) -> int:
    return sum(value.values()) if isinstance(value, dict) else value


def _size(value: object) -> int:
    return len(json.dumps(value).encode())
