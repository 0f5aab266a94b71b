//! What is in a repository after a release, as git itself reads it.

use super::Remote;

/// A commit as `git log` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub id: String,
    pub parents: Vec<String>,
    /// `Name <email>`
    pub author: String,
    pub committer: String,
    pub subject: String,
    /// What follows the subject, trailers included.
    pub body: String,
    /// The last block of trailers, as git parses them.
    pub trailers: Vec<(String, String)>,
    /// The message, byte by byte.
    pub message: String,
}

impl Commit {
    /// Returns the values of a trailer's token.
    pub fn trailer(&self, token: &str) -> Vec<&str> {
        self.trailers.iter().filter(|(other, _)| other == token).map(|(_, value)| value.as_str()).collect()
    }
}

impl Remote {
    /// Returns the id of a branch's last commit; `None` if there is no such branch.
    pub fn tip(&self, branch: &str) -> Option<String> {
        // Most branches are a file with the id. It is asked for before each commit that a test makes.
        let file = std::fs::read_to_string(self.path.join("refs/heads").join(branch)).unwrap_or_default();
        let id = file.trim_end();
        if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(id.to_owned());
        }
        let output = self.git(["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")]).run();
        match output.code {
            Some(1) => None,
            _ => Some(output.success().stdout().trim().to_owned()),
        }
    }

    /// Returns a file's bytes at a revision, such as a branch.
    #[track_caller]
    pub fn file(&self, revision: &str, path: &str) -> Vec<u8> {
        self.run(["cat-file", "blob", &format!("{revision}:{path}")])
    }

    /// Returns a file's mode at a revision, such as `100644`.
    #[track_caller]
    pub fn mode(&self, revision: &str, path: &str) -> String {
        let entry = self.text(["ls-tree", revision, "--", path]);
        entry.split(' ').next().unwrap_or_default().to_owned()
    }

    /// Returns the commits of a revision or range, the newest first.
    #[track_caller]
    pub fn log(&self, revision: &str) -> Vec<Commit> {
        const FORMAT: &str =
            "--format=%H%x1f%P%x1f%an <%ae>%x1f%cn <%ce>%x1f%s%x1f%b%x1f%(trailers:only,unfold)%x1f%B%x1e";
        let log = self.text(["log", FORMAT, revision, "--"]);
        log.split('\u{1e}').map(str::trim_start).filter(|record| !record.is_empty()).map(parse).collect()
    }

    /// Returns how many commits a revision has behind it, itself included.
    #[track_caller]
    pub fn number_of_commits(&self, revision: &str) -> usize {
        self.text(["rev-list", "--count", revision, "--"]).trim().parse().expect("a number")
    }

    /// Returns the paths that differ between two revisions.
    #[track_caller]
    pub fn changed_paths(&self, from: &str, to: &str) -> Vec<String> {
        let paths = self.text(["diff-tree", "-r", "-z", "--name-only", from, to, "--"]);
        paths.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
    }

    /// Asserts that every object is well formed and all are there.
    #[track_caller]
    pub fn fsck(&self) {
        self.git(["fsck", "--strict", "--no-dangling"]).run().success();
    }

    #[track_caller]
    pub(super) fn text<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        String::from_utf8_lossy(&self.run(arguments)).into_owned()
    }
}

fn parse(record: &str) -> Commit {
    let fields: Vec<&str> = record.split('\u{1f}').collect();
    let [id, parents, author, committer, subject, body, trailers, message] = fields[..] else {
        panic!("not a record of the log: {record:?}");
    };
    let trailer = |line: &str| line.split_once(": ").map(|(token, value)| (token.to_owned(), value.to_owned()));
    Commit {
        id: id.to_owned(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: author.to_owned(),
        committer: committer.to_owned(),
        subject: subject.to_owned(),
        body: body.to_owned(),
        trailers: trailers.lines().filter_map(trailer).collect(),
        message: message.to_owned(),
    }
}
