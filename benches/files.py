#!/usr/bin/env python3
"""Edits every image that shows in the YAML and JSON files of a folder, and looks for anything else that changed.

    benches/files.py path/to/tagship FOLDER [--limit N]

Each image of a file is set to a new tag by itself, and then once more. What counts as an image is what `set` lists for a name
that no image has. PyYAML reads the file before and after: it must have the same documents and the same scalars, but for those
that held the image, and these must hold the new tag. The bytes must differ on the lines of these scalars alone. Prints how many
files have an image, how many images were set, why others were refused, and each fault. Exit code 1 if there is a fault. Nothing
in FOLDER is changed. Needs PyYAML.
"""
import argparse, collections, json, pathlib, re, subprocess, sys, tempfile
import yaml

TAG = "v0.0.0-probe"
NOT_EDITED = {".tf", ".toml", ".md", ".go", ".py", ".sh", ".txt", ".js", ".ts", ".rb", ".png", ".svg", ".html", ".css", ".lock"}


def scalars(text):
    return [(type(event).__name__, getattr(event, "value", None)) for event in yaml.parse(text, yaml.SafeLoader)]


def run(binary, folder, path, name):
    command = [binary, "set", "--output", "json", "-f", path, "--", f"{name}=*:{TAG}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.returncode, {"error": {"message": done.stderr.strip(), "details": []}}


def images(answer):
    """The names that the answer to a wrong name lists."""
    error = answer.get("error") or {}
    text = json.dumps(error, ensure_ascii=False)
    listed = re.search(r"images: ([^\"]*)", text)
    return listed.group(1).split(", ") if listed else []


def reason(answer):
    message = (answer.get("error") or {}).get("message", "")
    message = re.sub(r"^\S+?:(\d+:\d+:)? ", "", message)
    return re.sub(r"`[^`]*`", "`…`", message)[:90]


def check(binary, folder, path, old, name):
    """Sets one image; returns what happened: `set`, `unchanged`, a reason, or a fault."""
    file = folder / path
    file.write_bytes(old)
    code, answer = run(binary, folder, path, name)
    new = file.read_bytes()
    if code:
        return ("fault", "refused, and changed the file") if new != old else ("refused", reason(answer))
    before, after = scalars(old.decode("utf-8-sig")), scalars(new.decode("utf-8-sig"))
    if len(before) != len(after) or [kind for kind, _ in before] != [kind for kind, _ in after]:
        return "fault", "another number or kind of values"
    changed = [(one, two) for (_, one), (_, two) in zip(before, after) if one != two]
    if any(TAG not in two and two != "" for _, two in changed):
        return "fault", f"another value changed: {changed}"
    lines = [one != two for one, two in zip(old.split(b"\n"), new.split(b"\n"))]
    if len(old.split(b"\n")) != len(new.split(b"\n")):
        return "fault", "another number of lines"
    if sum(lines) > len(changed) and not any("\n" in (one or "") for one, _ in changed):
        return "fault", f"{sum(lines)} lines changed for {len(changed)} values"
    run(binary, folder, path, name)
    if file.read_bytes() != new:
        return "fault", "a second run changes something"
    return ("set", "") if changed else ("unchanged", "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=20, help="images of one file")
    arguments = parser.parse_args()
    binary, counts, reasons = arguments.binary.resolve(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for source in sorted(arguments.folder.rglob("*")):
            if not source.is_file() or source.is_symlink() or source.suffix in NOT_EDITED or ".git" in source.parts:
                continue
            old = source.read_bytes()
            path = str(source.relative_to(arguments.folder))
            try:
                scalars(old.decode("utf-8-sig"))
            except (UnicodeDecodeError, yaml.YAMLError, ValueError):
                counts["unread by PyYAML"] += 1
                continue
            counts["files"] += 1
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_bytes(old)
            names = images(run(binary, scratch, path, "no-such-image-here")[1])
            counts["files with an image"] += bool(names)
            for name in names[: arguments.limit]:
                happened, why = check(binary, scratch, path, old, name)
                counts[happened] += 1
                if happened == "refused":
                    reasons[why] += 1
                elif happened == "fault":
                    print(f"FAULT {path} {name}: {why}")
            (scratch / path).unlink()
    for what, count in counts.most_common():
        print(f"{count:6} {what}")
    for why, count in reasons.most_common(20):
        print(f"{count:6} refused: {why}")
    sys.exit(bool(counts["fault"]))


main()
