//! Commands to GitHub's runner, as lines of the log: annotations and groups. There is no `add-mask`: what we print never
//! holds a secret, and a command would be the first to do so.

use std::path::{Path, PathBuf};

use crate::outcome::failure::{Failure, Place};
use crate::outcome::{Ending, StopKind};
use crate::report::escape::{visible, visible_line};

/// In bytes. GitHub cuts longer messages off; the log has the rest.
const LARGEST: usize = 4000;

/// Returns the annotation of a failure below `title`, at `file` if that is known.
pub(in crate::report) fn failure(title: &str, failure: &Failure, file: Option<&Path>) -> String {
    let mut lines = vec![visible(&failure.message)];
    lines.extend(failure.details.iter().map(|detail| visible_line(detail)));
    lines.extend(failure.hint.iter().map(|hint| format!("hint: {}", visible(hint))));
    let mut properties = format!("title={}", property(title));
    if let (Some(file), Some(Place { line, column, .. })) = (file, failure.place.as_deref()) {
        properties += &format!(",file={},line={line},col={column}", property(&file.to_string_lossy()));
    }
    format!("::error {properties}::{}\n", data(&lines.join("\n")))
}

/// Returns the annotation of a command that stopped for a reason, without failing. A release that a hold or a rule stops makes
/// the step red.
pub(super) fn stopped(title: &str, ending: &Ending, reason: &str, hint: Option<&str>) -> String {
    let kind = match ending.stop() {
        Some(StopKind::Held | StopKind::Ruled) => "error",
        Some(StopKind::Superseded | StopKind::Diverged) => "warning",
        Some(StopKind::Skipped) | None => "notice",
    };
    let title = property(title);
    let hint = hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    format!("::{kind} title={title}::{}\n", data(&format!("{}: {}{hint}", ending.word(), visible(reason))))
}

pub(in crate::report) fn warning(text: &str) -> String {
    format!("::warning title=tagship::{}\n", data(&visible(text)))
}

/// Returns `lines` under a heading that folds them.
pub(in crate::report) fn group(title: &str, lines: &str) -> String {
    format!("::group::{}\n{lines}::endgroup::\n", data(title))
}

/// Returns the path of `file` below the workspace, if it is there: annotations of other repositories' files lead nowhere.
pub(super) fn in_workspace(file: &Path, workspace: &Path) -> Option<PathBuf> {
    let (file, workspace) = (file.canonicalize().ok()?, workspace.canonicalize().ok()?);
    file.strip_prefix(workspace).ok().filter(|_| file.is_file()).map(Path::to_owned)
}

fn data(text: &str) -> String {
    let mut end = text.len().min(LARGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, data, failure, group, in_workspace, stopped};
    use crate::outcome::failure::{Failure, Place};
    use crate::outcome::{Ending, StopKind, Stopped};
    use std::path::Path;

    #[test]
    fn everything_is_escaped() {
        let hostile = Failure::target("100%\r\n::error::x").detail("a\n::warning::b").hint("c%0Ad");
        assert_eq!(
            failure("tagship x,file=y:z", &hostile, None),
            "::error title=tagship x%2Cfile=y%3Az::100%25\\u{d}\\u{a}::error::x%0Aa\\u{a}::warning::b%0Ahint: c%250Ad\n"
        );
        for (kind, expected) in [
            (StopKind::Skipped, "::notice title=tagship release::skipped: a\\u{a}b\n"),
            (StopKind::Held, "::error title=tagship release::held: a\\u{a}b\n"),
        ] {
            let ending = Ending::Stopped(Stopped { kind, reason: String::new() });
            assert_eq!(stopped("tagship release", &ending, "a\nb", None), expected);
        }
        assert_eq!(group("diff", "+a\n"), "::group::diff\n+a\n::endgroup::\n");
        assert_eq!(data(&"é".repeat(LARGEST)).len(), LARGEST);
    }

    #[test]
    fn places() {
        let place = Place { file: "a,b.yaml".to_owned(), line: 7, column: 5 };
        let placed = Failure { place: Some(Box::new(place)), ..Failure::target("m") };
        let shown = failure("tagship set", &placed, Some(Path::new("a,b.yaml")));
        assert_eq!(shown, "::error title=tagship set,file=a%2Cb.yaml,line=7,col=5::m\n");
        assert_eq!(failure("tagship set", &placed, None), "::error title=tagship set::m\n");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let src = &root.join("src");
        assert_eq!(in_workspace(&root.join("src/lib.rs"), root).as_deref(), Some(Path::new("src/lib.rs")));
        assert_eq!(in_workspace(Path::new("src/lib.rs"), src).as_deref(), Some(Path::new("lib.rs")));
        assert_eq!(in_workspace(&src.join("src/lib.rs"), src), None);
        assert_eq!(in_workspace(&src.join("../Cargo.toml"), src), None);
        assert_eq!(in_workspace(src, root), None, "a folder");
    }
}
