#!/usr/bin/env python3
"""Holds calls of forges' APIs, which the tests wrote down, to the descriptions beside this file. See `README.md`."""
import copy
import json
import pathlib
import re
import sys
import urllib.parse

import jsonschema

HERE = pathlib.Path(__file__).parent


def strict(schema):
    """Returns a schema that allows no field beside those that it names."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if "properties" in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [strict(value) for value in schema]
    return schema


def problems(schema, document, where):
    validator = jsonschema.Draft4Validator(schema)
    return [f"{where}: {'/'.join(map(str, error.path)) or 'it'}: {error.message[:200]}" for error in validator.iter_errors(document)]


def described(calls, call):
    """Returns the description of a call."""
    for known in calls:
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(known["path"]))
        if known["method"] == call["method"] and re.fullmatch(pattern, call["path"]):
            return known
    return None


def check(calls, call):
    known = described(calls, call)
    if known is None:
        return ["it is not described"]
    names = {name for name, _ in urllib.parse.parse_qsl(call["query"], keep_blank_values=True)}
    found = [f"the query has `{name}`" for name in sorted(names - set(known["query"]))]
    if known["body"] is None and call["body"] is not None:
        found.append("it has a body")
    if known["body"] is not None:
        found += problems(strict(copy.deepcopy(known["body"])), call["body"], "the body")
    # Refusals are described too loosely to learn from; a success is what tagship reads.
    if 200 <= call["status"] < 300:
        if str(call["status"]) not in known["answers"]:
            found.append(f"the answer is {call['status']}")
        elif known["answers"][str(call["status"])]:
            found += problems(known["answers"][str(call["status"])], call["answer"], "the answer")
    return found


def main(folder):
    failed = False
    for description in sorted(HERE.glob("*.json")):
        log = pathlib.Path(folder) / f"{description.stem}.jsonl"
        calls = json.loads(description.read_text())
        seen = set()
        lines = log.read_text().splitlines() if log.exists() else []
        for line in lines:
            call = json.loads(line)
            known = described(calls, call)
            # A test may ask for what is not there.
            if call["status"] < 300 and known:
                seen.add((known["method"], known["path"]))
            for problem in check(calls, call):
                failed = True
                print(f"{description.stem}: {call['method']} {call['path']}: {problem}", file=sys.stderr)
        for known in calls:
            if (known["method"], known["path"]) not in seen:
                failed = True
                print(f"{description.stem}: no test makes {known['method']} {known['path']}", file=sys.stderr)
        print(f"{description.stem}: {len(lines)} calls")
    sys.exit(failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
