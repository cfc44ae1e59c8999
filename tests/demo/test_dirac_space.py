"""The simulated DIRAC's table of how full storage elements are."""

from tests.demo.conftest import JsonUpstreams

MANAGEMENT = "ResourceStatus/TornadoResourceManagement"


def test_every_storage_element_has_a_size(world: JsonUpstreams) -> None:
    answered = world.dirac(MANAGEMENT, "select", "SpaceTokenOccupancyCache", {}).json

    assert answered["Columns"] == [
        "Endpoint",
        "Token",
        "Guaranteed",
        "Free",
        "Total",
        "LastCheckTime",
    ]
    storage = world.dirac(
        "ResourceStatus/ResourceStatus",
        "select",
        "ResourceStatus",
        {"ElementType": "StorageElement"},
    ).json
    names = {row[1] for row in answered["Value"]}
    assert names == {row[0] for row in storage["Value"]}
    assert all(0 < row[3] < row[4] for row in answered["Value"])


def test_another_table_is_none(world: JsonUpstreams) -> None:
    assert world.dirac(MANAGEMENT, "select", "TransferCache", {}).status == 500
