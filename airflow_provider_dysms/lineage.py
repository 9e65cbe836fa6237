"""Tells lineage what a task has read and written: OpenLineage's events, and the hook lineage of Airflow.

Only addresses, column names and counts are told: no connection id, no phone number, no text. A dataset is a folder of
object storage, whose partitions are its days. Everything of OpenLineage is imported only when OpenLineage asks.
"""

from __future__ import annotations

import logging
import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_dysms.storage.manifest import Manifest

log = logging.getLogger(__name__)

_USER_INFO = re.compile(r"^[^/]*@")


@dataclass(frozen=True)
class Assertion:
    """One statement about the quality of a dataset.

    :param name: such as ``settled``
    :param success: whether it holds
    :param expected: what should be, as text
    :param actual: what is, as text
    """

    name: str
    success: bool
    expected: str
    actual: str


@dataclass(frozen=True)
class Dataset:
    """A dataset that a task has read or written.

    :param uri: of the folder, file or glob; a connection id in it is not told
    :param columns: column -> type
    :param rows: number of rows
    :param size: number of bytes
    :param digest: SHA-256 of the data file
    :param assertions: about its quality
    """

    uri: str
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    size: int | None = None
    digest: str | None = None
    assertions: Sequence[Assertion] = ()


class TellsLineage:
    """A base class before BaseOperator, for operators that read or write datasets.

    ``execute`` calls :meth:`tell_lineage`; OpenLineage's provider calls the methods with its name.
    """

    #: Arguments with the URIs of what the task reads, and of what it writes.
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()

    _told: tuple[Sequence[Dataset], Sequence[Dataset]] | None = None

    @property
    def has_committed(self) -> bool:
        """Whether this attempt has written a dataset."""
        return self._told is not None and bool(self._told[1])

    def tell_lineage(self, inputs: Sequence[Dataset], outputs: Sequence[Dataset]) -> None:
        """Remember what the task has read and written, and report it to Airflow's hook lineage."""
        self._told = inputs, outputs
        report_to_hook_lineage(self, inputs, outputs)

    def get_openlineage_facets_on_start(self) -> Any:
        """Return the datasets that the arguments name."""
        return _operator_lineage(self._named(self.reads), self._named(self.writes))

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the datasets with what is known about them after the task."""
        return _operator_lineage(*self._told) if self._told else self.get_openlineage_facets_on_start()

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """Return the datasets that the arguments name: a task that failed has written nothing."""
        return self.get_openlineage_facets_on_start()

    def _named(self, arguments: Sequence[str]) -> list[Dataset]:
        values = (getattr(self, name, None) for name in arguments)
        return [Dataset(value) for value in values if isinstance(value, str) and "://" in value]


def audit_datasets(
    manifest: Manifest, sent_uri: str | None, receipts_uri: str | None
) -> tuple[list[Dataset], list[Dataset]]:
    """Return what an audit has read and the folder that it has written, for :meth:`TellsLineage.tell_lineage`.

    :param manifest: the committed one
    :param sent_uri: the send log; ``None`` if numbers were given
    :param receipts_uri: the archive of receipts; ``None`` without receipts
    """
    result, run = manifest["result"], manifest["run"]
    assertions = list(_completeness(result, run))
    log = [] if sent_uri is None else [Dataset(sent_uri, rows=result["lines"])]
    archive = [] if receipts_uri is None else [Dataset(receipts_uri)]
    return [*log, *archive], [_written(manifest, assertions)]


def statistics_datasets(manifests: Sequence[Manifest]) -> tuple[list[Dataset], list[Dataset]]:
    """Return the folder that days of statistics were written to: one dataset, with the rows of all days."""
    if not manifests:
        return [], []
    first = _written(manifests[0], ())
    rows, size = (sum(each["result"][name] for each in manifests) for name in ("rows", "bytes"))
    return [], [Dataset(first.uri, first.columns, rows, size)]


def verified_dataset(output_uri: str, rows: int, size: int, digest: str) -> Dataset:
    """Return the folder whose partition was read back and matches its manifest."""
    matches = Assertion("matches_manifest", True, "the manifest's size, digest, columns and counts", "the same")
    return Dataset(output_uri, rows=rows, size=size, digest=digest, assertions=[matches])


def _written(manifest: Manifest, assertions: Sequence[Assertion]) -> Dataset:
    result = manifest["result"]
    return Dataset(
        manifest["run"]["output_uri"],
        columns={column["name"]: column["type"] for column in result["columns"]},
        rows=result["rows"],
        size=result["bytes"],
        digest=result["sha256"],
        assertions=assertions,
    )


def _completeness(result: Mapping[str, Any], run: Mapping[str, Any]) -> Any:
    """Yield what an audit says about the completeness of its day."""
    from airflow_provider_dysms.model.records import MAX_STATISTICS_GAP  # DAG files do not need it

    parameters = result["parameters"]
    rejected = result["by_state"].get("rejected", 0)
    yield Assertion("complete", True, "every answer shown to be complete", "every answer shown to be complete")
    if result["keyed"]:
        queryable = result["lines"] - result["repeated"] - rejected
        yield _share("missing_rate", result["missing"], queryable, parameters["max_missing_rate"])
    yield _share("rejected_rate", rejected, result["lines"], parameters["max_rejected_rate"])
    yield Assertion("settled", result["settled"], "True", str(result["settled"]))
    if run.get("statistics") is not None:
        has_gap, limit = run["statistics_gap"], f"{100 * MAX_STATISTICS_GAP:g} %"
        actual = f"more than {limit}" if has_gap else f"at most {limit}"
        yield Assertion("statistics_gap", not has_gap, f"at most {limit}", actual)


def _share(name: str, part: int, whole: int, limit: float) -> Assertion:
    share = part / whole if whole else 0.0
    return Assertion(name, share <= limit, f"at most {limit:g}", f"{share:.6f}")


def report_to_hook_lineage(context: Any, inputs: Sequence[Dataset], outputs: Sequence[Dataset]) -> None:
    """Report datasets to Airflow's hook lineage; it keeps them only if a plugin or provider reads them.

    :param context: the operator
    """
    from airflow.sdk.lineage import get_hook_lineage_collector

    try:
        collector = get_hook_lineage_collector()
        for dataset in inputs:
            collector.add_input_asset(context=context, uri=_asset_uri(dataset.uri))
        for dataset in outputs:
            collector.add_output_asset(context=context, uri=_asset_uri(dataset.uri))
    except Exception as error:  # the files are written: nothing about lineage may fail the task
        log.debug("Hook lineage could not be told (%s)", type(error).__name__)


def public_uri(uri: str) -> str:
    """Return a URI without its connection id, or whatever else is before an ``@``.

    :param uri: as a user writes it, such as ``s3://conn_id@bucket/folder``
    """
    scheme, separator, place = uri.partition("://")
    return scheme + separator + _USER_INFO.sub("", place)


def _asset_uri(uri: str) -> str:
    """Return a URI as Airflow takes it for an asset: in ASCII."""
    return quote(public_uri(uri), safe=string.punctuation)


def dataset_name(uri: str) -> tuple[str, str]:
    """Return namespace and name of a dataset, as OpenLineage's naming conventions have them.

    :param uri: such as ``s3://conn_id@bucket/folder`` (``s3://bucket`` and ``folder``) or ``file:///folder`` (``file``
        and ``/folder``)
    """
    parts = urlsplit(public_uri(uri), allow_fragments=False)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if not parts.netloc:
        return parts.scheme if parts.scheme != "local" else "file", path.rstrip("/") or "/"
    scheme = "s3" if parts.scheme.startswith("s3") else parts.scheme
    return f"{scheme}://{parts.netloc}", path.strip("/") or "/"


def _operator_lineage(inputs: Sequence[Dataset], outputs: Sequence[Dataset]) -> Any:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    return OperatorLineage(
        inputs=[
            InputDataset(*dataset_name(each.uri), facets=_facets(each), inputFacets=_input_facets(each))
            for each in inputs
        ],
        outputs=[
            OutputDataset(*dataset_name(each.uri), facets=_facets(each), outputFacets=_output_facets(each))
            for each in outputs
        ],
    )


def _facets(dataset: Dataset) -> dict[str, Any]:
    from openlineage.client import facet_v2

    facets: dict[str, Any] = {}
    if dataset.columns:
        schema = facet_v2.schema_dataset
        fields = [schema.SchemaDatasetFacetFields(name=name, type=kind) for name, kind in dataset.columns.items()]
        facets["schema"] = schema.SchemaDatasetFacet(fields=fields)
    if dataset.digest:
        facets["version"] = facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=dataset.digest)
    if dataset.assertions:
        facets["dataQualityAssertions"] = facet_v2.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
            assertions=[_openlineage_assertion(each) for each in dataset.assertions]
        )
    return facets


def _input_facets(dataset: Dataset) -> dict[str, Any]:
    from openlineage.client.facet_v2 import input_statistics_input_dataset as statistics

    if dataset.rows is None:
        return {}
    facet = statistics.InputStatisticsInputDatasetFacet(rowCount=dataset.rows, size=dataset.size)
    return {"inputStatistics": facet}


def _output_facets(dataset: Dataset) -> dict[str, Any]:
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    if dataset.rows is None:
        return {}
    facet = statistics.OutputStatisticsOutputDatasetFacet(rowCount=dataset.rows, size=dataset.size)
    return {"outputStatistics": facet}


def _openlineage_assertion(assertion: Assertion) -> Any:
    """Return an assertion with as much as the installed release of OpenLineage has fields for."""
    from openlineage.client.facet_v2 import data_quality_assertions_dataset

    further = {"expected": assertion.expected, "actual": assertion.actual}
    kind = data_quality_assertions_dataset.Assertion
    known: dict[str, Any] = {name: text for name, text in further.items() if name in kind.__annotations__}
    return kind(assertion=assertion.name, success=assertion.success, **known)
