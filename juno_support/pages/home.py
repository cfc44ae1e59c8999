"""The first page, by role."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from juno_support.access import open_to_everyone


@open_to_everyone
def home(request: HttpRequest) -> HttpResponse:
    """Show what the reader comes for; say what this is to those who are not signed in."""
    return render(request, "pages/home.html")
