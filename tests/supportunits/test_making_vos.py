"""An admin adds a VO on the list of VOs."""

from supportunits.models import VO


def test_an_admin_adds_a_vo_once(cast, client_of):
    admin = client_of(cast.dmitri)

    answer = admin.post("/vos/-/make/", {"name": "dune"}, follow=True)
    again = admin.post("/vos/-/make/", {"name": "DUNE"}, follow=True)
    empty = admin.post("/vos/-/make/", {"name": "a/b"}, follow=True)

    assert "dune is there" in answer.content.decode()
    assert "already" in again.content.decode()
    assert "without a slash" in empty.content.decode()
    assert VO.objects.get(name="dune").is_served
    assert "Add a VO" in admin.get("/vos/").content.decode()
    assert "Add a VO" not in client_of(cast.ada).get("/vos/").content.decode()
