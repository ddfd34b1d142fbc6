"""What classes have alike stands once: in a base class, or in the class that the others extend."""

from tool_generator.emit.python.python_types import Definition, Field
from tool_generator.emit.python.sharing import Family, with_bases, with_common_bases
from tool_generator.emit.python.type_modules import type_files


def fields(*names, required=()):
    return tuple(Field(name, "str", name in required, f"The {name}.") for name in names)


def shown(definitions):
    return {item.name: (item.bases, [field.key for field in item.fields]) for item in definitions}


def test_what_a_copy_requires_stays_with_each_and_the_rest_moves_to_a_base():
    settings = Definition("Settings", "", fields=fields("a", "b", "c", "d", "e"))
    record = Definition("Record", "", fields=fields("a", "b", "c", "d", "e", "id", required="e"), copied=("Settings",))
    found = with_bases([settings, record], lambda name: name)
    assert shown(found) == {
        "Settings": (("SettingsBase",), ["e"]),
        "Record": (("SettingsBase",), ["e", "id"]),
        "SettingsBase": ((), ["a", "b", "c", "d"]),
    }


def test_a_copy_that_has_all_fields_alike_inherits_from_the_class_itself():
    settings = Definition("Settings", "", fields=fields("a", "b"))
    record = Definition("Record", "", fields=fields("a", "b", "id"), copied=("Settings",))
    assert shown(with_bases([settings, record], lambda name: name))["Record"] == (("Settings",), ["id"])


def test_few_common_fields_stay_where_they_are():
    settings = Definition("Settings", "", fields=fields("a", "b", "c"))
    record = Definition("Record", "", fields=fields("a", "b", "c", required="c"), copied=("Settings",))
    assert with_bases([settings, record], lambda name: name) == [settings, record]


def test_the_base_of_a_family_takes_over_the_bases_of_its_members():
    make = Definition("Make", "", ("Request",), fields("a", "b", "c", "d", "e", required="e"))
    change = Definition("Change", "", ("Request",), fields("a", "b", "c", "d", "e", "id"))
    found = with_common_bases([make, change], [Family("Settings", "", ("Make", "Change"))])
    assert shown(found) == {
        "Make": (("Settings",), ["e"]),
        "Change": (("Settings",), ["e", "id"]),
        "Settings": (("Request",), ["a", "b", "c", "d"]),
    }


def test_modules_that_would_import_each_other_for_bases_copy_fields_instead():
    one = Definition("One", "", ("Two",), fields("a"), place="first")
    two = Definition("Two", "", (), fields("b"), place="second")
    three = Definition("Three", "", ("One",), fields("c"), place="second")
    files = {file.name: file for file in type_files([one, two, three])}
    assert files["first"].bases == {"second": ("Two",)}
    assert shown(files["second"].definitions)["Three"] == ((), ["b", "a", "c"])


def test_annotations_name_classes_of_other_modules_by_their_package():
    one = Definition("One", "", fields=(Field("a", "list[Two] | Literal['Two']", required=False),), place="first")
    two = Definition("Two", "", fields=fields("b"), place="second")
    (first, _) = type_files([one, two])
    assert first.definitions[0].fields[0].expression == "list[_t.Two] | Literal['Two']"
    assert first.names_package
