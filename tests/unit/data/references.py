"""The addresses whose meaning is compared with the reference implementation (see references.go)."""

import itertools
import json
import random
import sys
from collections.abc import Iterator

HEX = "0123456789abcdef" * 8
REGISTRIES = (
    *("", "docker.io/", "index.docker.io/", "localhost/", "localhost:5000/", "ghcr.io/"),
    *("127.0.0.1:5000/", "[::1]/", "[::1]:5000/", "[fe80::1%25eth0]/", "Registry/", "host:/"),
    *("a_b.c/", "a-.b/", "-a.b/", "a..b/", ".a/", "a./", "host:port/", "xn--n3h.com/", "UP.io:1/"),
    *("::1/", "[]/", "[:]/", "[g::1]/", "docker.io:443/", "a.b:0/", "LOCALHOST/", "1.2.3.4/"),
)
PATHS = (
    *(
        "nginx",
        "library/nginx",
        "a/b/c",
        "a.b/c",
        "a_b",
        "a__b",
        "a___b",
        "a--b",
        "a---b/c",
        "a.-b",
    ),
    *(
        "Nginx",
        "a/B",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a-",
        "_a",
        "a_",
        ".a",
        "a.",
        "a..b",
        "é",
        "a b",
        "0",
    ),
    *("library/a/b", HEX[:64], HEX[:63], HEX[:65], "library", "library/", "localhost", "a\n"),
)
TAGS = (
    *("", ":latest", ":v1.0", ":_x", ":.x", ":-x", ":", ":A-b_C.d", ":a/b", ":a b", ":é", ":1:2"),
    *(":" + "t" * 128, ":" + "t" * 129, ":latest\n"),
)
DIGESTS = (
    *("", "@", "@sha256:" + HEX[:64], "@sha256:" + HEX[:63], "@sha256:" + HEX[:65], "@sha256:"),
    *("@sha256:" + HEX[:64].upper(), "@SHA256:" + HEX[:64], "@sha384:" + HEX[:96]),
    *("@sha512:" + HEX[:128], "@sha512:" + HEX[:64], "@md5:" + HEX[:32], "@sha256+b64:" + HEX[:64]),
    *("@sha256:" + "g" * 64, "@blake3:" + HEX[:64], "@sha256:" + HEX[:64] + "\n", "@sha256"),
)
LENGTHS = (247, 248, 255, 256, 300)
PIECES = (
    *(
        "a",
        "z",
        "0",
        "9",
        "A",
        "Z",
        ".",
        "-",
        "_",
        "/",
        ":",
        "@",
        "[",
        "]",
        " ",
        "\n",
        "é",
        "İ",
        "ß",
    ),
    *("docker.io", "library", "localhost", "index.docker.io", "sha256:", "sha512:", "latest", "__"),
    *(HEX[:32], HEX[:64], HEX[:96], HEX[:128], "[::1]", ":5000", "\t", "\0", "٣", "K", "ſ"),
)


def inputs() -> Iterator[str]:
    """Every registry, path, tag and digest with a plain rest, many with each other, and lengths."""
    seen: set[str] = set()
    combined = itertools.chain(
        itertools.product(REGISTRIES, PATHS, ("", ":v1"), ("",)),
        itertools.product(("", "ghcr.io/"), ("nginx", "a/b", "A"), TAGS, DIGESTS),
        itertools.product(REGISTRIES, ("nginx", "a/b"), (":v1",), DIGESTS[2:3]),
    )
    rows = ["".join(parts) for parts in combined]
    for length, registry in itertools.product(LENGTHS, ("", "a.io/", "docker.io/")):
        rows += [registry + "a" * length, registry + "b/" + "a" * (length - 2)]
    for row in rows:
        if row not in seen:
            seen.add(row)
            yield row


def noise(count: int, seed: int) -> Iterator[str]:
    """Random addresses and near addresses."""
    source = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(count):
        yield "".join(source.choices(PIECES, k=source.randint(0, 9)))


def main() -> None:
    """Print inputs, or turn the Go program's rows into the file that the test reads."""
    if sys.argv[1] == "inputs":
        for text in inputs():
            print(json.dumps(text))
    elif sys.argv[1] == "noise":
        for text in noise(int(sys.argv[2]), int(sys.argv[3])):
            print(json.dumps(text))
    else:
        rows = [json.loads(line) for line in sys.stdin]
        print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
