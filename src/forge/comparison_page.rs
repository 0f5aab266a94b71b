//! The page on which a forge compares two commits.

use super::address::{ForgeAddress, ForgeKind};
use super::azure;

/// Returns the page that compares two commits of a repository, by their ids; `None` if the repository has no page.
pub fn comparison_page(address: &ForgeAddress, old: &str, new: &str) -> Option<String> {
    let ForgeAddress { kind, web, project, .. } = address;
    Some(match kind {
        ForgeKind::GitHub | ForgeKind::Gitea => format!("{web}/{project}/compare/{old}...{new}"),
        ForgeKind::GitLab => format!("{web}/{project}/-/compare/{old}...{new}"),
        // What is compared comes first, and what it is compared with second.
        ForgeKind::Bitbucket => format!("{web}/{project}/branches/compare/{new}%0D{old}"),
        ForgeKind::Azure => {
            let page = azure::page_of(address)?;
            format!("{page}/branchCompare?baseVersion=GC{old}&targetVersion=GC{new}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::comparison_page;
    use crate::forge::{ForgeAddress, ForgeHints};

    #[test]
    fn commits_are_compared_on_a_page() {
        for (remote, expected) in [
            ("https://github.com/org/app.git", "https://github.com/org/app/compare/1...2"),
            ("ssh://git@github.com/org/app.git", "https://github.com/org/app/compare/1...2"),
            ("https://gitlab.com/group/sub/app", "https://gitlab.com/group/sub/app/-/compare/1...2"),
            ("https://codeberg.org/org/a%20b", "https://codeberg.org/org/a%20b/compare/1...2"),
            ("https://bitbucket.org/org/app", "https://bitbucket.org/org/app/branches/compare/2%0D1"),
            (
                "https://org@dev.azure.com/org/project/_git/app",
                "https://dev.azure.com/org/project/_git/app/branchCompare?baseVersion=GC1&targetVersion=GC2",
            ),
            (
                "ssh://git@ssh.dev.azure.com/v3/org/project/app",
                "https://dev.azure.com/org/project/_git/app/branchCompare?baseVersion=GC1&targetVersion=GC2",
            ),
        ] {
            let address = ForgeAddress::of(&remote.parse().unwrap(), &ForgeHints::default()).unwrap();
            assert_eq!(comparison_page(&address, "1", "2").as_deref(), Some(expected), "{remote}");
        }
    }
}
