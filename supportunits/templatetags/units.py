"""Template tags about support units: ``{% load units %}``."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from juno_support.lib import clock
from supportunits.models import SupportUnit
from supportunits.presence import presence_words

register = template.Library()


@register.simple_tag
def presence(unit: SupportUnit) -> SafeString:
    """Write the unit's local time, and whether it is at work or when it will be."""
    time, working = presence_words(unit, clock.now())
    return format_html(
        '<span class="unit-time"><span class="num">{}</span> {}</span>', time, working
    )
