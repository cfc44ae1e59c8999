"""Quality of support: within which working time a unit has to respond (domain: section 7)."""

from datetime import timedelta

from juno_support.lib.working_time import WORKING_DAY
from supportunits.models import Quality

_FIVE_DAYS = 5 * WORKING_DAY

# By priority 1 (less urgent) to 4 (top priority), in working time of the unit.
RESPONSE_TIMES: dict[str, dict[int, timedelta]] = {
    Quality.BASE: {1: _FIVE_DAYS, 2: _FIVE_DAYS, 3: _FIVE_DAYS, 4: _FIVE_DAYS},
    Quality.MEDIUM: {1: _FIVE_DAYS, 2: _FIVE_DAYS, 3: WORKING_DAY, 4: WORKING_DAY},
    Quality.ADVANCED: {
        1: _FIVE_DAYS,
        2: WORKING_DAY,
        3: WORKING_DAY,
        4: timedelta(hours=4),
    },
}
