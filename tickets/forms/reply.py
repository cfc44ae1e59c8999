"""The composer: words for the public or the internal diary, and the step that goes along."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.desk import ready
from tickets.forms.fields import WallClockField, in_zone
from tickets.workflow import CODES, Need, ResolutionCode, Status, Step

PUBLIC, INTERNAL = "public", "internal"
# What the readers of the public side must be able to read cannot be said internally.
_ALSO_INTERNAL = frozenset({"hold", "resume", "answered"})


class ReplyForm(forms.Form):
    """An answer or a note. ``step`` is empty, or the name of a step of the workflow."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    answer = forms.IntegerField(widget=forms.HiddenInput, required=False)
    side = forms.ChoiceField(choices=((PUBLIC, PUBLIC), (INTERNAL, INTERNAL)), initial=PUBLIC)
    words = forms.CharField(
        label=gettext_lazy("Your words"), required=False, widget=forms.Textarea, strip=False
    )
    step = forms.ChoiceField(label=gettext_lazy("And then"), required=False)
    code = forms.ChoiceField(label=gettext_lazy("Resolution code"), required=False)
    until = WallClockField(label=gettext_lazy("On hold until"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason of the hold"), required=False, max_length=500
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
        *,
        steps: Collection[Step] = (),
        writes_internal: bool = False,
        seen: int = 0,
        step: str = "",
        filled: dict[str, Any] | None = None,
    ) -> None:
        """Make the form for somebody who can take these steps from the ticket's status.

        :param filled: what it begins with besides, such as the words of a known answer
        """
        initial = {"key": uuid4(), "seen": seen, "side": PUBLIC, "step": step, **(filled or {})}
        super().__init__(data, files, initial=initial, auto_id="reply_%s")
        self.steps = {each.name: each for each in steps}
        self.writes_internal = writes_internal
        self.fields["step"].choices = [  # type: ignore[attr-defined]
            ("", _("leave the status as it is")),
            *((each.name, self._label(each)) for each in steps),
        ]
        codes = [
            code for each in steps if Need.CODE in each.needs for code in CODES.get(each.to, ())
        ]
        self.fields["code"].choices = [  # type: ignore[attr-defined]
            ("", _("choose…")),
            *((code.value, code.label) for code in codes),
        ]

    def clean_words(self) -> str:
        """Refuse a ready text in which something is still to be filled in."""
        words: str = self.cleaned_data["words"]
        problem = ready.unfilled_words(words)
        if problem:
            raise ValidationError(problem)
        return words

    def clean(self) -> dict[str, Any]:
        """Refuse what does not go together; the actions check everything else."""
        found = super().clean() or self.cleaned_data
        step = self.steps.get(found.get("step") or "")
        if found.get("side") == INTERNAL:
            if not self.writes_internal:
                self.add_error("side", _("Only supporters write into the internal diary."))
            elif step is not None and step.name not in _ALSO_INTERNAL:
                self.add_error(
                    "step",
                    _("The submitter must be able to read this: write it into the public diary."),
                )
        if step is not None and Need.CODE in step.needs:
            code = found.get("code")
            if not code:
                self.add_error("code", _("Choose how it was resolved."))
            elif ResolutionCode(code) not in CODES[step.to]:
                self.add_error(
                    "code",
                    _("“%(code)s” does not go with “%(status)s”.")
                    % {"code": ResolutionCode(code).label, "status": step.to.label},
                )
        if step is not None and step.name == "hold":
            if not found.get("reason", "").strip():
                self.add_error("reason", _("Give a reason."))
            if not found.get("until"):
                self.add_error("until", _("Say until when."))
        return found

    def step_arguments(self) -> dict[str, Any]:
        """Return the step and what it needs, as ``actions.diary.add_entry`` takes them."""
        found = self.cleaned_data
        step = self.steps.get(found["step"])
        if step is None:
            return {}
        arguments: dict[str, Any] = {"step": step.name}
        if Need.CODE in step.needs:
            arguments |= {"code": found["code"], "solution": found["words"]}
        elif step.name == "withdraw":
            arguments |= {"solution": found["words"]}
        if step.name == "hold":
            zone = timezone.get_current_timezone()
            arguments |= {"until": in_zone(found["until"], zone), "reason": found["reason"]}
        return arguments

    def _label(self, step: Step) -> str:
        words = {
            "take": _("take it: in progress"),
            "ask": _("ask: wait for the reply"),
            "answered": _("go on: in progress"),
            "resume": _("go on: in progress"),
            "hold": _("put it on hold…"),
            "solve": _("solve it: this is the solution…"),
            "leave-unsolved": _("leave it unsolved…"),
            "withdraw": _("withdraw the ticket"),
            "reopen": _("reopen the ticket"),
            "verify": _("verify: it is solved, for good"),
        }
        return words.get(step.name, str(step.label))


OFFERED_IN_COMPOSER = frozenset(
    {"ask", "answered", "resume", "hold", "solve", "leave-unsolved", "withdraw", "reopen", "verify"}
)


def steps_for_composer(steps: Collection[Step], status: str, *, is_owner: bool) -> list[Step]:
    """Return the steps that can go along with words; an owner's answer wakes a ticket by itself."""
    return [
        step
        for step in steps
        if step.name in OFFERED_IN_COMPOSER
        and not (is_owner and status == Status.WAITING_FOR_REPLY and step.name == "answered")
    ]
