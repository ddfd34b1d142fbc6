"""Names by rule."""

from __future__ import annotations

import pytest

from tool_generator.openapi.naming import body_name, snake_case, type_name


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("createRetailLLM", "create_retail_llm"),
        ("getMCPTools", "get_mcp_tools"),
        ("getURLs", "get_urls"),
        ("list-pets.v2", "list_pets_v2"),
        ("GET /pets/{petId}", "get_pets_pet_id"),
        ("get_pet", "get_pet"),
        ("2fa", "n2fa"),
        ("ÄÖ", "operation"),
    ],
)
def test_tools_are_named_in_snake_case(given, wanted):
    assert snake_case(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("PetResponse", "Pet"),
        ("PetResponseOwner", "PetOwner"),
        ("PetCreateParamsFoodFoodDry", "PetCreateFoodDry"),
        ("pet_dto", "Pet"),
        ("FoodUnionMember2", "Food"),
        ("Response", "Response"),
        ("3DModel", "Type3D"),
    ],
)
def test_types_are_named_without_noise(given, wanted):
    assert type_name(given, {"PetResponse"}) == wanted


def test_a_type_that_only_bodies_have_is_an_input():
    assert body_name("CreatePetRequest") == "PetInput"
