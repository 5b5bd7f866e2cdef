"""The middleware: what it asks, what it refuses, and what the application sees."""

import asyncio
import json
import socket
import unittest

from sallyport_client import Client
from sallyport_client.asgi import SallyportMiddleware

from .fake import VALID, always

REFUSED = {
    "valid": False,
    "code": "rate_limited",
    "status": 429,
    "error": {"type": "about:blank", "title": "Too Many Requests", "status": 429},
    "rate_limit": {"limit": 600, "remaining": 0, "reset": 1795327201},
    "retry_after": 7,
    "request_id": "r",
}


class Application:
    """What was called; it answers 204."""

    def __init__(self) -> None:
        self.scopes: list = []
        self.bodies: list = []

    async def __call__(self, scope, receive, send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "lifespan":
            return
        message = await receive()
        self.bodies.append(message.get("body"))
        await send({"type": "http.response.start", "status": 204, "headers": [(b"x-own", b"1")]})
        await send({"type": "http.response.body", "body": b""})


def scope(path="/leads", headers=((b"x-api-key", b"sk_live_1"),), **more) -> dict:
    raw = path.encode()
    return {"type": "http", "method": "POST", "path": path, "raw_path": raw, "headers": list(headers), "client": ("203.0.113.7", 1), **more}


async def request(app, asked: dict, body=(b"",)) -> list:
    parts, sent = list(body), []

    async def receive():
        if asked["type"] == "websocket":
            return {"type": "websocket.connect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    await app(asked, receive, send)
    return sent


class Middleware(unittest.TestCase):
    def ask(self, answer, asked: dict, body=(b"",), status=200, **options) -> list:
        self.application = Application()
        with always(status, answer) as portal, Client(portal.url, "t") as client:
            app = SallyportMiddleware(self.application, client=client, **options)
            sent = asyncio.run(request(app, asked, body))
            self.asked = [json.loads(one.body) for one in portal.requests]
        return sent

    def test_a_valid_key_reaches_the_application(self) -> None:
        sent = self.ask(VALID, scope(), scopes=["write"], app_id="app_1", mode="live", ingestion=True)
        asked = {"key": "sk_live_1", "app_id": "app_1", "scopes": ["write"], "mode": "live", "ingestion": True}
        self.assertEqual(self.asked, [{**asked, "method": "POST", "path": "/leads", "ip": "203.0.113.7"}])
        self.assertEqual(self.application.scopes[0]["state"]["verification"].key_id, VALID["key_id"])
        self.assertEqual(sent[0]["status"], 204)
        self.assertEqual(dict(sent[0]["headers"])[b"x-ratelimit-remaining"], b"599")

    def test_a_refusal_is_answered_as_the_portal_says(self) -> None:
        sent = self.ask(REFUSED, scope())
        headers = dict(sent[0]["headers"])
        self.assertEqual((sent[0]["status"], self.application.scopes), (429, []))
        self.assertEqual(headers[b"retry-after"], b"7")
        self.assertEqual(headers[b"content-type"], b"application/problem+json")
        self.assertEqual(headers[b"x-ratelimit-limit"], b"600")
        self.assertEqual(json.loads(sent[1]["body"]), REFUSED["error"])
        sent = self.ask({**REFUSED, "status": 401, "error": {"code": "x"}}, scope(), challenge='ApiKey realm="x"')
        headers = dict(sent[0]["headers"])
        self.assertEqual((headers[b"www-authenticate"], headers[b"content-type"]), (b'ApiKey realm="x"', b"application/json"))

    def test_no_answer_is_503(self) -> None:
        for status in (500, 503, 401, 400, 302):
            sent = self.ask(VALID, scope(), status=status)
            self.assertEqual((sent[0]["status"], self.application.scopes), (503, []))
            self.assertEqual(dict(sent[0]["headers"])[b"retry-after"], b"1")

    def test_nothing_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        application = Application()
        app = SallyportMiddleware(application, client=Client(f"http://127.0.0.1:{port}", "t"))
        self.assertEqual(asyncio.run(request(app, scope()))[0]["status"], 503)
        self.assertEqual(application.scopes, [])

    def test_where_the_key_is(self) -> None:
        def key(*headers):
            self.ask(VALID, scope(headers=headers))
            return self.asked[0].get("key")

        self.assertEqual(key((b"authorization", b"Bearer sk_live_2")), "sk_live_2")
        self.assertEqual(key((b"authorization", b"bearer  sk_live_2 ")), "sk_live_2")
        self.assertEqual(key((b"authorization", b"Bearer other"), (b"x-api-key", b"sk_live_1")), "sk_live_1")
        self.assertEqual(key((b"x-api-key", b"a"), (b"x-api-key", b"b")), "a, b")
        self.assertIsNone(key((b"authorization", b"Basic c2tfbGl2ZV8x")))
        self.assertIsNone(key((b"x-api-key", b" ")))
        self.assertIsNone(key())

    def test_the_path_is_the_one_that_was_sent(self) -> None:
        self.ask(VALID, scope(path="/a/b", raw_path=b"/a%2Fb?x=1"))
        self.assertEqual(self.asked[0]["path"], "/a%2Fb")
        self.ask(VALID, scope(path="/ä b", raw_path=None))
        self.assertEqual(self.asked[0]["path"], "/%C3%A4%20b")

    def test_an_address_that_is_none_is_left_out(self) -> None:
        for client in (None, ("testclient", 5), ("", 0)):
            self.ask(VALID, scope(client=client))
            self.assertNotIn("ip", self.asked[0])

    def test_a_signed_request(self) -> None:
        headers = [(b"x-api-key", b"k"), (b"x-sallyport-timestamp", b"1"), (b"x-sallyport-signature", b"ab")]
        self.ask(VALID, scope(headers=headers), body=(b"he", b"llo"), signed=True)
        self.assertEqual(self.asked[0]["signature"], {"timestamp": "1", "signature": "ab", "body_base64": "aGVsbG8="})
        self.assertEqual(self.application.bodies, [b"hello"])
        self.ask(VALID, scope(headers=headers[:2]), signed=True)
        self.assertEqual(self.asked[0]["signature"]["signature"], "")
        self.ask(VALID, scope(headers=headers[:1]), signed=True)
        self.assertNotIn("signature", self.asked[0])

    def test_a_body_is_bounded(self) -> None:
        sent = self.ask(VALID, scope(), body=[b"x" * 10] * 1000, signed=True, max_body=99)
        self.assertEqual((sent[0]["status"], self.application.scopes, self.asked), (413, [], []))

    def test_exempt_paths_are_exact(self) -> None:
        self.ask(VALID, scope(path="/healthz", headers=[]), exempt=["/healthz"])
        self.assertEqual((len(self.application.scopes), self.asked), (1, []))
        for path in ("/healthz/", "/healthz/x", "/Healthz", "//healthz"):
            self.ask(REFUSED, scope(path=path, headers=[]), exempt=["/healthz"])
            self.assertEqual((self.application.scopes, len(self.asked)), ([], 1))

    def test_websockets_are_verified_too(self) -> None:
        asked = {**scope(), "type": "websocket"}
        del asked["method"]
        self.assertEqual(self.ask(REFUSED, asked)[0], {"type": "websocket.close", "code": 1008})
        self.assertEqual(self.ask(VALID, asked, status=503)[0]["code"], 1013)
        self.assertEqual(self.application.scopes, [])
        self.ask(VALID, asked)
        self.assertEqual((self.asked[0]["method"], len(self.application.scopes)), ("GET", 1))

    def test_other_kinds(self) -> None:
        self.ask(VALID, {"type": "lifespan"})
        self.assertEqual(len(self.application.scopes), 1)
        with self.assertRaises(ValueError):
            self.ask(VALID, {**scope(), "type": "webtransport"})
        self.assertEqual(self.application.scopes, [])


if __name__ == "__main__":
    unittest.main()
