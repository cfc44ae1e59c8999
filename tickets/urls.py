"""Addresses of all ticket pages and of the TPM desk."""

from django.urls import path

from tickets.views import (
    alarm,
    changes,
    desk,
    desk_selected,
    files,
    live,
    proposals,
    queue,
    ready_texts,
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
    path("tickets/<int:number>/texts/", ready_texts.offers, name="ready-offers"),
    path("tickets/<int:number>/texts/<int:key>/", ready_texts.filled, name="filled-text"),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/<int:key>/decide/", proposals.decide, name="decide-proposal"),
    path("tpm/", desk.desk, name="tpm-desk"),
    path("tpm/units/", desk.find_units, name="find-units"),
    path("tpm/tickets/", desk.find_tickets, name="find-tickets"),
    path("tpm/selected/", desk_selected.selected, name="tpm-selected"),
    path("tpm/check-list/", ready_texts.check_list, name="check-list"),
    path("tpm/texts/", ready_texts.texts, name="ready-texts"),
    path("tpm/texts/new/", ready_texts.edit_text, name="new-ready-text"),
    path("tpm/texts/preview/", ready_texts.preview_text, name="preview-ready-text"),
    path("tpm/texts/<int:key>/", ready_texts.edit_text, name="ready-text"),
    path("tpm/texts/<int:key>/delete/", ready_texts.delete_text, name="delete-ready-text"),
    path("tpm/undo/", desk.undo, name="tpm-undo"),
    path("tpm/<int:number>/check/", desk.check, name="tpm-check"),
    path("tpm/<int:number>/<slug:what>/", desk.act, name="tpm-act"),
]
