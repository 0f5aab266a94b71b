//! Draws a job's summary as SVG, as GitHub shows its Markdown: of Markdown, what the summary uses. Fonts differ between
//! machines, so that each piece of text has the width that it is drawn with.

use super::terminal_picture::{escaped, head};

const WIDTH: usize = 900;
const MARGIN: usize = 24;

/// Follows the mode of the page.
const STYLE: &str = "\
text { font-family: -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; font-size: 14px; fill: #1f2328; \
white-space: pre }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace; \
font-size: 12px }
.heading { font-size: 18px; font-weight: 600 } .heading.mono { font-size: 16px } .strong { font-weight: 600 }
.link { fill: #0969da } .faint { fill: #59636e }
.page { fill: #ffffff; stroke: #d1d9e0 } .pill { fill: #818b98; fill-opacity: .12 } .box { fill: #f6f8fa }
.line { stroke: #d1d9e0 } .added { fill: #dafbe1 } .removed { fill: #ffebe9 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .link { fill: #4493f8 } .faint { fill: #9198a1 }
.page { fill: #0d1117; stroke: #3d444d } .pill { fill: #656c76; fill-opacity: .2 } .box { fill: #151b23 }
.line { stroke: #3d444d } .added { fill: #12261e } .removed { fill: #25171c }
}";

/// A piece of a line.
struct Piece {
    text: String,
    is_code: bool,
    is_link: bool,
}

/// How large text is: of a heading, of a table's heading, or of all else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Heading,
    Strong,
    Normal,
}

pub(super) fn draw(title: &str, markdown: &str) -> String {
    let mut page = Page { svg: String::new(), y: MARGIN };
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("### ") {
            page.y += 22;
            page.line(MARGIN, &pieces(heading), Size::Heading);
            page.y += 18;
        } else if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            page.fence(&code);
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.extend((!row.starts_with("|---")).then(|| cells(row)));
            }
            page.table(&rows);
        } else if !line.is_empty() {
            page.y += 18;
            page.line(MARGIN, &pieces(line), Size::Normal);
            page.y += 14;
        }
    }
    let height = page.y + MARGIN / 2;
    let head = head(title, WIDTH, height, STYLE);
    let (width, inner) = (WIDTH - 1, height - 1);
    format!(
        "{head}<rect class=\"page\" x=\".5\" y=\".5\" width=\"{width}\" height=\"{inner}\" rx=\"6\"/>\n{}</svg>\n",
        page.svg
    )
}

struct Page {
    svg: String,
    /// How far down the page is drawn.
    y: usize,
}

impl Page {
    /// Draws a line on the base `y`.
    fn line(&mut self, x: usize, pieces: &[Piece], size: Size) {
        let (mut x, y) = (x, self.y);
        for piece in pieces {
            let wide = piece.width(size);
            let mut class = match (size, piece.is_code) {
                (Size::Heading, true) => "heading mono",
                (Size::Heading, false) => "heading",
                (_, true) => "mono",
                (Size::Strong, false) => "strong",
                (Size::Normal, false) => "",
            }
            .to_owned();
            if piece.is_link {
                class += " link";
            }
            let (start, length) = if piece.is_code { (x + 5, wide - 10) } else { (x, wide) };
            if piece.is_code {
                let (top, tall) = (y - 15, 21);
                self.svg += &format!(
                    "<rect class=\"pill\" x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{tall}\" rx=\"6\"/>\n"
                );
            }
            let text = escaped(&piece.text);
            let class = class.trim_start();
            self.svg += &format!(
                "<text class=\"{class}\" x=\"{start}\" y=\"{y}\" textLength=\"{length}\" \
                 lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{text}</text>\n"
            );
            x += wide;
        }
    }

    fn fence(&mut self, lines: &[&str]) {
        let (top, wide, tall) = (self.y, WIDTH - 2 * MARGIN, lines.len() * 18 + 24);
        self.svg +=
            &format!("<rect class=\"box\" x=\"{MARGIN}\" y=\"{top}\" width=\"{wide}\" height=\"{tall}\" rx=\"6\"/>\n");
        for (number, line) in lines.iter().enumerate() {
            let y = top + 26 + number * 18;
            let is_name = line.starts_with("---") || line.starts_with("+++");
            let band = match line.as_bytes().first() {
                Some(b'+') if !is_name => Some("added"),
                Some(b'-') if !is_name => Some("removed"),
                _ => None,
            };
            if let Some(class) = band {
                let (x, y, wide) = (MARGIN + 8, y - 13, wide - 16);
                self.svg += &format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"18\"/>\n");
            }
            let (x, text) = (MARGIN + 16, escaped(line));
            let class = if line.starts_with("@@") || is_name { "mono faint" } else { "mono" };
            self.svg += &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" xml:space=\"preserve\">{text}</text>\n");
        }
        self.y = top + tall + 10;
    }

    fn table(&mut self, rows: &[Vec<Vec<Piece>>]) {
        const ROW: usize = 36;
        let of_row = |number: usize| if number == 0 { Size::Strong } else { Size::Normal };
        let columns = rows.first().map(Vec::len).unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let widths = rows.iter().enumerate().map(|(number, row)| width(&row[column], of_row(number)) + 26);
                widths.max().unwrap_or_default()
            })
            .collect();
        let (top, wide): (usize, usize) = (self.y, widths.iter().sum());
        assert!(
            wide <= WIDTH - 2 * MARGIN,
            "the table is {wide} pixels wide, and the page would have a bar to move it"
        );
        let bottom = top + ROW * rows.len();
        for (number, row) in rows.iter().enumerate() {
            let mut x = MARGIN;
            self.y = top + number * ROW + 23;
            for (cell, width) in row.iter().zip(&widths) {
                self.line(x + 13, cell, of_row(number));
                x += width;
            }
        }
        let right = MARGIN + wide;
        for number in 0..=rows.len() {
            let y = top + number * ROW;
            self.svg += &format!("<path class=\"line\" d=\"M{MARGIN} {y}.5H{right}\"/>\n");
        }
        let mut x = MARGIN;
        for width in std::iter::once(&0).chain(&widths) {
            x += width;
            self.svg += &format!("<path class=\"line\" d=\"M{x}.5 {top}V{bottom}\"/>\n");
        }
        self.y = bottom + 16;
    }
}

impl Piece {
    fn width(&self, size: Size) -> usize {
        let characters = self.text.chars().count();
        match (size, self.is_code) {
            (Size::Heading, true) => characters * 97 / 10 + 10,
            (_, true) => characters * 72 / 10 + 10,
            (size, false) => self.text.chars().map(|c| advance(c, size)).sum::<usize>() / 10,
        }
    }
}

/// Returns about how wide a character of a proportional font is, in tenths of a pixel.
fn advance(c: char, size: Size) -> usize {
    let of_normal = match c {
        ' ' | '.' | ',' | ':' | '\'' | 'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' => 43,
        'm' | 'w' | 'M' | 'W' => 112,
        'A'..='Z' => 92,
        c if !c.is_ascii() && c != '·' => 140,
        _ => 78,
    };
    match size {
        Size::Heading => of_normal * 14 / 10,
        Size::Strong => of_normal * 11 / 10,
        Size::Normal => of_normal,
    }
}

fn width(pieces: &[Piece], size: Size) -> usize {
    pieces.iter().map(|piece| piece.width(size)).sum()
}

fn cells(row: &str) -> Vec<Vec<Piece>> {
    row.trim_matches('|').split('|').map(|cell| pieces(cell.trim())).collect()
}

/// Returns the pieces of a line: text, code spans, and links around either.
fn pieces(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let after = match rest.split_once('[') {
            Some((before, link)) if !before.contains('`') => {
                let (text, target) = link.split_once("](").expect("the target of a link");
                spans(before, false, &mut pieces);
                spans(text, true, &mut pieces);
                target.split_once(')').expect("the end of a link").1
            }
            _ => {
                let end = rest.match_indices('[').next().map_or(rest.len(), |(end, _)| end);
                spans(&rest[..end], false, &mut pieces);
                &rest[end..]
            }
        };
        rest = after;
    }
    pieces
}

fn spans(text: &str, is_link: bool, pieces: &mut Vec<Piece>) {
    assert!(!text.contains('&'), "an entity for a reader of the Markdown: {text}");
    for (index, part) in text.split('`').enumerate().filter(|(_, part)| !part.is_empty()) {
        pieces.push(Piece { text: part.to_owned(), is_code: index % 2 == 1, is_link });
    }
}
