//! Numbers for the terminal, and for the text that quotes them.

use std::fmt;

/// Rows of cells under a header, each column as wide as its widest cell and flush right.
#[derive(Clone, Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows, whose columns are called `header`.
    pub(super) fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Self { rows: vec![header.into_iter().map(str::to_owned).collect()] }
    }

    /// Adds a row, of as many cells as the header has.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |cell: &String| cell.chars().count();
        let width = |column: usize| self.rows.iter().map(|row| length(&row[column])).max().unwrap_or(0);
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:>width$}", width = width(column)));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  "))?;
        }
        Ok(())
    }
}
