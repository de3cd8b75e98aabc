//! docs/THEORY.md: its figures are there, and are drawn by the commands it names.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// What stands between `before` and `after` in every line of `text` that has both.
fn between<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    text.lines().filter_map(|line| Some(line.split_once(before)?.1.split_once(after)?.0)).collect()
}

#[test]
fn every_figure_is_shown_and_every_shown_figure_is_there() {
    let theory = read("docs/THEORY.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), between(&theory, "](figures/", ")"));
}

#[test]
fn every_figure_has_its_command_and_make_figures_runs_the_same() {
    let (theory, makefile) = (read("docs/THEORY.md"), read("Makefile"));
    let commands = between(&theory, "    smld-train plot ", " --out docs/figures/");
    assert_eq!(commands, between(&makefile, "\t$(TRAIN) plot ", " --out docs/figures/"));
    let drawn: BTreeSet<&str> =
        theory.lines().filter_map(|line| Some(line.split_once(" --out docs/figures/")?.1)).collect();
    assert_eq!(drawn, between(&theory, "](figures/", ")"));
}

#[test]
fn every_link_of_the_text_leads_somewhere() {
    let theory = read("docs/THEORY.md");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let links = theory.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link));
    let broken: Vec<&str> = links.filter(|link| !docs.join(link).exists()).collect();
    assert!(broken.is_empty(), "{broken:?}");
}
