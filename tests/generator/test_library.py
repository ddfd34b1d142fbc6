from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from .conftest import LIBRARY


@pytest.fixture
def library(generate, load):
    return load(generate(LIBRARY))


@pytest.fixture
def sandbox(library):
    from tool_runtime.core.registry import load_registry
    from tool_runtime.sandbox import Sandbox

    return Sandbox(load_registry(library.Client.registry_source), examples=True)


@pytest.fixture
def client(library, sandbox):
    with library.Client(sandbox=sandbox) as client:
        yield client


def test_a_book_can_be_added_found_changed_and_removed(client):
    book = client.create_book(title="The Hill", class_="fact", published=2001)
    assert client.get_book(book_id=book["book_id"]) == book
    changed = client.update_book(book_id=book["book_id"], main_author="Ada", fields={"title": "The Hills"})
    assert (changed["title"], changed["authors"]) == ("The Hills", [{"name": "Ada"}])
    assert client.delete_book(book_id=book["book_id"]) is None
    with pytest.raises(sys.modules["tool_runtime.errors"].NotFound, match="The library has no book"):
        client.get_book(book_id=book["book_id"])


def test_the_key_and_the_base_path_are_where_this_api_wants_them(client):
    request = client.preview("get_book", {"book_id": "a/b"})
    assert request["url"] == "https://library.example/api/v1/books/a%2Fb"
    assert [name for name in request["headers"] if name.lower() == "x-api-key"]


def test_friendly_forms_become_wire_forms(client):
    body = client.preview("search_books", {"where": {"year": [1990, 1999], "tags": {"mood": ["calm"]}}})["body"]
    assert body == {
        "criteria": {
            "published": {"between": [1990, 1999]},
            "tags": [{"name": "mood", "any": ["calm"]}],
            "class": "fiction",
        }
    }


@pytest.mark.parametrize(("tool", "arguments"), [("list_books", {"per_page": 2}), ("list_loans", {"count": 2})])
def test_iterators_follow_page_numbers_and_offsets(client, tool, arguments):
    for number in range(5):
        client.create_book(title=f"Book {number}")
        if number < 2:
            client.lend_book(book_id="book_1", member_id="member_1")
    everything = client.call(tool, {"per_page": 100} if tool == "list_books" else {"count": 100})
    rows = list(getattr(client.iter, tool)(**arguments))
    assert rows == (everything["rows"] if tool == "list_books" else everything)
    assert len(rows) > 2


def test_a_composed_loan_undoes_its_member_when_it_fails(client, sandbox, library):
    with pytest.raises(library.ToolError):
        client.lend_book(book_id="book_none", new_member="Grace")
    assert [request.tool for request in sandbox.requests] == ["create_member", "lend_book", "delete_member"]


def test_a_waiter_waits_for_the_declared_state(client):
    loan = client.lend_book(book_id="book_1", new_member="Grace")
    assert client.wait.reminder_sent(loan_id=loan["loan_id"])["state"] == "overdue"
    assert client.wait.loan_returned(loan_id=loan["loan_id"])["state"] == "returned"


def test_what_a_deprecated_tool_is_replaced_by_is_said(client):
    with pytest.warns(FutureWarning, match="give_back is deprecated and stops working on 2027-06-30; use return_book"):
        client.give_back(loan_id="loan_1")


def test_both_clients_have_the_same_tools_iterators_and_waiters(library):
    def methods(*classes):
        return [{name for name in vars(kind) if not name.startswith("_")} for kind in classes]

    from library_api import async_client, client

    assert methods(client.Client, client.Iterators, client.Waiters) == methods(
        async_client.AsyncClient, async_client.AsyncIterators, async_client.AsyncWaiters
    )


def test_the_asynchronous_client_gives_the_same_results(library, sandbox, client):
    async def run():
        async with library.AsyncClient(sandbox=sandbox) as other:
            rows = [row async for row in other.iter.list_books(per_page=1)]
            return await other.get_book(book_id="book_1"), rows

    book, rows = asyncio.run(run())
    assert book == client.get_book(book_id="book_1")
    assert rows == client.list_books()["rows"]


def test_importing_the_package_loads_neither_httpx_nor_the_big_modules(generate):
    package = generate(LIBRARY)
    script = (
        "import sys, library_api; assert dir(library_api)\n"
        "heavy = {'httpx', 'jsonschema', 'jinja2', 'yaml', 'typing', 'library_api.client', 'library_api.types',\n"
        "         'library_api.arguments', 'tool_runtime'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(package.parent)!r})\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() in ("[]", "['typing']")


def test_every_public_name_is_there_and_sorted(library):
    assert library.__all__ == sorted(library.__all__)
    for name in library.__all__:
        assert getattr(library, name) is not None
    assert set(library.__all__) <= set(dir(library))
    with pytest.raises(AttributeError, match="no attribute 'Clientt'"):
        library.Clientt  # noqa: B018


def test_methods_stay_within_their_budget_of_lines(generate):
    package = generate(LIBRARY)
    files = [*package.glob("tools/*.py"), *package.glob("*client.py")]
    lines = sum(len(path.read_text().splitlines()) for path in files)
    surfaces = 2  # blocking and awaiting
    assert lines / 17 / surfaces <= 40


def test_every_example_of_the_spec_works_on_the_sandbox(library):
    from tool_runtime.core.registry import load_registry
    from tool_runtime.sandbox import Sandbox

    registry = load_registry(library.Client.registry_source)
    for name, tool in registry.document["tools"].items():
        for example in tool.get("examples", ()):
            with library.Client(sandbox=Sandbox(registry, examples=True)) as client:
                if name == "delete_book":
                    with pytest.raises(library.Conflict, match="The book is or was lent"):
                        client.call(name, example["arguments"])
                else:
                    client.call(name, example["arguments"])
