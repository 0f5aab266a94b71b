//! Links: each leads to a file and a heading that exist, and the book's table of contents has every page.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::fences::apart;
use super::{BOOK, book, code, pages, read, root, texts_below};

/// Returns the targets of the links of a page.
fn links(page: &str) -> Vec<String> {
    let prose = apart(page).1;
    let without_code: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("`");
    without_code.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// Returns the anchors of a page, as mdBook and the hosts of repositories make them of headings.
pub(super) fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in apart(page).1.lines().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim();
        // Of a link, its text counts.
        let text: String = text.split("](").map(|part| part.split_once(')').map_or(part, |(_, rest)| rest)).collect();
        let kept =
            text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect::<String>();
        let anchor = kept.replace(' ', "-");
        let again = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(again).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

/// Returns the path of a link's target from the root.
fn resolved(page: &str, target: &str) -> PathBuf {
    let mut path = Path::new(page).parent().unwrap().to_owned();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => assert!(path.pop(), "{page}: {target} leaves the repository"),
            component => path.push(component),
        }
    }
    path
}

#[test]
fn every_link_leads_somewhere() {
    for (path, page) in pages() {
        for link in links(&page) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if target.is_empty() { PathBuf::from(&path) } else { resolved(&path, target) };
            assert!(root().join(&target).exists(), "{path}: {link} leads nowhere");
            // The book is built without the files around it.
            let leaves = path.starts_with(BOOK) && !target.starts_with(BOOK);
            assert!(!leaves, "{path}: {link} leaves the book");
            if !anchor.is_empty() {
                let page = read(target.to_str().unwrap());
                assert!(anchors(&page).contains(anchor), "{path}: {} has no heading `#{anchor}`", target.display());
            }
        }
    }
}

#[test]
fn the_table_of_contents_has_every_page() {
    let summary = format!("{BOOK}/SUMMARY.md");
    let listed: Vec<PathBuf> = links(&read(&summary)).iter().map(|link| resolved(&summary, link)).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    for path in book().into_keys().filter(|path| *path != summary) {
        assert!(unique.contains(Path::new(&path)), "{summary} does not list {path}");
    }
}

/// Messages and the action name pages of the book.
#[test]
fn pages_that_the_code_names_exist() {
    let mut code = code();
    code.extend(texts_below(Path::new("action"), "sh"));
    let mut found = 0;
    for (path, text) in code {
        for rest in text.split(&format!("{BOOK}/")).skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-./".contains(c)).unwrap_or(rest.len());
            let page = format!("{BOOK}/{}", rest[..end].trim_end_matches('.'));
            assert!(root().join(&page).exists(), "{path} names {page}");
            found += 1;
        }
    }
    assert!(found >= 2, "{found} pages");
}

#[test]
fn anchors_are_those_of_hosts() {
    let page = "# A release's `--wait`\n## `--wait`\n## [Linked](x.md) and `web:v2`\n## `--wait`\n```\n# none\n```\n";
    let expected = ["--wait", "--wait-1", "a-releases---wait", "linked-and-webv2"];
    assert_eq!(anchors(page).into_iter().collect::<Vec<_>>(), expected);
}
