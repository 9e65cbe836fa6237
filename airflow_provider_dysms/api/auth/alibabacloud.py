"""Requests temporary credentials through the package alibabacloud-credentials.

The package knows the requests of each kind of provider and how to sign them. We create its provider anew for each
request, because :mod:`.providers` decides what is cached and for how long. We never start the package's background
thread for ECS roles (which had signal handlers in older releases), because a forked task must not have it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.auth.alibabacloud_transport import TransportBridge, install_bridge
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import IssuedCredentials
from airflow_provider_dysms.model import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Transport

log = logging.getLogger(__name__)


async def issue_credentials(
    provider: CredentialsProvider, transport: Callable[[Endpoint], Transport]
) -> IssuedCredentials:
    """Request temporary credentials.

    :param provider: issues them
    :param transport: returns a transport for an HTTPS endpoint; plain HTTP goes to this machine or the metadata
        service, and needs no proxy
    :raises DysmsCredentialsError: the provider issued none, and the next attempt will fail too
    :raises DysmsInputError: a field of the connection, or of the machine's own configuration, is wrong
    :raises DysmsTransportError: the provider cannot issue any at the moment; ``request_sent`` is false, because no
        request for messages has left
    """
    await asyncio.to_thread(install_bridge)
    bridge = TransportBridge(provider, transport)
    with bridge.active():
        issued = await _request(provider)
    if isinstance(issued, IssuedCredentials):
        has_expired = issued.expires_at and issued.expires_at <= time.time()
        if bridge.expiry_error is None or not has_expired:
            return issued
    if bridge.expiry_error is not None:
        raise _wrap_error(provider, bridge.expiry_error)
    assert not isinstance(issued, IssuedCredentials)
    if provider.auth_type == "default" and bridge.failure is None:
        issued = errors.DysmsCredentialsError("no credentials were found in the usual places of this machine")
    raise _wrap_error(provider, bridge.failure or issued)  # outside of any except block: its context would hold secrets


async def _request(provider: CredentialsProvider) -> IssuedCredentials | errors.DysmsError:
    """Return credentials, or an error without the text of the package's own error, which quotes whole responses."""
    try:
        found = await _first_available(_package_providers(provider))
        credentials = Credentials(
            found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token() or None
        )
        return IssuedCredentials(credentials, found.get_expiration())
    except errors.DysmsInputError:
        return errors.DysmsUnreadable("the issued credentials have an invalid form")
    except errors.DysmsError as error:
        return error
    except OSError as error:
        if provider.auth_type == "oidc_role_arn":
            return errors.DysmsInputError("oidc_token_file", f"cannot be read ({type(error).__name__})")
        return errors.DysmsUnreadable(f"a file could not be read ({type(error).__name__})")
    except Exception as error:
        return errors.DysmsUnreadable(f"the response has an unexpected form ({type(error).__name__})")


async def _first_available(providers: list[Any]) -> Any:
    """Return the credentials of the first provider that has any; if none has, raise the last provider's error."""
    for provider in providers[:-1]:
        try:
            if found := await provider.get_credentials_async():
                return found
        except Exception as error:
            log.debug("%s has no credentials: %s", type(provider).__name__, type(error).__name__)
    return await providers[-1].get_credentials_async()


def _package_providers(provider: CredentialsProvider) -> list[Any]:
    from alibabacloud_credentials import provider as package

    session: dict[str, Any] = {
        "role_arn": provider.role_arn,
        "role_session_name": provider.role_session_name,
        "duration_seconds": provider.role_session_expiration,
        "policy": provider.policy,
        "sts_endpoint": provider.sts_endpoint and _host(provider.sts_endpoint),
    }
    if provider.auth_type == "ram_role_arn":
        assert provider.login is not None
        return [
            package.RamRoleArnCredentialsProvider(
                access_key_id=provider.login.access_key_id,
                access_key_secret=provider.login.access_key_secret,
                security_token=provider.login.security_token,
                external_id=provider.external_id,
                **session,
            )
        ]
    if provider.auth_type == "oidc_role_arn":
        return [
            package.OIDCRoleArnCredentialsProvider(
                oidc_provider_arn=provider.oidc_provider_arn, oidc_token_file_path=provider.oidc_token_file, **session
            )
        ]
    if provider.auth_type == "ecs_ram_role":
        return [_ecs_instance(provider.role_name)]
    if provider.auth_type == "credentials_uri":
        return [package.URLCredentialsProvider(uri=provider.credentials_uri)]
    return _default_chain()


def _default_chain() -> list[Any]:
    """Return the package's default chain in its order, but query the ECS role without starting the package's thread."""
    from alibabacloud_credentials import provider as package
    from alibabacloud_credentials.utils import auth_util as machine

    class CliProfile(package.CLIProfileCredentialsProvider):  # type: ignore[misc]
        def _get_credentials_provider(self, config: Any, profile_name: str) -> Any:
            for profile in config.get("profiles", []):
                if profile.get("name") == profile_name and profile.get("mode") == "EcsRamRole":
                    return _ecs_instance(profile.get("ram_role_name"))
            return super()._get_credentials_provider(config, profile_name)

    class Profile(package.ProfileCredentialsProvider):  # type: ignore[misc]
        def _get_credentials_provider(self, section: Any) -> Any:
            if section.get("type") == "ecs_ram_role":
                return _ecs_instance(section.get("role_name"))
            return super()._get_credentials_provider(section)

    chain = [package.EnvironmentVariableCredentialsProvider()]
    if machine.enable_oidc_credential:
        chain.append(package.OIDCRoleArnCredentialsProvider())
    chain += [CliProfile(), Profile()]
    if machine.environment_ecs_metadata_disabled.lower() != "true":
        chain.append(_ecs_instance(None))
    if machine.environment_credentials_uri:
        chain.append(package.URLCredentialsProvider())
    return chain


def _ecs_instance(role_name: str | None) -> Any:
    from alibabacloud_credentials.provider import EcsRamRoleCredentialsProvider

    return EcsRamRoleCredentialsProvider(role_name=role_name, async_update_enabled=False)


def _host(endpoint: Endpoint) -> str:
    """Return an endpoint as the package expects it: it adds ``https://`` to one without a scheme."""
    return endpoint.netloc if endpoint.scheme == "https" else endpoint.url


def _wrap_error(provider: CredentialsProvider, error: errors.DysmsError) -> errors.DysmsError:
    """Return an error that names the provider, and that says that no request for messages has left."""
    if isinstance(error, errors.DysmsInputError):
        return error
    kind = errors.DysmsCredentialsError if errors.is_permanent(error) else errors.DysmsTransportError
    ours = kind(
        f"no credentials from {provider.auth_type}: {error.message}",
        code=error.code,
        request_id=error.request_id,
        http_status=error.http_status,
    )
    if isinstance(ours, errors.DysmsTransportError):
        ours.request_sent = False
    return ours
