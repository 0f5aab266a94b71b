#!/usr/bin/env python3
"""Holds the requests of GraphQL, which the tests wrote down, to the schema beside this file: documents, and their variables."""
import json
import pathlib
import sys

import graphql

HERE = pathlib.Path(__file__).parent


def problems(schema, body):
    document = graphql.parse(body["query"])
    found = [error.message for error in graphql.validate(schema, document)]
    if found:
        return found
    operation = document.definitions[0]
    values = graphql.execution.get_variable_values(schema, operation.variable_definitions, body.get("variables") or {})
    return [error.message for error in values] if isinstance(values, list) else []


def main(folder):
    schema = graphql.build_schema((HERE / "github.graphql").read_text())
    lines = (pathlib.Path(folder) / "github.jsonl").read_text().splitlines()
    bodies = [call["body"] for call in map(json.loads, lines) if call["path"] == "/api/graphql" and call["body"]]
    failed = sorted({problem for body in bodies for problem in problems(schema, body)})
    for problem in failed:
        print(f"github: {problem}", file=sys.stderr)
    print(f"github: {len(bodies)} documents of GraphQL")
    sys.exit(1 if failed or not bodies else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
