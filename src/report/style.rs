//! Colour: what a mark looks like, and whether there is any.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Coloured,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    Good,
    Bad,
    Removed,
    Added,
    Faint,
    Note,
}

impl Style {
    pub(super) fn paint(self, mark: Mark, text: &str) -> String {
        let code = match mark {
            Mark::Good | Mark::Added => "32",
            Mark::Bad => "1;31",
            Mark::Removed => "31",
            Mark::Faint => "2",
            Mark::Note => "33",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}
