"""The vectors that the readers of all languages share."""

import json
import tempfile
import unittest
import warnings
from pathlib import Path

from sallyport_client.runtime_configuration import ConfigurationError, load

VECTORS = Path(__file__).parents[2] / "vectors" / "runtime-configuration.json"


class Vectors(unittest.TestCase):
    def test_each(self) -> None:
        vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
        self.assertGreater(len(vectors), 25)
        for vector in vectors:
            with self.subTest(vector["name"]), tempfile.TemporaryDirectory() as folder:
                self.run_vector(vector, Path(folder))

    def run_vector(self, vector: dict, folder: Path) -> None:
        for name in ("working", "data", "explicit"):
            (folder / name).mkdir()
        for name, text in vector.get("files", {}).items():
            path = folder / name / "synheart.json"
            path.write_bytes(text.encode())
            path.chmod(0o600)

        def loaded():
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return load(
                    folder / vector["path"] / "synheart.json" if "path" in vector else None,
                    working_directory=folder / "working",
                    data_directory=folder / "data",
                    environment=vector.get("environment", {}),
                    **vector.get("arguments", {}),
                )

        if "config" in vector:
            config = loaded()
            for name, expected in vector["config"].items():
                self.assertEqual(getattr(config, name), expected, name)
            self.assertTrue(config.device_id and config.platform and config.app_version)
            self.assertNotIn(f"'{config.app_api_key}'", repr(config))
            return
        expected = vector["error"]
        with self.assertRaises(ConfigurationError) as raised:
            loaded()
        error = raised.exception
        path = expected["file"] and folder / expected["file"] / "synheart.json"
        self.assertEqual((error.path, error.line, error.field), (path, expected["line"], expected["field"]))
        for part in (path, expected["line"] and f":{expected['line']}:", expected["field"]):
            self.assertIn(str(part or ""), str(error))
        if "no" in expected:
            self.assertNotIn(expected["no"], str(error))


if __name__ == "__main__":
    unittest.main()
