"""A real server over HTTP: answers, limits, overload, slow clients, and no request that gets a 500."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_server import CLASSES, PREDICT, metric, picture, running, write_linear

from scalable_ai.capstone.cli import main
from scalable_ai.capstone.serving.app import Limits, build_app
from scalable_ai.capstone.serving.loadtest import load_test, started
from scalable_ai.capstone.serving.model import Model, ServingError, find_model, load_model
from scalable_ai.capstone.serving.pictures import decode
from scalable_ai.capstone.serving.server import PatientProtocol

PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    return path, write_linear(path)


@pytest.fixture(scope="module")
def server(linear):
    with running(load_model(linear[0]), Limits(max_body=200_000, body_seconds=1, max_wait=0.01)) as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(linear):
    with TestClient(build_app(load_model(linear[0]), Limits(max_body=200_000)), raise_server_exceptions=False) as one:
        yield one


def slow_model(model, gate, entered):
    """Return a model that says so when it begins, and waits while the gate is closed."""

    class Slow(Model):
        def __call__(self, images):
            entered.set()
            assert gate.wait(20)
            return super().__call__(images)

    return Slow(model.path, model.classes, model.details, model.digest, model.session)


def test_concurrent_pictures_each_get_their_own_answer_from_shared_batches(server, linear):
    contents = [picture(seed) for seed in range(48)]
    expected = np.stack([decode(content) for content in contents]).reshape(48, -1) @ linear[1]
    before = metric(server, "capstone_batch_images_count"), metric(server, "capstone_batch_images_sum")

    async def ask_all():
        async with httpx.AsyncClient(base_url=server, timeout=20) as http:
            return await asyncio.gather(*(http.post("/classify", content=one, headers=PNG) for one in contents))

    replies = [reply.json() for reply in asyncio.run(ask_all())]
    assert [reply["class"] for reply in replies] == [CLASSES[i] for i in expected.argmax(1)]
    alone = httpx.post(f"{server}/classify", content=contents[5], headers=PNG).json()
    assert replies[5]["probability"] == pytest.approx(alone["probability"], abs=1e-5)
    assert [len(reply["top"]) for reply in replies] == [3] * 48
    batches = metric(server, "capstone_batch_images_count") - before[0]
    assert metric(server, "capstone_batch_images_sum") - before[1] == 49
    assert batches < 40


def test_json_answers_as_the_network_does(client, linear):
    images = np.random.default_rng(0).random((3, 3, 32, 32), np.float32)
    expected = images.reshape(3, -1) @ linear[1]
    rows = client.post(PREDICT, json={"instances": images.tolist()}).json()["predictions"]
    columns = client.post(PREDICT.replace(":", "/versions/1:"), json={"inputs": images.tolist()}).json()["outputs"]
    np.testing.assert_allclose([row["logits"] for row in rows], expected, atol=1e-4)
    np.testing.assert_allclose(columns["logits"], expected, atol=1e-4)
    np.testing.assert_allclose(np.sum(columns["probabilities"], 1), 1, atol=1e-5)


def test_information_says_what_a_client_needs(client, linear):
    assert client.get("/healthz").json() == {"status": "live"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/version").json()["model"]["trained_on"] == "generated"
    for base in ("/v1/models/cifar10", "/v1/models/cifar10/versions/1"):
        assert client.get(base).json()["model_version_status"][0]["state"] == "AVAILABLE"
        described = client.get(f"{base}/metadata").json()
        assert described["metadata"]["classes"] == list(CLASSES)
        assert "0 to 1" in described["metadata"]["pixels"]
        signature = described["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert [one["size"] for one in signature["inputs"]["images"]["tensor_shape"]["dim"]] == ["-1", "3", "32", "32"]
    assert "/classify" in client.get("/openapi.json").json()["paths"]


def test_not_ready_before_it_runs(linear):
    assert TestClient(build_app(load_model(linear[0]))).get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "sentence"),
    [
        ("POST", "/classify", b"no picture", PNG, 400, "no picture"),
        ("POST", "/classify", b"", PNG, 400, "empty"),
        ("POST", "/classify", b"x", {}, 415, "is missing"),
        ("POST", "/classify", b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "plain body"),
        ("POST", "/classify", bytes(200_001), PNG, 413, "larger than 200,000"),
        ("POST", PREDICT, bytes(200_001), JSON, 413, "larger than 200,000"),
        ("POST", PREDICT, b"{}", {"Content-Type": "text/plain"}, 415, "application/json"),
        ("POST", PREDICT, b"[" * 150_000, JSON, 400, "too deeply"),
        ("POST", PREDICT, b'{"instances": [1]}', JSON, 400, "shape"),
        ("POST", "/v1/models/cifar10/versions/2:predict", b"{}", JSON, 404, "nothing"),
        ("POST", "/v1/models/other:predict", b"{}", JSON, 404, "nothing"),
        ("GET", PREDICT, b"", {}, 405, "method"),
        ("GET", "/nowhere", b"", {}, 404, "nothing"),
    ],
)
def test_wrong_requests_get_a_sentence(server, method, path, content, headers, status, sentence):
    reply = httpx.request(method, server + path, content=content, headers=headers)
    assert reply.status_code == status
    assert sentence in reply.json()["error"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    path=st.sampled_from(["/classify", PREDICT]),
    kind=st.sampled_from(["image/png", "application/json", "application/json; charset=x", "", "a/b"]),
    body=st.binary(max_size=300)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.builds(
        lambda key, value: json.dumps({key: value}).encode(), st.sampled_from(["instances", "inputs"]), json_values
    ),
)
def test_no_body_gets_a_500(client, path, kind, body):
    reply = client.post(path, content=body, headers={"Content-Type": kind})
    assert 400 <= reply.status_code < 500
    assert reply.json()["error"]


def test_a_failure_of_our_own_is_told_as_json_and_counted(linear):
    app = build_app(load_model(linear[0]))

    @app.get("/broken")
    async def broken():
        raise RuntimeError("a secret")

    client = TestClient(app, raise_server_exceptions=False)
    reply = client.get("/broken")
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert 'route="/broken",status="500"' in client.get("/metrics").text


def test_overload_is_a_503_with_retry_after_and_a_client_that_leaves_frees_its_place(linear):
    gate, entered = threading.Event(), threading.Event()
    gate.set()  # open while it warms up
    model = slow_model(load_model(linear[0]), gate, entered)

    async def scene(address, service):
        async def until(count):
            while service.batcher.waiting != count:
                await asyncio.sleep(0.01)

        async with httpx.AsyncClient(base_url=address, timeout=20) as http:

            def ask():
                return asyncio.ensure_future(http.post("/classify", content=picture(), headers=PNG))

            gate.clear()
            entered.clear()
            tasks = [ask()]
            await asyncio.to_thread(entered.wait, 20)
            tasks += [ask(), ask()]
            await until(2)
            refused = await ask()
            tasks.pop().cancel()  # httpx closes the connection
            await until(1)
            tasks.append(ask())
            await until(2)
            live = await http.get("/healthz")  # the loop is free while the network computes
            gate.set()
            return refused, live, [reply.status_code for reply in await asyncio.gather(*tasks)]

    with running(model, Limits(max_batch=1, max_wait=0, max_queue=2)) as (address, app):
        refused, live, statuses = asyncio.run(asyncio.wait_for(scene(address, app.state.service), 20))
        assert metric(address, "capstone_refused_total") == 1
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert "try again" in refused.json()["error"]
    assert live.status_code == 200
    assert statuses == [200, 200, 200]


def connection(server):
    host, port = server.removeprefix("http://").split(":")
    sock = socket.create_connection((host, int(port)), timeout=20)
    return sock


def test_answers_are_sent_at_once(linear, monkeypatch):
    delays = []
    made = PatientProtocol.connection_made

    def noting(self, transport):
        made(self, transport)
        delays.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(PatientProtocol, "connection_made", noting)
    with running(load_model(linear[0])) as (address, _):
        httpx.get(f"{address}/healthz")
    assert all(delays)
    assert delays


def test_a_body_without_an_end_is_cut_at_the_limit(server):
    with connection(server) as sock:
        sock.sendall(
            b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sent, chunk = 0, b"4000\r\n" + bytes(0x4000) + b"\r\n"
        sock.settimeout(0.001)
        reply = b""
        while not reply and sent < 50_000_000:
            try:
                sock.settimeout(20)
                sock.sendall(chunk)
                sent += len(chunk)
                sock.settimeout(0.001)
                reply = sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
    assert sent < 10_000_000
    assert reply.startswith(b"HTTP/1.1 413") or not reply


def test_a_body_that_trickles_is_cut(server):
    with connection(server) as sock:
        sock.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n12")
        reply = b"".join(iter(lambda: sock.recv(4096), b""))  # to the end: the server closes
    assert reply.startswith(b"HTTP/1.1 408")
    assert b"did not arrive" in reply
    assert b"\r\nconnection: close\r\n" in reply.lower()


@pytest.mark.parametrize("sent", [b"", b"POST /classify HTTP/1.1\r\nHo"])
def test_a_header_that_does_not_come_is_cut(server, sent, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "header_seconds", 0.2)
    with connection(server) as sock:
        sock.sendall(sent)
        assert sock.recv(4096) == b""


def test_an_ordinary_connection_outlives_the_headers_limit(server, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "header_seconds", 0.2)
    with connection(server) as sock:
        for _ in range(2):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            reply = b""
            while not reply.endswith(b"}"):
                part = sock.recv(4096)
                assert part
                reply += part
            assert reply.startswith(b"HTTP/1.1 200")
            time.sleep(0.3)


def test_problems_at_the_start_are_one_sentence(linear, tmp_path, capsys):
    def failed(*options):
        assert main(["serve", *map(str, options)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    broken, foreign, narrow = (tmp_path / f"{name}.onnx" for name in ("broken", "foreign", "narrow"))
    broken.write_bytes(b"no model")
    write_linear(foreign, classes=())
    write_linear(narrow, outputs=7)
    assert "no such model file" in failed("--model", tmp_path / "none.onnx")
    assert "no ONNX model" in failed("--model", broken)
    assert "none of this capstone's" in failed("--model", foreign)
    assert "[2, 7]" in failed("--model", narrow)
    assert "no run is noted" in failed("--runs", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen" in failed("--model", linear[0], "--port", taken.getsockname()[1])


def test_the_newest_runs_file_is_found(tmp_path):
    export = tmp_path / "b" / "export"
    export.mkdir(parents=True)
    (tmp_path / "latest").write_text("b\n")
    with pytest.raises(ServingError, match="capstone export"):
        find_model(tmp_path)
    for name in ("model.onnx", "model.int8.onnx"):
        (export / name).touch()
    assert find_model(tmp_path).name == "model.onnx"
    assert find_model(tmp_path, "int8").name == "model.int8.onnx"


def test_the_load_test_measures_a_server(server, tmp_path, capsys):
    output = tmp_path / "load.json"
    (one,) = load_test(server, None, {}, clients=4, seconds=0.3, output=output)
    assert one.failed == 0
    assert one.single > 0
    assert one.p99 >= one.p50 > 0
    assert one.rate == pytest.approx(one.throughput / 2)
    assert json.loads(output.read_text())["figures"][0]["ratio"] == pytest.approx(one.ratio)
    assert "p99 by single request" in capsys.readouterr().out


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:80", "http://example.org", "https://127.0.0.1", "127.0.0.1", "http://["]
)
def test_a_load_test_goes_nowhere_else(url, capsys):
    assert main(["load-test", "--url", url]) == 1
    assert "this machine only" in capsys.readouterr().err


def test_a_load_test_of_nobody_is_one_sentence(capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["load-test", "--url", f"http://127.0.0.1:{port}", "--seconds", "0.2"]) == 1
    assert "cannot be loaded" in capsys.readouterr().err


def test_the_command_starts_and_a_broken_model_ends_it(linear, tmp_path):
    with started(linear[0], {"max-batch": 4}) as (host, port):
        assert httpx.post(f"http://{host}:{port}/classify", content=picture(), headers=PNG).status_code == 200
    with pytest.raises(ServingError, match="no such model file"), started(tmp_path / "none", {}):
        pass


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform == "win32", reason="such signals are not sent there")
def test_a_signal_ends_it_after_what_began(linear, end):
    command = [sys.executable, "-m", "scalable_ai.capstone", "serve", "--model", str(linear[0]), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().split(" at ")[1].split(" ")[0]
        content = picture()
        with connection(address) as sock:
            head = "POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: "
            sock.sendall(f"{head}{len(content)}\r\n\r\n".encode() + content[:100])
            while not metric(address, "capstone_requests_total"):  # the server is up; our request has begun
                time.sleep(0.05)
            process.send_signal(end)
            time.sleep(0.2)
            sock.sendall(content[100:])
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip(), err) == (0, "Stopped.", "")
