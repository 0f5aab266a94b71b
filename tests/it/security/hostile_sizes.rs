//! What a hostile git server can make us keep: whatever it sends, memory stays under 100 MB, and the release ends with exit
//! code 3. Each case is what one answer has; the rest of the conversation is git's.

use std::fs::File;
use std::io::Write as _;

use gix::ObjectId;

use crate::stage::Stage;
use crate::support::command::Output;
use crate::support::git_server::packs::{Entry, Pack, blob_id, deflated, packet, upload_pack_result};
use crate::support::git_server::{ALWAYS, Access, Fault, GitServer};
use crate::support::http::Response;
use crate::support::repository::Remote;

/// In bytes. A debug build needs some more for itself than a release build.
const MOST_MEMORY: u64 = 100_000_000;

const FETCH: &str = "POST /gitops.git/git-upload-pack";

/// Runs a release to the server, which must end with `exit` and stay below the bound.
#[track_caller]
fn attacked(stage: &Stage, server: &GitServer, exit: i32, flags: &[&str]) -> Output {
    let release = stage.release_to(&server.url("gitops.git")).args(["--no-check", "IMAGE_PLACEHOLDER=*:v2"]);
    let (output, peak) = release.args(flags.iter().copied()).start().finish_with_peak();
    let output = output.exit(exit);
    assert!(peak > 0 && peak < MOST_MEMORY, "{peak} bytes\n{}", output.stderr());
    stage.untouched();
    output
}

/// Lets the answer to a fetch be this one: the first that names the tip, or the one of a file after it.
fn fetch_answered(stage: &Stage, trips_before: usize, answer: Response) -> GitServer {
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    if trips_before > 0 {
        server.inject(FETCH, trips_before, Fault::Pass);
    }
    server.inject(FETCH, ALWAYS, Fault::Answer(answer));
    server
}

/// Each is 16 kB on the wire, and 16 MiB of instructions.
#[test]
fn deltas_without_a_base() {
    let stage = Stage::new();
    let mut pack = Pack::default();
    let instructions = deflated(&vec![0; 16 << 20]);
    for number in 0..40_u8 {
        pack.add_stream(Entry::RefDelta(ObjectId::from_bytes_or_panic(&[number + 1; 20])), 16 << 20, &instructions);
    }
    let server = fetch_answered(&stage, 0, pack.answer());
    attacked(&stage, &server, 3, &["--branch", "main"]).stderr_has("MiB of objects");
}

/// A delta of a few bytes makes an object of 63 MiB.
#[test]
fn deltas_that_copy_their_base_again_and_again() {
    let stage = Stage::new();
    let base = [b' '; 0x10000];
    let mut pack = Pack::default();
    pack.add(Entry::Blob, &base);
    for number in 0..20_u8 {
        let copies = 63 << 4;
        let size = copies << 16;
        let sizes =
            [0x80, 0x80, 4, 0x80 | size as u8, 0x80 | (size >> 7) as u8, 0x80 | (size >> 14) as u8, (size >> 21) as u8];
        let mut delta = sizes.to_vec();
        delta.extend(std::iter::repeat_n([0x80], copies - 1).flatten());
        delta.extend([0xb0, 0xff, 0xff, 1, number]);
        pack.add(Entry::RefDelta(blob_id(&base)), &delta);
    }
    let server = fetch_answered(&stage, 0, pack.answer());
    attacked(&stage, &server, 3, &["--branch", "main"]).stderr_has("MiB of objects");
}

/// The last delta comes first, so a reader that goes round until nothing moves needs a round for each.
#[test]
fn a_chain_of_deltas_in_reverse_order() {
    let stage = Stage::new();
    let mut entries = vec![(Entry::Blob, b"00000".to_vec())];
    let mut content = b"00000".to_vec();
    for number in 1..30_000 {
        let next = format!("{number:05}").into_bytes();
        entries.push((Entry::RefDelta(blob_id(&content)), [&[5, 5, 5], next.as_slice()].concat()));
        content = next;
    }
    let mut pack = Pack::default();
    for (entry, data) in entries.iter().rev() {
        pack.add(*entry, data);
    }
    let server = fetch_answered(&stage, 1, pack.answer());
    attacked(&stage, &server, 1, &["--branch", "main"]).stderr_has("the server did not send it");
}

/// The claim decides: the server sends the beginning alone.
#[test]
fn an_object_that_claims_400_mb() {
    let stage = Stage::new();
    let mut pack = Pack::default();
    pack.add_stream(Entry::Blob, 400_000_000, &deflated(&vec![b' '; 1 << 20]));
    let server = fetch_answered(&stage, 1, pack.answer());
    attacked(&stage, &server, 3, &["--branch", "main"]).stderr_has("MiB of objects");
}

/// It claims five bytes, and its stream has none for a long time.
#[test]
fn an_object_of_empty_blocks() {
    let stage = Stage::new();
    let mut pack = Pack::default();
    let blocks = [&[0x78, 0x01][..], &[0, 0, 0, 0xff, 0xff].repeat(4_000_000)].concat();
    pack.add_stream(Entry::Blob, 5, &blocks);
    let server = fetch_answered(&stage, 1, pack.answer());
    attacked(&stage, &server, 6, &["--branch", "main"]);
}

/// An object takes memory beside its bytes.
#[test]
fn many_small_objects() {
    let stage = Stage::new();
    let mut pack = Pack::default();
    for number in 0..240_000_u32 {
        pack.add(Entry::Blob, &number.to_be_bytes());
    }
    let server = fetch_answered(&stage, 1, pack.answer());
    attacked(&stage, &server, 3, &["--branch", "main"]).stderr_has("MiB of objects");
}

/// Returns an answer that says these lines, behind what begins a section, for a bit more than the 16 MiB that may be said.
fn endless(begin: &[u8], lines: &[&[u8]]) -> Response {
    let lines: Vec<u8> = lines.iter().flat_map(|line| packet(line)).collect();
    upload_pack_result(&[begin, &lines.repeat((33 << 19) / lines.len())].concat())
}

/// Each is another list that is kept, of the lines that take the least room on the wire for what they take in memory: that is a
/// `NAK` above all, of which there are two million. Lines of one list are beside each other, if they are kept alike.
#[test]
fn endless_lists() {
    let id = "a1".repeat(20);
    let (shallow, unshallow) = (format!("shallow {id}\n"), format!("unshallow {id}"));
    let (acknowledged, wanted, reference) = (format!("ACK {id}\n"), format!("{id} a"), format!("{id} 1234567\n"));
    let in_sections = &["--branch", "main"][..];
    for (what, answer, flags) in [
        ("shallow", endless(&packet(b"shallow-info\n"), &[shallow.as_bytes(), unshallow.as_bytes()]), in_sections),
        (
            "acknowledgments",
            endless(&[packet(b"acknowledgments\n"), packet(acknowledged.as_bytes())].concat(), &[b"NAK\n"]),
            in_sections,
        ),
        ("wanted refs", endless(&packet(b"wanted-refs\n"), &[wanted.as_bytes()]), in_sections),
        ("long lines", endless(&packet(b"shallow-info\n"), &[&[b'a'; 65_000]]), in_sections),
        ("references", endless(b"", &[reference.as_bytes()]), &[]),
    ] {
        let stage = Stage::new();
        let server = fetch_answered(&stage, 0, answer);
        let output = attacked(&stage, &server, if what == "long lines" { 6 } else { 3 }, flags);
        if what != "long lines" {
            output.stderr_has("MiB beside objects");
        }
    }
}

/// Makes `main` a branch at a commit with this message or this tree.
fn tip_of(stage: &Stage, tree: &str, message: &[u8]) {
    let parent = stage.remote.tip("main").unwrap();
    let head = format!("tree {tree}\nparent {parent}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\n");
    let id = hash_object(&stage.remote, "commit", &[head.as_bytes(), message]);
    stage.remote.git(["update-ref", "refs/heads/main", &id]).run().success();
}

/// Writes an object of these parts. They go by a file: for a pipe, each of several owners of the bytes would have a copy.
fn hash_object(remote: &Remote, kind: &str, parts: &[&[u8]]) -> String {
    let path = remote.folder().join("object");
    let mut file = File::create(&path).unwrap();
    for part in parts {
        file.write_all(part).unwrap();
    }
    let made = remote.git(["hash-object", "--literally", "-w", "-t", kind]).arg(path).run().success();
    made.stdout().trim().to_owned()
}

#[track_caller]
fn served_by_git(stage: &Stage, exit: i32) -> Output {
    let server = GitServer::start(stage.remote.folder(), Access::Open);
    let release =
        stage.release_to(&server.url("gitops.git")).args(["--no-check", "--dry-run", "IMAGE_PLACEHOLDER=*:v2"]);
    let (output, peak) = release.args(["--branch", "main"]).start().finish_with_peak();
    let output = output.exit(exit);
    assert!(peak > 0 && peak < MOST_MEMORY, "{peak} bytes\n{}", output.stderr());
    output
}

/// None of their bytes is UTF-8, and each would become three.
#[test]
fn commits_with_long_messages() {
    let stage = Stage::new();
    let tree = stage.remote.git(["rev-parse", "main^{tree}"]).run().success().stdout().trim().to_owned();
    for _ in 0..10 {
        tip_of(&stage, &tree, &vec![0xff; 1 << 20]);
    }
    served_by_git(&stage, 0);
    // Git compresses it twice, and it is one byte again and again.
    stage.remote.configure("core.compression", "1");
    tip_of(&stage, &tree, &vec![0xff; 57 << 20]);
    served_by_git(&stage, 3).stderr_has("MiB of objects");
}

#[test]
fn a_folder_of_a_million_files() {
    let stage = Stage::new();
    let blob = blob_id(b"");
    hash_object(&stage.remote, "blob", &[]);
    let mut tree = Vec::new();
    for number in 0..1_000_000 {
        tree.extend_from_slice(format!("100644 {number:07}\0").as_bytes());
        tree.extend_from_slice(blob.as_slice());
    }
    let old = stage.remote.git(["rev-parse", "main:4-gitops"]).run().success().stdout();
    tree.extend_from_slice(b"40000 4-gitops\0");
    tree.extend_from_slice(ObjectId::from_hex(old.trim().as_bytes()).unwrap().as_slice());
    let tree = hash_object(&stage.remote, "tree", &[&tree]);
    tip_of(&stage, &tree, b"Begin\n");
    served_by_git(&stage, 3).stderr_has("folder");
}
