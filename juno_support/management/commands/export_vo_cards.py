"""manage.py export_vo_cards: VO ID cards as the Operations Portal's XML."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from supportunits import portal
from supportunits.models import VOIDCard
from supportunits.parsers.card_writing import FORMATS, write_cards


class Command(BaseCommand):
    """Write cards to the standard output."""

    help = (
        "Write the VO ID cards of the VOs that are supported here as the Operations Portal's XML, "
        "to paste back into the Portal. With addresses and DNs: keep the file to yourself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take VOs and a format."""
        parser.add_argument("--vo", action="append", default=[], help="this VO, served or not")
        parser.add_argument("--all", action="store_true", help="also the mirrors of other VOs")
        parser.add_argument(
            "--format", choices=FORMATS, default="new", help="the Portal's new or old format"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        cards = VOIDCard.objects.select_related("vo").prefetch_related("contacts")
        if options["vo"]:
            found = [cards.filter(vo__name__iexact=name).first() for name in options["vo"]]
            for name, card in zip(options["vo"], found, strict=True):
                if card is None:
                    raise CommandError(f"There is no VO {name} with a card.")
            chosen = [card for card in found if card is not None]
        else:
            chosen = list(cards if options["all"] else cards.filter(vo__is_served=True))
            chosen.sort(key=lambda card: card.vo.name)
        document = write_cards(portal.as_records(chosen), layout=options["format"])
        self.stdout.write(document.decode(), ending="")
