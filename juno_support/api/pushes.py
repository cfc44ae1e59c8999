"""``POST /api/v1/sources/<name>/events/``: a source tells by itself how things are or were."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import get_authorization_header
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from juno_support.access import open_to_everyone
from juno_support.api import problems
from juno_support.api.bodies import BoundedJSON
from juno_support.api.problems import Problem
from juno_support.feeds import pushed
from juno_support.feeds.models import Source
from juno_support.lib import clock
from monitoring.actions import push_statuses
from monitoring.parsers.pushed import MOST_ROWS, read_events


class PushThrottle(SimpleRateThrottle):
    """Two pushes a second from one address to one source, also with a wrong token."""

    rate = "120/min"
    scope = "push"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return what is counted together."""
        return self.cache_format % {
            "scope": self.scope,
            "ident": f"{view.kwargs['name']}:{self.get_ident(request)}",
        }


class PushEvents(APIView):
    """Takes a JSON list of events with the bearer token of the source that they are for."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (BoundedJSON,)
    throttle_classes = (PushThrottle,)

    def get_exception_handler(self) -> Any:
        """Return what makes a problem document of an error."""
        return problems.answer

    def post(self, request: Request, name: str) -> Response:
        """Keep the rows that can be kept, and say why not the others."""
        source = _source(request, name)
        if not source.is_enabled:
            raise Problem(403, "An admin has switched this source off.")
        document = request.data
        rows = document.get("value")
        if not isinstance(rows, list):
            raise Problem(400, "The body must be a JSON list of events.")
        if len(rows) > MOST_ROWS:
            raise Problem(
                413, f"These are {len(rows)} events; at most {MOST_ROWS} are taken at a time."
            )
        at = clock.now()
        told = read_events(rows, at=at)
        done = push_statuses.push(source=source, told=told, body=document["bytes"], at=at)
        refused = [{"row": refusal.row, "reason": refusal.reason} for refusal in told.refused]
        if refused and not done.accepted:
            raise Problem(422, "None of the events could be taken.", refused=refused)
        return Response(
            {
                "source": source.name,
                "outcome": done.run.outcome,
                "accepted": done.accepted,
                "changed": done.changed,
                "refused": refused,
            }
        )


def _source(request: Request, name: str) -> Source:
    """Return the source, if the request carries its token.

    Which sources exist is told to nobody without one.
    """
    words = get_authorization_header(request).split()
    if len(words) != 2 or words[0].lower() != b"bearer":
        raise Problem(401, "Send the token of this source: Authorization: Bearer …")
    source = pushed.find_by_token(name, words[1].decode("ascii", "replace"))
    if source is None:
        raise Problem(401, "This is not the token of this source.")
    return source


_push_events = PushEvents.as_view()


@open_to_everyone
@csrf_exempt
def push_events(request: HttpRequest, name: str) -> HttpResponse:
    """Take a push. Whoever calls is nobody to us: the token says which source it is."""
    return _push_events(request, name=name)
