"""Template tags of the parts that pages are made of; static/css/parts.css begins with a list."""

from datetime import datetime
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from juno_support.lib import clock, display

register = template.Library()

register.simple_tag(display.icon, name="icon")
register.simple_tag(display.pill, name="pill")
register.simple_tag(display.status_pill, name="status_pill")
register.simple_tag(display.state, name="state")
register.simple_tag(display.priority_dot, name="priority_dot")
register.simple_tag(display.avatar, name="avatar")

_PLAIN_BOXES = (forms.CheckboxInput,)
_CHOICE_LISTS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """Write the moment in the reader's zone, with UTC in the title."""
    return display.when(moment, clock.now())


@register.simple_tag
def age(moment: datetime | None) -> SafeString:
    """Write how long ago the moment was ("3 h"), with UTC in the title."""
    return display.age(moment, clock.now())


@register.simple_tag
def left(deadline: datetime | None) -> SafeString:
    """Write how long there is to the deadline ("2 h left", "4 h late"), with UTC in the title."""
    return display.left(deadline, clock.now())


@register.inclusion_tag("_parts/field.html")
def field(bound: BoundField, **attrs: Any) -> dict[str, Any]:
    """Write one form field: label, control, help, and its errors right there.

    :param attrs: attributes of the control; underscores become hyphens (``hx_get`` is ``hx-get``).
        ``label`` replaces the label, ``rows`` and the like go to the control.
    """
    widget = bound.field.widget
    label = attrs.pop("label", bound.label)
    control = {name.replace("_", "-"): value for name, value in attrs.items()}
    kind = "control"
    if isinstance(widget, _CHOICE_LISTS):
        kind = "choices"
    elif isinstance(widget, _PLAIN_BOXES):
        kind = "check"
        control.setdefault("class", "form-check-input")
    elif isinstance(widget, forms.Select):
        control.setdefault("class", "form-select")
    else:
        control.setdefault("class", "form-control")
    return {
        "field": bound,
        "label": label,
        "kind": kind,
        "control": "" if kind == "choices" else bound.as_widget(attrs=control),
    }


@register.inclusion_tag("_parts/form_fields.html")
def form_fields(form: forms.BaseForm) -> dict[str, Any]:
    """Write what is wrong with the whole form, its hidden fields and all its visible fields."""
    return {"form": form}


@register.inclusion_tag("_parts/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """Write what is wrong with the whole form (not with one field), and its hidden fields."""
    return {"form": form}


@register.simple_block_tag
def card(content: SafeString, title: str, icon: str = "", note: str = "") -> SafeString:
    """Write a panel with a heading around the block.

    ``{% card "People" icon="people" %}…{% endcard %}``

    :param note: small words at the right end of the head
    """
    return format_html(
        '<section class="panel"><div class="panel-head"><h2>{}{}</h2>{}</div>'
        '<div class="panel-body">{}</div></section>',
        display.icon(icon) if icon else "",
        title,
        format_html('<span class="end muted">{}</span>', note) if note else "",
        content,
    )
