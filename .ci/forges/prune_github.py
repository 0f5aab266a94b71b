#!/usr/bin/env python3
"""Makes `github.json` and `github.graphql` of what GitHub publishes about its APIs: the requests that tagship makes, and no more.

Usage: prune_github.py PACKAGES CALLS

PACKAGES is a folder in which npm's packages `@octokit/openapi` and `@octokit/graphql-schema` are unpacked, as
`octokit-openapi` and `octokit-graphql-schema`. CALLS is the folder that the tests wrote to (`TAGSHIP_TEST_FORGE_CALLS`): its
documents of GraphQL tell which fields are kept. It needs graphql-core.
"""
import json
import pathlib
import sys

import graphql

HERE = pathlib.Path(__file__).parent

REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = [
    ("GET", "/pulls"),
    ("POST", "/pulls"),
    ("PATCH", "/pulls/{pull_number}"),
    ("PUT", "/pulls/{pull_number}/merge"),
    ("POST", "/git/trees"),
    ("POST", "/git/commits"),
    ("GET", "/attestations/{subject_digest}"),
]

# What a schema of JSON is kept for; its texts and examples go.
KEPT = {"type", "properties", "required", "items", "enum", "anyOf", "oneOf", "allOf", "minItems", "additionalProperties"}


def bare(schema, document):
    """Returns a schema without its texts, with what it refers to in its place."""
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].split("/")[1:]:
            found = found[part]
        return bare(found, document)
    kept = {key: value for key, value in schema.items() if key in KEPT}
    if "properties" in kept:
        kept["properties"] = {name: bare(value, document) for name, value in kept["properties"].items()}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in kept:
            kept[key] = [bare(value, document) for value in kept[key]]
    if isinstance(kept.get("items"), dict):
        kept["items"] = bare(kept["items"], document)
    if schema.get("nullable") and "type" in kept:
        kept["type"] = [kept["type"], "null"]
    return kept


def parameter(found, document):
    """Returns a parameter, which may be a reference to one."""
    if "$ref" not in found:
        return found
    return document["components"]["parameters"][found["$ref"].rsplit("/", 1)[1]]


def rest(packages):
    document = json.loads((packages / "octokit-openapi/package/generated/api.github.com.json").read_text())
    calls = []
    for method, path in OPERATIONS:
        operation = document["paths"][REPOSITORY + path][method.lower()]
        parameters = [parameter(found, document) for found in operation.get("parameters", [])]
        body = operation.get("requestBody")
        calls.append({
            "method": method,
            "path": "/api/v3" + REPOSITORY + path,
            "query": [found["name"] for found in parameters if found["in"] == "query"],
            "body": body and bare(body["content"]["application/json"]["schema"], document),
            # The fixture answers with what tagship reads, and the description asks for much more.
            "answers": {status: None for status in operation["responses"] if status.startswith("2")},
        })
    body = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}, "variables": {"type": "object"}}}
    calls.append({"method": "POST", "path": "/api/graphql", "query": [], "body": body, "answers": {"200": None}})
    lines = ",\n".join(json.dumps(call, separators=(",", ":")) for call in calls)
    (HERE / "github.json").write_text(f"[\n{lines}\n]\n")


class Fields(graphql.Visitor):
    """Collects the fields that a document reads, by their types."""

    def __init__(self, info, used):
        super().__init__()
        self.info, self.used = info, used

    def enter_field(self, node, *_):
        self.used.setdefault(self.info.get_parent_type().name, set()).add(node.name.value)

    def enter_inline_fragment(self, node, *_):
        self.used.setdefault(node.type_condition.name.value, set())


def input_types(kind, schema, kept):
    """Adds an input type, and those that it has."""
    kind = graphql.get_named_type(kind)
    if kind.name in kept or graphql.is_specified_scalar_type(kind):
        return
    kept.add(kind.name)
    if graphql.is_input_object_type(kind):
        for field in kind.fields.values():
            input_types(field.type, schema, kept)


def graph(packages, documents):
    schema = graphql.build_client_schema(json.loads((packages / "octokit-graphql-schema/package/schema.json").read_text()))
    used, whole = {}, set()
    for document in documents:
        parsed = graphql.parse(document)
        assert not graphql.validate(schema, parsed), document
        info = graphql.TypeInfo(schema)
        graphql.visit(parsed, graphql.TypeInfoVisitor(info, Fields(info, used)))
    for name in list(used):
        for field in used[name]:
            returned = graphql.get_named_type(schema.type_map[name].fields[field].type)
            if graphql.is_composite_type(returned):
                used.setdefault(returned.name, set())
    texts = []
    for name, fields in sorted(used.items()):
        kind = schema.type_map[name]
        interfaces = [found.name for found in getattr(kind, "interfaces", ()) if found.name in used]
        # A type has the fields of its interfaces, and none is empty.
        for interface in interfaces:
            fields |= used[interface] or {"id"}
        lines = []
        for field_name in sorted(fields):
            field = kind.fields[field_name]
            arguments = ", ".join(f"{argument}: {found.type}" for argument, found in field.args.items())
            for found in field.args.values():
                input_types(found.type, schema, whole)
            named = graphql.get_named_type(field.type)
            if not graphql.is_composite_type(named):
                input_types(named, schema, whole)
            lines.append(f"  {field_name}{f'({arguments})' if arguments else ''}: {field.type}")
        lines = lines or ["  id: ID!"]
        word = "interface" if graphql.is_interface_type(kind) else "type"
        of = f" implements {' & '.join(interfaces)}" if interfaces else ""
        texts.append(f"{word} {name}{of} {{\n" + "\n".join(lines) + "\n}")
    for name in sorted(whole):
        texts.append(graphql.print_type(stripped(schema.type_map[name])))
    (HERE / "github.graphql").write_text("\n\n".join(texts) + "\n")


def stripped(kind):
    """Returns a type without its texts."""
    arguments = kind.to_kwargs()
    arguments["description"] = None
    if graphql.is_enum_type(kind):
        arguments["values"] = {name: graphql.GraphQLEnumValue(value.value) for name, value in kind.values.items()}
    if graphql.is_input_object_type(kind):
        arguments["fields"] = {
            name: graphql.GraphQLInputField(field.type, field.default_value) for name, field in kind.fields.items()
        }
    return type(kind)(**arguments)


def main(packages, calls):
    packages = pathlib.Path(packages)
    rest(packages)
    lines = (pathlib.Path(calls) / "github.jsonl").read_text().splitlines()
    bodies = [json.loads(line)["body"] for line in lines if '"/api/graphql"' in line]
    graph(packages, sorted({body["query"] for body in bodies if body}))


if __name__ == "__main__":
    main(*sys.argv[1:])
