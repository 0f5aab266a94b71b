#!/usr/bin/env python3
"""Many writers of one branch beside a person who pushes: what lands, how long it takes, and whether anything is lost.

    benches/crowd.py PROGRAM [--writers 50] [--seconds 0] [--kill 0.0] [--pause 0.14] [--limit 120] [--attempts 100]

Each writer releases an entry of its own. With --seconds 0 each releases once and is waited for up to --limit seconds; else each
begins its next release as soon as the last one has ended, until the time is over. --kill is the part of the releases that is
killed (SIGKILL, by the id of our own process) at a random moment. The person really pushes: with git, from a clone, another file
every --pause seconds. Needs git, and Python 3 without packages; everything lies in a temporary folder.
"""
import argparse, collections, os, random, re, subprocess, tempfile, threading, time

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("program")
arguments.add_argument("--writers", type=int, default=50)
arguments.add_argument("--seconds", type=float, default=0)
arguments.add_argument("--kill", type=float, default=0)
arguments.add_argument("--pause", type=float, default=0.14)
arguments.add_argument("--limit", type=float, default=120)
arguments.add_argument("--attempts", type=int, default=100)
options = arguments.parse_args()
program = os.path.abspath(options.program)

folder = tempfile.TemporaryDirectory(prefix="crowd-")
remote = os.path.join(folder.name, "gitops.git")
environment = {"PATH": os.environ["PATH"], "HOME": folder.name, "GIT_CONFIG_NOSYSTEM": "1"}
for role in ("AUTHOR", "COMMITTER"):
    environment |= {f"GIT_{role}_NAME": "Person", f"GIT_{role}_EMAIL": "person@example.com"}


def git(*words, cwd=None, check=True):
    return subprocess.run(["git", *words], cwd=cwd, env=environment, check=check, capture_output=True, text=True)


git("init", "--quiet", "--bare", "--initial-branch=main", remote)
git("-C", remote, "config", "receive.autogc", "false")
clone = os.path.join(folder.name, "person")
git("clone", "--quiet", remote, clone)
with open(os.path.join(clone, "kustomization.yaml"), "w") as file:
    entries = "".join(f"- name: app{writer}\n  newTag: v0\n" for writer in range(options.writers))
    file.write(f"images:\n{entries}")
git("add", ".", cwd=clone)
git("commit", "--quiet", "--message=Begin", cwd=clone)
git("push", "--quiet", "origin", "HEAD:main", cwd=clone)

# Each push from here on that reaches the server, whatever becomes of it.
received = os.path.join(folder.name, "received")
hook = os.path.join(remote, "hooks", "pre-receive")
os.makedirs(os.path.dirname(hook), exist_ok=True)
with open(hook, "w") as file:
    file.write(f"#!/bin/sh\nprintf . >> {received}\n")
os.chmod(hook, 0o755)
open(received, "w").close()

over = threading.Event()
pushed, person_tried = [], 0
ends, longest, landed, killed, attempts = collections.Counter(), 0.0, [], [], collections.Counter()
lock = threading.Lock()


def person():
    global person_tried
    number = 1
    while not over.wait(options.pause):
        git("fetch", "--quiet", "origin", "main", cwd=clone)
        git("reset", "--quiet", "--hard", "FETCH_HEAD", cwd=clone)
        with open(os.path.join(clone, f"note-{number}"), "w") as file:
            file.write(str(number))
        git("add", ".", cwd=clone)
        git("commit", "--quiet", f"--message=Note {number}", cwd=clone)
        # A push that loses is tried again with the next pause, on the new tip.
        person_tried += 1
        if git("push", "--quiet", "origin", "HEAD:main", cwd=clone, check=False).returncode == 0:
            pushed.append(number)
            number += 1


def release(writer, number):
    """One release of one entry; returns whether it may be retried with the next tag."""
    global longest
    tag = f"app{writer}:v{number}"
    command = [program, "release", "--no-check", "--repo", "file://" + remote, "--branch", "main", "-k", "."]
    begun = time.monotonic()
    process = subprocess.Popen([*command, "--attempts", str(options.attempts), tag], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    victim = random.random() < options.kill
    timer = threading.Timer(random.uniform(0, 2), process.kill) if victim else None
    if timer:
        timer.start()
    limit = threading.Timer(options.limit, process.kill)
    limit.start()
    said, _ = process.communicate()
    for each in filter(None, (timer, limit)):
        each.cancel()
    took = time.monotonic() - begun
    with lock:
        ends[process.returncode] += 1
        if process.returncode == 0:
            landed.append(tag)
            longest = max(longest, took)
            attempts[said.count(" raced ") + 1] += 1
        elif process.returncode < 0:
            killed.append(tag)
        else:
            print(said)


def write(writer):
    number = 1
    release(writer, number)
    while options.seconds and not over.is_set():
        number += 1
        release(writer, number)


crowd = [threading.Thread(target=write, args=(writer,)) for writer in range(options.writers)]
someone = threading.Thread(target=person)
begun = time.monotonic()
for thread in [someone, *crowd]:
    thread.start()
if options.seconds:
    over.wait(options.seconds)
    over.set()
for thread in crowd:
    thread.join()
over.set()
someone.join()

messages = git("-C", remote, "log", "--format=%B", "main").stdout
released = collections.Counter(re.findall(r"^Tagship-Image: \S+=(\S+)$", messages, re.MULTILINE))
notes = set(git("-C", remote, "log", "--format=%s", "main").stdout.split("\n"))
lost = [tag for tag in landed if released[tag] != 1]
doubled = [tag for tag, times in released.items() if times > 1]
missing = [number for number in pushed if f"Note {number}" not in notes]
fsck = git("-C", remote, "fsck", "--strict", "--no-dangling", check=False)
print(f"landed {len(landed)}, exits {dict(ends)}, killed {len(killed)}")
print(f"attempts of those that landed {dict(sorted(attempts.items()))}, longest {longest:.1f} s, "
      f"all {time.monotonic() - begun:.1f} s")
print(f"the person pushed {len(pushed)} times in {person_tried} tries")
print(f"pushes that the server has seen, those of the person included: {os.path.getsize(received)}")
print(f"lost {lost}, doubled {doubled}, of the person's lost {missing}, fsck {'clean' if fsck.returncode == 0 else fsck.stderr}")
raise SystemExit(bool(lost or doubled or missing or fsck.returncode))
