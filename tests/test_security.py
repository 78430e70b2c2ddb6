"""Who may talk to the page: Hosts, Origins, tokens, sizes, and what does not exist."""

from __future__ import annotations

import re
import stat

import pytest
from starlette.testclient import TestClient

from mlprep_bot.app import App
from mlprep_bot.errors import SettingsError
from mlprep_bot.settings import Settings
from mlprep_bot.ui.security import ALLOWED, COOKIE, Hosts, check_exposure, is_loopback, policy, seal
from mlprep_bot.ui.serve import make_server
from mlprep_bot.ui.uploads import safe_name, store

HOST = "127.0.0.1:7860"
TOKEN = "a long secret"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    return make_server(App(Settings(data_dir=tmp_path_factory.mktemp("page"), upload_mb=1)))


@pytest.fixture
def client(server):
    with TestClient(server, base_url=f"http://{HOST}", follow_redirects=False) as made:
        yield made


@pytest.fixture(scope="module")
def private_server(tmp_path_factory):
    return make_server(App(Settings(data_dir=tmp_path_factory.mktemp("open"), host="0.0.0.0", token=TOKEN)))


@pytest.fixture
def stranger(private_server):
    with TestClient(private_server, base_url="http://192.168.1.5:7860", follow_redirects=False) as made:
        yield made


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7860", "localhost:9000", "[::1]:7860", "LOCALHOST"])
def test_our_hosts_are_served(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5", ""),
        *("127.0.0.1:7860@evil.example", "[::1", "evil.example, 127.0.0.1", "127.0.0.1:7860/x", "0.0.0.0"),
    ],
)
def test_other_hosts_are_refused(client, host):
    response = client.get("/", headers={"host": host})
    assert response.status_code == 421
    assert "mlprep" in response.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:7860", "x"]
)
@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/cancel"])
def test_other_origins_are_refused(client, origin, path):
    assert client.post(path, json={}, headers={"origin": origin}).status_code == 403


def test_streams_are_refused_to_other_origins_too(client):
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}):
        assert client.get("/gradio_api/queue/data?session_hash=x", headers=headers).status_code == 403


def test_our_own_origin_is_heard(client):
    headers = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert client.post("/gradio_api/reset", json={"event_id": "x"}, headers=headers).status_code == 200


def test_a_link_from_elsewhere_opens_the_page_and_an_image_does_not(client):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403
    assert client.get("/config", headers=link).status_code == 403
    image = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get("/mlprep/icon.svg", headers=image).status_code == 403


def test_headers_keep_the_page_to_itself(client):
    for path in ("/", "/mlprep/page.js", "/nothing"):
        headers = client.get(path).headers
        csp = headers["content-security-policy"]
        assert "default-src 'none'" in csp
        assert "img-src 'self' data:;" in csp
        assert "frame-ancestors 'none'" in csp
        assert "connect-src 'self';" in csp
        scripts = re.search("script-src ([^;]*)", csp)[1]
        assert "unsafe-inline" not in scripts
        assert "http" not in csp
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]


def test_the_policy_names_the_scripts_of_the_page_by_hash():
    assert "'sha256-" in policy(b"<p><script>go()</script>")
    assert "'sha256-" not in policy(b'<script src="/x.js"></script>')


@pytest.mark.parametrize(
    "path",
    [
        *("/monitoring", "/monitoring/summary", "/gradio_api/runs", "/gradio_api/info", "/gradio_api/openapi.json"),
        *("/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://evil.example", "/gradio_api/call/ask", "/docs"),
        *("/gradio_api/run/predict", "/gradio_api/vibe-edit", "/gradio_api/deep_link", "/login", "/openapi.json"),
        *("/mlprep/../pyproject.toml", "/gradio_api/component_server", "/mlprep/%2e%2e/page.py", "/static/../../x"),
    ],
)
def test_what_the_page_does_not_use_does_not_exist(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code in {404, 405}


def test_only_listed_addresses_match_whole():
    assert ALLOWED.fullmatch("/gradio_api/queue/join")
    assert not ALLOWED.fullmatch("/gradio_api/queue/joined")
    assert not ALLOWED.fullmatch("/gradio_api/heartbeat/x/../../file")


def test_websockets_are_refused(client):
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/gradio_api/queue/join"):
        pass


def test_uploads_are_limited_by_size(client):
    def upload(size):
        return client.post("/gradio_api/upload", files={"files": ("a.md", b"x" * size)})

    assert upload(10_000).status_code == 200
    too_large = upload(1_500_000)
    assert too_large.status_code == 413
    assert upload(5_000_000).status_code == 413
    assert "1 MB" in upload(5_000_000).json()["detail"]


def test_a_body_without_a_length_is_limited_too(client):
    def endless():
        for _ in range(50):
            yield b"x" * 100_000

    assert client.post("/gradio_api/queue/join", content=endless()).status_code == 413


def test_bad_lengths_are_refused(client):
    assert client.post("/gradio_api/cancel", headers={"content-length": "-1"}).status_code == 400
    assert client.post("/gradio_api/cancel", headers={"content-length": "9" * 12}).status_code == 413


# --- beyond loopback ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "mybox.lan", ""])
def test_no_other_address_without_a_token(host, tmp_path):
    with pytest.raises(SettingsError, match="MLPREP_TOKEN"):
        check_exposure(Settings(data_dir=tmp_path, host=host))
    check_exposure(Settings(data_dir=tmp_path, host=host, token=TOKEN))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.0.1"])
def test_loopback_needs_none(host, tmp_path):
    assert is_loopback(host)
    check_exposure(Settings(data_dir=tmp_path, host=host))


def test_without_the_token_there_is_a_plain_form_and_nothing_else(stranger):
    for path in ("/", "/config", "/mlprep/page.js", "/gradio_api/heartbeat/x", "/?token=wrong", "/?token="):
        response = stranger.get(path)
        assert response.status_code == 401, path
        assert "gradio" not in response.text.lower()
    assert stranger.post("/gradio_api/queue/join", json={}).status_code == 401


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(stranger):
    response = stranger.get(f"/?token={TOKEN}&__theme=dark")
    assert response.status_code == 303
    assert response.headers["location"] == "/?__theme=dark"
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert stranger.get("/").status_code == 200


def test_the_form_takes_the_token(stranger):
    wrong = stranger.post("/token", data={"token": "nope"})
    assert (wrong.status_code, "not the token" in wrong.text) == (401, True)
    right = stranger.post("/token", data={"token": TOKEN})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert stranger.get("/config").status_code == 200


@pytest.mark.parametrize("value", ["", "x", TOKEN, seal("another"), "\u00e9"])
def test_a_made_up_cookie_opens_nothing(stranger, value):
    cookie = f"{COOKIE}={value}".encode("latin-1")
    assert stranger.get("/", headers={b"cookie": cookie}).status_code == 401


def test_the_redirect_stays_on_this_machine(stranger):
    location = stranger.get(f"//evil.example/?token={TOKEN}").headers.get("location", "/")
    assert not location.startswith("//")


def test_on_a_wildcard_any_address_is_ours_and_no_strange_name():
    hosts = Hosts.of("0.0.0.0")
    assert hosts.allow("192.168.7.7:7860")
    assert hosts.allow("[fe80::1]:7860")
    assert not hosts.allow("evil.example")
    named = Hosts.of("mybox.lan")
    assert named.allow("MyBox.lan:7860")
    assert not named.allow("192.168.7.7")


# --- uploads -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\boot.ini.md", "boot.ini.md"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.md", "a_b.md"),
        ("con.md", "_con.md"),
        ("Überblick – 1.MD", "Überblick _ 1.md"),
        ("", "document"),
        ("....md", "md"),
        ("x" * 300 + ".md", "x" * 100 + ".md"),
    ],
)
def test_file_names_become_safe(raw, safe):
    assert safe_name(raw) == safe


def test_uploads_are_kept_or_refused_with_a_reason(tmp_path):
    def made(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    paths = [made("good.MD", b"# Hi"), made("bad.exe", b"MZ"), made("empty.md", b""), made("big.txt", b"x" * 1_100_000)]
    stored = store(paths, tmp_path / "uploads", suffixes=[".md", ".txt"], limit_mb=1)
    assert [p.name for p in stored.kept] == ["good.md"]
    assert stat.S_IMODE(stored.kept[0].stat().st_mode) == 0o600
    reasons = {f.path: f.reason for f in stored.refused}
    assert ".exe is not a kind that can be read" in reasons["bad.exe"]
    assert reasons["empty.md"] == "the file is empty"
    assert "the limit is 1 MB" in reasons["big.txt"]
    assert not any((tmp_path / name).exists() for name in ("good.MD", "bad.exe", "empty.md", "big.txt"))
