"""Addresses of all ticket pages and of the TPM desk."""

from django.urls import path

from tickets.views import (
    alarm,
    changes,
    desk,
    files,
    live,
    proposals,
    queue,
    redactions,
    submit,
    team,
    ticket,
)

urlpatterns = [
    path("tickets/", queue.queue, name="queue"),
    path("tickets/completions/", queue.completions, name="completions"),
    path("tickets/views/", queue.save_view, name="save-view"),
    path("tickets/views/<int:key>/delete/", queue.delete_view, name="delete-view"),
    path("tickets/new/", submit.new_ticket, name="new-ticket"),
    path("tickets/new/team/", team.new_team_ticket, name="new-team-ticket"),
    path("tickets/new/team/draft/", team.save_team_draft, name="save-team-draft"),
    path("tickets/new/alarm/", alarm.new_alarm_ticket, name="new-alarm-ticket"),
    path("tickets/new/alarm/draft/", alarm.save_alarm_draft, name="save-alarm-draft"),
    path("tickets/alarms/receipt/<str:token>/", alarm.receipt, name="alarm-receipt"),
    path("tickets/<int:number>/receipt/", alarm.confirm_receipt, name="confirm-receipt"),
    path("tickets/new/draft/", submit.save_draft, name="save-draft"),
    path("tickets/new/draft/<uuid:key>/discard/", submit.discard_draft, name="discard-draft"),
    path("tickets/new/sites/", submit.offer_names, name="site-offers"),
    path("tickets/new/files/", files.upload, name="upload"),
    path("tickets/new/files/remove/", files.remove_upload, name="remove-upload"),
    path("files/<uuid:key>/", files.attachment, name="attachment"),
    path("tickets/<int:number>/", ticket.ticket, name="ticket"),
    path("tickets/<int:number>/reply/", ticket.reply, name="reply"),
    path("tickets/<int:number>/step/<slug:step>/", ticket.take_step, name="take-step"),
    path("tickets/<int:number>/follow/", ticket.follow_ticket, name="follow"),
    path("tickets/<int:number>/me-too/", ticket.say_me_too, name="me-too"),
    path("tickets/<int:number>/people/remove/", ticket.remove_person, name="remove-person"),
    path("tickets/<int:number>/cc/remove/", ticket.remove_copy, name="remove-copy"),
    path("tickets/<int:number>/change/<slug:what>/", changes.change, name="change-ticket"),
    path(
        "tickets/<int:number>/redact/entry/<int:key>/", redactions.redact_entry, name="redact-entry"
    ),
    path(
        "tickets/<int:number>/redact/words/<int:key>/", redactions.redact_words, name="redact-words"
    ),
    path(
        "tickets/<int:number>/redact/file/<uuid:key>/", redactions.redact_file, name="redact-file"
    ),
    path("tickets/<int:number>/redact/job/<int:key>/", redactions.redact_job, name="redact-job"),
    path("tickets/<int:number>/redact/<slug:part>/", redactions.redact_part, name="redact-part"),
    path("tickets/<int:number>/since/<int:entry_id>/", live.since, name="since"),
    path("tickets/<int:number>/now/", live.now, name="ticket-now"),
    path("tickets/<int:number>/hearers/", live.hearers, name="hearers"),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/<int:key>/decide/", proposals.decide, name="decide-proposal"),
    path("tpm/", desk.desk, name="tpm-desk"),
    path("tpm/units/", desk.find_units, name="find-units"),
    path("tpm/<int:number>/assign/", desk.assign_from_desk, name="tpm-assign"),
    path("tpm/undo/<int:key>/", desk.undo, name="tpm-undo"),
]
