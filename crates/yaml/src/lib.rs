//! Edits of YAML by bytes: locate, splice, prove. A text is read into a tree whose nodes know their bytes, a `Writer`
//! collects splices, and `prove` lets a second reader confirm the result. Nothing is serialised, so that every byte that
//! is not asked for stays. What a file means, and what may be asked of it, is known to tagship's `targets`.

mod block;
mod compare;
mod error;
mod expanded;
mod first_reader;
mod flow;
mod keys;
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

pub use compare::{Difference, NodeComparison, differs};
pub use error::TEMPLATE_HINT;
pub use expanded::ExpandedYaml;
pub use first_reader::{read, read_template};
pub use parsed::ParsedYaml;
pub use proof::{Proved, prove};
pub use scalar::{Quote, is_decimal, is_string, is_string_tag};
pub use second_reader::read as read_again;
pub use source::{SourceText, is_blank};
pub use splice::{Splice, apply, ordered};
pub use tree::{Layout, NodeId, NodeKind, Pair, ScalarStyle, Tree};
pub use writer::{Pairs, Writer};
