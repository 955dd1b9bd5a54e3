"""What no test ever wants to see again: the passwords that tests give the program.

Whatever a command says is searched for them, in every test, and so are at the end the files that
it keeps.
"""

from base64 import b64encode
from pathlib import Path

USER, PASSWORD = "learner", "open sesame"
AWS_PASSWORD = "123456789012-auth-token"
"""What the stand-in for AWS gives."""
GOOGLE_TOKEN = "a token of the machine for an hour"
AZURE_TOKEN = "a token of the directory for an hour"
ALL = (
    PASSWORD,
    AWS_PASSWORD,
    GOOGLE_TOKEN,
    AZURE_TOKEN,
    b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
    b64encode(f"AWS:{AWS_PASSWORD}".encode()).decode(),
)


def refuse(*texts: str) -> None:
    """Fail if any of it holds a secret; the failure does not say which."""
    assert not any(secret in text for secret in ALL for text in texts), "a secret was shown"


def search(state: Path) -> None:
    """Fail if a file of the program's own state does; what labs keep is their engines'."""
    for path in state.rglob("*"):
        if path.is_file() and "labs" not in path.relative_to(state).parts:
            assert not any(secret.encode() in path.read_bytes() for secret in ALL), path
