//! What in a file may set an image after what an edit writes, and has the last word then.

use std::fmt;

/// What sets the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterStep {
    /// An entry or a patch in a post-renderer of Flux.
    PostRenderer,
    /// A patch in a post-renderer that gives a container another image, which may have been this one's.
    MaybePostRenderer,
    /// An entry of `images` in a kustomization.
    Entry,
    /// A patch in a kustomization, or in a source of Argo CD.
    Patch,
    /// A patch that gives a container another image, which may have been this one's.
    MaybePatch,
    /// An item of `transformers` in a kustomization.
    Transformer,
    /// An item of `transformers` that gives a container another image, which may have been this one's.
    MaybeTransformer,
    /// An item of `replacements` in a kustomization, whose image is not known.
    Replacement,
    /// `additionalValuesFiles` of a chart in a kustomization.
    ValuesFiles,
    /// `valuesMerge: merge` of a chart in a kustomization: its file of values counts before the values beside it.
    ValuesMerge,
    /// `templatePatch` in an ApplicationSet of Argo CD.
    TemplatePatch,
    /// The `template` of a generator of an ApplicationSet.
    GeneratorTemplate,
}

impl LaterStep {
    /// Returns whether the file says that the step is for the image.
    pub(super) fn is_certain(self) -> bool {
        matches!(self, Self::PostRenderer | Self::Entry | Self::Patch | Self::Transformer)
    }
}

impl fmt::Display for LaterStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostRenderer | Self::MaybePostRenderer => "post-renderer",
            Self::Entry => "entry of `images`",
            Self::Patch | Self::MaybePatch => "patch",
            Self::Transformer | Self::MaybeTransformer => "transformer",
            Self::Replacement => "replacement",
            Self::ValuesFiles => "file of `additionalValuesFiles`",
            Self::ValuesMerge => "file of values that counts by `valuesMerge: merge`",
            Self::TemplatePatch => "`templatePatch`",
            Self::GeneratorTemplate => "`template` of the generator",
        })
    }
}
