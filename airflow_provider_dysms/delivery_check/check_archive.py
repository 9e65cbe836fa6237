"""Reads the figures that a check of a day needs from an archive, and judges the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.figures.read_figures import read_figures
from airflow_provider_dysms.delivery_check.check_day import DayVerdict, check_day
from airflow_provider_dysms.model.dates import parse_day
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from airflow_provider_dysms.delivery_check.limits import CheckLimits


#: Lines of the log that say why a group was not judged, the largest groups first.
MAX_LOGGED = 50


def day_and_folder(manifest: Any, send_date: Any, output_uri: str | None) -> tuple[date, str]:
    """Return the day that is judged, and the folder that has its manifest.

    :param manifest: what the transfer returned; ``None`` if a day is given
    :param send_date: the day; ``None`` if a manifest is given
    :param output_uri: the transfer's; ``None`` for the folder that the manifest names
    :raises DysmsInputError: the manifest is not one of an audit, or no folder is known
    """
    if manifest is None:
        if output_uri is None:
            raise DysmsInputError("output_uri", "is missing")
        return parse_day(send_date), output_uri
    try:
        day, folder = manifest["result"]["send_date"], output_uri or manifest["run"]["output_uri"]
    except (KeyError, TypeError, IndexError):
        raise DysmsInputError("manifest", "is not a manifest of an audit: pass what the transfer returned") from None
    if not isinstance(manifest, Mapping) or not isinstance(folder, str):
        raise DysmsInputError("manifest", "is not a manifest of an audit: pass what the transfer returned")
    return parse_day(day, "manifest"), folder


def check_archive(output_uri: str, day: date, *, partition: str, limits: CheckLimits, log: Any) -> DayVerdict:
    """Judge a day of an archive.

    :param output_uri: the transfer's
    :param partition: the transfer's
    :param log: the task's logger; it gets how many verdicts there are of each kind, and why some were not judged: at
        most :data:`MAX_LOGGED` lines
    :raises DysmsIncomplete: the day has not been audited
    :raises DysmsInputError: an argument cannot be used, or the store refuses to list the manifests
    :raises DysmsStorageError: the store does not answer
    """
    back = limits.weeks * 7 if limits.max_drop is not None else 0
    days = [day - timedelta(days=each) for each in range(back, -1, -1)]
    figures = read_figures(output_uri, days, partition=partition, now=datetime.now(UTC))
    verdict = check_day(figures, day, limits)
    hours = verdict.audit.age / timedelta(hours=1)
    log.info("The delivery of %s, as known %.1f hours after its end: %s", day, hours, verdict.summary)
    reasons = [(each.group, rule) for each in verdict.groups for rule in each.rules if rule.reason]
    for group, rule in reasons[:MAX_LOGGED]:
        log.info("Not judged by %s: %s, because %s", rule.rule, group.name, rule.reason)
    if len(reasons) > MAX_LOGGED:
        log.info("%d more verdicts are: not judged", len(reasons) - MAX_LOGGED)
    return verdict
