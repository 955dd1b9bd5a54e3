"""Names of members: templates, and what {n} stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.model.naming import (
    NameTemplate,
    fill_placeholders,
    has_placeholder,
    member_name_from_label,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web{n}", "web7"),
        ("{n:03}-{n}", "007-7"),
        ("{n:02d}", "07"),
        ("{{n}}", "{n}"),
        ("{{n:02}} {n}", "{n:02} 7"),
        ("for i in ${n} {m} {name} {}", "for i in ${n} {m} {name} {}"),
        ('{"a": {"n": 1}}', '{"a": {"n": 1}}'),
        ("plain", "plain"),
    ],
)
def test_the_number_stands_in_its_places_only(text: str, expected: str) -> None:
    assert fill_placeholders(text, 7) == expected


def test_a_wide_number_is_not_cut() -> None:
    assert fill_placeholders("{n:02}", 1234) == "1234"


@pytest.mark.parametrize("text", ["{n:x}", "{n:}", "{n:2}", "{n:00}", "{n:010}", "{n: 2}"])
def test_a_form_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ManagerError, match="is not a valid number format") as caught:
        fill_placeholders(text, 1)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("typed", "group", "third"),
    [
        ("web", "web", "web3"),
        ("web-{n:02}", "web", "web-03"),
        ("web-", "web", "web-3"),
        ("{n}-web", "web", "3-web"),
        ("web.{n}.eu", "web-eu", "web.3.eu"),
        ("my_app", "my_app", "my_app3"),
    ],
)
def test_templates(typed: str, group: str, third: str) -> None:
    template = NameTemplate.parse(typed)
    assert (template.group, template.name(3)) == (group, third)
    assert member_name_from_label(template.text, 3) == third


@pytest.mark.parametrize(
    "typed", ["", "-web", "we b", "web/1", "wéb", "web\n", "{n}", "a{n}b{n}", "{{n}}", "web{n:x}"]
)
def test_a_name_no_engine_would_take_is_refused(typed: str) -> None:
    with pytest.raises(ManagerError) as caught:
        NameTemplate.parse(typed)
    assert caught.value.exit_code is ExitCode.USAGE


@given(st.text(alphabet="ab{}n:02$", max_size=12), st.integers(0, 999))
def test_any_label_of_a_template_is_read_or_is_none(text: str, number: int) -> None:
    found = member_name_from_label(text, number)
    assert found is None or has_placeholder(text)
