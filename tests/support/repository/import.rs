//! Streams for `git fast-import`: the one way in which repositories are filled, with one file as with 100,000.

use crate::support::command::COMMIT_DATE;

/// A file of a commit.
#[derive(Clone)]
pub struct File {
    pub path: String,
    pub bytes: Vec<u8>,
    pub mode: Mode,
}

#[derive(Clone, Copy)]
pub enum Mode {
    Regular,
    Executable,
    /// The bytes are where it points to.
    Symlink,
    /// The bytes are the hexadecimal id of a commit of another repository.
    Submodule,
    /// The file goes; there are no bytes.
    Deleted,
}

impl File {
    pub fn new(path: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self { path: path.to_owned(), bytes: bytes.as_ref().to_vec(), mode: Mode::Regular }
    }

    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// The end of a stream, which prints the id of the last commit.
const END: &[u8] = b"\nget-mark :1\ndone\n";

/// Returns one commit on top of `parent`.
pub(super) fn commit(branch: &str, parent: Option<&str>, message: &str, files: &[File]) -> Vec<u8> {
    let mut stream = Vec::new();
    begin_commit(&mut stream, branch, message);
    if let Some(parent) = parent {
        stream.extend(format!("from {parent}\n").bytes());
    }
    for file in files {
        put_file(&mut stream, file);
    }
    stream.extend(END);
    stream
}

/// Returns a commit for each of `files`, which changes it alone, on top of `parent`.
pub(super) fn series(branch: &str, parent: &str, message: &str, files: impl IntoIterator<Item = File>) -> Vec<u8> {
    let mut stream = Vec::new();
    for (number, file) in files.into_iter().enumerate() {
        begin_commit(&mut stream, branch, message);
        if number == 0 {
            stream.extend(format!("from {parent}\n").bytes());
        }
        put_file(&mut stream, &file);
    }
    stream.extend(END);
    stream
}

/// Returns the commits of [`super::Remote::fill_folders`].
pub(super) fn large(folders: usize, beside: usize, commits: usize) -> Vec<u8> {
    let mut stream = Vec::with_capacity(folders * (1 + beside) * 300);
    begin_commit(&mut stream, "main", "Fill the repository");
    for number in 0..folders {
        put_file(&mut stream, &kustomization(number, "v0"));
        for other in 0..beside {
            let path = format!("{}/resource-{other}.yaml", folder(number));
            put_file(&mut stream, &File::new(&path, format!("kind: ConfigMap\ndata:\n  of: {number}-{other}\n")));
        }
    }
    for version in 1..commits {
        begin_commit(&mut stream, "main", &format!("Release v{version}"));
        put_file(&mut stream, &kustomization(version % folders, &format!("v{version}")));
    }
    stream.extend(END);
    stream
}

fn folder(number: usize) -> String {
    format!("clusters/{:02}/apps/{:04}", number % 100, number / 100)
}

fn kustomization(number: usize, tag: &str) -> File {
    File::new(
        &format!("{}/kustomization.yaml", folder(number)),
        format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- deployment.yaml\n\
             images:\n- name: app\n  newName: registry.example.com/team/app-{number}\n  newTag: {tag}\n"
        ),
    )
}

fn begin_commit(stream: &mut Vec<u8>, branch: &str, message: &str) {
    let header = format!("commit refs/heads/{branch}\nmark :1\ncommitter Test <test@example.com> {COMMIT_DATE}\n");
    stream.extend(header.bytes());
    put_data(stream, message.as_bytes());
}

fn put_file(stream: &mut Vec<u8>, file: &File) {
    let mode = match file.mode {
        Mode::Regular => "100644",
        Mode::Executable => "100755",
        Mode::Symlink => "120000",
        Mode::Submodule => {
            let id = String::from_utf8_lossy(&file.bytes);
            return stream.extend(format!("M 160000 {id} {}\n", file.path).bytes());
        }
        Mode::Deleted => return stream.extend(format!("D {}\n", file.path).bytes()),
    };
    stream.extend(format!("M {mode} inline {}\n", file.path).bytes());
    put_data(stream, &file.bytes);
}

fn put_data(stream: &mut Vec<u8>, bytes: &[u8]) {
    stream.extend(format!("data {}\n", bytes.len()).bytes());
    stream.extend(bytes);
    stream.push(b'\n');
}
