"""What people send of states by hand."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_BYTES = 512 * 1024


class EventListForm(forms.Form):
    """A list of link events as CSV: a file, or pasted."""

    file = forms.FileField(label=_("File"), required=False)
    text = forms.CharField(
        label=_("Or paste the list"),
        required=False,
        max_length=MOST_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "form-control mono"}),
        help_text=_("The first line is link,start,end,state,reference; times are UTC."),
    )

    def clean(self) -> dict[str, Any]:
        """Return the list as ``list``, from the file if there is one."""
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file is not None:
            if file.size > MOST_BYTES:
                raise forms.ValidationError(
                    _("The file is larger than %(kilobytes)d kB. Send it in parts."),
                    params={"kilobytes": MOST_BYTES // 1024},
                )
            try:
                cleaned["list"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(
                    _("The file is no UTF-8 text. Save it as CSV in UTF-8.")
                ) from error
        elif (cleaned.get("text") or "").strip():
            cleaned["list"] = cleaned["text"]
        else:
            raise forms.ValidationError(_("Choose a file, or paste the list."))
        return cleaned
