"""The models of monitoring."""

from monitoring.models.downtime import (
    Classification,
    Downtime,
    DowntimeChange,
    Severity,
)

__all__ = ["Classification", "Downtime", "DowntimeChange", "Severity"]
