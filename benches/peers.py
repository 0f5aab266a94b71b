#!/usr/bin/env python3
"""Edits the images of kustomization files with tagship and with its peers, and judges all by one rule.

    benches/peers.py PROGRAM [FOLDER] [--yamlpatch BINARY] [--limit 8] [--runs 20] [--verbose]

For each kustomization file in FOLDER (tests/edit if none is given) and each name in its `images` (and `imageTags`), the tag of that
image is set, and then once more. A result is right if each entry of that name has the tag and no digest, nothing else in the documents
is changed, and the second run changes nothing. It is minimal if no more lines changed than the old tags and digests stand on, one
for an entry without both. Files that PyYAML cannot read are left out. FOLDER itself stays as it is.

Then the time: an image in the middle of a list of 5,000 lines and of one of 10,000 entries, as whole processes, in turn. For ruamel.yaml
there is also the call alone, without the start of the interpreter.

Peers: yamlpatch (`cargo build --release --manifest-path benches/peers/Cargo.toml` makes the BINARY), ruamel.yaml, and kustomize if it is
on PATH. One that is missing is named and left out. Needs PyYAML to judge.
"""
import argparse, collections, difflib, inspect, os, pathlib, re, resource, shutil, statistics, subprocess, sys, tempfile, time
import yaml

TAG = "v999-probe"
LISTS = ("images", "imageTags")
FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
VERDICTS = ("right and minimal", "right, more lines", "wrong", "refused")
# Seconds after which a peer is ended.
LIMIT = 120
# Seconds that all runs of one edit may take, after the first three.
PATIENCE = 20


def set_with_ruamel(path, name, tag):
    """What a careful user of ruamel.yaml writes: as it was read, with quotes, indentation and line width kept if it can."""
    import io, ruamel.yaml, ruamel.yaml.util

    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    editor = ruamel.yaml.YAML()
    editor.preserve_quotes, editor.width, editor.explicit_start = True, 1 << 20, text.startswith("---")
    editor.line_break = "\r\n" if "\r\n" in text else "\n"
    document, sequence, offset = ruamel.yaml.util.load_yaml_guess_indent(text, yaml=editor)
    editor.indent(sequence=sequence or 2, offset=offset or 0)
    entries = [entry for key in ("images", "imageTags") for entry in document.get(key) or [] if entry.get("name") == name]
    if not entries:
        raise SystemExit(f"no entry is named {name}")
    if all(entry.get("newTag") == tag and "digest" not in entry for entry in entries):
        return
    for entry in entries:
        entry["newTag"] = tag
        entry.pop("digest", None)
    written = io.StringIO()
    editor.dump(document, written)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(written.getvalue() if text.endswith("\n") else written.getvalue().rstrip("\r\n"))


class Text(yaml.SafeLoader):
    """Reads each scalar as text; `<<` still merges."""


Text.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}


def read(data):
    """Returns the documents of a file, or None if PyYAML cannot read it."""
    try:
        return list(yaml.load_all(data.decode("utf-8-sig"), Text))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return None


def entries(documents):
    """The list, the place and the mapping of each entry of a file."""
    first = documents[0] if documents and isinstance(documents[0], dict) else {}
    for key in LISTS:
        items = first.get(key)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                yield key, index, item


def wanted(data, name):
    """The documents as they must be after an edit. What an alias shares with another place must not change there."""
    documents = read(data)
    for key, index, item in list(entries(documents)):
        if item["name"] == name:
            changed = {**item, "newTag": TAG}
            changed.pop("digest", None)
            documents[0][key] = [*documents[0][key]]
            documents[0][key][index] = changed
    return documents


def same(one, two, seen):
    """Compares what was read, each pair once: aliases can make a small file a huge tree, or a circle."""
    if type(one) is not type(two) or not isinstance(one, (dict, list)):
        return one == two
    if (id(one), id(two)) in seen:
        return True
    seen.add((id(one), id(two)))
    if isinstance(one, list):
        return len(one) == len(two) and all(same(*pair, seen) for pair in zip(one, two))
    return one.keys() == two.keys() and all(same(one[key], two[key], seen) for key in one)


def lines_needed(data, name):
    """How many lines an edit must change: those that old values stand on."""
    needed = 0
    root = next(yaml.compose_all(data.decode("utf-8-sig"), Text))
    for key, index, item in entries(read(data)):
        if item["name"] != name or (item.get("newTag") == TAG and "digest" not in item):
            continue
        items = next(value for other, value in root.value if other.value == key)
        lines = set()
        for field, value in items.value[index].value:
            if field.value in ("newTag", "digest"):
                # A block scalar ends at the begin of the line behind it, and an alias stands for a value elsewhere.
                end = value.end_mark.line - (value.end_mark.column == 0 and value.end_mark.line > field.start_mark.line)
                lines.update(range(field.start_mark.line, max(field.start_mark.line, end) + 1))
        needed += max(1, len(lines))
    return needed


def lines_changed(old, new):
    blocks = difflib.SequenceMatcher(None, old.splitlines(True), new.splitlines(True), autojunk=False).get_opcodes()
    return sum(max(old_end - old_start, new_end - new_start) for tag, old_start, old_end, new_start, new_end in blocks if tag != "equal")


def run(command, folder):
    """Runs a program; returns why it failed, or None."""
    try:
        ended = subprocess.run(command, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder}, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"ended after {LIMIT} s"
    return (ended.stderr.strip() or f"exit code {ended.returncode}") if ended.returncode else None


def call_ruamel(path, name):
    """Edits within this process, which is much faster than to start one for each edit; returns why it failed, or None."""
    try:
        set_with_ruamel(path, name, TAG)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"


class Peer:
    """An editor: the command that sets an image of `kustomization.yaml`, and how it is called for a judgement."""

    def __init__(self, title, command, call=None):
        self.title, self.command, self.call = title, command, call
        self.counts = collections.Counter()

    def edit(self, folder, name):
        if self.call:
            return self.call(os.path.join(folder, FILE_NAMES[0]), name)
        return run(self.command(name), folder)

    def judge(self, data, name, folder):
        """Returns the verdict on one edit, and its reason."""
        path = pathlib.Path(folder, FILE_NAMES[0])
        path.write_bytes(data)
        refusal, new = self.edit(folder, name), path.read_bytes()
        if refusal is not None:
            return ("wrong", f"failed, and changed the file: {refusal}") if new != data else ("refused", refusal)
        documents = read(new)
        if documents is None:
            return "wrong", "the result cannot be read"
        if not same(documents, wanted(data, name), set()):
            return "wrong", "the result says something else"
        if self.edit(folder, name) is not None or path.read_bytes() != new:
            return "wrong", "a second run fails or changes the file"
        changed, needed = lines_changed(data, new), lines_needed(data, name)
        return ("right, more lines", f"{changed} lines changed, {needed} needed") if changed > needed else ("right and minimal", "")


def peers(options):
    """Those that are here; names the others."""
    program, file = os.path.abspath(options.program), FILE_NAMES[0]
    found = [Peer("tagship", lambda name: [program, "set", "-k", file, "--", f"{name}=*:{TAG}"])]
    if options.yamlpatch:
        binary = os.path.abspath(options.yamlpatch)
        found.append(Peer("yamlpatch", lambda name: [binary, file, name, TAG]))
    else:
        print("yamlpatch is left out: build benches/peers, and give --yamlpatch BINARY")
    try:
        import ruamel.yaml

        script = f"import sys\n{inspect.getsource(set_with_ruamel)}\nset_with_ruamel(*sys.argv[1:])"
        command = lambda name: [sys.executable, "-c", script, file, name, TAG]
        found.append(Peer(f"ruamel.yaml {ruamel.yaml.__version__}", command, call_ruamel))
    except ImportError:
        print("ruamel.yaml is left out: pip install ruamel.yaml")
    if kustomize := shutil.which("kustomize"):
        found.append(Peer("kustomize edit", lambda name: [kustomize, "edit", "set", "image", f"{name}=*:{TAG}"]))
    else:
        print("kustomize is left out: it is not on PATH")
    return found


def compare(found, options):
    """Judges each edit of each file by each peer, and prints the table."""
    files = edits = unread = 0
    for source in sorted(path for path in options.folder.rglob("*") if path.name.endswith(FILE_NAMES) and path.is_file()):
        data = source.read_bytes()
        documents = read(data)
        if documents is None:
            unread += 1
            continue
        names = list(dict.fromkeys(item["name"] for _, _, item in entries(documents) if not re.search("[=\n]", item["name"])))[: options.limit]
        files, edits = files + bool(names), edits + len(names)
        for name in names:
            for peer in found:
                with tempfile.TemporaryDirectory(prefix="peers-") as folder:
                    verdict, reason = peer.judge(data, name, folder)
                peer.counts[verdict] += 1
                if options.verbose and reason:
                    print(f"{peer.title}: {source.relative_to(options.folder)} {name}: {verdict}: {reason[:200]!r}")
    print(f"\n{edits} edits of {files} files; PyYAML cannot read {unread} more\n")
    table(["", *VERDICTS], [[peer.title, *(peer.counts[verdict] for verdict in VERDICTS)] for peer in found])


def table(head, rows):
    for row in [head, ["---"] * len(head), *rows]:
        print(f"| {' | '.join(map(str, row))} |")


def processor_time():
    """Seconds of a processor, of this process and of those that it waited for."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def measure(found, options):
    """Prints how long an edit takes, and the shortest time of a processor, which a busy machine lengthens less."""
    three = "".join(f"- name: app{number}\n  newName: registry.example.com/team/app{number}\n  newTag: v1.{number}.0\n" for number in range(1667))
    two = "".join(f"- name: app{number}\n  newTag: v1.{number}.0\n" for number in range(10000))
    idle = "a process that does nothing"
    ways = {idle: lambda folder, _: run(["true"], folder)}
    for peer in found:
        ways[peer.title] = lambda folder, name, peer=peer: run(peer.command(name), folder)
        if peer.call:
            ways[f"{peer.title}, the call alone"] = peer.edit
    for title, text, number in (("5,000 lines", f"images:\n{three}", 833), ("10,000 entries", f"images:\n{two}", 5000)):
        expected = text.replace(f"newTag: v1.{number}.0\n", f"newTag: {TAG}\n")
        times, processor = collections.defaultdict(list), collections.defaultdict(list)
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            path = pathlib.Path(folder, FILE_NAMES[0])
            for _ in range(options.runs):
                for way, edit in ways.items():
                    if len(times[way]) >= 3 and sum(times[way]) > PATIENCE * 1000:
                        continue
                    path.write_text(text)
                    used, begun = processor_time(), time.perf_counter()
                    failed = edit(folder, f"app{number}")
                    times[way].append((time.perf_counter() - begun) * 1000)
                    processor[way].append((processor_time() - used) * 1000)
                    if failed or (way != idle and path.read_text() != expected):
                        print(f"{way}: not edited as expected: {failed}")
        print(f"\n{title}: milliseconds of {options.runs} runs, fewer if these take longer than {PATIENCE} s\n")
        rows = [[way, *(f"{value:.1f}" for value in (min(times[way]), statistics.median(times[way]), min(processor[way])))] for way in ways]
        table(["", "shortest", "middle", "processor"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "tests" / "edit")
    parser.add_argument("--yamlpatch", help="the program that benches/peers builds")
    parser.add_argument("--limit", type=int, default=8, help="images of one file; 0 for the time alone")
    parser.add_argument("--runs", type=int, default=20, help="of each editor for each time; 0 for no time")
    parser.add_argument("--verbose", action="store_true", help="tell each edit that is not right and minimal")
    options = parser.parse_args()
    found = peers(options)
    if options.limit:
        compare(found, options)
    if options.runs:
        measure(found, options)


if __name__ == "__main__":
    main()
