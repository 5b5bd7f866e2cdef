"""What depends on the machine: who may read the file, and what is detected."""

import os
import subprocess
import tempfile
import unittest
import warnings
from pathlib import Path

from sallyport_client.runtime_configuration import load

TEXT = '{"app_id": "a", "org_id": "o", "app_api_key": "k"}'


class Machine(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContextOnAnyVersion(tempfile.TemporaryDirectory()))
        self.path = self.folder / "synheart.json"
        self.path.write_text(TEXT, encoding="utf-8")
        self.path.chmod(0o600)

    def enterContextOnAnyVersion(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def told(self) -> tuple:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load(self.path).warnings

    def test_a_file_of_ones_own_is_quiet(self) -> None:
        self.assertEqual(self.told(), ())

    @unittest.skipUnless(os.name == "posix", "permissions are other ones there")
    def test_others_who_can_read_the_file_are_told(self) -> None:
        for mode in (0o644, 0o640, 0o604):
            self.path.chmod(mode)
            self.assertEqual(len(self.told()), 1)
            self.assertIn("chmod 600", self.told()[0])
        with self.assertWarns(UserWarning):
            load(self.path)

    def test_a_work_tree_has_to_ignore_the_file(self) -> None:
        subprocess.run(["git", "init", "--quiet", str(self.folder)], check=True)
        self.assertEqual(len(self.told()), 1)
        self.assertIn(".gitignore", self.told()[0])
        (self.folder / ".gitignore").write_text("synheart.json\n", encoding="utf-8")
        self.assertEqual(self.told(), ())

    def test_what_is_detected_stays(self) -> None:
        one, other = load(self.path), load(self.path)
        self.assertEqual(one.device_id, other.device_id)
        self.assertEqual(one.with_subject_id("ada").subject_id, "ada")
        self.assertIsNone(one.subject_id)


if __name__ == "__main__":
    unittest.main()
