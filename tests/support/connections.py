"""Connections, right and wrong."""

from __future__ import annotations

from typing import Any

BASE = {"conn_type": "dysms", "login": "LTAIexample", "password": "a-secret"}

#: Field or extra -> a change of :data:`BASE` that makes it wrong.
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("login", {"login": ""}),
    ("login", {"login": "LTAI with spaces"}),
    ("password", {"password": ""}),
    ("security_token", {"extra": {"auth_type": "sts"}}),
    ("auth_type", {"extra": {"auth_type": "magic"}}),
    ("host", {"host": "evil.example.com"}),
    ("host", {"host": "dysmsapi.aliyuncs.com.evil.example"}),
    ("schema", {"host": "dysmsapi.aliyuncs.com", "schema": "http"}),
    ("region_id", {"extra": {"region_id": "cn/../evil"}}),
    ("timeout", {"extra": {"timeout": 0}}),
    ("timeout", {"extra": {"timeout": "soon"}}),
    ("timeout", {"extra": {"timeout": True}}),
    ("quota_share", {"extra": {"quota_share": 1.5}}),
    ("quota_share", {"extra": {"quota_share": -1}}),
    ("quota", {"extra": {"quota": "many"}}),
    ("quota", {"extra": {"quota": {"QueryEverything": 1}}}),
    ("quota", {"extra": {"quota": {"QueryMessage": "lots"}}}),
    ("allow_custom_endpoint", {"extra": {"allow_custom_endpoint": "perhaps"}}),
    ("proxy", {"extra": {"proxy": 3128}}),
]
