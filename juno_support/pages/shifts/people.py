"""The two lists of a VO's shifts: all shifters, and who is on call now."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.lib import clock, display
from juno_support.pages.shifts.find import person, vo_of
from juno_support.pages.shifts.words import contact_of, on_call_lines, phone_url
from supportunits import policies
from supportunits.on_call import on_call
from supportunits.shift_notices import shifters_of


@require_safe
@allowed_if(is_signed_in)
def people_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show who is on call now and all shifters; contacts and addresses to those who may see them.

    The lists can be copied into a mail: one address a line.
    """
    vo, user, now = vo_of(name), person(request), clock.now()
    sees = policies.may_see_on_call_contacts(user)
    sees_addresses = policies.may_see_addresses(user)
    shifters = User.objects.filter(pk__in=[one.pk for one in shifters_of(vo)]).select_related(
        "on_call_contact"
    )
    found = on_call(vo, at=now)
    lines = []
    for shifter in shifters.order_by("name", "pk"):
        contact = contact_of(shifter)
        zone = zone_of(shifter.time_zone)
        lines.append(
            {
                "name": shifter.get_full_name(),
                "avatar": display.avatar(shifter.get_full_name()),
                "local_time": f"{now.astimezone(zone):%H:%M}",
                "zone": zone.key,
                "phone": contact.phone if contact and sees else "",
                "phone_url": phone_url(contact.phone) if contact and sees else "",
                "im_address": contact.im_address if contact and sees else "",
                "email": shifter.email if sees_addresses else "",
            }
        )
    return render(
        request,
        "shifts/people.html",
        {
            "vo": vo,
            "on_call": on_call_lines(found, user, now),
            "shifters": lines,
            "sees": sees,
            "reads_log": policies.may_read_shift_log(user, vo),
            "reads_report": policies.may_read_shift_report(user, vo),
            "all_addresses": ", ".join(str(line["email"]) for line in lines)
            if sees_addresses
            else "",
            "on_call_addresses": ", ".join(one.user.email for one in found)
            if sees_addresses
            else "",
        },
    )
