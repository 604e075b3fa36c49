"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Tests share slow machines: no clock decides, neither of one example nor of the search for them.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")
