"""Make accounts, and use the links that make admins."""

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import AdminLink, User
from juno_support.errors import SupportError

ADMIN_LINK_LIFE = timedelta(hours=24)


@transaction.atomic
def open_account(
    *,
    username: str,
    name: str,
    email: str,
    password: str | None,
    at: datetime,
    time_zone: str = "UTC",
    language: str = "en",
    is_admin: bool = False,
) -> User:
    """Make an account whose e-mail address counts as verified.

    For those who vouch for the address: the demo world, an admin link. People who register by
    themselves prove their address by mail (django-allauth).

    :param password: None makes an account that cannot sign in by password
    """
    email = email.strip().lower()
    user = User(
        username=username,
        name=name,
        email=email,
        time_zone=time_zone,
        language=language,
        is_staff=is_admin,
        is_superuser=is_admin,
        date_joined=at,
    )
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def make_admin_link(*, at: datetime, user: User | None = None) -> str:
    """Keep a new admin link that lives for 24 hours, and return its token; it is shown this once.

    :param user: whom the link signs in as an admin; None for a link that makes a new account
    """
    token = secrets.token_urlsafe(32)
    AdminLink.objects.create(
        token_hash=_hash(token),
        user=user,
        created_at=at,
        expires_at=at + ADMIN_LINK_LIFE,
    )
    return token


def find_admin_link(token: str, *, at: datetime) -> AdminLink | None:
    """Return the link of this token if it can still be used."""
    return (
        AdminLink.objects.select_related("user")
        .filter(token_hash=_hash(token), used_at=None, expires_at__gt=at)
        .first()
    )


def end_admin_links(*, user: User, at: datetime) -> None:
    """Make the links that would sign this person in as an admin useless, for one who leaves."""
    AdminLink.objects.filter(user=user, used_at=None, expires_at__gt=at).update(expires_at=at)


@transaction.atomic
def use_admin_link(
    token: str, *, at: datetime, name: str = "", email: str = "", password: str = ""
) -> User:
    """Use the link up: make the admin, or make its account an admin; return who is to be signed in.

    The name, address and password count for a link that makes a new account only.

    :raises SupportError: the link is used up, has expired or never was
    :raises ValidationError: the password is too weak
    """
    link = (
        AdminLink.objects.select_for_update()
        .filter(token_hash=_hash(token), used_at=None, expires_at__gt=at)
        .first()
    )
    if link is None:
        raise SupportError(
            _("This link cannot be used any more."),
            _("Make a new one with `manage.py admin_link`."),
        )
    if link.user is None:
        validate_password(password, User(name=name, email=email))
        user = open_account(
            username=free_username(email),
            name=name,
            email=email,
            password=password,
            at=at,
            is_admin=True,
        )
    else:
        user = link.user
        user.is_staff = user.is_superuser = user.is_active = True
        user.save(update_fields=["is_staff", "is_superuser", "is_active"])
    link.used_at = at
    link.used_by = user
    link.save(update_fields=["used_at", "used_by"])
    return user


def free_username(email: str) -> str:
    """Return a user name made of the address's local part that nobody has."""
    allowed = "".join(c for c in email.partition("@")[0].lower() if c.isalnum() or c in "._-")
    stem = allowed[:100] or "user"
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    number = 1
    candidate = stem
    while candidate in taken:
        number += 1
        candidate = f"{stem}{number}"
    return candidate


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
