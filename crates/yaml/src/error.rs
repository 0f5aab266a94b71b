//! Why a text is not edited, as far as YAML is the reason. Every refusal names its place, what stands there, and what to
//! do about it; what a kind of file demands beyond YAML is an error of that kind.

use std::fmt;

/// A place in a text, both numbers from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is not read, or not edited. Shown, it begins with the place, if there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    #[error("the file is UTF-16")]
    Utf16,
    #[error("{0}: the file is not UTF-8")]
    NotUtf8(Position),
    /// A line break that YAML 1.1 and 1.2 do not read alike, or a lone carriage return.
    #[error("{place}: {}", line_break(*character))]
    LineBreak { place: Position, character: char },
    #[error("{place}: not valid YAML: {message}")]
    Syntax { place: Position, message: String, cause: Option<SyntaxCause> },
    /// The text is YAML, in a shape that is not edited.
    #[error("{place}: {shape}")]
    Refused { place: Position, shape: Shape },
}

/// What most likely makes a text no YAML, as far as it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxCause {
    Template,
    /// The marker of a merge that git could not finish.
    Conflict(Position),
    /// A character that looks like a space, or like nothing.
    Blank(Position, char),
    /// A tab where spaces belong.
    Tab(Position),
}

/// A shape of YAML that is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    DuplicateKey {
        key: String,
        first: Position,
    },
    /// The node to edit has an anchor, so that the edit would change its aliases too.
    SharedAnchor {
        aliases: Vec<Position>,
    },
    /// An alias inside the node that it is an alias of.
    RecursiveAlias,
    /// Aliases of aliases stand for more than a million values.
    TooManyAliases,
    /// More collections are in each other than a reader follows.
    TooDeep,
    /// The file ends within a block scalar, and a line behind it would change the value.
    OpenBlockScalar,
    /// Nothing can be written here without rewriting other text.
    NoRoom,
}

impl YamlError {
    /// Returns the place of the reason in the file.
    pub fn place(&self) -> Option<Position> {
        match self {
            Self::NotUtf8(place)
            | Self::LineBreak { place, .. }
            | Self::Syntax { place, .. }
            | Self::Refused { place, .. } => Some(*place),
            Self::Utf16 => None,
        }
    }

    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Utf16 | Self::NotUtf8(_) => "save the file as UTF-8",
            Self::LineBreak { character: '\r', .. } => "end lines with `\\n` or `\\r\\n`",
            Self::LineBreak { .. } => "replace it by an ordinary line end or a space",
            Self::Syntax { cause, .. } => return cause.as_ref().map(SyntaxCause::hint),
            Self::Refused { shape, .. } => shape.hint(),
        };
        Some(hint.to_owned())
    }
}

pub const TEMPLATE_HINT: &str = "this looks like a template: render it first, or edit the file it is rendered from";

impl SyntaxCause {
    fn hint(&self) -> String {
        match self {
            Self::Template => TEMPLATE_HINT.to_owned(),
            Self::Conflict(place) => format!("finish the merge: a conflict begins at {place}"),
            Self::Blank(place, character) => {
                let code = u32::from(*character);
                format!("replace U+{code:04X} at {place} with an ordinary space: YAML does not take it for one")
            }
            Self::Tab(place) => format!("write spaces at {place}: YAML is not indented with tabs"),
        }
    }
}

impl Shape {
    fn hint(&self) -> &'static str {
        match self {
            Self::DuplicateKey { .. } => "remove one of them: readers disagree on which one counts",
            Self::SharedAnchor { .. } => "write the value out where the aliases are",
            Self::RecursiveAlias | Self::TooManyAliases => "write the value out, in place of the alias",
            Self::TooDeep => "write the image into a file of its own",
            Self::OpenBlockScalar => "end the file with a line end",
            Self::NoRoom => "write the entry in block style, one field per line",
        }
    }
}

fn line_break(character: char) -> String {
    match character {
        '\r' => "a carriage return stands alone".to_owned(),
        _ => format!("U+{:04X} is a line break for some readers and text for others", u32::from(character)),
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKey { key, first } => write!(f, "the key `{key}` is here again, after {first}"),
            Self::SharedAnchor { aliases } => {
                let aliases: Vec<String> = aliases.iter().map(Position::to_string).collect();
                write!(f, "this has an anchor, and editing it would change its aliases at {}", aliases.join(", "))
            }
            Self::RecursiveAlias => f.write_str("this alias stands inside its own anchor"),
            Self::TooDeep => f.write_str("collections are nested too deeply here"),
            Self::TooManyAliases => f.write_str("the aliases up to here stand for more than a million values"),
            Self::OpenBlockScalar => f.write_str("the file ends within this block scalar, without a line end"),
            Self::NoRoom => f.write_str("nothing can be added here without rewriting what is there"),
        }
    }
}
