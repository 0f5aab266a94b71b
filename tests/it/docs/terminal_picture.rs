//! Draws what a terminal shows as SVG: one text for each line, whose colours are those of the escape sequences.

/// In tenths of a pixel, of a character.
const ADVANCE: usize = 84;
const LINE: usize = 20;
const MARGIN: usize = 20;

/// Dark in both modes of a page, as terminals are.
const STYLE: &str = "\
text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace; \
font-size: 14px; fill: #e6edf3; white-space: pre }
.good { fill: #3fb950 } .bad { fill: #ff7b72; font-weight: bold } .removed { fill: #ff7b72 }
.note { fill: #d29922 } .faint { fill: #8b949e }";

pub(super) fn draw(title: &str, screen: &str) -> String {
    let lines: Vec<Vec<(&str, String)>> = screen.lines().map(spans).collect();
    let length = |line: &Vec<(&str, String)>| line.iter().map(|(_, text)| text.chars().count()).sum::<usize>();
    let longest = lines.iter().map(length).max().unwrap_or_default();
    let width = pixels(longest) + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut svg = head(title, width, height, STYLE);
    svg += "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n";
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| length(line) > 0) {
        let y = MARGIN + 15 + number * LINE;
        let end = pixels(length(line));
        svg += &format!("<text x=\"{MARGIN}\" y=\"{y}\" textLength=\"{end}\" xml:space=\"preserve\">");
        for (class, text) in line {
            let text = escaped(text);
            match *class {
                "" => svg += &text,
                class => svg += &format!("<tspan class=\"{class}\">{text}</tspan>"),
            }
        }
        svg += "</text>\n";
    }
    svg + "</svg>\n"
}

/// Returns the beginning of a picture: its size, its name for readers that cannot see it, and its style.
pub(super) fn head(title: &str, width: usize, height: usize, style: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{title}</title>\n<style>\n{style}\n</style>\n"
    )
}

fn pixels(characters: usize) -> usize {
    (characters * ADVANCE + 5) / 10
}

/// Returns the parts of a line with their classes. An escape sequence that has no class fails the test.
fn spans(line: &str) -> Vec<(&'static str, String)> {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let mut spans = vec![("", first.to_owned())];
    for part in parts {
        let (code, text) = part.split_once('m').expect("a sequence for colour");
        let class = match code {
            "0" => "",
            "32" => "good",
            "1;31" => "bad",
            "31" => "removed",
            "33" => "note",
            "2" => "faint",
            _ => panic!("no class for the sequence {code}"),
        };
        spans.push((class, text.to_owned()));
    }
    spans.retain(|(_, text)| !text.is_empty());
    spans
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
