"""The facts of an SDK as a document: what its methods send and reply, whatever way it spells it."""

import json

import pytest
from click.testing import CliRunner

from tool_generator.cli import main
from tool_generator.openapi import parse_upstream
from tool_generator.openapi.sdk_facts import NoSuchSdk, sdk_document

CLIENT = """
raise RuntimeError("the SDK is never run")
class Shop:
    def __init__(self, base_url=None):
        if base_url is None:
            base_url = f"https://api.shop.example/v1"
"""
RESOURCE = """
from ..types import pet_create_params, pet_list_params
from ..types.pet import Pet

class PetsResource(SyncAPIResource):
    def create(self, shop_id: str, *, name: str, dry_run: bool | Omit = omit, extra_headers=None) -> Pet:
        return self._post(
            path_template("/shops/{shop_id}/pets", shop_id=shop_id),
            body=maybe_transform({"name": name, "kind": kind}, pet_create_params.PetCreateParams),
            options=make_request_options(
                query=maybe_transform({"dry_run": dry_run}, pet_create_params.PetCreateParams),
            ),
            cast_to=Pet,
        )

    def list(self, *, limit: int) -> PetListResponse:
        return self._get(
            f"/pets",
            options=make_request_options(query=maybe_transform({"limit": limit}, pet_list_params.PetListParams)),
            cast_to=PetListResponse,
        )

    def delete(self, pet_id: str) -> None:
        return self._delete(f"/pets/{pet_id}", options=make_request_options(), cast_to=NoneType)

class AsyncPetsResource(AsyncAPIResource):
    async def delete(self, pet_id: str) -> None:
        return await self._delete(f"/not-read/{pet_id}", cast_to=NoneType)
"""
CREATE = """
class PetCreateParams(TypedDict, total=False):
    name: Required[str]
    kind: Literal["cat", "dog"]
    dry_run: Annotated[bool, PropertyInfo(alias="dryRun")]
"""
LIST = """
class PetListParams(TypedDict, total=False):
    limit: int
"""
PET = """
class Owner(BaseModel):
    name: str

class Pet(BaseModel):
    id: str
    shop_name: str = FieldInfo(alias="shopName")
    born: Optional[datetime] = None
    weight: Union[int, float, None] = None
    owner: Optional[Owner] = FieldInfo(alias="petOwner", default=None)
    tags: List[str]
    labels: Dict[str, str]
"""


@pytest.fixture
def sdk(tmp_path):
    files = {
        "_version.py": '__title__ = "shop"\n__version__ = "2.3.4"\n',
        "_client.py": CLIENT,
        "resources/__init__.py": "",
        "resources/pets.py": RESOURCE,
        "types/__init__.py": "from .pet import Pet as Pet\n",
        "types/pet.py": PET,
        "types/pet_create_params.py": CREATE,
        "types/pet_list_params.py": LIST,
    }
    for name, text in files.items():
        file = tmp_path / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "shop"


def test_requests_go_by_what_each_method_sends(sdk):
    document = sdk_document(sdk)
    assert document["info"] == {"title": "Shop", "version": "2.3.4"}
    assert document["servers"] == [{"url": "https://api.shop.example/v1"}]
    assert set(document["paths"]) == {"/shops/{shop_id}/pets", "/pets", "/pets/{pet_id}"}
    create = document["paths"]["/shops/{shop_id}/pets"]["post"]
    assert create["parameters"] == [
        {"name": "shop_id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "dryRun", "in": "query", "schema": {"type": "boolean"}},
    ]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "kind": {"type": "string", "enum": ["cat", "dog"]}},
        "required": ["name"],
    }


def test_replies_have_the_names_of_the_wire_and_no_null_for_what_may_be_absent(sdk):
    pet = sdk_document(sdk)["components"]["schemas"]["Pet"]
    assert pet["required"] == ["id", "shopName", "tags", "labels"]
    assert pet["properties"]["born"] == {"type": "string", "format": "date-time"}
    assert pet["properties"]["weight"] == {"anyOf": [{"type": "integer"}, {"type": "number"}]}
    assert pet["properties"]["petOwner"] == {"$ref": "#/components/schemas/Owner"}
    assert pet["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}
    assert pet["properties"]["labels"] == {"type": "object", "additionalProperties": {"type": "string"}}


def test_the_command_writes_a_document_that_can_be_read(sdk, tmp_path):
    out = tmp_path / "facts.json"
    result = CliRunner().invoke(main, ["facts", str(sdk), "--out", str(out)])
    assert (result.exit_code, result.output.endswith("3 operations of Shop 2.3.4\n")) == (0, True)
    assert len(parse_upstream(out.read_bytes()).operations) == 3
    printed = CliRunner().invoke(main, ["facts", str(sdk)])
    assert json.loads(printed.output) == json.loads(out.read_text(encoding="utf-8"))


def test_a_folder_that_is_no_sdk_is_refused(tmp_path):
    with pytest.raises(NoSuchSdk, match="no folders resources and types"):
        sdk_document(tmp_path)
    assert CliRunner().invoke(main, ["facts", str(tmp_path)]).exit_code == 2
