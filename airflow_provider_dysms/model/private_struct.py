"""A base class for records with personal data: fast to make, and never printed by ``repr`` or a traceback.

msgspec's structs are made five times as fast as dataclasses. Both ``repr`` and rich, which prints the local variables
of a traceback, would show every field of a plain struct.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class PrivateStruct(msgspec.Struct, frozen=True):
    """A frozen struct that shows only the fields that its class names in ``_repr_fields``, by default none."""

    _repr_fields: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self._repr_fields]
