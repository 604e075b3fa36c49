"""Downloading from servers that are slow, short, down, or answer with a web page; all of them local."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scalable_ai.data import DataError, official
from scalable_ai.data.download import download

CONTENT = bytes(range(256)) * 2000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        getattr(self, self.path.strip("/"))()

    def send(self, body, status=200, headers=(), length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def first(self):
        return int(re.match(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-")).group(1))

    def good(self):
        start = self.first()
        if start >= len(CONTENT):
            return self.send(b"", 416)
        if not start:
            return self.send(CONTENT)
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        return self.send(CONTENT[start:], 206, [("Content-Range", span)])

    def norange(self):
        self.send(CONTENT)

    def wrongrange(self):
        self.send(CONTENT[7:], 206, [("Content-Range", f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}")])

    def short(self):
        start = self.first()
        body = CONTENT[start : start + 100_000]
        span = [("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")]
        self.send(body, 206 if start else 200, span if start else [], length=len(CONTENT) - start)

    def down(self):
        self.send(b"try later", 503)

    def page(self):
        self.send(b"<!DOCTYPE html><p>Please log in", headers=[("Content-Type", "text/html")])

    def disguised(self):
        self.send(b"\n<html>moved</html>", headers=[("Content-Type", "application/gzip")])

    def other(self):
        self.send(CONTENT[::-1])

    def stalls(self):
        self.send(CONTENT[:50_000], length=len(CONTENT))
        self.server.stop.wait(20)

    def trickles(self):
        self.send(b"", length=len(CONTENT))
        for place in range(0, 400):
            if self.server.stop.wait(0.02):
                return
            self.wfile.write(CONTENT[place : place + 1])


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.requests, server.stop = [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = lambda name: f"http://127.0.0.1:{server.server_port}/{name}"
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def get(server, tmp_path):
    def run(*names, **limits):
        limits = {"stall_seconds": 5, "total_seconds": 60} | limits
        return download([server.url(name) for name in names], tmp_path / "file", MD5, echo=lambda line: None, **limits)

    run.url, run.part = server.url("good"), tmp_path / "file.part"
    return run


def test_a_good_server_delivers(get, tmp_path):
    assert get("good").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("have", [1, 100_000, len(CONTENT)])
def test_a_partial_file_is_continued_from_where_it_stopped(have, get, server):
    get.part.write_bytes(CONTENT[:have])
    assert get("good").read_bytes() == CONTENT
    assert server.requests == [("/good", f"bytes={have}-")]


def test_a_server_without_ranges_starts_again(get):
    get.part.write_bytes(b"x" * 1000)
    assert get("norange").read_bytes() == CONTENT


def test_a_short_answer_is_kept_and_the_next_run_goes_on(get, server):
    with pytest.raises(DataError, match="run the same again to resume") as caught:
        get("short")
    assert "100,000 bytes" in str(caught.value)
    assert "SCALABLE_AI_DATA=generated" in str(caught.value)
    assert get.part.read_bytes() == CONTENT[:100_000]
    assert get("good").read_bytes() == CONTENT
    assert server.requests[-1] == ("/good", "bytes=100000-")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("down", "HTTP status 503"),
        ("page", "a web page instead"),
        ("disguised", "a web page instead"),
        ("other", "does not have the published checksum"),
    ],
)
def test_what_is_not_the_file_leaves_no_file_and_says_why(name, reason, get, tmp_path):
    with pytest.raises(DataError, match=reason) as caught:
        get(name)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "file").exists()
    assert not get.part.exists() or get.part.stat().st_size == 0


@pytest.mark.parametrize("name", ["down", "page", "disguised", "wrongrange"])
def test_a_failing_server_does_not_cost_what_had_arrived(name, get):
    get.part.write_bytes(CONTENT[:200_000])
    with pytest.raises(DataError):
        get(name)
    assert get.part.read_bytes() == CONTENT[:200_000]


def test_the_next_mirror_takes_over_and_goes_on(get, server):
    assert get("down", "short", "good").read_bytes() == CONTENT
    assert server.requests == [("/down", None), ("/short", None), ("/good", "bytes=100000-")]


def test_a_server_that_stalls_is_given_up(get):
    with pytest.raises(DataError, match=r"sent nothing for 0\.5 s"):
        get("stalls", stall_seconds=0.5)
    assert get.part.read_bytes() == CONTENT[:50_000]


def test_a_server_that_trickles_is_given_up(get):
    with pytest.raises(DataError, match="too slow"):
        get("trickles", total_seconds=0.5)
    assert get.part.exists()


def test_no_server_at_all(get, server):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="cannot be reached"):
        get("good")


def test_the_environment_names_other_addresses(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SCALABLE_AI_CIFAR10_URL", f"{server.url('down')}, {server.url('good')}")
    monkeypatch.setattr(official, "MD5", MD5)
    assert official.fetch(tmp_path, echo=lambda line: None).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/down", "/good"]


def test_ctrl_c_keeps_the_partial_file(get, monkeypatch):
    lines = []

    def interrupt(line):
        lines.append(line)
        if len(lines) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download([get.url], get.part.with_name("file"), MD5, echo=interrupt)
    assert 0 < get.part.stat().st_size < len(CONTENT)
