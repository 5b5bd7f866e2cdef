"""Signed requests: the vectors of docs/signatures.md."""

import base64
import unittest

from sallyport_client import SignatureError, sign_request, verify_request

from .fake import vectors


class Vectors(unittest.TestCase):
    def test_each(self) -> None:
        file = vectors("signatures.json")
        self.assertGreater(len(file["vectors"]), 25)
        for vector in file["vectors"]:
            with self.subTest(vector["name"]):
                self.run_vector(vector, file["now"])

    def run_vector(self, vector: dict, now: int) -> None:
        body = base64.b64decode(vector["body_base64"])
        secret, timestamp, signature = vector["secret"], vector["timestamp"], vector["signature"]
        if vector["expected"] in ("good", "out_of_time"):
            headers = sign_request(secret, body, now=int(timestamp))
            self.assertEqual(headers, {"X-Sallyport-Timestamp": timestamp, "X-Sallyport-Signature": signature})
        if vector["expected"] == "good":
            verify_request(secret, timestamp, signature, body, now=now)
            verify_request(["sgn_other", secret], timestamp, signature, body, now=now)
            with self.assertRaises(SignatureError):
                verify_request("sgn_other", timestamp, signature, body, now=now)
            return
        with self.assertRaises(SignatureError) as raised:
            verify_request(secret, timestamp, signature, body, now=now)
        self.assertEqual(raised.exception.code, vector["expected"])

    def test_the_current_time(self) -> None:
        headers = sign_request("sgn_1", b"{}")
        verify_request("sgn_1", headers["X-Sallyport-Timestamp"], headers["X-Sallyport-Signature"], b"{}")

    def test_no_secret_signs_nothing(self) -> None:
        with self.assertRaises(ValueError):
            sign_request("", b"")
        with self.assertRaises(SignatureError):
            verify_request([], "1795327200", "0" * 64, b"", now=1795327200)


if __name__ == "__main__":
    unittest.main()
