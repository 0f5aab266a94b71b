#!/usr/bin/env python3
"""Replays the releases in a repository's history: each commit that changes entries of `images` in a kustomization becomes
arguments, `tagship set` writes them into the file as it was before, and the result is compared with what was committed.

    benches/replay.py path/to/tagship path/to/clone [--limit N] [--save FILE]

A commit is replayed if the names of the entries stay the same and their newName, newTag or digest change. Prints a table:
how many files are identical to the byte, how many have the same `images` block, and how many entries have other values than
the author's. `--save` writes each change whose `images` block came out identical, reduced to that block, as tests/replay has them. Needs PyYAML.
Exit code 1 if a change was refused or a value differs.
"""
import argparse, difflib, pathlib, re, subprocess, sys, tempfile
import yaml

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
FIELDS = ("newName", "newTag", "digest")


class Text(yaml.SafeLoader):
    """Every scalar is text, but for null; `<<` still merges."""


NULL = ("tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"))
MERGE = ("tag:yaml.org,2002:merge", re.compile("^<<$"))
Text.yaml_implicit_resolvers = {"<": [MERGE], **{first: [NULL] for first in ("~", "n", "N", "")}}


def git(clone, *arguments):
    return subprocess.run(["git", "-C", clone, *arguments], capture_output=True, check=True).stdout


def entries(text):
    """The entries of a text in file order; None if it is not one kustomization."""
    try:
        documents = [document for document in yaml.load_all(text.decode("utf-8-sig"), Text) if document]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        return None
    listed = documents[0].get("images") or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) and entry.get("name") for entry in listed):
        return None
    return [(entry["name"], tuple(entry.get(field) for field in FIELDS)) for entry in listed]


def argument(name, before, after):
    """What makes `after` of `before`, as a person writes it: `*` for what stays."""
    (name_before, tag_before, digest_before), (new_name, tag, digest) = before, after
    if new_name is None:
        text = name if not re.search("[:@]", name) else f"{name}="
    else:
        text = f"{name}=*" if new_name == name_before else f"{name}={new_name}"
    text += "" if tag is None else ":*" if tag == tag_before else f":{tag}"
    return text + ("" if digest is None else "@*" if digest == digest_before else f"@{digest}")


def arguments(before, after):
    """The arguments of a commit; None if it did more than change values."""
    if before is None or after is None or [name for name, _ in before] != [name for name, _ in after]:
        return None
    changed = {}
    for (name, old), (_, new) in zip(before, after):
        if any(other == name and values != old for other, values in before):
            return None  # two entries of one name, of which an argument changes both
        if old != new:
            if not any(new):
                return None
            changed[name] = argument(name, old, new)
    return list(changed.values()) or None


def changes(clone, limit):
    """Each changed kustomization as (commit, path, before, after), newest first."""
    log = git(clone, "log", "--first-parent", "--format=%H", f"--max-count={limit}", "--", *[f"*{name}" for name in NAMES])
    for commit in log.decode().split():
        listed = subprocess.run(["git", "-C", clone, "diff-tree", "-r", "-m", "--first-parent", "--no-commit-id", "--diff-filter=M", "--raw", "-z", commit], capture_output=True).stdout
        parts = listed.decode("utf-8", "replace").split("\0")
        for header, path in zip(parts[::2], parts[1::2]):
            if path.rsplit("/", 1)[-1] in NAMES:
                _, _, old, new, _ = header.split(" ")
                try:
                    yield commit, path, git(clone, "cat-file", "blob", old), git(clone, "cat-file", "blob", new)
                except subprocess.CalledProcessError:
                    continue


def block(text):
    """The lines of `images:`; None if they are not plain to see."""
    found = re.search(rb"(?ms)^images:[^\n]*\n(?:[ \t#-][^\n]*\n|\r?\n)*(?:[ \t-][^\n]*\n?)", text)
    return found.group(0) if found else None


def replay(program, before, typed):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "kustomization.yaml"
        path.write_bytes(before)
        run = subprocess.run([program, "set", "-q", "-k", str(path), "--", *typed], capture_output=True, text=True, env={"HOME": folder}, timeout=30)
        return (path.read_bytes(), None) if run.returncode == 0 else (None, run.stderr.strip())


def record(commit, path, typed, before, after):
    """A change as tests/replay has it: origin, arguments, and the block with its lines before (`-`) and after (`+`)."""
    before, after = ((text.decode().rstrip("\n") + "\n").splitlines(True) for text in (before, after))
    lines = [f"@ {commit} {path}\n", *(f"$ {text}\n" for text in typed)]
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [" " + line for line in before[start:end]]
        else:
            lines += ["-" + line for line in before[start:end]] + ["+" + line for line in after[new_start:new_end]]
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("clone")
    parser.add_argument("--limit", type=int, default=2000, help="how many commits to look at")
    parser.add_argument("--save", help="a file to append the changes to")
    given = parser.parse_args()
    program = str(pathlib.Path(given.program).resolve())
    count = dict.fromkeys(("replayed", "identical files", "identical `images` blocks", "other text", "other values", "refused"), 0)
    wrong, saved = [], []
    for commit, path, before, after in changes(given.clone, given.limit):
        typed = arguments(entries(before), entries(after))
        if typed is None:
            continue
        count["replayed"] += 1
        written, error = replay(program, before, typed)
        where = f"{commit[:12]} {path}: {' '.join(typed)}"
        if written is None:
            count["refused"] += 1
            wrong.append(f"refused: {where}\n  {error}")
            continue
        if entries(written) != entries(after):
            count["other values"] += 1
            wrong.append(f"other values: {where}")
        if written == after:
            count["identical files"] += 1
        elif block(written) is not None and block(written) == block(after):
            count["identical `images` blocks"] += 1
        else:
            count["other text"] += 1
        blocks = block(before), block(after)
        reduced = None not in blocks and entries(blocks[0]) == entries(before) and entries(blocks[1]) == entries(after)
        if given.save and reduced and block(written) == blocks[1]:
            saved.append((commit, path, typed, *blocks))
    for name, number in count.items():
        print(f"{number:6} {name}")
    print("\n".join(wrong))
    if given.save:
        with open(given.save, "a", newline="") as file:
            file.write("".join(record(*change) for change in saved))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
