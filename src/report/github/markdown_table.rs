//! A table in Markdown. Its cells are Markdown already, and nothing in them ends a cell.

/// Returns a table of at most `room` bytes; rows that do not fit are counted. A column that says nothing is left out.
pub(super) fn table(headings: &[String], rows: &[Vec<String>], room: usize) -> String {
    let says_something = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let columns: Vec<usize> = (0..headings.len()).filter(says_something).collect();
    let line = |cells: &[String]| {
        let cells: Vec<&str> = columns.iter().map(|column| cells[*column].as_str()).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut table = format!("{}{}|\n", line(headings), "|---".repeat(columns.len()));
    for (index, row) in rows.iter().enumerate() {
        let row = line(row);
        if table.len() + row.len() > room {
            table += &format!("\n{} more are not shown.\n", rows.len() - index);
            break;
        }
        table += &row;
    }
    table + "\n"
}
