"""Structs that hold personal data. They are made five times as fast as dataclasses, and nothing prints what is in them:
neither ``repr`` nor rich, which would show every field of a struct.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class PrivateStruct(msgspec.Struct, frozen=True):
    """A frozen struct that shows a few of its fields, by default none."""

    _shown: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self._shown]
