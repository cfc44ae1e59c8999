"""Addresses of shifts and their calendar."""

from django.urls import include, path

from juno_support.pages.shifts import (
    card,
    feed,
    home,
    log,
    me,
    meeting,
    people,
    plan,
    report,
    rota,
    shift,
    swap,
)

_shifts = [
    path("", home.shifts_home, name="home"),
    # No VO's name is a hyphen alone, so these cannot meet one.
    path("-/me/", me.my_page, name="me"),
    path("-/me/contact/", me.change_contact, name="my-contact"),
    path("-/me/wishes/", me.change_wishes, name="my-wishes"),
    path("-/me/calendars/", me.change_calendars, name="my-calendars"),
    path("-/swaps/<int:number>/", swap.swap_page, name="swap"),
    path("-/plans/<int:number>/", plan.plan_page, name="plan"),
    path("-/plans/<int:number>/change/", plan.change_plan, name="change-plan"),
    path("-/shift/<int:number>/", shift.shift_page, name="shift"),
    path("-/shift/<int:number>/checks/", shift.tick, name="tick"),
    path("-/shift/<int:number>/hand-over/", shift.hand_over, name="hand-over"),
    path("-/shift/<int:number>/take-over/", shift.take_over, name="take-over"),
    path("-/shift/<int:number>/swap/", shift.ask_swap, name="ask-swap"),
    path("-/shift/<int:number>/take/", shift.take, name="take"),
    path("-/shift/<int:number>/change/", shift.change, name="change"),
    path("<str:name>/", rota.rota_page, name="rota"),
    path("<str:name>/add/", rota.add_shift, name="add"),
    path("<str:name>/copy/", rota.copy_pattern, name="copy"),
    path("<str:name>/types/", rota.change_type, name="types"),
    path("<str:name>/plan/", plan.propose, name="propose"),
    path("<str:name>/people/", people.people_page, name="people"),
    path("<str:name>/log/", log.log_page, name="log"),
    path("<str:name>/log/<int:number>/take-out/", log.redact, name="redact-log"),
    path("<str:name>/since/", log.since_page, name="since"),
    path("<str:name>/report/", report.report_page, name="report"),
    path("<str:name>/meeting/", meeting.meeting_page, name="meeting"),
    path("<str:name>/card/", card.card_page, name="card"),
]

urlpatterns = [
    path("shifts/", include((_shifts, "shifts"))),
    path("calendar/shifts.ics", feed.shifts_feed, name="calendar-shifts"),
]
