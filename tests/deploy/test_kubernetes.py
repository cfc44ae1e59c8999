"""deploy/kubernetes: the parts fit together."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

FOLDER = Path(__file__).resolve().parent.parent.parent / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        found += YAML(typ="safe").load_all(path)
    return found


def _of(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in objects if item["kind"] == kind}


def _pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    running = _of(objects, "Deployment") | _of(objects, "Job")
    return {name: item["spec"]["template"]["spec"] for name, item in running.items()}


def test_all_processes_are_there(objects: list[dict[str, Any]]) -> None:
    assert set(_pods(objects)) == {"juno-prepare", "juno-web", "juno-worker", "juno-beat"}


def test_labels_match(objects: list[dict[str, Any]]) -> None:
    labels = []
    for name, item in _of(objects, "Deployment").items():
        label = item["spec"]["template"]["metadata"]["labels"]
        assert item["spec"]["selector"]["matchLabels"] == label, name
        labels.append(label)
    for service in _of(objects, "Service").values():
        assert service["spec"]["selector"] in labels
    for ingress in _of(objects, "Ingress").values():
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                assert path["backend"]["service"]["name"] in _of(objects, "Service")


def test_there_is_exactly_one_beat_even_while_it_is_replaced(objects: list[dict[str, Any]]) -> None:
    beat = _of(objects, "Deployment")["juno-beat"]["spec"]
    assert beat["replicas"] == 1
    assert beat["strategy"] == {"type": "Recreate"}


def test_pods_find_their_settings_and_files(objects: list[dict[str, Any]]) -> None:
    for name, pod in _pods(objects).items():
        (container,) = pod["containers"]
        sources = [next(iter(source.items())) for source in container["envFrom"]]
        assert {kind: value["name"] for kind, value in sources} == {
            "configMapRef": "juno-config",
            "secretRef": "juno-secrets",
        }, name
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for mount in container["volumeMounts"]:
            assert mount["name"] in volumes, name
        claim = volumes["files"]["persistentVolumeClaim"]["claimName"]
        assert claim in _of(objects, "PersistentVolumeClaim")
    settings = _of(objects, "ConfigMap")["juno-config"]["data"]
    assert settings["JUNO_DATA"] == "/data"
    assert all(isinstance(value, str) for value in settings.values())


def test_no_pod_may_become_root(objects: list[dict[str, Any]]) -> None:
    for name, pod in _pods(objects).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False, name
