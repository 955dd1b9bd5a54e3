"""A house test: secrets are given to the program, and must not come out of it anywhere."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from manager.registry.logins import clouds
from tests.command import Command, Result

CLOUDS = ("AWS_", "GOOGLE_", "CLOUDSDK_", "GCE_", "AZURE_", "IDENTITY_", "MSI_")


@dataclass
class Home:
    """A home of one's own: docker's folder, helpers on the PATH, and no cloud."""

    folder: Path
    env: dict[str, str]
    secrets: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the folders."""
        for path in (self.docker, self.bin, self.vault):
            path.mkdir()

    @property
    def docker(self) -> Path:
        """The folder of ``config.json``."""
        return self.folder / "docker"

    @property
    def bin(self) -> Path:
        """Where helpers are."""
        return self.folder / "bin"

    @property
    def vault(self) -> Path:
        """Where helpers keep what they are given, and the arguments they are called with."""
        return self.folder / "vault"

    @property
    def config(self) -> dict[str, object]:
        """What ``config.json`` holds."""
        found: dict[str, object] = json.loads((self.docker / "config.json").read_text())
        return found

    def write(self, **parts: object) -> None:
        """Write ``config.json``."""
        (self.docker / "config.json").write_text(json.dumps(parts))

    def secret(self, text: str) -> str:
        """Something that must not come out anywhere."""
        self.secrets.append(text)
        return text

    def keeper(self, name: str) -> None:
        """Put a helper on the PATH that keeps logins in a file, as real ones keep them elsewhere.

        It writes down its arguments: other people on a machine can see those of any program.
        """
        path = self.bin / f"docker-credential-{name}"
        path.write_text(
            "#!/usr/bin/env python3\n"
            "import json, pathlib, sys\n"
            f"vault = pathlib.Path({str(self.vault)!r})\n"
            f"kept = vault / {name + '.json'!r}\n"
            f"with (vault / 'arguments').open('a') as log: log.write(repr(sys.argv) + '\\n')\n"
            "rows = json.loads(kept.read_text()) if kept.exists() else {}\n"
            "verb, text = sys.argv[1], sys.stdin.read()\n"
            "if verb == 'store':\n"
            "    row = json.loads(text)\n"
            "    rows[row.pop('ServerURL')] = row\n"
            "elif verb == 'list':\n"
            "    print(json.dumps({key: row['Username'] for key, row in rows.items()}))\n"
            "elif text not in rows:\n"
            "    sys.exit('credentials not found in native keychain' if verb == 'erase' else\n"
            "             print('credentials not found in native keychain') or 1)\n"
            "elif verb == 'get':\n"
            "    print(json.dumps({'ServerURL': text, **rows[text]}))\n"
            "else:\n"
            "    del rows[text]\n"
            "kept.write_text(json.dumps(rows))\n"
        )
        path.chmod(0o755)

    def kept(self, name: str) -> dict[str, dict[str, str]]:
        """What a helper keeps."""
        path = self.vault / f"{name}.json"
        found: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def arguments(self) -> str:
        """What the helpers were called with."""
        path = self.vault / "arguments"
        return path.read_text() if path.exists() else ""

    def check(self) -> None:
        """No secret is in what was said, in an argument, or in a file of the program's own."""
        assert self.secrets
        told = "\n".join([*self.said, self.arguments()])
        own = [path for path in (self.folder / "own").rglob("*") if path.is_file()]
        told += "".join(path.read_bytes().decode(errors="replace") for path in own)
        for secret in self.secrets:
            assert secret not in told
            assert b64encode(secret.encode()).decode().rstrip("=") not in told


class Hushed:
    """The program in such a home; what it says is checked at the end."""

    def __init__(self, run: Command, home: Home, patch: pytest.MonkeyPatch) -> None:
        self._run = run
        self._home = home
        self._patch = patch

    def __call__(self, *argv: str, stdin: str = "") -> Result:
        """Run it with some input, whatever the exit code."""
        reading, writing = os.pipe()
        with os.fdopen(reading) as source, os.fdopen(writing, "w") as sink:
            sink.write(stdin)
            sink.close()
            self._patch.setattr("sys.stdin", source)
            result = self._run(*argv)
        self._home.said += [result.out, result.err]
        return result

    def ok(self, *argv: str, stdin: str = "") -> Result:
        """Run it, and expect it to succeed."""
        result = self(*argv, stdin=stdin)
        assert result.code == 0, result
        return result


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home of one's own; at the end no secret has come out of it."""
    for name in list(os.environ):
        if name.startswith(CLOUDS) or name == "DOCKER_AUTH_CONFIG":
            monkeypatch.delenv(name)
    own = {
        "HOME": str(tmp_path),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
        "PATH": os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]),
        "XDG_STATE_HOME": str(tmp_path / "own"),
        "XDG_CACHE_HOME": str(tmp_path / "own"),
        "XDG_CONFIG_HOME": str(tmp_path / "own"),
        # No metadata server is asked: they are not on the loopback.
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    clouds.forget_answers()
    found = Home(tmp_path, {**os.environ})
    yield found
    clouds.forget_answers()
    if found.secrets:
        found.check()


@pytest.fixture
def hushed(
    capsys: pytest.CaptureFixture[str], home: Home, monkeypatch: pytest.MonkeyPatch
) -> Hushed:
    """The program in that home."""
    return Hushed(Command(capsys, home.env), home, monkeypatch)


def ecr_password(home: Home, until: datetime) -> str:
    """A password in the form that ECR gives."""
    inside = {"payload": "hush-payload", "version": "2", "expiration": int(until.timestamp())}
    return home.secret(b64encode(json.dumps(inside).encode()).decode())


def web_token(home: Home, until: datetime) -> str:
    """A JSON Web Token in the form that Azure gives; nobody checks its signature here."""
    parts = ({"alg": "RS256"}, {"exp": int(until.timestamp()), "grant_type": "refresh_token"})
    rows = [b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return home.secret(".".join([*rows, "hush-signature"]))
