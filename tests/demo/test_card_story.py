"""The VO ID cards of the demo: JUNO's own, mirrors with a past, a change that waits."""

from datetime import date, datetime, timedelta

from juno_support.demo import card_story, cards
from supportunits import card_content, portal, queries, validation
from supportunits.actions import vos
from supportunits.models import VO, CardRequest
from tests.cast import Cast


def test_the_cards_of_the_demo(cast: Cast, at: datetime) -> None:
    begins = at - timedelta(days=21)
    juno = VO.objects.get(name="juno")
    vos.set_served(vo=juno, is_served=True, by=None, at=begins)
    vos.write_card(vo=juno, by=None, at=begins, contacts=cards.JUNO_CONTACTS, **cards.JUNO)
    for contact in juno.card.contacts.filter(name="Yong Liu"):
        vos.link_contact(contact=contact, account=cast.ada, by=None, at=begins)
    card_story.import_from_portal(at=begins)
    card_story.tell_of_cards(people={"yong": cast.ada}, at=at)

    card = VO.objects.get(name="juno").card
    assert (card.scope, card.status, card.validated_date) == (
        "Global",
        "Production",
        date(2015, 6, 5),
    )
    assert card.disciplines == [["Natural Sciences", "Physical sciences", "High energy physics"]]
    assert card.middlewares == ["gLite", "Cloud Computing Resources"]
    assert card.enrolment_url == "https://voms.ihep.ac.cn:8443/voms/juno/"
    assert card.homepage_url == "http://english.ihep.cas.cn/rs/fs/juno0815/"
    assert card.support_procedure_url == ""
    assert not (card.needs_dedicated_support or card.needs_voms_help)
    assert queries.support_state(juno) is None
    content = card_content.content_of(card)
    assert portal.differing_fields(content, VO.objects.get(name="juno").portal_copy) == []
    assert validation.overdue_cards(today=at.date())

    biomed = VO.objects.get(name="biomed")
    assert not biomed.is_served
    assert [version.source for version in biomed.card.versions.order_by("number")] == [
        "IMPORT",
        "IMPORT",
    ]
    request = CardRequest.objects.get()
    assert request.is_open
    assert set(request.new) == set(cards.JUNO_WANTED)
