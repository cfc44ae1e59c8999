"""The forms of registration, sign-in and profile."""

from typing import Any, cast

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.models import NotificationMode, User
from juno_support.accounts.zones import zone_choices
from supportunits.models import VO

PASSWORD_HELP = _("Ten characters or more; not your name, not a common password, not only digits.")


class _CalmFields:
    """Take allauth's placeholders away: the label says it."""

    fields: dict[str, forms.Field]

    def calm(self) -> None:
        """Remove the placeholder of every field."""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


def _zone_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        help_text=_("Pages and mails show your local time; UTC stands beside it."),
    )


class SignupForm(allauth_forms.SignupForm, _CalmFields):
    """Registration: name, e-mail address, time zone, password."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        help_text=_("As supporters and members of your VO shall see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = _zone_field()
    field_order = ["name", "email", "time_zone", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calm()
        self.fields["email"].label = _("E-mail address")
        self.fields["email"].help_text = _("We send a link there, to make sure that it is yours.")
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["time_zone"].widget.attrs["data-browser-zone"] = True
        if self.is_bound:
            self.fields["time_zone"].widget.attrs["data-chosen"] = "1"


class LoginForm(allauth_forms.LoginForm, _CalmFields):
    """Sign-in by user name or e-mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calm()
        self.fields["login"].label = _("User name or e-mail address")
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Stay signed in for two weeks")


class ChangePasswordForm(allauth_forms.ChangePasswordForm, _CalmFields):
    """A new password for somebody who knows the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calm()
        self.fields["oldpassword"].label = _("Password until now")
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].label = _("New password, once more")


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm, _CalmFields):
    """A new password for somebody who followed the link in our mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calm()
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].label = _("New password, once more")


class ProfileForm(forms.ModelForm):
    """What people say about themselves, and how they want to be told."""

    time_zone = _zone_field()
    language = forms.ChoiceField(label=_("Language"), choices=lambda: settings.LANGUAGES)
    notification_mode = forms.ChoiceField(
        label=_("Mail about tickets that you filed"),
        choices=NotificationMode.choices,
        widget=forms.RadioSelect,
        help_text=_("Questions to you always come by mail."),
    )
    default_vo = forms.ChoiceField(
        label=_("Default VO"),
        required=False,
        help_text=_("New tickets begin with it."),
    )

    class Meta:
        model = User
        fields = ["name", "time_zone", "language", "default_vo", "notification_mode"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        names = list(
            VO.objects.filter(is_served=True).order_by("name").values_list("name", flat=True)
        )
        if self.instance.default_vo and self.instance.default_vo not in names:
            names.append(self.instance.default_vo)
        default_vo = cast(forms.ChoiceField, self.fields["default_vo"])
        default_vo.choices = [("", _("none")), *((name, name) for name in names)]


class NewAdminForm(forms.Form):
    """The account that an admin link makes."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=PASSWORD_HELP,
    )

    def clean_email(self) -> str:
        """Refuse an address that has an account already: a link for that account is the way."""
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(
                _(
                    "There is an account with this address. Make a link for it with"
                    " `manage.py admin_link --user NAME`."
                )
            )
        return email
