//! Edits of YAML by bytes: locate, splice, prove. A text is read into a tree whose nodes know their bytes, a `Writer`
//! collects splices, and `prove` lets a second reader confirm the result. Nothing is serialised, so that every byte that
//! is not asked for stays. What a file means, and what may be asked of it, is known to `targets`.

mod block;
mod compare;
mod error;
mod first_reader;
mod flow;
mod line_proof;
mod line_reader;
mod line_scalar;
mod lines;
mod merge;
mod parsed;
mod proof;
mod reread;
mod scalar;
mod second_reader;
mod source;
mod splice;
mod syntax_cause;
mod tree;
mod writer;

pub use error::{Position, Shape, SyntaxCause, YamlError};
pub use parsed::NodeType;

pub(crate) use compare::{Difference, NodeComparison, differs};
pub(crate) use error::TEMPLATE_HINT;
pub(crate) use first_reader::{read, read_template};
pub(crate) use parsed::ParsedYaml;
pub(crate) use proof::{Proved, prove};
pub(crate) use scalar::{Quote, is_decimal, is_string, is_string_tag};
pub(crate) use second_reader::read as read_again;
pub(crate) use source::{SourceText, is_blank};
pub(crate) use splice::{Splice, apply, ordered};
pub(crate) use tree::{Layout, NodeId, NodeKind, Pair, ScalarStyle, Tree};
pub(crate) use writer::{Pairs, Writer};
