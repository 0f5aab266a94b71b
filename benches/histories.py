#!/usr/bin/env python3
"""Compares `tagship log` with `git log --first-parent` and a YAML parser, over random histories.

    benches/histories.py path/to/tagship [SEED [HISTORIES]]

A history has edits by hand, merges whose side changed the file, removed and broken files, entries that come and go, commits
of other files, and clocks that go back. Needs git and PyYAML, and works in a temporary folder.
"""
import json, os, random, subprocess, sys, tempfile

import yaml

FILE = "k/kustomization.yaml"
NAMES = ["web", "api", "db"]


def git(folder, *arguments, text=None, when=None):
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.org", f"GIT_{who}_DATE": f"{when or 1} +0000"}
    done = subprocess.run(["git", "-C", folder, *arguments], input=text, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"git {arguments}: {done.stderr}")
    return done.stdout.strip()


def kustomization(entries):
    return "images:\n" + "".join(f"- name: {name}\n  newTag: v{tag}\n" for name, tag in entries.items()) if entries else "resources: []\n"


class History:
    """A bare repository, and the tree of each commit as file contents."""

    def __init__(self, folder, dice, commits):
        self.folder, self.dice, self.clock = folder, dice, 1_700_000_000
        git(folder, "init", "--bare", "--quiet", "--initial-branch", "main", ".")
        for key in ("allowFilter", "allowAnySHA1InWant"):
            git(folder, "config", f"uploadpack.{key}", "true")
        tip, state = None, {name: dice.randrange(9) for name in NAMES[:2]}
        text = kustomization(state)
        for number in range(commits):
            kind = dice.random()
            if kind < 0.35:
                text = kustomization(state := self.edited(state))
            elif kind < 0.40:
                text = None
            elif kind < 0.45:
                text = "images: [\n"
            elif kind < 0.55 and tip:
                side = self.commit(kustomization(state := self.edited(state)), number, [tip])
                text = kustomization(state)
                tip = self.commit(text, number + 10_000, [tip, side])
                continue
            tip = self.commit(text, number, [tip] if tip else [])
        git(folder, "update-ref", "refs/heads/main", tip)

    def edited(self, state):
        state = dict(state)
        name = self.dice.choice(NAMES)
        if name in state and self.dice.random() < 0.2:
            del state[name]
        else:
            state[name] = self.dice.randrange(9)
        return state

    def commit(self, text, number, parents):
        self.clock += self.dice.choice([1, 60, 3600, -7200])
        blob = git(self.folder, "hash-object", "-w", "--stdin", text=f"{number}\n")
        tree = f"100644 blob {blob}\tnoise\n"
        if text is not None:
            blob = git(self.folder, "hash-object", "-w", "--stdin", text=text)
            inner = git(self.folder, "mktree", text=f"100644 blob {blob}\tkustomization.yaml\n")
            tree += f"040000 tree {inner}\tk\n"
        tree = git(self.folder, "mktree", text=tree)
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return git(self.folder, "commit-tree", tree, *flags, "-m", f"Commit {number}", when=self.clock)


def expected(folder):
    """The changes of entries along the first parents, the newest first: (commit, name, tag), a tag of None if it was removed."""
    said = []
    for commit in git(folder, "log", "--first-parent", "--format=%H", "main").splitlines():
        shown = subprocess.run(["git", "-C", folder, "show", f"{commit}:{FILE}"], capture_output=True, text=True)
        try:
            document = yaml.safe_load(shown.stdout) if shown.returncode == 0 else {}
        except yaml.YAMLError:
            continue
        said.append((commit, {item["name"]: item.get("newTag") for item in (document or {}).get("images") or []}))
    changes = []
    for (commit, after), (_, before) in zip(said, said[1:] + [(None, {})]):
        changes += [(commit, name, after.get(name)) for name in sorted(set(before) | set(after)) if before.get(name) != after.get(name)]
    return changes


def main():
    binary, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    good = changes = 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            dice = random.Random(seed * 1_000 + number)
            History(folder, dice, dice.choice([5, 40, 150, 400]))
            command = [binary, "log", "--repo", folder, "--branch", "main", "-k", "k", "--limit", "100000", "--output", "json"]
            done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": folder})
            wanted = expected(folder)
            if done.returncode:
                print(f"history {number}: exit {done.returncode}: {done.stderr.strip()}")
                continue
            told = [(release["commit"], release["name"], release.get("tag")) for release in json.loads(done.stdout)["releases"]]
            changes += len(wanted)
            if sorted(told, key=str) == sorted(wanted, key=str):
                good += 1
            else:
                more, less = sorted(set(told) - set(wanted), key=str), sorted(set(wanted) - set(told), key=str)
                print(f"history {number}: {len(more)} only told, as {more[:3]}; {len(less)} only in git, as {less[:3]}")
    print(f"{good} of {count} histories are told as git has them, {changes} changes of entries")
    sys.exit(good != count)


main()
