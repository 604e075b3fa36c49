"""Grading on Kubernetes: manifests that hold to their schemas, and an image that has what they start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def manifests():
    found = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "grade.yaml").read_text()))
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(scope="module")
def pods(manifests):
    return {
        one["spec"]["template"]["metadata"]["labels"]["part"]: one["spec"]["template"]
        for one in manifests.values()
        if "template" in one["spec"]
    }


def container(pod):
    (only,) = pod["spec"]["containers"]
    return only


def test_the_manifests_hold_to_their_schemas(manifests):
    from kubernetes_validate import validate

    for manifest in manifests.values():
        validate(manifest, "1.31", strict=True)


def test_scheduler_workers_and_writer_find_one_another(manifests, pods):
    service = manifests["Service", "grading-scheduler"]
    address = f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert service["spec"]["selector"].items() <= pods["scheduler"]["metadata"]["labels"].items()
    assert container(pods["scheduler"])["command"][-2:] == [str(service["spec"]["ports"][0]["port"]), "--no-dashboard"]
    assert address in container(pods["worker"])["command"]
    assert address in container(pods["writer"])["command"]
    mounts = [
        {tuple(mount.items()) for mount in container(pods[part])["volumeMounts"]} for part in ("worker", "writer")
    ]
    assert mounts[0] == mounts[1]
    assert container(pods["writer"])["workingDir"] in {dict(mount)["mountPath"] for mount in mounts[1]}
    assert len({container(pod)["image"] for pod in pods.values()}) == 1


def test_workers_may_start_processes(pods):
    environment = {one["name"]: one["value"] for one in container(pods["worker"])["env"]}
    assert environment["DASK_DISTRIBUTED__WORKER__DAEMON"] == "False"


def test_nobody_else_reaches_them_and_none_has_a_privilege(manifests, pods):
    policy = manifests["NetworkPolicy", "grading"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [{"from": [{"podSelector": policy["podSelector"]}]}]
    for pod in pods.values():
        assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not any("hostPath" in volume for volume in pod["spec"]["volumes"])


def test_the_image_has_the_package_and_no_answers(pods):
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert not {"solutions", "graders", "source", "."} & set(copied)
    installed = next(line for line in lines if "pip install" in line)
    assert "--constraint constraints.txt '.[cluster]'" in installed
    user = next(line.split()[1] for line in lines if line.startswith("USER "))
    assert user.split(":")[0] == str(pods["worker"]["spec"]["securityContext"]["runAsUser"])
    tag = next(re.search(r"--tag (\S+)", line)[1] for line in lines if "--tag" in line)
    assert tag == container(pods["worker"])["image"]
