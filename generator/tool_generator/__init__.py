"""The generator: makes bindings, schemas, a registry and a reference from a folder of YAML files.

    sources.py, spec.py      the files of a spec as values, with the line of every value
    grammar.py, lint/, destinations.py   the checks of a spec
    parameters.py, compile.py   the registry, from which everything else is made
    identifiers.py, literals.py   the only ways in which names and values enter generated code
    python_types.py, bindings.py, webhook_bindings.py, docstrings.py   the Python package
    argument_schemas.py, docs/    JSON Schemas and the reference
    openapi.py, luals.py     an OpenAPI document, and annotations for Lua editors
    upstream/, changes/      imports of upstream documents; comparisons and releases
    generate.py, output.py, cli.py   all steps together, the files, the command

The generator reads a spec and writes files. It never calls the API that the spec describes, and no other package
imports the generator.
"""
