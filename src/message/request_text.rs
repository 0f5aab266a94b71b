//! The title and the text of the pull request that proposes a release: what its commit says, with the changes as a table and
//! with links. The trailers are the last paragraph, as in the commit: a forge may make the message of a squash of this text.

use super::acted_on::is_acted_on;
use super::compose::{self, Options, Purpose};
use super::markdown::{clipped, code, linked, longest_backticks, target};
use super::release::{Release, source_commits, source_comparisons};
use crate::git::{CommitRecord, Message, Trailer};
use crate::image::Reference;

/// What a forge shows of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestText {
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// In bytes. GitHub takes 65,536 characters.
const LARGEST_TABLE: usize = 24 << 10;
const LARGEST_TEXT: usize = 16 << 10;
const MOST_SOURCES: usize = 5;
const MOST_COMPARISONS: usize = 5;

/// Returns what the request says that proposes `releases` by a commit with `message`. `run` is the page of the CI run;
/// `page_of_source` returns that of a source commit.
pub fn request_text(
    message: &Message,
    options: &Options,
    releases: &[Release],
    run: Option<&str>,
    purpose: &Purpose,
    page_of_source: &dyn Fn(&str) -> Option<String>,
) -> RequestText {
    let (_, typed) = compose::text(options, releases, purpose);
    let mut parts = Vec::new();
    if !typed.is_empty() {
        parts.push(as_typed(&typed));
    }
    parts.push(table(releases));
    let links = links(releases, run, page_of_source);
    if !links.is_empty() {
        parts.push(links);
    }
    let is_safe = |trailer: &&Trailer| options.trailers.contains(trailer) || !is_acted_on(trailer.value());
    let trailers = message.trailers.iter().filter(is_safe).map(Trailer::to_string).filter(|line| is_plain(line));
    parts.push(trailers.collect::<Vec<_>>().join("\n"));
    RequestText { title: message.title.clone(), body: parts.join("\n\n") }
}

/// Returns what a request says of a commit that is a release, by the commit alone: its title and its trailers.
pub fn text_of_commit(commit: &CommitRecord) -> RequestText {
    let trailers = commit.trailer_blocks().next().unwrap_or_default();
    let trailers = trailers.into_iter().filter(|(_, value)| !is_acted_on(value));
    let lines = trailers.map(|(token, value)| format!("{token}: {value}")).filter(|line| is_plain(line));
    RequestText { title: commit.title().to_owned(), body: lines.collect::<Vec<_>>().join("\n") }
}

/// Returns text that a person wrote as it is: in a fence, a name in it calls no one.
fn as_typed(lines: &[String]) -> String {
    let text = lines.join("\n");
    let text = clipped(&text, LARGEST_TEXT);
    let fence = "`".repeat(longest_backticks(&text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

/// A trailer is written without escapes, so that it can be read back; one with marks of Markdown or HTML is in the commit alone,
/// and so is one that a forge acts on, if no person typed it.
fn is_plain(line: &str) -> bool {
    line.chars().all(|c| c.is_alphanumeric() || " -_./:@=+,~#()'".contains(c)) && !line.contains(" @")
}

fn table(releases: &[Release]) -> String {
    let mut table = "| image | entry | from | to | digest |\n|---|---|---|---|---|".to_owned();
    for (index, release) in releases.iter().enumerate() {
        let row = row(release);
        if table.len() + row.len() > LARGEST_TABLE {
            return format!("{table}\n\n{} more are not shown.", releases.len() - index);
        }
        table += &row;
    }
    table
}

fn row(release: &Release) -> String {
    let version = |fields: &crate::targets::Fields| {
        fields.new_tag.as_deref().or(fields.digest.as_deref()).map(code).unwrap_or_default()
    };
    let entry = &release.entry;
    let name = entry.image_name().unwrap_or(entry.name.as_str());
    let page = release.reference.as_ref().and_then(page_of);
    let cells = [
        linked(name, page.as_deref()),
        format!("{} in {}", code(entry.name.as_str()), code(&release.file)),
        version(&entry.before),
        version(&entry.after),
        release.digest.as_ref().map(|digest| code(&digest.to_string())).unwrap_or_default(),
    ];
    format!("\n| {} |", cells.join(" | "))
}

/// Returns the page of an image, at registries that have one for each.
pub fn page_of(image: &Reference) -> Option<String> {
    let repository = image.repository();
    Some(match image.registry() {
        "ghcr.io" => format!("https://ghcr.io/{repository}"),
        "quay.io" => format!("https://quay.io/repository/{repository}"),
        "docker.io" => match repository.strip_prefix("library/") {
            Some(official) => format!("https://hub.docker.com/_/{official}"),
            None => format!("https://hub.docker.com/r/{repository}"),
        },
        _ => return None,
    })
}

fn links(releases: &[Release], run: Option<&str>, page_of_source: &dyn Fn(&str) -> Option<String>) -> String {
    let sources = source_commits(releases).into_iter().take(MOST_SOURCES).map(|source| {
        let source = source.to_string();
        format!("source {}", linked(&source, page_of_source(&source).as_deref()))
    });
    let changes = source_comparisons(releases).into_iter().take(MOST_COMPARISONS);
    let changes = changes.map(|changes| format!("changes {}", linked(&changes.range(), Some(&changes.url))));
    let run = run.map(|run| format!("[run]({})", target(run)));
    sources.chain(changes).chain(run).collect::<Vec<_>>().join(" · ")
}
