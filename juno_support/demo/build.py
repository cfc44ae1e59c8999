"""Build the demo once: the world, then the story."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from juno_support.demo import rota, world
from juno_support.demo.alarms import tell_alarms
from juno_support.demo.answers import write_answers
from juno_support.demo.archive import tell_archive
from juno_support.demo.card_story import tell_of_cards
from juno_support.demo.desk import furnish_desk
from juno_support.demo.past import Past
from juno_support.demo.routing_rules import write_rules
from juno_support.demo.story import tell_story
from juno_support.demo.unit_life import tell_unit_life
from juno_support.outbox.models import Delivery
from tickets.routing import training


@dataclass(frozen=True)
class Built:
    """What a build did; ``tickets`` is 0 where the world was there already."""

    is_new: bool
    tickets: int


def build(*, at: datetime) -> Built:
    """Build the demo world with its story, in one transaction; do nothing where it is there.

    :raises world.NotADemo: when the database holds somebody's data
    """
    world.refuse_database_in_use()
    if world.is_built():
        return Built(is_new=False, tickets=0)
    world.reset_upstreams(at=at)
    with transaction.atomic(), Past() as past:
        people = world.build_world(past=past, at=at)
        tickets = tell_archive(people=people, ends=at - world.HISTORY)
        write_rules(people=people, at=at - world.HISTORY)
        rota.begin(people=people, at=at - world.HISTORY)
        tickets += tell_story(people=people, past=past, begins=at - world.HISTORY, at=at)
        tickets += tell_alarms(people=people, at=at)
        tell_of_cards(people=people, at=at)
        write_answers(people=people, at=at)
        tell_unit_life(people=people, begins=at - world.HISTORY, at=at)
        furnish_desk(people=people, at=at)
        rota.go_on(people=people, at=at)
        # Nobody is mailed about the past.
        Delivery.objects.all().delete()
        past.poll_downtimes(at)
        past.poll_topology(at)
        past.poll_states(at)
        past.sign_in_to_diracx(by=people["dmitri"], at=at)
        training.train(at=at)
    return Built(is_new=True, tickets=tickets)
