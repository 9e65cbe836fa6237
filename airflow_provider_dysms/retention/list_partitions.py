"""Lists the partitions of an output folder: from their manifests, and from data files that may not have one."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_dysms.storage.file_formats import EXTENSIONS

if TYPE_CHECKING:
    from airflow_provider_dysms.storage.object_store.store import Store

_EXTENSIONS = "|".join(map(re.escape, sorted(set(EXTENSIONS.values()))))

_MANIFEST = re.compile(r"_manifests/(.+)\.json")

# No folder of a partition begins with a dot or an underscore.
_DATA = re.compile(rf"((?:[^/._][^/]*/)*[^/._][^/]*)/(\.?)part-0\.(?:{_EXTENSIONS})(?:\.[0-9a-f]+\.tmp)?")


def list_partitions(store: Store) -> dict[str, list[str]]:
    """Return the folder of each partition, sorted, and the keys of its data files.

    A partition may have a manifest without a data file, or the reverse, if a task was killed; hidden files that a
    killed writer left also name their partition, without being data.

    :param store: at ``output_uri``, whose keys are all listed
    :raises DysmsInputError: the store refuses to list
    :raises DysmsStorageError: the store does not answer
    """
    files: defaultdict[str, list[str]] = defaultdict(list)
    for key in store.keys(""):
        if manifest := _MANIFEST.fullmatch(key):
            _ = files[manifest[1]]
        elif data := _DATA.fullmatch(key):
            files[data[1]] += [] if data[2] else [key]
    return {name: files[name] for name in sorted(files)}
