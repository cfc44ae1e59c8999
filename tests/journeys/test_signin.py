"""Registration, sign-in and the account, as a person meets them in a browser."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import override_settings
from playwright.sync_api import Page, expect

from juno_support.accounts.actions import make_admin_link, open_account
from juno_support.accounts.models import User
from juno_support.lib import clock
from tests.journeys.doing import at_rest

PASSWORD = "neutrinos-oscillate-9"
LOCAL_MAIL = override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")


def _ada() -> User:
    return open_account(
        username="ada",
        name="Ada Liang",
        email="ada@example.org",
        password=PASSWORD,
        at=clock.now(),
        time_zone="Asia/Shanghai",
    )


@LOCAL_MAIL
def test_somebody_registers_confirms_and_signs_in(
    page: Page, looked_at: Callable[[Page, str], None]
) -> None:
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Register").click()
    looked_at(page, "register")
    page.get_by_label("Your name").fill("Grace Okafor")
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_label("Time zone").select_option("Africa/Lagos")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    link = re.search(r"https?://\S+/confirm-email/\S+", mail.outbox[-1].body)
    assert link is not None
    page.goto(link[0])
    # Mail scanners follow links: opening the page confirms nothing.
    looked_at(page, "confirm-email")
    assert not User.objects.get(email="grace@example.org").emailaddress_set.get().verified
    expect(page.get_by_role("main")).to_contain_text("Grace Okafor")
    page.get_by_role("button", name="Yes, confirm").click()

    page.goto("/accounts/login/")
    looked_at(page, "sign-in")
    page.get_by_label("User name or e-mail address").fill("grace@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("My place: Grace Okafor").click()
    expect(page.get_by_text("Africa/Lagos", exact=False).first).to_be_visible()


def test_a_wrong_password_is_said_at_the_form_with_the_name_kept(page: Page) -> None:
    _ada()
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail address").fill("ada")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match an account")
    expect(page.get_by_label("User name or e-mail address")).to_have_value("ada")


@LOCAL_MAIL
def test_a_forgotten_password_is_replaced_by_mail(
    page: Page, looked_at: Callable[[Page, str], None]
) -> None:
    _ada()
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    looked_at(page, "forgot-password")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    link = re.search(r"https?://\S+/password/reset/key/\S+", mail.outbox[-1].body)
    assert link is not None
    page.goto(link[0])
    looked_at(page, "new-password")
    page.get_by_label("New password", exact=True).fill("tau-leptons-decay-4")
    page.get_by_label("New password, once more").fill("tau-leptons-decay-4")
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_role("heading", name="The new password is kept")).to_be_visible()
    assert User.objects.get(username="ada").check_password("tau-leptons-decay-4")


def test_the_account_pages_and_signing_out(
    page_of: Callable[..., Page], looked_at: Callable[[Page, str], None]
) -> None:
    page = page_of(_ada())
    page.goto("/accounts/profile/")
    looked_at(page, "profile")
    page.get_by_label("Time zone").select_option("Europe/Paris")
    page.get_by_label("solution only").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Your profile is saved.")
    ada = User.objects.get(username="ada")
    assert (ada.time_zone, ada.notification_mode) == ("Europe/Paris", "SOLUTION_ONLY")

    page.goto("/accounts/email/")
    looked_at(page, "email-addresses")
    page.goto("/accounts/password/change/")
    looked_at(page, "change-password")

    page.get_by_label("My place: Ada Liang").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_colours_follow_the_system_until_somebody_chooses(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page.goto("/accounts/login/")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(background)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    assert dark != light
    page.get_by_role("button", name="Dark").click()
    # The address is that of the page before; only the button tells the two apart.
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.wait_for_load_state()
    expect(page).to_have_url(re.compile("/accounts/login/$"))
    assert page.evaluate(background) == dark
    page.goto("/accounts/signup/")
    assert page.evaluate(background) == dark


def test_the_keyboard_reaches_content_menu_and_search(page_of: Callable[..., Page]) -> None:
    page = page_of(_ada())
    page.goto("/accounts/profile/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search tickets").first).to_be_focused()
    menu = page.get_by_label("My place: Ada Liang")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu).to_be_focused()


def test_every_action_is_found_by_typing(
    page_of: Callable[..., Page], looked_at: Callable[[Page, str], None]
) -> None:
    page = page_of(_ada())
    page.goto("/accounts/profile/")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="All actions")
    expect(palette).to_be_visible()
    looked_at(page, "all-actions")
    page.keyboard.type("pass")
    expect(palette.get_by_role("option")).to_have_count(1)
    expect(palette.get_by_role("option", selected=True)).to_contain_text("Password")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/accounts/password/change/$"))
    at_rest(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzz")
    expect(palette).to_contain_text("No action of this page")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("sign ou")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_the_narrow_menu_opens_without_a_script(page_of: Callable[..., Page]) -> None:
    page = page_of(_ada(), width=390, java_script_enabled=False)
    page.goto("/accounts/profile/")
    sheet = page.get_by_role("navigation", name="Main")
    expect(sheet).to_be_hidden()
    page.locator("summary[aria-label='Menu']").click()
    expect(sheet.get_by_role("link", name="Sites")).to_be_visible()


def test_an_admin_link_makes_an_admin_once(
    page: Page, looked_at: Callable[[Page, str], None]
) -> None:
    token = make_admin_link(at=clock.now())
    page.goto(f"/accounts/admin-link/{token}/")
    looked_at(page, "admin-link")
    page.get_by_label("Your name").fill("Li Wei")
    page.get_by_label("E-mail address").fill("li.wei@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account and sign in").click()
    expect(page.get_by_role("status").first).to_contain_text("You are signed in as an admin.")
    page.goto(f"/accounts/admin-link/{token}/")
    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()


@pytest.mark.parametrize("signed_in", [False, True])
def test_the_error_pages_say_what_to_do(
    page_of: Callable[..., Page], looked_at: Callable[[Page, str], None], signed_in: bool
) -> None:
    page = page_of(_ada() if signed_in else None)
    page.goto("/no/such/page/")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is nothing here for you to see"
    )
    looked_at(page, f"error-404-{'signed-in' if signed_in else 'anonymous'}")
