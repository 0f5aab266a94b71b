//! The rules file, `.tagship.yaml` in a folder of the release branch: what must hold for the files in that folder and below
//! it. It is read fail-safe, as a hold is: a file that does not follow its grammar stops everything below it. So every key is
//! known, every value has a type, and nothing is guessed. `docs/src/reference/rules.schema.json` says the same for editors.

use std::sync::Arc;

use super::freeze::{Freeze, FreezeTexts};
use super::rule::{Demand, Demanded, PublishWay, ReleaseRule, RequiredOrder, TagPattern};
use super::typed_mapping::{KeyedValue, RulesRefusal, YamlValue};
use crate::git::{GlobError, GlobPattern};
use crate::image::{Platform, with_plain_host};
use crate::outcome::RuleDemand;
use crate::registry::signature::{IdentityPattern, PublicKey, TrustedRoots, TrustedSigner};
use crate::registry::{AttestationType, NoAttestationType};
use crate::yaml::{self, SourceText};

/// The name of the file.
pub const RULES_FILE_NAME: &str = ".tagship.yaml";

/// The largest rules file, in bytes.
pub const MAX_RULES_BYTES: usize = 64 << 10;

const FILE_KEYS: [&str; 1] = ["rules"];

/// What makes a rule be for a file and an entry.
const SCOPE_KEYS: [&str; 3] = ["name", "paths", "entries"];

const SIGNATURE_KEYS: [&str; 4] = ["key", "identity", "identity-regexp", "issuer"];

const FREEZE_KEYS: [&str; 6] = ["from", "until", "days", "hours", "zone", "reason"];

/// The rules of one file.
#[derive(Debug, Clone)]
pub struct RulesFile {
    pub rules: Vec<ReleaseRule>,
}

impl RulesFile {
    /// Reads the text of a rules file.
    ///
    /// # Errors
    /// With the place of what cannot be understood.
    pub fn parse(text: &[u8]) -> Result<Self, RulesRefusal> {
        if text.len() > MAX_RULES_BYTES {
            let why = format!("the file has {} bytes, and at most {MAX_RULES_BYTES} are read", text.len());
            return Err(RulesRefusal { place: None, why });
        }
        let source = SourceText::read(text)?;
        let yaml = yaml::read(&source)?;
        let mut file = YamlValue::document(&yaml)?.mapping("the file")?;
        let rules = file.require("rules", "the file")?.value.list("`rules`")?;
        file.finish(&FILE_KEYS)?;
        Ok(Self { rules: rules.into_iter().map(rule).collect::<Result<_, _>>()? })
    }
}

fn rule(value: YamlValue<'_>) -> Result<ReleaseRule, RulesRefusal> {
    let mut keys = value.mapping("a rule")?;
    let name = match keys.take("name") {
        Some(name) => Some(one_line(name.value.text("`name`")?.value)),
        None => None,
    };
    let paths = patterns(keys.require("paths", "a rule")?, "`paths`")?;
    let entries = keys.take("entries").map(|entries| patterns(entries, "`entries`")).transpose()?.unwrap_or_default();
    let mut signature = keys.take("signature");
    let signer = signature.as_ref().map(|keyed| signer(keyed.value)).transpose()?;
    let mut demands = Vec::new();
    for kind in RuleDemand::ALL {
        let taken = if kind == RuleDemand::Signature { signature.take() } else { keys.take(kind.word()) };
        let Some(keyed) = taken else { continue };
        let demanded = demanded(kind, &keyed, signer.as_ref())?;
        demands.push(Demand { line: keyed.key.line, column: keyed.key.column, demanded });
    }
    let known = RuleDemand::ALL.map(RuleDemand::word);
    keys.finish(&[&SCOPE_KEYS[..], &known].concat())?;
    if demands.is_empty() {
        return Err(value.refuse(format!("the rule demands nothing; it needs one of `{}`", known.join("`, `"))));
    }
    Ok(ReleaseRule { name, line: value.place().line, paths, entries, demands })
}

fn demanded(
    kind: RuleDemand,
    keyed: &KeyedValue<'_>,
    signer: Option<&Arc<TrustedSigner>>,
) -> Result<Demanded, RulesRefusal> {
    let what = format!("`{}`", kind.word());
    let value = keyed.value;
    let by = || {
        let why = || format!("{what} needs `signature` in the same rule, which says whose word counts");
        signer.cloned().ok_or_else(|| RulesRefusal { place: Some(keyed.key), why: why() })
    };
    Ok(match kind {
        RuleDemand::Images => Demanded::Images(each(value, &what, |text| GlobPattern::parse(&with_plain_host(text)))?),
        RuleDemand::Tags => Demanded::Tags(each(value, &what, tag_pattern)?),
        RuleDemand::Platforms => Demanded::Platforms(each(value, &what, |text| text.parse::<Platform>())?),
        RuleDemand::PinDigest => value.is_set(&what).map(|()| Demanded::PinDigest)?,
        RuleDemand::Revision => value.is_set(&what).map(|()| Demanded::Revision)?,
        RuleDemand::Signature => Demanded::Signature(by()?),
        RuleDemand::Provenance => value.is_set(&what).and_then(|()| by()).map(Demanded::Provenance)?,
        RuleDemand::Attestations => Demanded::Attestations(by()?, each(value, &what, attestation_type)?),
        RuleDemand::Publish => Demanded::Publish(choice(
            value,
            &what,
            &[("push", PublishWay::Push), ("pull-request", PublishWay::PullRequest)],
        )?),
        RuleDemand::Order => Demanded::Order(choice(
            value,
            &what,
            &[("not-older", RequiredOrder::NotOlder), ("newer", RequiredOrder::Newer)],
        )?),
        RuleDemand::Freeze => {
            let freezes = value.list(&what)?.into_iter().map(freeze);
            Demanded::Freeze(freezes.collect::<Result<_, _>>()?)
        }
    })
}

fn patterns(keyed: KeyedValue<'_>, what: &str) -> Result<Vec<GlobPattern>, RulesRefusal> {
    each(keyed.value, what, GlobPattern::parse)
}

/// Reads each text of a list.
fn each<T, E: std::fmt::Display>(
    value: YamlValue<'_>,
    what: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, RulesRefusal> {
    value.texts(what)?.into_iter().map(|text| text.parse(&read)).collect()
}

fn tag_pattern(text: &str) -> Result<TagPattern, GlobError> {
    match text {
        "semver" => Ok(TagPattern::SemanticVersion),
        text => GlobPattern::parse(text).map(TagPattern::Pattern),
    }
}

fn choice<T: Copy>(value: YamlValue<'_>, what: &str, choices: &[(&str, T)]) -> Result<T, RulesRefusal> {
    value.text(what)?.parse(|text| {
        let known = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        known.ok_or_else(|| {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!("{what} is {}, and not `{text}`", names.join(" or "))
        })
    })
}

fn attestation_type(text: &str) -> Result<AttestationType, String> {
    AttestationType::new(text).map_err(|why| match why {
        NoAttestationType::Unknown => {
            let names: Vec<_> = AttestationType::names().collect();
            format!(
                "`{text}` is not a type of attestations; write {}, or the URI of a predicate type",
                names.join(", ")
            )
        }
        NoAttestationType::Provenance => format!("`{text}` is provenance; demand it by `provenance: true`"),
        NoAttestationType::Signature => format!("`{text}` is a signature, which `signature` demands"),
    })
}

/// Reads a signer. The roots are those that are built in, whatever a flag says.
fn signer(value: YamlValue<'_>) -> Result<Arc<TrustedSigner>, RulesRefusal> {
    let mut keys = value.mapping("`signature`")?;
    let mut text = |key: &str| keys.take(key).map(|keyed| keyed.value.text(&format!("`{key}`"))).transpose();
    let (key, exact, matching, issuer) = (text("key")?, text("identity")?, text("identity-regexp")?, text("issuer")?);
    keys.finish(&SIGNATURE_KEYS)?;
    let (identity, issuer) = match (key, exact, matching, issuer) {
        (Some(key), None, None, None) => {
            let key = key.parse(|text| {
                PublicKey::from_pem(text.as_bytes()).map_err(|error| format!("`key` is not a public key: {error}"))
            })?;
            return Ok(Arc::new(TrustedSigner::Key(key)));
        }
        (None, Some(exact), None, Some(issuer)) => (IdentityPattern::Exact(exact.value.trim().to_owned()), issuer),
        (None, None, Some(matching), Some(issuer)) => {
            let pattern = matching.parse(|text| {
                IdentityPattern::regexp(text.trim())
                    .map_err(|error| format!("`identity-regexp` cannot be used: {error}"))
            });
            (pattern?, issuer)
        }
        _ => {
            return Err(value.refuse(
                "`signature` needs `key`, or `issuer` with one of `identity` and `identity-regexp`, and nothing else",
            ));
        }
    };
    let issuer = issuer.value.trim().to_owned();
    Ok(Arc::new(TrustedSigner::Keyless { identity, issuer, roots: TrustedRoots::built_in() }))
}

fn freeze(value: YamlValue<'_>) -> Result<Freeze, RulesRefusal> {
    let mut keys = value.mapping("a freeze")?;
    let mut text = |key: &str| {
        let keyed = keys.take(key).map(|keyed| keyed.value.text(&format!("`{key}`"))).transpose()?;
        Ok::<_, RulesRefusal>(keyed.map(|text| text.value))
    };
    let (from, until, hours, zone, reason) =
        (text("from")?, text("until")?, text("hours")?, text("zone")?, text("reason")?);
    let days = keys.take("days").map(|days| days.value.texts("`days`")).transpose()?.unwrap_or_default();
    keys.finish(&FREEZE_KEYS)?;
    let days: Vec<&str> = days.into_iter().map(|day| day.value).collect();
    Freeze::parse(&FreezeTexts { from, until, days: &days, hours, zone, reason })
        .map_err(|error| value.refuse(error.to_string()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{MAX_RULES_BYTES, RulesFile};

    #[test]
    fn a_rule_is_for_files_and_entries() {
        let text = "rules:\n- paths: [overlays/*, apps/web]\n  entries: [web, 'api-*']\n  pin-digest: true\n";
        let file = RulesFile::parse(text.as_bytes()).unwrap();
        for (path, entry, expected) in [
            ("overlays/prod/kustomization.yaml", "web", true),
            ("apps/web/values.yaml", "api-2", true),
            ("apps/web/values.yaml", "other", false),
            ("base/kustomization.yaml", "web", false),
        ] {
            assert_eq!(file.rules[0].is_for(path, entry), expected, "{path} {entry}");
        }
    }

    #[test]
    fn a_large_file_is_not_read() {
        let comment = format!("#{}\n", "x".repeat(MAX_RULES_BYTES));
        let error = RulesFile::parse(comment.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, format!("the file has {} bytes, and at most 65536 are read", MAX_RULES_BYTES + 2));
        let rule = "rules:\n- {paths: apps, pin-digest: true}\n#";
        let longest = format!("{rule}{}", "x".repeat(MAX_RULES_BYTES - rule.len()));
        assert_eq!(RulesFile::parse(longest.as_bytes()).unwrap().rules.len(), 1);
    }
}
