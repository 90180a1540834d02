"""What every test needs: a clean cache, and no browser test that silently did not run where it must."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation

from sdr_dashboard import translations


def pytest_configure() -> None:
    """A fresh clone has no compiled translations."""
    translations.compile_all(Path(__file__).resolve().parent.parent)


@pytest.fixture(autouse=True)
def _an_empty_cache() -> Iterator[None]:
    """No test sees what another one left."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _the_house_s_language_and_zone() -> None:
    """A request leaves its reader's behind, as in life: there the next request sets its own."""
    translation.activate(settings.LANGUAGE_CODE)
    timezone.deactivate()


@pytest.fixture(autouse=True)
def _no_task_follows_a_reps_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks run at once here, and at its end one closes the connection to the database: in the middle of a request."""
    from conversations import sending

    monkeypatch.setattr(sending, "_answered", [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true there is a Chromium: a browser test that was skipped failed to do its work."""
    report = yield
    must_run = os.environ.get("CI") == "true" and item.get_closest_marker("browser") is not None
    if must_run and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where it must run (CI=true): {_reason(report.longrepr)}"
    return report


def _reason(longrepr: Any) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
