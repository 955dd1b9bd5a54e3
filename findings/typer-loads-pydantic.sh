#!/usr/bin/env bash
# Typer 0.29 loads pydantic whenever a command is run, also where nothing is validated by it.
#
# A program of one command and one argument takes two to three times as long to run as with Typer 0.28.
# dockmgr stays with 0.28 until that is optional.
# Needs Python 3.11 or newer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > hello.py <<'END'
import sys
import typer

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    """Say whether pydantic was loaded to come here."""
    print("loaded" if "pydantic" in sys.modules else "not loaded")


app()
END
declare -A seen
for version in 0.28.0 0.29.0; do
    python3 -m venv "$version"
    "$version/bin/pip" install --quiet "typer==$version" 2>log || { cat log; exit 2; }
    seen[$version]=$("$version/bin/python" hello.py you)
    started=$(date +%s%N)
    for _ in 1 2 3 4 5; do "$version/bin/python" hello.py you >/dev/null; done
    took=$((($(date +%s%N) - started) / 5000000))
    echo "Typer $version: pydantic ${seen[$version]}, $took ms for a command"
done
[ "${seen[0.28.0]}" = "not loaded" ] && [ "${seen[0.29.0]}" = "loaded" ]
