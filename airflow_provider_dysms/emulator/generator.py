"""stub"""

from typing import Any


def generate(service: Any, **asked: Any) -> Any:
    raise NotImplementedError
