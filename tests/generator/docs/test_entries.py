"""What the entry of a function and of a type tells."""

from collections.abc import Callable

from tool_generator.emit.reference.outcomes import FAILURES
from tool_runtime import errors

Section = Callable[[str], str]


def _row(text: str, name: str) -> list[str]:
    line = next(line for line in text.split("\n") if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.replace("\\|", "\x00").strip("|").split("|")]


def test_an_entry_names_its_class_effects_paths_names_and_request(section: Section):
    text = section("### add_book")
    assert "**Write**, effects: `spend`, `shelve`" in text
    assert "- Lua path: `app.integrations.library.add_book`\n" in text
    assert "- Full name: `library-api.library_new_book`\n" in text
    assert "- Aliases: `new_book`\n" in text
    assert "- HTTP: `POST /books`\n" in text
    assert "- HTTP: `POST /notes`, multipart\n" in section("### add_note")
    assert "- Lua path: `app.integrations.library.from`\n" in section("### from")
    assert "**Read**\n" in section("### from")


def test_steps_are_told_with_their_condition_and_their_place_in_the_result(section: Section):
    text = section("### add_book")
    assert "- First: [`add_note`](#add_note), where `summary` is given\n" in text
    assert (
        "- Then: [`list_books`](#list_books), in the result as `books`; null where that fails, and "
        "`unavailable.books` says why\n"
    ) in text
    assert "`leftovers` lists what could not be." in text


def test_a_deprecated_tool_says_until_when_and_what_to_use(section: Section):
    notice = "> **Deprecated.** It ends on 2030-01-31. Use [`add_note`](#add_note) instead."
    assert notice in section("### remove_note")


def test_a_parameter_shows_type_default_limits_and_other_names(section: Section):
    text = section("### list_books")
    assert _row(text, "limit") == ["`limit`", "integer", "no", "From 1 to 100. Default: `20`."]
    assert _row(text, "filter") == ["`filter`", "object", "no", "Also accepted as `criteria`."]
    assert _row(section("### get_book"), "book_id") == ["`book_id`", "string", "yes", 'Example: `"b_1"`.']


def test_the_keys_of_a_filter_are_listed_below_the_table(section: Section):
    text = section("### list_books")
    assert "- `filter`:\n  - `genre` (string or [TextFilter](#type-textfilter)): Its genre.\n" in text
    assert "  - `year` (number or [number, number])\n" in text


def test_a_short_enumeration_is_in_the_cell_and_a_long_one_below_the_table(section: Section):
    text = section("### add_book")
    assert _row(text, "state")[1] == '`"in" \x00 "out"`'
    assert _row(text, "state")[3] == "Whether it is here."
    assert _row(text, "kind")[1] == "string, one of 13 listed below"
    assert '- `kind`:\n  - One of: `"fable"`, `"novel"`,' in text
    assert _row(text, "genre")[1] == "[Genre](#type-genre)"


def test_constraints_are_sentences_and_show_in_the_required_column(section: Section):
    text = section("### add_book")
    assert _row(text, "author")[2] == "unless `author_name`"
    assert "- Exactly one of `author` and `author_name`.\n" in text
    assert "- All or none of `kind` and `state`.\n" in text
    assert "- At most one of `cursor` and `skip`.\n" in section("### list_books")


def test_marks_of_a_parameter_are_told(section: Section):
    text = section("### add_book")
    assert _row(text, "author")[1] == "[Author](#type-author) or null"
    assert _row(text, "author_name")[3] == "Deprecated. Sent as `author`."
    assert _row(text, "password")[3] == "Matches `^a\x00b$`. Secret: kept out of logs, errors and previews."
    assert _row(text, "request_key")[3] == "Made up once per call where you give none."
    file = _row(section("### add_note"), "file")
    assert file[1] == "file"
    assert file[3].startswith('A file is `{"filename": …, "text": …}`')
    assert _row(text, "options")[3].startswith("More. Each key counts as an argument of its own;")


def test_what_a_tool_returns_is_told_with_its_status(section: Section):
    assert "**Returns**\n\n- [Book](#type-book), HTTP 200\n" in section("### get_book")
    assert "- array of [Book](#type-book), HTTP 200\n" in section("### from")
    assert "- nothing, HTTP 204\n" in section("### remove_note")
    assert "- object, HTTP 200\n  - `id` (string)\n" in section("### add_note")
    assert "- any, HTTP 200\n" in section("### raw_get")
    assert "- One page; in Python, `client.iter.list_books(…)` gives the rows of all pages." in section(
        "### list_books"
    )
    assert "- In Python, `client.wait.book_back(…)`: Wait for it." in section("### get_book")


def test_a_lost_answer_is_told_as_the_runtime_treats_it(section: Section):
    assert "every attempt bears the same `request_key`, so it happens once at most" in section("### add_book")
    assert "Find out with [`list_books`](#list_books), whose arguments the error carries. Look for the title." in (
        section("### add_book")
    )
    assert "it is not sent again, as it may have happened" in section("### add_note")
    assert "it is sent again, as repeating it does no harm" in section("### remove_note")
    assert "answer is lost" not in section("### get_book")
    assert "`NotFound` or `Unprocessable` where `book_id` names nothing." in section("### get_book")
    assert "An attempt may take 120 seconds (else 60)." in section("### add_book")


def test_the_first_example_is_shown_on_every_surface_and_further_ones_in_lua(section: Section):
    text = section("### list_books")
    assert [text.count(f"```{language}\n") for language in ("lua", "python", "sh", "json")] == [2, 1, 1, 1]
    assert "**Example: All novels**" in text
    assert 'lib-tools call list_books \'{"filter": {"genre": "novel"}, "limit": 5}\'' in text


def test_a_tool_without_examples_is_shown_with_what_it_requires(section: Section):
    assert 'app.integrations.library.remove_note({id = "example_id"})' in section("### remove_note")
    assert 'client.call("from", {"global": "example_global"})' in section("### from")


def test_a_type_shows_its_fields_with_nested_ones_below(section: Section):
    text = section("### Type Book")
    assert text.startswith("\nOne book.\n\nKept for good.\n\n- `id` (string, required): Its id.\n")
    assert "- `shelf` (object): Where it stands.\n  - `room` (integer, required): At least 1.\n" in text
    assert "  - `row` (string or null)\n" in text
    assert '- `state` (`"in" | "out"`): Whether it is here.\n' in text


def test_a_type_that_is_no_plain_object_says_what_it_is(section: Section):
    assert "Array of [Book](#type-book)." in section("### Type Books")
    assert "All fields of [Stamp](#type-stamp), and these:\n\n- `title` (string)" in section("### Type Row")
    assert '- One of: `"fable"`,' in section("### Type Genre")


def test_a_group_shows_its_tools_and_a_script(section: Section):
    text = section("## Books")
    assert text.startswith("\nBooks & more.\n\n- [`list_books`](#list_books) (read): List books.\n")
    assert "-- All novels\nlocal books = app.integrations.library.list_books({" in text
    assert "local book = app.integrations.library.get_book" in text


def test_helpers_with_raw_paths_have_a_section_of_their_own(section: Section):
    assert 'app.integrations.library.raw_get({path = "/x"})' in section("## Generic API helpers")


def test_accounts_are_namespaces(section: Section):
    text = section("## Several accounts")
    assert "app.integrations.library.default.list_books({})" in text
    assert "`LIB_API_KEY__PRODUCTION`" in text


def test_pages_are_read_by_an_iterator_or_by_a_loop_of_each_style(section: Section):
    text = section("## Iterating and waiting")
    assert 'for row in client.iter.list_books(filter={"genre": "novel"}):' in text
    assert "  arguments.cursor = page.next\nuntil not page.next\n" in text
    assert "local arguments = {page = 1}" in text
    assert "  arguments.page = arguments.page + 1\nuntil #page == 0\n" in text
    assert "- `skip`: with the first page only." in text


def test_a_waiter_says_what_it_waits_for_and_when_it_gives_up(section: Section):
    text = section("## Iterating and waiting")
    assert 'client.wait.book_back(book_id="b_1")' in text
    assert 'every 2 s until `state` is `"in"`, and returns that reply; `WaitTimedOut` after 60 seconds, ' in text
    assert "`WaitFailed` where `lost` is there." in text


def test_the_table_of_errors_is_the_tree_of_the_runtime():
    listed = {failure.name: failure.code for failure in FAILURES}
    tree = {
        name: item.code
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, errors.ToolError)
    }
    assert listed.items() <= tree.items()
    # Roots are never raised as such, a broken registry is no caller's business, and two are each two of the listed.
    roots = {"ToolError", "CallerError", "RemoteError", "SpecError"}
    roots |= {"ServerErrorOutcomeUnknown", "RedirectOutcomeUnknown"}
    # No tool ends in this one: the section on webhooks tells of it.
    roots.add("WebhookRefused")
    assert set(tree) - set(listed) == roots
