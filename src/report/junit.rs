//! The results as a test report, which GitLab, Jenkins, Azure Pipelines and others show: a test case for each entry, image and
//! rule, in the part of JUnit's XML that all of them read. What XML cannot hold is escaped as in a terminal.

use super::command_end::CommandEnd;
use super::escape::{visible, visible_lines};
use super::json::{Document, Image, JudgedRule};
use crate::outcome::Ending;
use crate::outcome::failure::Failure;

/// A test case: what was looked at, and how that ended.
struct TestCase {
    name: String,
    verdict: CaseResult,
}

enum CaseResult {
    Passed,
    /// Nothing is wrong, and nothing was done.
    Skipped(String),
    Failed {
        message: String,
        /// What there is to say beside the message, line by line.
        details: Vec<String>,
    },
}

/// Returns the whole report.
pub(super) fn render(end: &CommandEnd<'_>) -> String {
    let document = &end.document;
    let suite = attribute(&end.title());
    let mut cases = match end.result {
        Ok(outcome) => of_outcome(document, &outcome.ending),
        Err(failure) => of_failure(failure),
    };
    if cases.is_empty() {
        let verdict = document.reason.map_or(CaseResult::Passed, |reason| CaseResult::Skipped(reason.to_owned()));
        cases.push(TestCase { name: document.outcome.to_owned(), verdict });
    }
    let skipped = cases.iter().filter(|case| matches!(case.verdict, CaseResult::Skipped(_))).count();
    let failed = cases.iter().filter(|case| matches!(case.verdict, CaseResult::Failed { .. })).count();
    let rows: String = cases.iter().map(|case| row(case, &suite)).collect();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", cases.len());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n\
         <testsuite name=\"{suite}\" {counts} skipped=\"{skipped}\">\n{rows}</testsuite>\n</testsuites>\n"
    )
}

fn of_outcome(document: &Document<'_>, ending: &Ending) -> Vec<TestCase> {
    let images = document.images.iter().map(|image| {
        let verdict = match ending {
            Ending::Stopped(stopped) => CaseResult::Skipped(stopped.reason.clone()),
            // A check has the digest of each image that it has asked for.
            Ending::Present if image.digest.is_none() => {
                CaseResult::Skipped("not checked: it has neither tag nor digest".to_owned())
            }
            _ => CaseResult::Passed,
        };
        TestCase { name: name(image), verdict }
    });
    let left_out = document.left_out.iter().map(|left| TestCase {
        name: format!("{} in {}", left.name, left.file),
        verdict: CaseResult::Skipped(left.reason.to_owned()),
    });
    images.chain(left_out).chain(document.rules.iter().map(of_rule)).collect()
}

fn name(image: &Image<'_>) -> String {
    match (image.name, image.file) {
        (Some(name), Some(file)) => format!("{name} in {file}"),
        _ => {
            let tag = image.tag.map(|tag| format!(":{tag}"));
            let version = tag.or_else(|| image.digest.map(|digest| format!("@{digest}"))).unwrap_or_default();
            format!("{}{version}", image.image)
        }
    }
}

fn of_rule(rule: &JudgedRule<'_>) -> TestCase {
    let parts = [Some(rule.source()), rule.rule.map(str::to_owned), rule.demand.map(str::to_owned)];
    let of = rule.entry.map(|entry| format!("of {entry}"));
    let name = parts.into_iter().chain([of]).flatten().collect::<Vec<_>>().join(" ");
    let verdict = match rule.holds {
        Some(true) => CaseResult::Passed,
        None => CaseResult::Skipped("nothing is released".to_owned()),
        Some(false) => CaseResult::Failed {
            message: rule.reason.unwrap_or("the rule does not hold").to_owned(),
            details: rule.remedy.map(str::to_owned).into_iter().collect(),
        },
    };
    TestCase { name, verdict }
}

fn of_failure(failure: &Failure) -> Vec<TestCase> {
    let problems = if failure.problems.is_empty() { std::slice::from_ref(failure) } else { &failure.problems };
    let case = |problem: &Failure| {
        let place = problem.place.as_ref().map(|place| format!("{}:{}:{}", place.file, place.line, place.column));
        let hint = problem.hint.as_ref().map(|hint| format!("hint: {hint}"));
        TestCase {
            name: format!("{}: {}", problem.kind.name(), problem.message),
            verdict: CaseResult::Failed {
                message: problem.message.clone(),
                details: place.into_iter().chain(problem.details.iter().cloned()).chain(hint).collect(),
            },
        }
    };
    problems.iter().map(case).collect()
}

fn row(case: &TestCase, suite: &str) -> String {
    let name = attribute(&case.name);
    let begin = format!("<testcase classname=\"{suite}\" name=\"{name}\"");
    match &case.verdict {
        CaseResult::Passed => format!("{begin}/>\n"),
        CaseResult::Skipped(why) => format!("{begin}><skipped message=\"{}\"/></testcase>\n", attribute(why)),
        CaseResult::Failed { message, details } => {
            let details: Vec<_> = details.iter().flat_map(|detail| visible_lines(detail).collect::<Vec<_>>()).collect();
            let (message, details) = (attribute(message), escaped(&details.join("\n")));
            format!("{begin}><failure message=\"{message}\">{details}</failure></testcase>\n")
        }
    }
}

/// Returns a text as the value of an attribute, which has one line.
fn attribute(text: &str) -> String {
    escaped(&visible(text))
}

/// Returns `text` as XML holds it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // <https://www.w3.org/TR/xml/#charsets>
            c if (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.extend(c.escape_unicode());
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::cli::{CommandName, Surface};
    use crate::outcome::failure::Failure;
    use crate::outcome::{Ending, LeftOut, Outcome, StopKind, Stopped};
    use crate::report::command_end::CommandEnd;

    fn report(result: Result<&Outcome, &Failure>) -> String {
        render(&CommandEnd::new(CommandName::Release, result, &[], Surface::CommandLine))
    }

    #[test]
    fn any_text_is_valid_xml() {
        let every: String = ('\0'..='\u{2ff}').chain('\u{fff0}'..='\u{1000f}').collect();
        let failure = Failure::target(every.clone()).detail(format!("]]>{every}")).hint("<![CDATA[ \u{1b}[2J");
        let text = report(Err(&failure));
        let document = roxmltree::Document::parse(&text).unwrap();
        let found = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert!(found.attribute("message").unwrap().contains("\\u{0}\\u{1}"), "{text}");
        assert!(found.text().unwrap().ends_with("hint: <![CDATA[ \\u{1b}[2J"), "{text}");
    }

    #[test]
    fn each_problem_is_a_case() {
        let failure = Failure::target("no entry `a`").hint("add it").and(vec![Failure::usage("no tag")]);
        let text = report(Err(&failure));
        assert!(text.contains("tests=\"2\" failures=\"2\""), "{text}");
        assert!(text.contains("<failure message=\"no entry `a`\">hint: add it</failure>"), "{text}");
    }

    #[test]
    fn what_is_left_out_is_skipped() {
        let left = LeftOut {
            file: "k.yaml".to_owned(),
            name: "web".to_owned(),
            kind: StopKind::Superseded,
            reason: "it is newer".to_owned(),
        };
        let outcome = Outcome { left_out: vec![left], ..Outcome::new(Ending::Unchanged) };
        let text = report(Ok(&outcome));
        assert!(text.contains("name=\"web in k.yaml\"><skipped message=\"it is newer\"/>"), "{text}");
        let held = Stopped { kind: StopKind::Held, reason: "a hold".to_owned() };
        let held = Outcome::new(Ending::Stopped(held));
        assert!(report(Ok(&held)).contains("name=\"held\"><skipped message=\"a hold\"/>"));
        assert!(report(Ok(&Outcome::new(Ending::Logged(Vec::new())))).contains("name=\"listed\"/>"));
    }
}
