//! The rules file, `.tagship.yaml` in a folder of the release branch: what must hold for the files in that folder and below
//! it. It is read fail-safe, as a hold is: a file that does not follow its grammar stops everything below it. So every key is
//! known, every value has a type, and nothing is guessed. `docs/src/reference/rules.schema.json` says the same for editors.

use super::freeze::{Freeze, FreezeTexts};
use super::glob_pattern::GlobPattern;
use super::rule::{
    Demand, Demanded, DemandedSigner, PublishWay, ReleaseRule, RequiredOrder, SigningIdentity, TagPattern,
};
use super::typed_mapping::{KeyedValue, Placed, RulesRefusal, TypedMapping, YamlValue};
use crate::image::Platform;
use crate::yaml::{self, SourceText};

/// The name of the file.
pub const RULES_FILE_NAME: &str = ".tagship.yaml";

/// The largest rules file, in bytes.
pub const MAX_RULES_BYTES: usize = 64 << 10;

const FILE_KEYS: [&str; 1] = ["rules"];

/// What makes a rule be for a file and an entry.
const SCOPE_KEYS: [&str; 3] = ["name", "paths", "entries"];

/// What a rule can demand, in the order in which it is judged and told.
const DEMAND_KEYS: [&str; 11] = [
    "images",
    "tags",
    "platforms",
    "pin-digest",
    "revision",
    "signature",
    "provenance",
    "attestations",
    "publish",
    "order",
    "freeze",
];

const SIGNATURE_KEYS: [&str; 4] = ["key", "identity", "identity-regexp", "issuer"];

const FREEZE_KEYS: [&str; 6] = ["from", "until", "days", "hours", "zone", "reason"];

/// The rules of one file.
#[derive(Debug, Clone, PartialEq)]
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
    let mut demands = Vec::new();
    for key in DEMAND_KEYS {
        let Some(KeyedValue { key: place, value }) = keys.take(key) else { continue };
        demands.push(Demand { line: place.line, column: place.column, demanded: demanded(key, value)? });
    }
    keys.finish(&[&SCOPE_KEYS[..], &DEMAND_KEYS[..]].concat())?;
    if demands.is_empty() {
        return Err(value.refuse(format!("the rule demands nothing; it needs one of `{}`", DEMAND_KEYS.join("`, `"))));
    }
    let signed = demands.iter().any(|demand| matches!(demand.demanded, Demanded::Signature(_)));
    let unsigned = |demand: &&Demand| matches!(demand.demanded, Demanded::Provenance | Demanded::Attestations(_));
    match demands.iter().find(unsigned) {
        Some(Demand { line, column, demanded }) if !signed => {
            let place = Some(yaml::Position { line: *line, column: *column });
            let key = demanded.key();
            Err(RulesRefusal {
                place,
                why: format!("`{key}` needs `signature` in the same rule, which says whose word counts"),
            })
        }
        _ => Ok(ReleaseRule { name, line: value.place().line, paths, entries, demands }),
    }
}

fn demanded(key: &str, value: YamlValue<'_>) -> Result<Demanded, RulesRefusal> {
    let what = format!("`{key}`");
    let all = |value: YamlValue<'_>| -> Result<Vec<String>, RulesRefusal> {
        Ok(value.texts(&what)?.into_iter().map(|text| one_line(text.value)).collect())
    };
    Ok(match key {
        "images" => Demanded::Images(each(value, &what, GlobPattern::parse)?),
        "tags" => Demanded::Tags(each(value, &what, tag_pattern)?),
        "platforms" => Demanded::Platforms(each(value, &what, |text| text.parse::<Platform>())?),
        "pin-digest" => value.is_set(&what).map(|()| Demanded::PinDigest)?,
        "revision" => value.is_set(&what).map(|()| Demanded::Revision)?,
        "signature" => Demanded::Signature(signature(value.mapping(&what)?)?),
        "provenance" => value.is_set(&what).map(|()| Demanded::Provenance)?,
        "attestations" => Demanded::Attestations(all(value)?),
        "publish" => Demanded::Publish(choice(
            value,
            &what,
            &[("push", PublishWay::Push), ("pull-request", PublishWay::PullRequest)],
        )?),
        "order" => Demanded::Order(choice(
            value,
            &what,
            &[("not-older", RequiredOrder::NotOlder), ("newer", RequiredOrder::Newer)],
        )?),
        _ => {
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

fn tag_pattern(text: &str) -> Result<TagPattern, super::glob_pattern::GlobError> {
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

fn signature(mut keys: TypedMapping<'_>) -> Result<DemandedSigner, RulesRefusal> {
    let value = keys.value();
    let mut text = |key: &str| keys.take(key).map(|keyed| keyed.value.text(&format!("`{key}`"))).transpose();
    let (key, exact, matching, issuer) = (text("key")?, text("identity")?, text("identity-regexp")?, text("issuer")?);
    keys.finish(&SIGNATURE_KEYS)?;
    let owned = |text: Placed<&str>| text.value.trim().to_owned();
    match (key, exact, matching, issuer) {
        (Some(key), None, None, None) if key.value.trim_start().starts_with("-----BEGIN PUBLIC KEY-----") => {
            Ok(DemandedSigner::Key(owned(key)))
        }
        (Some(key), None, None, None) => {
            key.parse(|_other| Err("`key` is a public key in PEM, which begins with `-----BEGIN PUBLIC KEY-----`"))
        }
        (None, Some(exact), None, Some(issuer)) => {
            Ok(DemandedSigner::Identity { identity: SigningIdentity::Exact(owned(exact)), issuer: owned(issuer) })
        }
        (None, None, Some(matching), Some(issuer)) => {
            Ok(DemandedSigner::Identity { identity: SigningIdentity::Matching(owned(matching)), issuer: owned(issuer) })
        }
        _ => Err(value.refuse(
            "`signature` needs `key`, or `issuer` with one of `identity` and `identity-regexp`, and nothing else",
        )),
    }
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
    }
}
