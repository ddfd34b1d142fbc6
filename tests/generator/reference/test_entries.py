"""What the page of a tool, of a type and of a guide says."""

from collections.abc import Callable

from tool_generator.emit.reference.links import Links, files_from, on_own_page
from tool_generator.emit.reference.outcomes import FAILURES
from tool_runtime import errors

Page = Callable[[str], str]


def _item(text: str, name: str) -> str:
    return next(line for line in text.split("\n") if line.startswith(f"- `{name}` ("))


def test_a_page_begins_with_what_the_tool_is_and_an_example(tool: Page):
    text = tool("add_book")
    assert text.startswith("# add_book\n\n`write` · `spend` · `shelve` · `POST /books`\n\nPipes | and")
    headings = [line for line in text.split("\n") if line.startswith("## ")]
    assert headings == ["## Example", "## Arguments", "## Returns", "## Errors", "## Names"]
    assert "`write` · `POST /notes (multipart)`" in tool("add_note")
    assert "`read` · `GET /from`" in tool("from")


def test_a_page_ends_with_the_names_of_the_tool(tool: Page):
    assert tool("add_book").endswith(
        "## Names\n\n- Aliases: `new_book`\n- Full name: `library-api.library_new_book`\n"
        "- Lua: `app.integrations.library.add_book`\n"
    )


def test_an_effect_is_a_warning(tool: Page):
    assert "> **Warning:** it costs money.\n" in tool("add_book")
    assert "> **Warning:** what is gone does not come back.\n" in tool("remove_note")
    assert "Warning" not in tool("get_book")


def test_steps_are_named_with_their_condition_and_their_place_in_the_result(tool: Page):
    text = tool("add_book")
    assert "- First: [`add_note`](add_note.md), where `summary` is given.\n" in text
    assert (
        "- Then: [`list_books`](list_books.md), in the result as `books`. Null where that fails, and "
        "`unavailable.books` says why.\n"
    ) in text
    assert "`leftovers` lists what could not be removed." in text


def test_a_deprecated_tool_says_until_when_and_what_to_use(tool: Page):
    notice = "> **Deprecated.** The tool ends on 2030-01-31. Use [`add_note`](add_note.md) instead."
    assert notice in tool("remove_note")


def test_an_argument_shows_type_default_limits_and_other_names(tool: Page):
    text = tool("list_books")
    assert _item(text, "limit") == "- `limit` (integer): From 1 to 100. Default: `20`."
    assert _item(text, "filter") == "- `filter` (object): Also accepted as `criteria`."
    assert _item(tool("get_book"), "book_id") == "- `book_id` (string, **required**)"


def test_the_keys_of_a_filter_stand_below_the_filter(tool: Page):
    text = tool("list_books")
    assert "`criteria`.\n  - `genre` (string or [TextFilter](../types/TextFilter.md)): Its genre.\n" in text
    assert "  - `year` (number or [number, number])\n" in text


def test_a_short_enumeration_replaces_the_type_and_a_long_one_stands_below(tool: Page):
    text = tool("add_book")
    assert _item(text, "state") == '- `state` (`"in"` or `"out"`): Whether it is here.'
    assert _item(text, "kind").startswith("- `kind` (string, one of 13 listed below): A kind.")
    assert '\n  - One of: `"fable"`, `"novel"`,' in text
    assert _item(text, "genre").startswith("- `genre` ([Genre](../types/Genre.md))")


def test_rules_over_arguments_are_sentences_and_show_beside_the_argument(tool: Page):
    text = tool("add_book")
    assert "([Author](../types/Author.md) or null, **required** unless `author_name`)" in _item(text, "author")
    assert "Exactly one of `author` and `author_name`. All or none of `kind` and `state`.\n" in text
    assert "At most one of `cursor` and `skip`.\n" in tool("list_books")


def test_marks_of_an_argument_are_said(tool: Page):
    text = tool("add_book")
    assert _item(text, "author_name").endswith("): Deprecated. Sent as `author`.")
    assert _item(text, "password").endswith("): Matches `^a|b$`. Secret: kept out of logs, errors and previews.")
    assert _item(text, "request_key").endswith("): Made up once per call where you give none.")
    assert _item(text, "options").endswith(
        "): More. Each key counts as an argument; keys unknown here are sent as they are."
    )
    assert _item(tool("add_note"), "file") == "- `file` ([file](../guides/uploads.md), **required**)"


def test_what_a_tool_returns_is_said_with_its_status(tool: Page):
    assert "## Returns\n\n- [Book](../types/Book.md), HTTP 200\n" in tool("get_book")
    assert "- array of [Book](../types/Book.md), HTTP 200\n" in tool("from")
    assert "- nothing, HTTP 204\n" in tool("remove_note")
    assert "- object, HTTP 200\n  - `id` (string)\n" in tool("add_note")
    assert "- any, HTTP 200\n" in tool("raw_get")
    assert (
        "- One page; in Python, `client.iter.list_books(…)` gives the rows of [all pages](../guides/waiting.md)."
        in (tool("list_books"))
    )
    assert "- In Python, `client.wait.book_back(…)`: Wait for it." in tool("get_book")


def test_a_lost_answer_is_described_as_the_runtime_treats_it(tool: Page):
    assert "every attempt carries the same `request_key`, so the call happens at most once." in tool("add_book")
    assert "Find out with [`list_books`](list_books.md), whose arguments the error carries. Look for the title." in (
        tool("add_book")
    )
    assert "the call is not sent again, as it may have happened." in tool("add_note")
    assert "the call is sent again, as repeating it does no harm." in tool("remove_note")
    assert "answer is lost" not in tool("get_book")
    assert "`NotFound` or `Unprocessable` where `book_id` names nothing." in tool("get_book")
    assert "An attempt may take 120 seconds (else 60)." in tool("add_book")


def test_every_example_is_shown_in_every_language(tool: Page):
    text = tool("list_books")
    assert [text.count(f"```{language}\n") for language in ("python", "sh", "lua", "json")] == [2, 2, 2, 2]
    assert "## Example\n\nAll novels:\n\n```python\n" in text
    assert "## More examples\n\nBy year:\n\n```python\n" in text
    assert 'lib-tools call list_books \'{"filter": {"genre": "novel"}, "limit": 5}\'' in text


def test_a_tool_without_examples_is_shown_with_what_it_requires(tool: Page):
    assert 'app.integrations.library.remove_note({id = "example_id"})' in tool("remove_note")
    assert 'client.call("from", {"global": "example_global"})' in tool("from")


def test_the_name_of_a_tool_in_prose_is_a_link_and_other_code_is_not():
    links = Links(tools={"get_book", "title"}, ambiguous=frozenset({"title"}))
    prose = "`get_book`, `title`, `other`, `` `get_book` `` and [`get_book`](x)"
    text = on_own_page(links.prose(prose), "tool", "add_book", files_from("tools", ()))
    assert text == prose.replace("`get_book`,", "[`get_book`](get_book.md),", 1)


def test_a_tool_does_not_link_to_itself():
    links = Links(tools={"get_book"})
    assert on_own_page(links.prose("See `get_book`."), "tool", "get_book", files_from("tools", ())) == "See `get_book`."


def test_a_type_shows_its_fields_with_nested_ones_below(pages: dict[str, str]):
    text = pages["reference/types/Book.md"]
    assert text.startswith("# Book\n\nOne book.\n\nKept for good.\n\n- `id` (string, **required**): Its id.\n")
    assert "- `shelf` (object): Where it stands.\n  - `room` (integer, **required**): At least 1.\n" in text
    assert "  - `row` (string or null)\n" in text
    assert '- `state` (`"in"` or `"out"`): Whether it is here.\n' in text


def test_a_type_that_is_no_plain_object_says_what_it_is(section: Page):
    assert "Array of [Book](#type-book)." in section("### Type Books")
    assert "All fields of [Stamp](#type-stamp), and these:\n\n- `title` (string)" in section("### Type Row")
    assert '- One of: `"fable"`,' in section("### Type Genre")


def test_a_group_shows_its_tools_and_a_script(section: Page):
    text = section("## Books")
    assert text.startswith("\nBooks & more.\n\n- [`list_books`](#list_books) (read): List books.\n")
    assert "-- All novels\nlocal books = app.integrations.library.list_books({" in text
    assert "local book = app.integrations.library.get_book" in text


def test_helpers_with_raw_paths_have_a_guide(guide: Page):
    assert 'app.integrations.library.raw_get({path = "/x"})' in guide("generic_helpers")


def test_accounts_are_namespaces(guide: Page):
    text = guide("accounts")
    assert "app.integrations.library.default.list_books({})" in text
    assert "`LIB_API_KEY__PRODUCTION`" in text


def test_pages_are_read_by_an_iterator_or_by_a_loop_of_each_style(guide: Page):
    text = guide("waiting")
    assert 'for row in client.iter.list_books(filter={"genre": "novel"}):' in text
    assert "  arguments.cursor = page.next\nuntil not page.next\n" in text
    assert "local arguments = {page = 1}" in text
    assert "  arguments.page = arguments.page + 1\nuntil #page == 0\n" in text
    assert "- `skip`: with the first page only." in text


def test_a_waiter_says_what_it_waits_for_and_when_it_gives_up(guide: Page):
    assert (
        '- `client.wait.book_back(book_id="b_1")`: Wait for it. '
        "Calls [`get_book`](../tools/get_book.md) every 2 s until "
        '`state` is `"in"`; `WaitTimedOut` after 60 s. `WaitFailed` where `lost` is there.\n'
    ) in guide("waiting")


def test_the_guide_to_errors_is_the_tree_of_the_runtime(guide: Page):
    listed = {failure.name: failure.code for failure in FAILURES}
    tree = {
        name: item.code
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, errors.ToolError)
    }
    assert listed.items() <= tree.items()
    assert [name for name, code in listed.items() if f"- `{code}` (`{name}`): " not in guide("errors")] == []
    # Roots are never raised as such, a broken registry is no caller's business, and two are each two of the listed.
    roots = {"ToolError", "CallerError", "RemoteError", "SpecError"}
    roots |= {"ServerErrorOutcomeUnknown", "RedirectOutcomeUnknown"}
    # No tool ends in this one: the guide to webhooks explains it.
    roots.add("WebhookRefused")
    assert set(tree) - set(listed) == roots
