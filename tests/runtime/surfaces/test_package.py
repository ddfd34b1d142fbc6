"""A package finds each page by every name that a reader may try."""

from pathlib import Path

import pytest

import retell_ai
from tool_runtime.errors import SpecError, UnknownTool
from tool_runtime.surfaces.common.package import Package


@pytest.fixture(scope="module")
def package():
    return Package(Path(retell_ai.__file__).parent)


@pytest.mark.parametrize(
    ("name", "kind", "file"),
    [
        ("overview", "overview", "overview.md"),
        ("retell-ai", "overview", "overview.md"),
        ("retell_ai", "overview", "overview.md"),
        ("integrations.retell-ai", "overview", "overview.md"),
        ("reference", "whole", "retell-ai.md"),
        ("create_phone_call", "tool", "tools/create_phone_call.md"),
        ("create_call", "tool", "tools/create_phone_call.md"),
        ("retell-ai.create_phone_call", "tool", "tools/create_phone_call.md"),
        ("retell_ai.create_call", "tool", "tools/create_phone_call.md"),
        ("retell-ai.retell_ai_create_call", "tool", "tools/create_phone_call.md"),
        ("integrations.retell-ai.create_phone_call", "tool", "tools/create_phone_call.md"),
        ("app.integrations.retell_ai.create_phone_call", "tool", "tools/create_phone_call.md"),
        ("tools/create_phone_call.md", "tool", "tools/create_phone_call.md"),
        ("reference/tools/create_phone_call.md", "tool", "tools/create_phone_call.md"),
        ("create_conversation_flow.examples", "tool", "tools/create_conversation_flow.examples.md"),
        ("PhoneCall", "type", "types/PhoneCall.md"),
        ("phonecall", "type", "types/PhoneCall.md"),
        ("types/PhoneCall", "type", "types/PhoneCall.md"),
        ("errors", "guide", "guides/errors.md"),
        ("webhooks", "guide", "guides/webhooks.md"),
        ("guides/errors", "guide", "guides/errors.md"),
        ("custom-functions", "guide", "guides/custom_functions.md"),
        ("Retries and outcomes", "guide", "guides/retries.md"),
        ("outcomes", "guide", "guides/retries.md"),
        ("paging", "guide", "guides/waiting.md"),
    ],
)
def test_a_page_has_many_names(package, name, kind, file):
    page = package.page(name)
    assert (page.kind, page.path.relative_to(Path(package.folder, "reference")).as_posix()) == (kind, file)
    assert page.read().startswith("<!-- Generated")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("create_phone_cal", "create_phone_call"),
        ("PhoneCal", "PhoneCall"),
        ("eror", "errors"),
        ("overveiw", "overview"),
        ("webhoks", "webhooks"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_page(package, name, near):
    with pytest.raises(UnknownTool, match=f"no page named '{name}'") as caught:
        package.page(name)
    assert caught.value.nearest[0] == near


@pytest.mark.parametrize(
    "name", ["", ".", "/", "tools/", "tools/../overview", "../registry", "types/errors", "x" * 5_000]
)
def test_what_names_no_page_names_none(package, name):
    with pytest.raises(UnknownTool):
        package.page(name)


def test_pages_are_listed_by_kind_and_all_are_there(package):
    kinds = [page.kind for page in package.pages]
    assert list(dict.fromkeys(kinds)) == ["overview", "guide", "tool", "whole", "type"]
    assert [page.name for page in package.pages if page.kind == "tool"] == list(package.registry.tools)
    assert [page.name for page in package.pages if page.kind == "type"] == list(package.registry.types)
    assert {page.name: page.summary for page in package.pages if page.kind == "guide"}["webhooks"] == "Webhooks"


def test_a_page_that_is_not_installed_is_named(package, tmp_path):
    for name in ("api.json", "registry.json"):
        (tmp_path / name).write_bytes(Path(package.folder, name).read_bytes())
    with pytest.raises(SpecError, match=r"reference/tools/get_call\.md cannot be read: it is not installed"):
        Package(tmp_path).page("get_call")


def test_the_small_schema_is_handed_out_without_marks(package):
    schema = package.shallow_schema("create_call")
    assert list(schema) == ["type", "description", "properties", "required"]
    assert schema["required"] == package.schema("create_call")["required"]
