"""The models of monitoring."""

from monitoring.models.downtime import (
    Classification,
    Downtime,
    DowntimeChange,
    Severity,
)
from monitoring.models.entity import Entity
from monitoring.models.interval import StatusInterval
from monitoring.models.silence import Silence

__all__ = [
    "Classification",
    "Downtime",
    "DowntimeChange",
    "Entity",
    "Severity",
    "Silence",
    "StatusInterval",
]
