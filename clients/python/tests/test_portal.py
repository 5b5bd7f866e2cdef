"""Against the running portal that scripts/test-clients starts."""

import asyncio
import importlib.util
import json
import os
import sys
import unittest
import urllib.request
from pathlib import Path

from sallyport_client import Client, RequestSignature, VerificationError, sign_request, verify_capability

from .test_asgi import request, scope

PORTAL = os.environ.get("SALLYPORT_TEST_PORTAL")
EXAMPLES = Path(__file__).parents[1] / "examples"


@unittest.skipUnless(PORTAL, "scripts/test-clients starts a portal")
class Portal(unittest.TestCase):
    def setUp(self) -> None:
        self.portal = json.loads(Path(PORTAL or "").read_text(encoding="utf-8"))
        self.client = Client(self.portal["url"], self.portal["token"])
        self.addCleanup(self.client.close)

    def code(self, key, **required) -> str:
        return self.client.verify(key, **required).code

    def test_a_valid_key(self) -> None:
        verification = self.client.verify(self.portal["key"], scopes=["read"], app_id=self.portal["app_id"])
        self.assertTrue(verification)
        self.assertEqual(verification.key_id, self.portal["key_id"])
        self.assertEqual((verification.mode, verification.secret, verification.scopes), ("live", "current", ("read",)))
        self.assertEqual(verification.rate_limit.limit, 600)

    def test_refused_keys(self) -> None:
        key = self.portal["key"]
        self.assertEqual(self.code(self.portal["revoked_key"]), "revoked")
        self.assertEqual(self.code(None), "missing")
        self.assertEqual(self.code("hello"), "malformed")
        self.assertEqual(self.code('x"\r\nX-Other: 1'), "malformed")
        self.assertEqual(self.code(key, scopes=["write"]), "insufficient_scope")
        self.assertEqual(self.code(key, method="DELETE", path="/x"), "insufficient_scope")
        self.assertEqual(self.code(key, app_id="app_other"), "app_mismatch")
        self.assertEqual(self.code(key, mode="test"), "mode_mismatch")
        refused = self.client.verify(self.portal["revoked_key"])
        self.assertEqual((bool(refused), refused.status, refused.error["status"]), (False, 401, 401))

    def test_what_is_no_question(self) -> None:
        for client, key, required, code in (
            (Client(self.portal["url"], "sp_root_wrong"), "k", {}, "token_refused"),
            (self.client, "k", {"ip": "nowhere"}, "request_refused"),
        ):
            with self.assertRaises(VerificationError) as raised:
                client.verify(key, **required)
            self.assertEqual(raised.exception.code, code)
            client.close()

    def signature(self, secret: str, body: bytes) -> RequestSignature:
        headers = sign_request(secret, body)
        return RequestSignature(headers["X-Sallyport-Timestamp"], headers["X-Sallyport-Signature"], body)

    def test_a_signed_request_once(self) -> None:
        key, secret = self.portal["signed_key"], self.portal["signing_secret"]
        signature = self.signature(secret, os.urandom(16))
        self.assertEqual(self.code(key), "signature_required")
        self.assertEqual(self.code(key, signature=self.signature("sgn_other", b"x")), "bad_signature")
        self.assertEqual(self.code(key, signature=signature), "valid")
        self.assertEqual(self.code(key, signature=signature), "replayed")

    def test_a_capability_token(self) -> None:
        with urllib.request.urlopen(self.portal["url"] + "/.well-known/jwks.json") as answer:
            keys = json.load(answer)
        capability = verify_capability(
            self.portal["capability_token"], keys, issuer=self.portal["url"], app_id=self.portal["app_id"], modules=["focus"]
        )
        self.assertEqual(capability.subject, "person-7")

    def test_the_example(self) -> None:
        os.environ.update(SALLYPORT_URL=self.portal["url"], SALLYPORT_TOKEN=self.portal["token"])
        spec = importlib.util.spec_from_file_location("asgi_app", EXAMPLES / "asgi_app.py")
        example = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True
        spec.loader.exec_module(example)
        self.addCleanup(example.client.close)

        def get(*headers, body=b"", method="GET"):
            return asyncio.run(request(example.app, scope(headers=headers, method=method, client=None), (body,)))

        sent = get((b"x-api-key", self.portal["key"].encode()))
        self.assertEqual((sent[0]["status"], sent[1]["body"]), (200, b"Hello, reads.\n"))
        for headers, status in (((), 401), (((b"x-api-key", self.portal["revoked_key"].encode()),), 401)):
            sent = get(*headers)
            self.assertEqual((sent[0]["status"], json.loads(sent[1]["body"])["status"]), (status, status))
        self.assertEqual(get((b"x-api-key", self.portal["key"].encode()), method="POST")[0]["status"], 403)
        body = os.urandom(8)
        signed = sign_request(self.portal["signing_secret"], body)
        headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
        headers.append((b"x-api-key", self.portal["signed_key"].encode()))
        self.assertEqual(get(*headers, body=body)[0]["status"], 200)
        self.assertEqual(get(*headers, body=body)[0]["status"], 401)


class Examples(unittest.TestCase):
    def test_each_is_short(self) -> None:
        for example in EXAMPLES.glob("*.py"):
            self.assertLess(len(example.read_text(encoding="utf-8").splitlines()), 40, example)


if __name__ == "__main__":
    unittest.main()
