"""What the client sends, and what it makes of answers: the vectors of all languages."""

import base64
import dataclasses
import json
import unittest

from sallyport_client import Client, ConfigurationError, RequestSignature, VerificationError

from .fake import VALID, always, vectors


class Vectors(unittest.TestCase):
    def test_each_answer(self) -> None:
        answers = vectors("verify.json")["answers"]
        self.assertGreater(len(answers), 60)
        for vector in answers:
            served = always(vector["status"], vector["body"].encode(), vector.get("headers", {}))
            with self.subTest(vector["name"]), served as portal, Client(portal.url, "sp_root_hidden") as client:
                self.run_answer(client, vector)

    def run_answer(self, client: Client, vector: dict) -> None:
        if "error" in vector:
            with self.assertRaises(VerificationError) as raised:
                client.verify("sk_live_hidden")
            self.assertEqual(raised.exception.code, vector["error"])
            self.assertEqual(raised.exception.retry_after, vector.get("retry_after"))
            self.assertEqual(raised.exception.status, vector["status"])
            self.assertNotIn("hidden", str(raised.exception))
            return
        expected, verification = vector["expected"], client.verify("sk_live_hidden")
        self.assertEqual(bool(verification), expected["valid"])
        told = dataclasses.asdict(verification)
        for name, value in told.items():
            self.assertEqual(list(value) if isinstance(value, tuple) else value, expected.get(name), name)
        self.assertLessEqual(set(expected), set(told))

    def test_each_request(self) -> None:
        with always(200, VALID) as portal, Client(portal.url + "/portal/", "sp_root_1") as client:
            for vector in vectors("verify.json")["requests"]:
                with self.subTest(vector["name"]):
                    arguments = {"key": None, **vector["arguments"]}
                    if "signature" in arguments:
                        given = arguments["signature"]
                        body = base64.b64decode(given["body_base64"])
                        arguments["signature"] = RequestSignature(given["timestamp"], given["signature"], body)
                    client.verify(**arguments)
                    request = portal.requests[-1]
                    self.assertEqual(request.line, "POST /portal/v1/keys/verify HTTP/1.1")
                    self.assertEqual(request.headers["authorization"], "Bearer sp_root_1")
                    self.assertEqual(request.headers["content-type"], "application/json")
                    self.assertNotIn("x-other", request.headers)
                    self.assertEqual(json.loads(request.body), vector["body"])

    def test_each_base_url(self) -> None:
        for vector in vectors("verify.json")["base_urls"]:
            with self.subTest(vector["url"]):
                if vector["accepted"]:
                    Client(vector["url"], "sp_root_1").close()
                    continue
                with self.assertRaises(ConfigurationError) as raised:
                    Client(vector["url"], "sp_root_1")
                self.assertNotIn("secret", str(raised.exception))


class Settings(unittest.TestCase):
    def test_plain_http_can_be_allowed(self) -> None:
        Client("http://sallyport:3000", "sp_root_1", allow_plain_http=True).close()

    def test_a_token_can_not_become_a_header(self) -> None:
        for token in ("", "sp_root_1\r\nX-Other: 1", "sp root", "sp_root_ключ"):
            with self.assertRaises(ConfigurationError) as raised:
                Client("https://keys.example.com", token)
            self.assertNotIn("X-Other", str(raised.exception))

    def test_the_cache_is_short(self) -> None:
        for seconds in (1.1, -1, float("nan")):
            with self.assertRaises(ValueError):
                Client("https://keys.example.com", "sp_root_1", cache_seconds=seconds)

    def test_the_token_is_not_shown(self) -> None:
        client = Client("https://keys.example.com", "sp_root_secret")
        self.assertNotIn("secret", repr(client))
        self.assertNotIn("secret", str(client))

    def test_scopes_are_a_list(self) -> None:
        with self.assertRaises(TypeError):
            Client("https://keys.example.com", "sp_root_1").verify("k", scopes="read")


if __name__ == "__main__":
    unittest.main()
