//! Values that are made of variables, by templates.

/// Templates for one value, the first that can be filled in counts; none: the system does not tell.
pub(super) type Values = &'static [&'static str];

/// Returns whether the value of a variable says no.
pub(in crate::cli) fn says_no(value: &str) -> bool {
    ["0", "false", "no", "off"].contains(&value.to_ascii_lowercase().as_str())
}

/// Returns the first of `values` whose variables are all set.
pub(super) fn value(variable: &impl Fn(&str) -> Option<String>, values: Values) -> Option<String> {
    values.iter().find_map(|template| filled(variable, template))
}

/// Returns `template` with its variables filled in: `{NAME}`, or `{NAME#PREFIX}` for what follows a prefix that must be
/// there. What is not one line of text is not believed.
fn filled(lookup: &impl Fn(&str) -> Option<String>, template: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (variable, after) = after.split_once('}')?;
        let (name, prefix) = variable.split_once('#').unwrap_or((variable, ""));
        text.push_str(before);
        text.push_str(lookup(name)?.strip_prefix(prefix)?);
        rest = after;
    }
    text.push_str(rest);
    (!text.contains(char::is_control)).then_some(text)
}
