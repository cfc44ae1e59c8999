"""Addresses of all ticket pages and of the TPM desk."""

from django.urls import path

from tickets.views import desk, queue

urlpatterns = [
    path("tickets/", queue.queue, name="queue"),
    path("tickets/completions/", queue.completions, name="completions"),
    path("tickets/views/", queue.save_view, name="save-view"),
    path("tickets/views/<int:key>/delete/", queue.delete_view, name="delete-view"),
    path("tpm/", desk.desk, name="tpm-desk"),
    path("tpm/units/", desk.find_units, name="find-units"),
    path("tpm/<int:number>/assign/", desk.assign_from_desk, name="tpm-assign"),
    path("tpm/undo/<int:entry_id>/", desk.undo, name="tpm-undo"),
]
