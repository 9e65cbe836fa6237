"""Describes this package to Airflow: its classes and the fields of the connection form. It does not import Airflow."""

from __future__ import annotations

from typing import Any

from airflow_provider_dysms import __version__

INTEGRATION = "Alibaba Cloud SMS (Dysms)"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata; Airflow calls this through the entry point ``apache_airflow_provider``."""
    return {
        "package-name": "airflow-provider-dysms",
        "name": INTEGRATION,
        "description": "What became of the messages sent through Alibaba Cloud SMS (Dysms).",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://www.alibabacloud.com/help/en/sms/",
                "tags": ["service"],
            }
        ],
        "config": {
            "dysms": {
                "description": "The pages in Airflow's UI: the SMS delivery report and the sending details.",
                "options": CONFIG,
            }
        },
        "cli": ["airflow_provider_dysms.cli.definition.get_dysms_commands"],
        "filesystems": ["airflow_provider_dysms.filesystems.oss"],
        "hooks": [_modules("airflow_provider_dysms.hooks.dysms")],
        "operators": [_modules("airflow_provider_dysms.operators.dysms")],
        "sensors": [_modules("airflow_provider_dysms.sensors.dysms")],
        "triggers": [_modules(*(f"airflow_provider_dysms.triggers.{name}" for name in ("dysms", "receipts", "send")))],
        "transfers": [
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Object Storage",
                "python-module": f"airflow_provider_dysms.transfers.{module}",
            }
            for module in ("dysms_to_object_storage", "dysms_receipts_to_object_storage")
        ],
        "extra-links": [
            "airflow_provider_dysms.links.console.DysmsConsoleLink",
            "airflow_provider_dysms.links.manifest.DysmsManifestLink",
            "airflow_provider_dysms.links.report.DysmsReportLink",
        ],
        "connection-types": [
            {
                "connection-type": "dysms",
                "hook-class-name": "airflow_provider_dysms.hooks.dysms.DysmsHook",
                "hook-name": "Alibaba Cloud SMS",
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {
                        "login": "AccessKey ID",
                        "password": "AccessKey secret",
                        "host": "Endpoint",
                        "schema": "Endpoint scheme",
                        "port": "Endpoint port",
                    },
                    "placeholders": {
                        "login": "LTAI...",
                        "host": "empty: chosen from the region",
                        "schema": "empty: https",
                        "port": "443 (the Test button needs a number here)",
                    },
                },
                "conn-fields": FIELDS,
            }
        ],
    }


def _modules(*modules: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": list(modules)}


def _option(kind: str, default: str, description: str, example: str | None = None) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": __version__,
        "type": kind,
        "example": example,
        "default": default,
    }


#: The options of the section ``[dysms]``. The API server reads them.
CONFIG = {
    "pages": _option("boolean", "True", "Whether the pages are part of Airflow's UI."),
    "archives": _option(
        "string",
        "",
        "The archives that the pages show, as JSON: name -> output_uri of the audits, or name -> an object with "
        "output_uri, partition if it is not the default, dysms_conn_id if numbers are hashed, and suppression_uri if "
        "the report counts the numbers to stop. Percent signs in airflow.cfg are written twice.",
        '{"production": "s3://conn_id@bucket/folder"}',
    ),
    "show_numbers": _option(
        "boolean",
        "False",
        "Whether users who may read connections see whole phone numbers, texts and your own columns. Others never do.",
    ),
    "query_seconds": _option("float", "30", "A query of a page that takes longer is ended."),
    "query_megabytes": _option("integer", "1024", "A query of a page that needs more memory is ended."),
}


def _field(label: str, description: str, **schema: Any) -> dict[str, Any]:
    kind = schema.pop("type", "string")
    return {"label": label, "description": description, "schema": {"type": [kind, "null"], **schema}}


#: The extras of a connection in the order of the form: those that everybody needs first, those of roles last.
FIELDS = {
    "region_id": _field(
        "Region ID",
        "Chooses the endpoint, such as cn-hangzhou or ap-southeast-1. Fill in port 443 too if you use the Test button: "
        "Airflow 3.3 refuses to test a saved connection that has no port.",
    ),
    "privacy_secret": _field(
        "Privacy secret",
        "Needed to send and to wait, and for hashed numbers: the base of every hash and token of a phone number. "
        "At least 16 random characters; keep a copy.",
        format="password",
    ),
    "privacy_secret_previous": _field(
        "Previous privacy secret",
        "After a rotation, the secret before it: what was written under that one stays readable.",
        format="password",
    ),
    "quota_share": _field(
        "Quota share",
        "The part of the account's quotas that may be used, 0.4 if empty; others use the account too.",
        type="number",
        exclusiveMinimum=0,
        maximum=1,
    ),
    "quota": _field(
        "Quotas", 'Requests per second of accounts with raised quotas, as JSON: {"QueryMessage": 600}.', type="string"
    ),
    "timeout": _field(
        "Timeout (s)", "For connecting, and again for one exchange; 10 if empty.", type="number", exclusiveMinimum=0
    ),
    "proxy": _field("Proxy", "http://[user:password@]host:port", format="password"),
    "ca_bundle": _field("CA bundle", "File of PEM certificates to trust instead of the system's."),
    "allow_custom_endpoint": _field(
        "Allow custom endpoint", "Talk to hosts other than the service's own and this machine.", type="boolean"
    ),
    "auth_type": _field(
        "Auth type",
        "access_key if empty (also written AK). sts takes a token; the others take the fields below and need the extra "
        "'credentials' of this package.",
        enum=[
            "access_key",
            "AK",
            "sts",
            "ram_role_arn",
            "ecs_ram_role",
            "oidc_role_arn",
            "credentials_uri",
            "default",
        ],
    ),
    "security_token": _field("STS token", "Needed with auth_type sts.", format="password"),
    "role_arn": _field("Role ARN", "The role to assume: ram_role_arn, oidc_role_arn. acs:ram::<account>:role/<name>"),
    "role_session_name": _field(
        "Role session name", "The name in the account's audit trail; airflow-provider-dysms if empty."
    ),
    "role_session_expiration": _field(
        "Role session (s)", "How long an assumed role lasts; 3600 if empty.", type="number", minimum=900, maximum=43200
    ),
    "policy": _field("Policy", "Narrows what the assumed role may do, as JSON."),
    "external_id_secret": _field(
        "External ID", "The id that the role's owner asks for: ram_role_arn.", format="password"
    ),
    "sts_endpoint": _field("STS endpoint", "sts.aliyuncs.com if empty: ram_role_arn, oidc_role_arn."),
    "oidc_provider_arn": _field("OIDC provider ARN", "oidc_role_arn; the cluster's own if empty."),
    "oidc_token_file": _field("OIDC token file", "A path on the worker: oidc_role_arn; the cluster's own if empty."),
    "role_name": _field("ECS role name", "ecs_ram_role; the instance is asked if empty."),
    "metadata_endpoint": _field("Metadata endpoint", "http://100.100.100.200 if empty: ecs_ram_role, default."),
    "credentials_uri_secret": _field(
        "Credentials URI", "The address that hands out keys: credentials_uri.", format="password"
    ),
}
