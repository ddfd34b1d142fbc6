"""A made-up API of books and loans, as a registry document, and a sandbox of it."""

import copy

import httpx
import pytest

from tool_runtime.sandbox import Sandbox

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
ORDER = {"type": "string", "enum": ["asc", "desc"]}


def body(**schemas):
    return {name: {"in": "body", "schema": schema} for name, schema in schemas.items()}


def query(**schemas):
    return {name: {"in": "query", "schema": schema} for name, schema in schemas.items()}


def path(name):
    return {name: {"in": "path", "required": True, "schema": TEXT}}


def tool(method, template, parameters=None, **more):
    entry = {"class": "write", "effects": [], "aliases": [], "method": method, "path": template}
    if method in {"POST", "PUT", "PATCH"}:
        entry["body"] = "json"
    return entry | {"parameters": parameters or {}} | more


def ref(name):
    return {"$ref": f"#/types/{name}"}


def required(parameters, *names):
    return {name: entry | ({"required": True} if name in names else {}) for name, entry in parameters.items()}


BOOK_FIELDS = body(title=TEXT, author={"type": ["string", "null"]}, year=WHOLE, blurb=TEXT)

DOCUMENT = {
    "registry": 1,
    "api": {"name": "library", "slug": "library"},
    "server": {"base_url": "https://library.example/api/v1"},
    "auth": {"in": "header", "name": "X-API-Key"},
    "errors": {"message": ["error.text"]},
    "pagination": {
        "keyed": {
            "items": "rows",
            "more": "page.more",
            "next": "page.next",
            "cursor": "cursor",
            "limit": "limit",
        },
        "numbered": {"items": "rows", "page": "page", "start": 1, "limit": "limit"},
        "offset": {"items": "", "offset": "offset", "limit": "limit"},
    },
    "shapes": {"single": {"form": ["$"]}},
    "types": {
        "Book": {
            "type": "object",
            "properties": {
                "book_id": TEXT,
                "title": TEXT,
                "author": {"type": ["string", "null"]},
                "year": WHOLE,
                "blurb": TEXT,
                "created": WHOLE,
                "binding": {"type": "string", "enum": ["hard", "soft"]},
            },
            "required": ["book_id", "title", "created", "binding"],
        },
        "BookRow": {
            "type": "object",
            "properties": {"book_id": TEXT, "title": TEXT},
            "required": ["book_id"],
        },
        "BookPage": {
            "type": "object",
            "properties": {
                "rows": {"type": "array", "items": ref("BookRow")},
                "page": {"type": "object"},
                "total": WHOLE,
            },
            "required": ["rows"],
        },
        "Loan": {
            "type": "object",
            "properties": {
                "loan_id": TEXT,
                "book_id": TEXT,
                "reader": TEXT,
                "days": WHOLE,
                "tags": {"type": "object"},
                "state": {"type": "string", "enum": ["asked", "out", "back", "late"]},
                "since": WHOLE,
            },
            "required": ["loan_id", "state"],
        },
        "LoanPage": {
            "type": "object",
            "properties": {"rows": {"type": "array", "items": ref("Loan")}, "total": WHOLE},
            "required": ["rows"],
        },
        "Filter": {
            "type": "object",
            "properties": {"type": TEXT, "op": TEXT, "value": {}, "key": TEXT},
            "required": ["op"],
        },
        "Tree": {
            "type": "object",
            "properties": {
                "name": TEXT,
                "leaf": {"anyOf": [{"type": "null"}, ref("Tree")]},
                "child": {"anyOf": [ref("Tree"), {"type": "null"}]},
                "colours": {
                    "type": "array",
                    "minItems": 2,
                    "items": {"type": "string", "enum": ["red", "blue"]},
                },
            },
            "required": ["name", "leaf", "child", "colours"],
        },
    },
    "tools": {
        "create_book": tool(
            "POST",
            "/books",
            required(BOOK_FIELDS | body(book_id=TEXT), "title"),
            aliases=["add_book"],
            returns={"status": 201, "schema": ref("Book")},
            resource={"name": "book", "action": "create"},
        ),
        "get_book": tool(
            "GET",
            "/books/{book_id}",
            path("book_id") | query(year=WHOLE),
            returns={"status": 200, "schema": ref("Book")},
            resource={"name": "book", "action": "get"},
        ),
        "get_newest_book": tool(
            "GET",
            "/books/newest",
            returns={"status": 200, "schema": ref("Book")},
            resource={"name": "book", "action": "newest"},
        ),
        "update_book": tool(
            "PATCH",
            "/books/{book_id}",
            path("book_id") | BOOK_FIELDS,
            returns={"status": 200, "schema": ref("Book")},
            resource={"name": "book", "action": "update"},
        ),
        "replace_book": tool(
            "PUT",
            "/books/{book_id}",
            path("book_id") | required(BOOK_FIELDS, "title"),
            returns={"status": 200, "schema": ref("Book")},
            resource={"name": "book", "action": "replace"},
        ),
        "delete_book": tool(
            "DELETE",
            "/books/{book_id}",
            path("book_id") | query(force={"type": "boolean"}),
            returns={"status": 204},
            resource={"name": "book", "action": "delete"},
        ),
        "list_books": tool(
            "GET",
            "/books",
            query(author=TEXT, words=TEXT, order=ORDER, limit=WHOLE, cursor=TEXT, count={"type": "boolean"})
            | {"years": {"in": "query", "style": "comma", "schema": {"type": "array", "items": WHOLE}}},
            pagination="keyed",
            returns={"status": 200, "schema": ref("BookPage")},
            resource={"name": "book", "action": "list"},
        ),
        "browse_books": tool(
            "GET",
            "/browse",
            query(page=WHOLE, limit=WHOLE),
            pagination="numbered",
            returns={"status": 200, "schema": ref("BookPage")},
            resource={"name": "book", "action": "browse"},
        ),
        "scan_books": tool(
            "GET",
            "/scan",
            query(offset=WHOLE, limit=WHOLE),
            pagination="offset",
            returns={"status": 200, "schema": {"type": "array", "items": ref("BookRow")}},
            resource={"name": "book", "action": "browse"},
        ),
        "lend": tool(
            "POST",
            "/loans",
            required(body(book_id=TEXT, reader=TEXT, days=WHOLE, tags={"type": "object"}, token=TEXT), "book_id"),
            idempotency={"in": "body", "name": "token"},
            returns={"status": 201, "schema": ref("Loan")},
            resource={"name": "loan", "action": "create"},
        ),
        "get_loan": tool(
            "GET",
            "/loans/{id}",
            {"loan_id": {"in": "path", "wire": "id", "required": True, "schema": TEXT}},
            returns={"status": 200, "schema": ref("Loan")},
            resource={"name": "loan", "action": "get"},
        ),
        "give_back": tool(
            "POST",
            "/loans/{loan_id}/back",
            path("loan_id"),
            returns={"status": 204},
            resource={"name": "loan", "action": "give_back"},
        ),
        "search_loans": tool(
            "POST",
            "/loans/search",
            body(
                where={"type": "object", "additionalProperties": {}},
                count={"type": "boolean"},
                skip=WHOLE,
                cursor=TEXT,
            ),
            constraints=[{"at_most_one": ["skip", "cursor"]}, {"together": ["count", "prompt"]}],
            pagination="keyed",
            returns={"status": 200, "schema": ref("LoanPage")},
            resource={"name": "loan", "action": "search"},
        ),
        "opening_hours": tool(
            "GET",
            "/hours",
            returns={"status": 200, "schema": {"type": "object"}},
            resource={"name": "hours", "action": "fixed"},
        ),
        "get_status": tool(
            "GET",
            "/status",
            returns={"status": 200, "schema": {"type": "object"}},
            resource={"name": "desk", "action": "get"},
        ),
        "upload_cover": tool(
            "POST",
            "/covers",
            {"picture": {"in": "file", "required": True, "schema": TEXT}}
            | body(caption=TEXT, sizes={"type": "array", "items": WHOLE}, public={"type": "boolean"}),
            body="multipart",
            returns={"status": 201, "schema": {"type": "object", "properties": {"cover_id": TEXT}}},
        ),
        "grow_tree": tool("POST", "/trees", returns={"status": 200, "schema": ref("Tree")}),
        "label": tool(
            "POST",
            "/labels",
            {
                "text": {"in": "body", "wire": "texts", "schema": TEXT, "shape": "single"},
                "texts": {"in": "body", "schema": {"type": "array", "items": TEXT}},
            },
            constraints=[{"at_most_one": ["text", "texts"]}],
            returns={"status": 204},
        ),
        "api_get": tool("GET", "{+path}", {"path": {"in": "path", "raw": True, "schema": TEXT}}),
    },
    "resources": {
        "*": {
            "messages": {"401": "Show your card."},
            "wrong_method": 405,
            "page_size": {"default": 3, "maximum": 5},
        },
        "book": {
            "type": "Book",
            "id": {"field": "book_id", "prefix": "book_"},
            "defaults": {"author": "Anonymous"},
            "set": {"created": "$now_s"},
            "stamp": {"blurb": "${record.title} (${id})"},
            "actions": {
                "get": {"match": {"year": "$query.year"}},
                "update": {"removed": {"isbn": "isbn is gone."}},
                "newest": {"does": "get", "id": "book_000000000002"},
                "delete": {
                    "in_use": [
                        {
                            "resource": "loan",
                            "path": "book_id",
                            "unless": "$query.force",
                            "status": 423,
                            "message": "Lent.",
                        }
                    ]
                },
                "list": {
                    "filters": {"author": {}, "words": {"search": ["title"]}, "years": {"path": "year"}},
                    "order": {"$first": ["$query.order", "desc"]},
                    "total": {"field": "total", "when": "$query.count"},
                },
                "browse": {"does": "list", "order": "ascending"},
            },
            "examples": [{"book_id": "book_1", "title": "Example", "created": 1, "binding": "hard"}],
        },
        "loan": {
            "type": "Loan",
            "id": {"field": "loan_id", "prefix": "loan_"},
            "missing": {"status": 422, "message": "No loan ${id}."},
            "set": {"state": "asked"},
            "references": [{"as": "book", "resource": "book", "id": "$record.book_id", "status": 422}],
            "limit": {"most": 3, "when": {"state": ["asked", "out"]}, "message": "Enough.", "retry_after": 7},
            "changes": {"returned": {"state": "back"}},
            "lifecycle": [
                {
                    "when": {"state": "asked", "reader": "Nemo"},
                    "after": 1,
                    "set": ["returned", {"reader": "nobody"}],
                },
                {"when": {"state": "asked"}, "after": 10, "set": {"state": "out", "since": "$now_s"}},
                {"when": {"state": "out"}, "after": 100, "set": {"state": "late"}},
            ],
            "actions": {
                "give_back": {
                    "does": "transition",
                    "from": {"state": ["out", "late"]},
                    "refused": {"status": 409, "message": "It is ${record.state}."},
                    "set": "returned",
                },
                "search": {
                    "does": "list",
                    "filter_in": "where",
                    "filters": {"book": {"any_of": {"book_id": "book_id"}}},
                    "skip": "$body.skip",
                    "total": {"field": "total", "when": "$body.count"},
                },
            },
        },
        "hours": {"actions": {"fixed": {"answer": {"opens": 9, "closes": 17}}}},
        "desk": {
            "records": [{"open": True}],
            "actions": {"get": {"reply": {"lent": {"$count": {"resource": "loan", "when": {"state": "out"}}}}}},
        },
    },
}


@pytest.fixture
def document():
    return copy.deepcopy(DOCUMENT)


@pytest.fixture
def sandbox(document):
    return Sandbox(document, latency=0)


@pytest.fixture
def api(sandbox):
    """Return a client of the sandbox with a key."""
    with httpx.Client(
        transport=sandbox.transport,
        base_url="https://library.example/api/v1",
        headers={"X-API-Key": "card_1"},
    ) as client:
        yield client


@pytest.fixture
def books(api):
    """Create seven books and return their ids, oldest first."""
    authors = ["Ada", "Bo", "Ada", "Bo", "Ada", "Bo", "Ada"]
    made = [
        api.post("/books", json={"title": f"Book {number}", "author": author, "year": 2000 + number})
        for number, author in enumerate(authors)
    ]
    return [reply.json()["book_id"] for reply in made]
