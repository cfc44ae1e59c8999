"""Who hears of what happens to support units."""

from datetime import timedelta

from supportunits import notices
from supportunits.models import SupportUnit, UnitMembership
from tests import make
from tests.cast import Cast
from tests.make import AT

HOUR = timedelta(hours=1)


def test_with_nobody_at_tpm_who_is_on_shift_hears_before_others(cast: Cast) -> None:
    SupportUnit.objects.filter(pk=cast.tpm.pk).update(mailing_list="")
    UnitMembership.objects.filter(unit=cast.tpm).delete()
    kind = make.make_shift_type(vo=cast.juno)
    make.make_shift(type=kind, person=cast.ada, starts_at=AT - HOUR)

    assert [one.address for one in notices.tpm(at=AT)] == [cast.ada.email]
    assert cast.dmitri.email in [one.address for one in notices.tpm(at=AT + 720 * HOUR)]
