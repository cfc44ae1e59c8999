"""Every view says who may call it; the default is closed."""

import ast
from pathlib import Path

from django.conf import settings

from tests.rules.addresses import all_views, is_foreign

# Of allauth's pages, those for people who are not signed in; it marks them itself.
OPEN_BY_ALLAUTH = {
    "account_confirm_email",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
}


def test_every_view_says_who_may_call_it():
    silent = [
        route
        for route, _name, view in all_views()
        if not is_foreign(view) and not hasattr(view, "access")
    ]

    assert silent == []


def test_views_of_libraries_are_closed_but_for_those_named_here():
    opened = {
        name
        for _route, name, view in all_views()
        if is_foreign(view) and not getattr(view, "login_required", True)
    }

    assert opened == OPEN_BY_ALLAUTH


def test_views_that_are_not_open_ask_for_a_sign_in():
    for route, _name, view in all_views():
        if not is_foreign(view):
            is_open = view.access == "everyone"
            assert getattr(view, "login_required", True) is not is_open, route


def test_sign_in_is_asked_for_by_middleware():
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE


def test_nobody_starts_from_all_tickets_in_a_view():
    """Views ask ``policies`` or ``queries``; ``Ticket.objects`` there would skip the check."""
    found = []
    root = Path(settings.BASE_DIR)
    files = [*root.glob("tickets/views/*.py"), *root.glob("juno_support/pages/*.py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            is_start = (
                isinstance(node, ast.Attribute)
                and node.attr == "objects"
                and isinstance(node.value, ast.Name)
                and node.value.id in {"Ticket", "DiaryEntry"}
            )
            if is_start:
                found.append(f"{path.relative_to(root)}:{node.lineno}")
    assert len(files) > 5
    assert {line.split(":")[0] for line in found} == COUNTS_OF_ALL


# Figures for those who look after the portal: numbers only.
COUNTS_OF_ALL = {"juno_support/pages/health.py"}
