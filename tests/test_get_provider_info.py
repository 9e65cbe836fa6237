"""The provider info is true: against its schema, the installed entry point, the modules and the hook."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import airflow
import jsonschema

import airflow_provider_dysms
from airflow_provider_dysms.get_provider_info import get_provider_info
from airflow_provider_dysms.hooks.dysms import DysmsHook

INFO = get_provider_info()
(CONNECTION,) = INFO["connection-types"]


def test_it_is_valid_against_airflows_runtime_schema() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_the_entry_point_is_installed_and_imports_nothing_of_airflow() -> None:
    (found,) = [point for point in entry_points(group="apache_airflow_provider") if "dysms" in point.value]
    assert found.load()() == INFO
    code = (
        "import sys; from airflow_provider_dysms.get_provider_info import get_provider_info; get_provider_info();"
        "sys.exit(any(name == 'airflow' or name.startswith('airflow.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_stands_in_one_place() -> None:
    assert version("airflow-provider-dysms") == airflow_provider_dysms.__version__ == INFO["versions"][0]


def test_every_module_that_is_named_exists() -> None:
    kinds = ("hooks", "operators", "sensors", "triggers")
    named = [module for kind in kinds for entry in INFO.get(kind, []) for module in entry["python-modules"]]
    for module in [*named, *(entry["python-module"] for entry in INFO["transfers"])]:
        importlib.import_module(module)


def test_every_link_that_is_named_exists_and_is_found_by_airflow() -> None:
    from airflow.providers_manager import ProvidersManager

    assert set(INFO["extra-links"]) <= set(ProvidersManager().extra_links_class_names)
    for path in INFO["extra-links"]:
        module, _, name = path.rpartition(".")
        assert getattr(importlib.import_module(module), name)().name


def test_the_connection_type_is_the_hooks_own() -> None:
    assert CONNECTION["connection-type"] == DysmsHook.conn_type
    assert CONNECTION["hook-name"] == DysmsHook.hook_name
    assert CONNECTION["hook-class-name"] == f"{DysmsHook.__module__}.{DysmsHook.__qualname__}"


def test_secrets_are_password_fields_and_every_default_schema_is_json_schema() -> None:
    fields = CONNECTION["conn-fields"]
    for secret in ("security_token", "privacy_secret", "proxy"):
        assert fields[secret]["schema"]["format"] == "password"
    for field in fields.values():
        jsonschema.Draft7Validator.check_schema(field["schema"])


def test_airflow_shows_the_form() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert manager.providers["airflow-provider-dysms"].version == airflow_provider_dysms.__version__
    form = dict(manager._connection_form_widgets) if manager.connection_form_widgets else {}
    assert {name for name in form if name.startswith("extra__dysms__")} == {
        f"extra__dysms__{name}" for name in CONNECTION["conn-fields"]
    }
