//! Reads `WWW-Authenticate`: what a registry wants to see before it answers
//! ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1)). A header can hold several challenges, and an
//! answer several headers; the comma between challenges is also the comma between their parameters. It is lenient:
//! what cannot be read is passed over, because another challenge may be one we know.

/// One challenge: a scheme and its parameters, their names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns the scheme in lower case.
    pub(super) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns the first parameter of this name, if it says anything.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// Returns the challenges of all `headers`, in their order.
pub(super) fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for header in headers {
        let mut rest = Rest(header);
        while rest.skip_to_item() {
            rest.item(&mut challenges);
        }
    }
    challenges
}

/// What of a header is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Passes over space and commas; returns whether anything follows.
    fn skip_to_item(&mut self) -> bool {
        self.0 = self.0.trim_start_matches([' ', '\t', ',']);
        !self.0.is_empty()
    }

    /// Reads a scheme or a parameter. A word is a parameter's name if `=` follows, and a scheme otherwise.
    fn item(&mut self, challenges: &mut Vec<Challenge>) {
        let word = self.take_while(is_token);
        if word.is_empty() {
            self.take_while(|c| c != ',');
            return;
        }
        let space = self.take_while(is_space);
        if let Some(value) = self.0.strip_prefix('=') {
            self.0 = value.trim_start_matches(is_space);
            let value = self.value();
            if let Some(challenge) = challenges.last_mut() {
                challenge.parameters.push((word.to_ascii_lowercase(), value));
            }
            return;
        }
        if space.is_empty() && !self.0.is_empty() && !self.0.starts_with(',') {
            // Not a word after all, such as the data `a/b==` of another scheme.
            self.take_while(|c| c != ',');
            return;
        }
        challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
    }

    /// Reads a quoted string, or a bare value; some registries leave the quotes out even around a URL.
    fn value(&mut self) -> String {
        let Some(quoted) = self.0.strip_prefix('"') else {
            return self.take_while(|c| c != ',' && !is_space(c)).to_owned();
        };
        let mut value = String::new();
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next()),
                other => value.push(other),
            }
        }
        self.0 = characters.as_str();
        value
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// A character of the RFC's `token`.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Reads any header: names are in lower case, and schemes are words.
#[cfg(fuzzing)]
pub fn fuzz(header: &str) {
    for challenge in parse(header.lines()) {
        assert!(!challenge.scheme().is_empty() && challenge.scheme().chars().all(is_token));
        for (name, _) in &challenge.parameters {
            assert!(challenge.parameter(name).is_none_or(|value| !value.is_empty()));
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Shows challenges as `scheme{key=value;…}`, joined by spaces.
    fn show(headers: &[&str]) -> String {
        let shown = parse(headers.iter().copied()).into_iter().map(|challenge| {
            let parameters: Vec<_> = challenge.parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{}{{{}}}", challenge.scheme, parameters.join(";"))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_registries_send() {
        for (header, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                "bearer{realm=https://auth.docker.io/token;service=registry.docker.io;scope=repository:a/b:pull,push}",
            ),
            (r#"Basic realm="lab""#, "basic{realm=lab}"),
            ("Basic", "basic{}"),
            ("BASIC Realm=lab", "basic{realm=lab}"),
            (r#"bearer realm = "x" , service = y"#, "bearer{realm=x;service=y}"),
            ("Bearer realm=https://host/token,service=a", "bearer{realm=https://host/token;service=a}"),
            (r#"Basic realm="a", Bearer realm="b", scope="c""#, "basic{realm=a} bearer{realm=b;scope=c}"),
            (r#"Negotiate, Basic realm="a""#, "negotiate{} basic{realm=a}"),
            (r#"Negotiate YWJj/d==, Basic realm="a""#, "negotiate{} basic{realm=a}"),
            (r#"Basic realm="a \"quoted\", b\\c""#, r#"basic{realm=a "quoted", b\c}"#),
            (r#",, Basic realm="a",, charset="UTF-8","#, "basic{realm=a;charset=UTF-8}"),
            (r#"Basic realm="never closed"#, "basic{realm=never closed}"),
            (r#"Basic realm="ends in \"#, "basic{realm=ends in }"),
            (r#"@@@, Bearer realm="b""#, "bearer{realm=b}"),
            (r#"realm="nobody's""#, ""),
            ("Bearer realm=", "bearer{realm=}"),
            ("Bearer realm=\"ü\"", "bearer{realm=ü}"),
            ("", ""),
            ("=", ""),
            ("\"", ""),
        ] {
            assert_eq!(show(&[header]), expected, "{header}");
        }
    }

    #[test]
    fn several_headers() {
        assert_eq!(
            show(&["Negotiate", r#"Basic realm="a""#, "Bearer realm=b"]),
            "negotiate{} basic{realm=a} bearer{realm=b}"
        );
    }

    #[test]
    fn the_first_parameter_of_a_name_counts_and_empty_is_none() {
        let challenges = parse([r#"Bearer realm="a",REALM="b",scope="""#]);
        assert_eq!(challenges[0].parameter("realm"), Some("a"));
        assert_eq!(challenges[0].parameter("scope"), None);
    }

    #[test]
    fn every_text_comes_to_an_end() {
        let alphabet = ['B', ' ', '=', '"', '\\', ',', '/', 'é'];
        for number in 0..alphabet.len().pow(5) {
            let text: String =
                (0..5u32).map(|place| alphabet[number / alphabet.len().pow(place) % alphabet.len()]).collect();
            parse([text.as_str()]);
        }
    }
}
