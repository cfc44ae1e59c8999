"""What every page needs: the menu by role and the instance's name."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the page's frame."""
    return {"instance_name": settings.JUNO_INSTANCE_NAME, "is_demo": settings.JUNO_DEMO}
