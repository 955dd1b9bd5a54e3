"""Published ports: docker's syntax, each member's own, and their URLs."""

import pytest

from manager.core.addresses import url
from manager.core.model import Port
from manager.core.ports import PublishSpec
from manager.errors import ExitCode, ManagerError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("80", PublishSpec(80)),
        ("8080:80", PublishSpec(80, 8080)),
        ("53:53/udp", PublishSpec(53, 53, protocol="udp")),
        ("80/TCP", PublishSpec(80)),
        (":80", PublishSpec(80)),
        ("127.0.0.1:8080:80", PublishSpec(80, 8080, "127.0.0.1")),
        ("127.0.0.1::80", PublishSpec(80, None, "127.0.0.1")),
        ("[::1]:8080:80/sctp", PublishSpec(80, 8080, "::1", "sctp")),
    ],
)
def test_dockers_forms(text: str, spec: PublishSpec) -> None:
    assert PublishSpec.parse(text) == spec
    assert PublishSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http",
        "0",
        "65536",
        "8080:",
        "8080:80/icmp",
        "0000800000:80",
        "9" * 5000,
        "80/",
        "1:2:3:4",
        "localhost:8080:80",
        "[::1:8080:80",
        "8000-8001:80",
        "-1",
        "٣",
        "8080:80:",
    ],
)
def test_what_is_no_port_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ManagerError) as caught:
        PublishSpec.parse(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "8080:80" in caught.value.hint


def test_member_n_gets_the_port_n_minus_one_above_the_first() -> None:
    spec = PublishSpec.parse("8080:80")
    assert [spec.for_member(n).host_port for n in (1, 2, 3)] == [8080, 8081, 8082]
    assert PublishSpec.parse("80").for_member(3).host_port is None


def test_ports_end_at_65535() -> None:
    spec = PublishSpec.parse("65535:80")
    assert spec.for_member(1).host_port == 65535
    with pytest.raises(ManagerError, match="member 2 would need port 65536"):
        spec.for_member(2)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (Port(80, "tcp", "0.0.0.0", 8080), "http://box:8080"),
        (Port(443, "tcp", "", 8443), "https://box:8443"),
        (Port(5432, "tcp", "::", 5432), "tcp://box:5432"),
        (Port(53, "udp", "127.0.0.1", 53), "udp://127.0.0.1:53"),
        (Port(80, "tcp", "::1", 80), "http://[::1]:80"),
    ],
)
def test_urls_name_the_engines_machine_where_all_addresses_are_bound(
    port: Port, expected: str
) -> None:
    assert url(port, "box") == expected
