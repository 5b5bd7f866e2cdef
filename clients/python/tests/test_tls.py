"""Certificates: of nobody known, of a given authority, for another name."""

import shutil
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from sallyport_client import Client, VerificationError

from .fake import VALID, always


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificate, key = Path(folder.name, "certificate.pem"), Path(folder.name, "key.pem")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cls.certificate)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        cls.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.server.load_cert_chain(cls.certificate, key)

    def test_only_a_certificate_of_a_known_authority_for_that_name(self) -> None:
        known = ssl.create_default_context(cafile=str(self.certificate))
        with always(200, VALID, tls=self.server) as portal:
            for host, context in (("localhost", None), ("127.0.0.1", known)):
                client = Client(f"https://{host}:{portal.port}", "t", ssl_context=context)
                with self.assertRaises(VerificationError) as raised:
                    client.verify("sk_live_1")
                self.assertEqual(raised.exception.code, "unreachable")
                self.assertIn("certificate", str(raised.exception))
            self.assertEqual(portal.requests, [])
            with Client(f"https://localhost:{portal.port}", "t", ssl_context=known) as client:
                before = portal.connections
                self.assertTrue(client.verify("sk_live_1") and client.verify("sk_live_1"))
                self.assertEqual(portal.connections, before + 1)


if __name__ == "__main__":
    unittest.main()
