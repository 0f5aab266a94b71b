#!/usr/bin/env python3
"""Releases through a network that fails: whether each is made once, and whether the same command again ends well.

    benches/faults.py PROGRAM [--releases 1000] [--seed 1] [--faults 0.15] [--limit 30]

A server in this process has a repository (git's own http-backend) and a registry. Each message between the program and the server
may meet a fault, as the seed says: the connection is cut before the request has an effect or after, the answer is cut in half,
late, a 503 or garbage, the request has its effect twice, or when the program waits for it no more. A release that fails is given
once more, without faults. It is an error if that one fails, if a release has no commit or two, if one that was told as released
has none, if a release takes longer than --limit seconds, or if it fails with an exit code that says a person must act (a server
that refuses a push is believed, if the branch cannot be read again). `--only N` makes the faults of release N alone.
Needs git, and Python 3 without packages; everything lies in a temporary folder.
"""
import argparse, collections, http.server, os, random, subprocess, tempfile, threading, time

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("program")
arguments.add_argument("--releases", type=int, default=1000)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--faults", type=float, default=0.15)
arguments.add_argument("--limit", type=float, default=30)
arguments.add_argument("--only", type=int)
options = arguments.parse_args()
program = os.path.abspath(options.program)

TIMEOUT = 2
FAULTS = ["cut before", "cut after", "truncated", "late", "too late", "503 before", "503 after", "garbage before", "garbage after", "twice"]
# Unavailable and raced: a script may try again.
RETRIABLE = {6, 7}
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'

folder = tempfile.TemporaryDirectory(prefix="faults-")
root = folder.name
remote = os.path.join(root, "gitops.git")
environment = {"PATH": os.environ["PATH"], "HOME": root, "GIT_CONFIG_NOSYSTEM": "1"}
for role in ("AUTHOR", "COMMITTER"):
    environment |= {f"GIT_{role}_NAME": "Person", f"GIT_{role}_EMAIL": "person@example.com"}


def git(*words, cwd=None):
    return subprocess.run(["git", *words], cwd=cwd, env=environment, check=True, capture_output=True, text=True).stdout


git("init", "--quiet", "--bare", "--initial-branch=main", remote)
for name, value in {"http.receivepack": "true", "uploadpack.allowFilter": "true", "receive.autogc": "false",
                    "uploadpack.allowAnySHA1InWant": "true", "core.fsync": "none"}.items():
    git("-C", remote, "config", name, value)
clone = os.path.join(root, "clone")
git("clone", "--quiet", remote, clone)
os.mkdir(os.path.join(clone, "app"))
with open(os.path.join(clone, "app", "kustomization.yaml"), "w") as file:
    file.write("images:\n- name: web\n  newTag: v0\n")
git("add", ".", cwd=clone)
git("commit", "--quiet", "--message=Begin", cwd=clone)
git("push", "--quiet", "origin", "HEAD:main", cwd=clone)
backend = os.path.join(git("--exec-path").strip(), "git-http-backend")


class Network:
    """Which message meets which fault: the seed, the number of the release, the request and how often it came decide alone."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begin(0, 0.0)
        self.at_work = 0

    def begin(self, number, share):
        with self.lock:
            self.number, self.share, self.seen, self.met = number, share, collections.Counter(), []

    def fault(self, message):
        """Returns the fault that a message meets, if any, and where its garbage comes from."""
        with self.lock:
            self.seen[message] += 1
            chance = random.Random(f"{options.seed} {self.number} {self.seen[message]} {message}")
            if chance.random() >= self.share:
                return None, chance
            fault = chance.choice(FAULTS)
            self.met.append(f"{fault}: {message}")
            return fault, chance

    def working(self, change):
        with self.lock:
            self.at_work += change

    def settle(self):
        """Waits for what has its effect when nothing waits for it any more."""
        while True:
            with self.lock:
                if self.at_work == 0:
                    return
            time.sleep(0.01)


network = Network()
ever_met = collections.Counter()


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def content_type(self):
        """Of a right answer: a page of another type says that the URL is wrong, and then a person must act."""
        if self.path.startswith("/v2/"):
            return MANIFEST_TYPE
        if "service=" in self.path:
            return f"application/x-{self.path.rpartition('=')[2]}-advertisement"
        return f"application/x-{self.path.rpartition('/')[2]}-result"

    def of_registry(self):
        return (200, {"Content-Type": MANIFEST_TYPE}, MANIFEST) if "/manifests/" in self.path else (200, {}, b"{}")

    def of_repository(self, body):
        path, _, query = self.path.partition("?")
        variables = environment | {
            "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_USER": "writer", "REMOTE_ADDR": "127.0.0.1",
        }
        said = subprocess.run([backend], input=body, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        head, _, content = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        return int(headers.pop("Status", "200").split()[0]), headers, content

    def do(self):
        body = self.body()
        network.working(1)
        try:
            self.answer(body)
        finally:
            network.working(-1)

    def answer(self, body):
        fault, chance = network.fault(f"{self.command} {self.path}")
        answer = lambda: self.of_registry() if self.path.startswith("/v2/") else self.of_repository(body)
        if fault == "cut before":
            return self.cut(b"")
        if fault == "503 before":
            return self.send(503, {}, b"try later")
        if fault == "garbage before":
            return self.send(200, {"Content-Type": self.content_type()}, chance.randbytes(300))
        if fault == "late":
            time.sleep(0.3)
        if fault == "too late":
            time.sleep(TIMEOUT + 1)
        status, headers, content = answer()
        if fault == "twice":
            status, headers, content = answer()
        if fault == "cut after":
            return self.cut(b"")
        if fault == "503 after":
            return self.send(503, {}, b"try later")
        if fault == "garbage after":
            return self.send(200, headers, chance.randbytes(300))
        if fault == "truncated" and self.command != "HEAD":
            head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(content)}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            return self.cut(head.encode() + b"\r\n" + content[: len(content) // 2])
        return self.send(status, headers, content)

    do_GET = do_HEAD = do_POST = do

    def cut(self, content):
        try:
            self.wfile.write(content)
        except OSError:
            pass
        self.close_connection = True

    def send(self, status, headers, content):
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"127.0.0.1:{server.server_port}"


def release(number):
    words = ["release", "--repo", f"http://{address}/gitops.git", "--branch", "main", "-k", "app", "--plain-http", address,
             "--timeout", f"{TIMEOUT}s", f"web={address}/web:v{number}"]
    began = time.monotonic()
    ended = subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=options.limit)
    return ended.returncode, ended.stdout + ended.stderr, time.monotonic() - began


def fail(number, text):
    raise SystemExit(f"release {number} of seed {options.seed}: {text}\nit met: {network.met}\nagain with --only {number}")


codes, longest, again = collections.Counter(), 0.0, 0
numbers = [options.only] if options.only is not None else range(1, options.releases + 1)
for number in numbers:
    tip = git("-C", remote, "rev-parse", "main").strip()
    network.begin(number, options.faults)
    try:
        code, text, time_taken = release(number)
    except subprocess.TimeoutExpired:
        fail(number, f"no end within {options.limit} s")
    met = list(network.met)
    ever_met.update(fault.split(":")[0] for fault in met)
    codes[code] += 1
    longest = max(longest, time_taken)
    # What comes too late may meet the same command given again.
    if code == 0:
        network.settle()
    commits = lambda: int(git("-C", remote, "rev-list", "--count", f"{tip}..main"))
    if code == 0 and commits() != 1:
        fail(number, f"told as done, with {commits()} commits\n{text}")
    # A server that refuses is believed if the branch cannot be read again.
    if code not in RETRIABLE | {0} and not (code == 8 and "could not be read again" in text):
        fail(number, f"exit code {code}, as if a person had to act\n{text}")
    if code != 0:
        again += 1
        network.begin(number, 0)
        try:
            code, text, _ = release(number)
        except subprocess.TimeoutExpired:
            fail(number, f"given again without faults, no end within {options.limit} s")
        network.met = met
        network.settle()
        if code != 0:
            fail(number, f"the same command without faults ends with {code}\n{text}")
    if commits() != 1:
        fail(number, f"{commits()} commits for one release\n{text}")
    if f"newTag: v{number}\n" not in git("-C", remote, "show", "main:app/kustomization.yaml"):
        fail(number, "its tag is not on the branch")
git("-C", remote, "fsck", "--strict")
print(f"{len(numbers)} releases of seed {options.seed}: each made once; {again} of them had to be given again.")
print(f"exit codes {dict(codes)}; the longest took {longest:.1f} s; faults {dict(ever_met)}")
