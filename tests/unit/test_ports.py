"""Published ports: docker's syntax, each member's own, and their URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.groups.core.port_chooser import PortChooser, TakenPorts
from manager.groups.core.publish_spec import PublishSpec
from manager.model.ports import Port, published_url


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
    (binding,) = spec.bindings_at(spec.host_port)
    assert PublishSpec.parse(str(binding)) == spec


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
        "8001-8000:80",
        "8000-8002:80-81",
        "8000-:80",
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


def chosen(
    *publish: str, numbers: tuple[int, ...] = (1, 2, 3), start: int = 1, taken: str = ""
) -> tuple[list[str], list[str]]:
    """The ports that members get, and what is said about them."""
    others = TakenPorts()
    for text in taken.split():
        ip, port, protocol = text.split(",")
        others.add(ip, int(port), protocol, "db1")
    chooser = PortChooser(publish, start, others)
    found = [" ".join(map(str, chooser.choose(f"web{n}", n))) for n in numbers]
    return found, chooser.notes


def test_member_n_gets_the_port_so_far_above_as_its_number_is_above_the_first() -> None:
    assert chosen("8080:80")[0] == ["8080:80/tcp", "8081:80/tcp", "8082:80/tcp"]
    assert chosen("8080:80", numbers=(5, 7), start=5)[0] == ["8080:80/tcp", "8082:80/tcp"]
    assert chosen("80")[0] == ["80/tcp"] * 3


def test_a_taken_port_is_skipped_and_that_is_said_once() -> None:
    assert chosen("8080:80", taken="0.0.0.0,8081,tcp") == (
        ["8080:80/tcp", "8082:80/tcp", "8083:80/tcp"],
        ["port 8081 is taken by db1; web2 gets 8082"],
    )


def test_a_port_is_free_on_another_address_and_for_another_protocol() -> None:
    told = "127.0.0.1,8080,tcp 0.0.0.0,8081,udp"
    assert chosen("192.0.2.1:8080:80", numbers=(1, 2), taken=told) == (
        ["192.0.2.1:8080:80/tcp", "192.0.2.1:8081:80/tcp"],
        [],
    )
    assert chosen("8080:80", numbers=(1,), taken=told)[0] == ["8081:80/tcp"]


def test_ports_in_a_row_move_together() -> None:
    assert chosen("8000-8001:90-91", numbers=(1, 2))[0] == [
        "8000:90/tcp 8001:91/tcp",
        "8002:90/tcp 8003:91/tcp",
    ]
    assert chosen("8000-8001:90-91", numbers=(1,), taken="::,8001,tcp")[0] == [
        "8002:90/tcp 8003:91/tcp"
    ]
    assert chosen("90-91", numbers=(1,))[0] == ["90/tcp 91/tcp"]


def test_of_a_range_for_one_port_any_will_do_and_no_other() -> None:
    assert chosen("8000-8002:80", numbers=(2, 3, 4))[0] == [
        "8001:80/tcp",
        "8002:80/tcp",
        "8000:80/tcp",
    ]
    with pytest.raises(ManagerError, match="no port from 8000 to 8002 is free for web4"):
        chosen("8000-8002:80", numbers=(1, 2, 3, 4))


def test_a_port_that_the_text_names_for_each_member_is_that_one_or_none() -> None:
    assert chosen("80{n:02}:80", numbers=(1, 12))[0] == ["8001:80/tcp", "8012:80/tcp"]
    with pytest.raises(ManagerError, match="cannot make web2: port 8002 is taken by db1"):
        chosen("80{n:02}:80", taken=",8002,tcp")


def test_ports_end_at_65535() -> None:
    with pytest.raises(ManagerError, match="web2 would need port 65536, but") as caught:
        chosen("65535:80", numbers=(1, 2))
    assert caught.value.exit_code is ExitCode.USAGE
    with pytest.raises(ManagerError, match="no port from 65535 up is free for web1"):
        chosen("65535:80", numbers=(1,), taken=",65535,tcp")


@given(
    st.lists(st.integers(8000, 8030), unique=True),
    st.integers(1, 8),
    st.integers(1, 3),
    st.integers(8000, 8030),
)
def test_no_two_members_ever_get_one_port_and_none_gets_a_taken_one(
    taken: list[int], count: int, width: int, base: int
) -> None:
    text = f"{base}-{base + width - 1}:80-{80 + width - 1}" if width > 1 else f"{base}:80"
    found, _ = chosen(
        text,
        numbers=tuple(range(1, count + 1)),
        taken=" ".join(f"0.0.0.0,{port},tcp" for port in taken),
    )
    ports = [int(one.partition(":")[0]) for member in found for one in member.split()]
    assert len(set(ports)) == len(ports) == count * width
    assert not set(ports) & set(taken)


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
    assert published_url(port, "box") == expected
