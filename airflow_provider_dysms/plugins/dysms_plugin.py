"""The plugin that Airflow finds through the entry point ``airflow.plugins``: the pages, in the navigation of its UI.

Every process of Airflow loads this, so it imports nothing of the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from airflow_provider_dysms.links.page_addresses import PREFIX, page_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class LazyPages:
    """The application of the pages, made at the first request: only the API server has one."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            from airflow_provider_dysms.plugins.airflow_app import make_app

            self._app = make_app()
        await self._app(scope, receive, send)


def are_pages_on() -> bool:
    """Return whether the option ``[dysms] pages`` is on (the default)."""
    from airflow.configuration import conf

    return bool(conf.getboolean("dysms", "pages", fallback=True))


def _apps() -> list[dict[str, Any]]:
    return [{"app": LazyPages(), "url_prefix": PREFIX, "name": "SMS delivery"}]


def _views() -> list[dict[str, Any]]:
    from airflow.configuration import conf

    base_url = conf.get("api", "base_url", fallback=None)
    icon, icon_dark = (page_path(base_url, f"static/{name}.svg") for name in ("icon", "icon-dark"))
    icons = {"icon": icon, "icon_dark_mode": icon_dark}
    return [
        {"name": name, "href": page_path(base_url, page), "destination": "nav", "url_route": route, **icons}
        for name, page, route in (
            ("SMS delivery", "report", "sms-delivery"),
            ("SMS sending details", "details", "sms-sending-details"),
        )
    ]


class DysmsPlugin(AirflowPlugin):
    """The delivery report and the sending details in Airflow's UI."""

    name = "dysms"
    fastapi_apps = _apps() if are_pages_on() else []
    external_views = _views() if are_pages_on() else []
