"""Deliveries of webhooks: the vectors of all languages."""

import unittest

from sallyport_client import WebhookError, WebhookForm, WebhookVerifier
from sallyport_client.webhooks import HELIOS

from .fake import vectors


class Vectors(unittest.TestCase):
    def test_each(self) -> None:
        file = vectors("webhooks.json")
        self.assertGreater(len(file["vectors"]), 45)
        helios = {name: file["forms"]["helios"][name] for name in ("signature", "prefix", "timestamp")}
        self.assertEqual(WebhookForm(**helios), HELIOS)
        for vector in file["vectors"]:
            with self.subTest(vector["name"]):
                self.run_vector(file, vector)

    def run_vector(self, file: dict, vector: dict) -> None:
        verifier = WebhookVerifier(
            vector["secrets"],
            form=HELIOS if vector["form"] == "helios" else None,
            tolerance=vector.get("tolerance", file["tolerance"]),
        )
        body, now = vector["body"].encode(), vector.get("now", file["now"])
        if "code" in vector:
            with self.assertRaises(WebhookError) as raised:
                verifier.verify(body, vector["headers"], now=now)
            self.assertEqual(raised.exception.code, vector["code"])
            return
        event = verifier.verify(body, vector["headers"], now=now)
        for name, value in vector["event"].items():
            self.assertEqual(getattr(event, name), value, name)

    def test_bad_secrets(self) -> None:
        for secret in vectors("webhooks.json")["bad_secrets"]:
            with self.assertRaises(ValueError):
                WebhookVerifier(secret)
        with self.assertRaises(ValueError):
            WebhookVerifier([])

    def test_the_secret_is_not_shown(self) -> None:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        self.assertNotIn("MfKQ", repr(WebhookVerifier(secret)))


if __name__ == "__main__":
    unittest.main()
