"""An independent witness: PyPI's sigstore verifies what make.mjs signed, and rejects what it must.

    python independent.py FOLDER
"""

import json
import sys
import unittest
from pathlib import Path

from sigstore.errors import VerificationError
from sigstore.models import Bundle, InvalidBundle, TrustedRoot
from sigstore.verify import Verifier, policy

FOLDER = Path(sys.argv.pop())
SIGNER = policy.Identity(
    identity="https://github.com/org/app/.github/workflows/release.yml@refs/heads/main",
    issuer="https://token.actions.githubusercontent.com",
)


def verifier(root):
    return Verifier(trusted_root=TrustedRoot.from_file(str(FOLDER / root)))


def bundle(name):
    return Bundle.from_json((FOLDER / f"{name}.bundle.json").read_text())


class Independent(unittest.TestCase):
    def test_what_we_accept_is_accepted(self):
        # But an entry of the kind intoto, from which it takes no time.
        for name in ["signed", "provenance", "provenance-v0.2", "spdx"]:
            with self.subTest(name):
                kind, payload = verifier("trusted_root.json").verify_dsse(bundle(name), SIGNER)
                self.assertEqual(kind, "application/vnd.in-toto+json")
                self.assertIn("predicateType", json.loads(payload))
        manifest = (FOLDER / "manifest.json").read_bytes()
        verifier("trusted_root.json").verify_artifact(manifest, bundle("content"), SIGNER)

    def test_what_we_reject_is_rejected(self):
        for path in FOLDER.glob("bad.*.bundle.json"):
            root = "trusted_root.timestamps.json" if "timestamp" in path.name else "trusted_root.json"
            with self.subTest(path.name):
                try:
                    found = Bundle.from_json(path.read_text())
                except InvalidBundle as error:
                    self.assertIn("exactly one log entry", str(error))
                    continue
                with self.assertRaises(VerificationError):
                    verifier(root).verify_dsse(found, SIGNER)

    def test_another_signer_is_rejected(self):
        other = policy.Identity(identity="https://github.com/org/app", issuer=SIGNER._issuer)
        with self.assertRaises(VerificationError):
            verifier("trusted_root.json").verify_dsse(bundle("signed"), other)


if __name__ == "__main__":
    unittest.main()
