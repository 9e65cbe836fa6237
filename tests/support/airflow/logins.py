"""Users of an Airflow of tests, one for each role, and a login without one."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import jwt

#: Each role has a user of its name.
ROLES = ("viewer", "user", "op", "admin")


def login_settings(folder: Path) -> dict[str, str]:
    """Return the settings of Airflow's simple login; the passwords are written below a folder."""
    file = folder / "passwords.json"
    file.write_text(json.dumps({role: _password(role) for role in ROLES}))
    return {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{role}:{role}" for role in ROLES),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
    }


def log_in(url: str, role: str) -> str:
    """Return the token of a user.

    :param url: address of the API server
    """
    body = json.dumps({"username": role, "password": _password(role)}).encode()
    request = urllib.request.Request(f"{url}/auth/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["access_token"])


def without_role(environment: Mapping[str, str]) -> str:
    """Return the token of a user who has logged in and has no right.

    :param environment: of the API server, which has its secret
    """
    now = int(time.time())
    claims = {"sub": "nobody", "role": None, "teams": [], "aud": "apache-airflow", "iat": now, "nbf": now}
    secret = environment["AIRFLOW__API_AUTH__JWT_SECRET"]
    return jwt.encode({**claims, "exp": now + 3600}, secret, algorithm="HS512")


def _password(role: str) -> str:
    return f"password of {role}"
