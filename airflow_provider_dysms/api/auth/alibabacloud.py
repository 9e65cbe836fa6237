"""Asks for a key through the package alibabacloud-credentials.

The package knows what to ask and how to sign it. A new provider is asked each time: what is kept, and until when, is
decided in :mod:`.providers`, and the background thread that the package has for ECS roles (with signal handlers in older
releases) is never begun: a forked task must not have it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.api.auth.alibabacloud_transport import TransportBridge, join
from airflow_provider_dysms.api.auth.credentials import Credentials
from airflow_provider_dysms.api.auth.providers import IssuedCredentials
from airflow_provider_dysms.model import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dysms.api.auth.providers import CredentialsProvider
    from airflow_provider_dysms.api.http.endpoints import Endpoint
    from airflow_provider_dysms.api.http.transport import Transport

log = logging.getLogger(__name__)


async def issue(issuer: CredentialsProvider, transport: Callable[[Endpoint], Transport]) -> IssuedCredentials:
    """Ask for a key.

    :param issuer: whom
    :param transport: returns what carries requests to an endpoint, by HTTPS; plain HTTP stays near, and needs no proxy
    :raises DysmsCredentialsError: no, and the same the next time
    :raises DysmsInputError: a field of the connection, or of the machine's own configuration, is wrong
    :raises DysmsTransportError: not at the moment; ``request_sent`` is false, because no message was asked about
    """
    await asyncio.to_thread(join)
    carrier = TransportBridge(issuer, transport)
    with carrier.carrying():
        answer = await _asked(issuer)
    if isinstance(answer, IssuedCredentials):
        has_expired = answer.expires_at and answer.expires_at <= time.time()
        if carrier.wrong_expiry is None or not has_expired:
            return answer
    if carrier.wrong_expiry is not None:
        raise _as_ours(issuer, carrier.wrong_expiry)
    assert not isinstance(answer, IssuedCredentials)
    if issuer.auth_type == "default" and carrier.failure is None:
        answer = errors.DysmsCredentialsError("no place where this machine may keep a key has one")
    raise _as_ours(issuer, carrier.failure or answer)  # here, where no error of the package is its context


async def _asked(issuer: CredentialsProvider) -> IssuedCredentials | errors.DysmsError:
    """Return the errors of the package without what they say: they quote whole answers."""
    try:
        found = await _get(_providers(issuer))
        credentials = Credentials(
            found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token() or None
        )
        return IssuedCredentials(credentials, found.get_expiration())
    except errors.DysmsInputError:
        return errors.DysmsUnreadable("what was handed out is no key")
    except errors.DysmsError as error:
        return error
    except OSError as error:
        if issuer.auth_type == "oidc_role_arn":
            return errors.DysmsInputError("oidc_token_file", f"cannot be read ({type(error).__name__})")
        return errors.DysmsUnreadable(f"a file could not be read ({type(error).__name__})")
    except Exception as error:
        return errors.DysmsUnreadable(f"the answer is not what was expected ({type(error).__name__})")


async def _get(providers: list[Any]) -> Any:
    """Return the first key that one of the providers has; raise the last one's error where none has."""
    for provider in providers[:-1]:
        try:
            if found := await provider.get_credentials_async():
                return found
        except Exception as error:
            log.debug("%s has no key: %s", type(provider).__name__, type(error).__name__)
    return await providers[-1].get_credentials_async()


def _providers(issuer: CredentialsProvider) -> list[Any]:
    from alibabacloud_credentials import provider as package

    session: dict[str, Any] = {
        "role_arn": issuer.role_arn,
        "role_session_name": issuer.role_session_name,
        "duration_seconds": issuer.role_session_expiration,
        "policy": issuer.policy,
        "sts_endpoint": issuer.sts_endpoint and _host(issuer.sts_endpoint),
    }
    if issuer.auth_type == "ram_role_arn":
        assert issuer.login is not None
        return [
            package.RamRoleArnCredentialsProvider(
                access_key_id=issuer.login.access_key_id,
                access_key_secret=issuer.login.access_key_secret,
                security_token=issuer.login.security_token,
                external_id=issuer.external_id,
                **session,
            )
        ]
    if issuer.auth_type == "oidc_role_arn":
        return [
            package.OIDCRoleArnCredentialsProvider(
                oidc_provider_arn=issuer.oidc_provider_arn, oidc_token_file_path=issuer.oidc_token_file, **session
            )
        ]
    if issuer.auth_type == "ecs_ram_role":
        return [_instance(issuer.role_name)]
    if issuer.auth_type == "credentials_uri":
        return [package.URLCredentialsProvider(uri=issuer.credentials_uri)]
    return _default_chain()


def _default_chain() -> list[Any]:
    """The package's own chain, in its order, with the ECS role asked in place: its own chain starts the thread."""
    from alibabacloud_credentials import provider as package
    from alibabacloud_credentials.utils import auth_util as machine

    class CliProfile(package.CLIProfileCredentialsProvider):  # type: ignore[misc]
        def _get_credentials_provider(self, config: Any, profile_name: str) -> Any:
            for profile in config.get("profiles", []):
                if profile.get("name") == profile_name and profile.get("mode") == "EcsRamRole":
                    return _instance(profile.get("ram_role_name"))
            return super()._get_credentials_provider(config, profile_name)

    class Profile(package.ProfileCredentialsProvider):  # type: ignore[misc]
        def _get_credentials_provider(self, section: Any) -> Any:
            if section.get("type") == "ecs_ram_role":
                return _instance(section.get("role_name"))
            return super()._get_credentials_provider(section)

    chain = [package.EnvironmentVariableCredentialsProvider()]
    if machine.enable_oidc_credential:
        chain.append(package.OIDCRoleArnCredentialsProvider())
    chain += [CliProfile(), Profile()]
    if machine.environment_ecs_metadata_disabled.lower() != "true":
        chain.append(_instance(None))
    if machine.environment_credentials_uri:
        chain.append(package.URLCredentialsProvider())
    return chain


def _instance(role_name: str | None) -> Any:
    from alibabacloud_credentials.provider import EcsRamRoleCredentialsProvider

    return EcsRamRoleCredentialsProvider(role_name=role_name, async_update_enabled=False)


def _host(endpoint: Endpoint) -> str:
    """The package writes ``https://`` in front of a host, unless it begins with a scheme."""
    return endpoint.netloc if endpoint.scheme == "https" else endpoint.url


def _as_ours(issuer: CredentialsProvider, error: errors.DysmsError) -> errors.DysmsError:
    """Return an error that says what it is about, and which never leaves a message's fate open."""
    if isinstance(error, errors.DysmsInputError):
        return error
    kind = errors.DysmsCredentialsError if errors.is_permanent(error) else errors.DysmsTransportError
    ours = kind(
        f"no key from {issuer.auth_type}: {error.message}",
        code=error.code,
        request_id=error.request_id,
        http_status=error.http_status,
    )
    if isinstance(ours, errors.DysmsTransportError):
        ours.request_sent = False
    return ours
