"""Tell the admins when a source has brought nothing usable for three intervals."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.feeds import pushed, queries
from juno_support.feeds.queries import Standing
from juno_support.outbox.actions import Mail, enqueue_all
from monitoring.models import Silence


@transaction.atomic
def watch_sources(*, at: datetime) -> int:
    """Note which sources fell silent or speak again; returns how many fell silent now.

    Each admin gets one mail about all that fell silent at once; the banner stands as long as it
    lasts.
    """
    known = {silence.source_id: silence for silence in Silence.objects.filter(ended_at=None)}
    new = []
    for standing in queries.standings(at):
        silence = known.get(standing.source.pk)
        if not _is_silent(standing):
            if silence is not None:
                silence.ended_at = at
                silence.save(update_fields=["ended_at"])
        elif silence is None:
            run = standing.last_run
            silence = Silence.objects.create(
                source=standing.source,
                since=standing.last_success_at,
                noticed_at=at,
                reason=run.reason if run else "",
            )
            new.append((standing, silence))
    if new:
        admins = User.objects.filter(is_staff=True, is_active=True).exclude(email="")
        enqueue_all([_mail(new, admin) for admin in admins], at=at)
    return len(new)


def _is_silent(standing: Standing) -> bool:
    in_use = standing.configuration.is_enabled and standing.configuration.is_complete
    if standing.kind.is_pushed and not pushed.is_expected(standing.source):
        return False
    return bool(
        in_use and standing.is_stale and standing.last_run is not None and not standing.waits_for
    )


def _why(standing: Standing, silence: Silence) -> str:
    if silence.reason:
        return _("The last poll said: %(reason)s") % {"reason": silence.reason}
    if standing.kind.is_pushed:
        return _("It tells by itself, and has told nothing since.")
    return _("Its last poll went well, and none was made since: look whether worker and beat run.")


def _mail(silent: Sequence[tuple[Standing, Silence]], admin: User) -> Mail:
    with override(admin.language or settings.LANGUAGE_CODE):
        titles = [str(standing.kind.title) for standing, _silence in silent]
        words = [_paragraph(standing, silence, admin) for standing, silence in silent]
        words.append(
            _(
                "What the portal shows of it is old and marked as such. It goes on asking, unless "
                "a source refuses the credential: then a new one must be set."
            )
        )
        words.append(f"{settings.JUNO_BASE_URL}{reverse('sources:list')}")
        return Mail(
            key=f"silence:{silent[0][1].pk}:{admin.pk}",
            kind="source.silent",
            to_address=admin.email,
            to_user_id=admin.pk,
            subject=_("[%(tag)s] No data from %(sources)s")
            % {"tag": settings.JUNO_MAIL_TAG, "sources": ", ".join(titles)},
            body="\n\n".join(words),
            reason=_("you are an admin of this portal"),
        )


def _paragraph(standing: Standing, silence: Silence, admin: User) -> str:
    since = (
        _("since %(moment)s")
        % {"moment": f"{silence.since.astimezone(zone_of(admin.time_zone)):%Y-%m-%d %H:%M %Z}"}
        if silence.since
        else _("and never has so far")
    )
    words = _("%(source)s has brought nothing usable %(since)s.") % {
        "source": standing.kind.title,
        "since": since,
    }
    return f"{words} {_why(standing, silence)}"
