"""Keep with a ticket, or with what becomes one, what DIRAC told of jobs."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from monitoring.jobs import as_evidence
from monitoring.look_up import FoundJob
from tickets import history, policies
from tickets.actions import submit
from tickets.actions.files import DRAFT_AGE
from tickets.actions.row import NotAllowed, locked, store
from tickets.models import Draft, JobEvidence, Kind, Ticket

# A ticket about more jobs than that names some of them.
MOST_KEPT = 100


class TooManyJobs(SupportError):
    """The ticket has enough of them."""


@transaction.atomic
def keep_jobs(*, ticket: Ticket, jobs: Iterable[FoundJob], by: User, at: datetime) -> int:
    """Keep jobs with a ticket, internally; returns how many are new to it.

    :raises NotAllowed: if the person may not, or a job's VO is not the ticket's for a shifter
    :raises TooManyJobs: where the ticket has enough
    """
    ticket = locked(ticket)
    wanted = list(jobs)
    if not policies.may_keep_jobs(ticket, by):
        raise NotAllowed(_("Only supporters and the VO's shifters keep jobs with a ticket."))
    if not all(policies.may_see_jobs_of(by, job.vo) for job in wanted):
        raise NotAllowed(_("This is a job of another VO."))
    kept = JobEvidence.objects.filter(ticket=ticket)
    before = set(kept.values_list("source", "job_id", "looked_up_at"))
    new = [job for job in wanted if (job.source, job.facts.job_id, job.looked_up_at) not in before]
    if len(before) + len(new) > MOST_KEPT:
        raise TooManyJobs(
            _("This ticket has %(n)d jobs already.") % {"n": len(before)},
            _("Name the others in the diary."),
        )
    if not new:
        return 0
    JobEvidence.objects.bulk_create(_row(job, by, ticket=ticket) for job in new)
    history.record(
        ticket=ticket,
        kind=Kind.JOBS_KEPT,
        by=by,
        at=at,
        is_public=False,
        consumers=(),
        jobs=[job.facts.job_id for job in new],
    )
    store(ticket)
    return len(new)


@transaction.atomic
def draft_of_jobs(
    *,
    draft_id: UUID,
    data: dict[str, object],
    jobs: Iterable[FoundJob],
    by: User,
    at: datetime,
) -> Draft:
    """Begin a ticket about jobs: a draft, with what was found out about them.

    :raises NotAllowed: if a job's VO is none of the person's
    :raises NotAcceptable: see ``save_draft``
    """
    wanted = list(jobs)
    if not all(policies.may_see_jobs_of(by, job.vo) for job in wanted):
        raise NotAllowed(_("This is a job of another VO."))
    draft = submit.save_draft(draft_id=draft_id, by=by, at=at, data=data)
    JobEvidence.objects.bulk_create(
        (_row(job, by, submission_key=draft_id) for job in wanted), ignore_conflicts=True
    )
    return draft


def forget_unfiled(*, at: datetime) -> int:
    """Remove the jobs of drafts that never became a ticket; returns how many."""
    filed = Ticket.objects.filter(submission_key=OuterRef("submission_key"))
    deleted, _rows = (
        JobEvidence.objects.filter(ticket=None, looked_up_at__lt=at - DRAFT_AGE)
        .exclude(Exists(filed))
        .delete()
    )
    return deleted


def _row(job: FoundJob, by: User, **owner: object) -> JobEvidence:
    return JobEvidence(
        source=job.source,
        job_id=job.facts.job_id,
        vo=job.vo[:100],
        data=as_evidence(job.facts),
        looked_up_at=job.looked_up_at,
        looked_up_by=by,
        **owner,
    )
