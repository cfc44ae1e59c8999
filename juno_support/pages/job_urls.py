"""Addresses of the job autopsy."""

from django.urls import include, path

from juno_support.pages import jobs

_jobs = [
    path("jobs/", jobs.look_up, name="look-up"),
    path("jobs/keep/", jobs.keep, name="keep"),
    path("jobs/ticket/", jobs.start_ticket, name="start-ticket"),
]

urlpatterns = [
    path("", include((_jobs, "jobs"))),
    path("tickets/<int:number>/jobs/", jobs.of_ticket, name="ticket-jobs"),
]
