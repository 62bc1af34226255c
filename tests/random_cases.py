"""How tests of figures draw their cases at random."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def examples(most: int) -> settings:
    """So many cases; an office makes each slow, and a failing one is read as it is, not shrunk for minutes."""
    return settings(
        max_examples=most,
        phases=(Phase.explicit, Phase.generate),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
