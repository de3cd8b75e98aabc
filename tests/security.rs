//! docs/SECURITY.md: every threat names the tests that hold it, and they exist.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The functions that are called tests below `folder`.
fn tests(folder: PathBuf) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(tests(path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
                    found.insert(name.split(['(', '<']).next().unwrap().to_owned());
                    is_test = false;
                }
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            }
        }
    }
    found
}

/// The rows of the table of threats, cell by cell.
fn threats(text: &str) -> Vec<Vec<&str>> {
    let (_, table) = text.split_once("## Threats").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_threat_names_tests_and_each_of_them_is_there() {
    let text = fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let (threats, mut known) = (threats(&text), tests(root().join("tests")));
    known.extend(tests(root().join("src")));
    assert!(threats.len() > 15 && known.contains("every_threat_names_tests_and_each_of_them_is_there"));
    for row in threats {
        let [threat, measure, held_by, _] = row[..] else { panic!("a row has {} cells: {row:?}", row.len()) };
        let named: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!measure.is_empty() && !named.is_empty(), "nothing holds '{threat}'");
        let missing: Vec<&&str> = named.iter().filter(|name| !known.contains(**name)).collect();
        assert!(missing.is_empty(), "'{threat}' names tests that are not there: {missing:?}");
    }
}
