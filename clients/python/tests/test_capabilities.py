"""The vectors of capability tokens that the readers of all languages and the portal share."""

import json
import unittest
import warnings
from pathlib import Path

from sallyport_client import CapabilityError, verify_capability

VECTORS = Path(__file__).parents[2] / "vectors" / "capabilities.json"


class Capabilities(unittest.TestCase):
    def test_each_vector(self) -> None:
        file = json.loads(VECTORS.read_text(encoding="utf-8"))
        self.assertGreater(len(file["vectors"]), 25)
        for vector in file["vectors"]:
            with self.subTest(vector["name"]):
                self.run_vector(file, vector)

    def run_vector(self, file: dict, vector: dict) -> None:
        def verified():
            return verify_capability(
                vector["token"],
                file["keys"],
                issuer=file["issuer"],
                app_id=file["app_id"],
                now=file["now"],
                **vector.get("options", {}),
            )

        if "code" in vector:
            with warnings.catch_warnings(), self.assertRaises(CapabilityError) as raised:
                warnings.simplefilter("error")
                verified()
            self.assertEqual(raised.exception.code, vector["code"])
            self.assertIn(vector["code"], str(raised.exception))
            return
        expected = vector["capability"]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            capability = verified()
        self.assertEqual(len(told), 0 if expected["is_signed"] else 1)
        for name, value in expected.items():
            held = getattr(capability, name)
            self.assertEqual(list(held) if isinstance(held, tuple) else held, value, name)


if __name__ == "__main__":
    unittest.main()
