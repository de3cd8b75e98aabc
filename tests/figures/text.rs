//! The text shows what its commands say and draw.

use crate::plot;
use std::fs;
use std::path::{Path, PathBuf};

/// The figures that take neither a model nor long, and depend on nothing but the project's own arithmetic.
const CHEAP: [&str; 7] = ["annealing", "field", "kernel", "loss", "paths", "step-size", "times"];

/// A command of the text, what it says there, and the file that it writes.
struct Shown {
    arguments: Vec<String>,
    says: String,
    file: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text() -> String {
    fs::read_to_string(root().join("docs/THEORY.md")).unwrap()
}

/// The commands `smld-train plot …` in the consoles of the text.
fn shown() -> Vec<Shown> {
    let text = text();
    let consoles = text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands = consoles.filter_map(|console| {
        let (command, says) = console.split_once('\n').unwrap();
        let words = command.strip_prefix("$ smld-train plot ")?.split_whitespace();
        let arguments: Vec<String> = words.map(str::to_owned).collect();
        let out = arguments.iter().position(|argument| argument == "--out").unwrap();
        Some(Shown { file: arguments[out + 1].clone(), says: says.to_owned(), arguments })
    });
    commands.collect()
}

#[test]
fn every_cheap_figure_and_its_numbers_are_what_the_command_of_the_text_gives() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("figure.svg");
    let shown = shown();
    for name in CHEAP {
        let Shown { arguments, says, file } = shown.iter().find(|shown| shown.arguments[0] == name).unwrap();
        let elsewhere = |argument| if argument == file { out.to_str().unwrap() } else { argument };
        let output = plot(&arguments.iter().map(|argument| elsewhere(argument)).collect::<Vec<_>>());
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), *says, "{name}: copy what it says into the text");
        let committed = fs::read(root().join(file)).unwrap();
        assert!(fs::read(&out).unwrap() == committed, "{file} is stale: make figures");
    }
}

#[test]
fn every_figure_of_the_text_has_its_command() {
    let drawn: Vec<PathBuf> = shown().iter().map(|shown| root().join(&shown.file).canonicalize().unwrap()).collect();
    let text = text();
    let images: Vec<&str> = text.split("![").skip(1).map(|rest| target(rest.split_once("](").unwrap().1)).collect();
    assert!(images.len() > 8, "images look like ![this](that)");
    for image in images {
        let path = root().join("docs").join(image).canonicalize().unwrap();
        assert!(drawn.contains(&path), "no command draws {image}");
    }
}

#[test]
fn every_link_of_the_text_leads_to_a_file() {
    let text = text();
    for link in text.split("](").skip(1).map(target).filter(|link| !link.starts_with("http")) {
        assert!(root().join("docs").join(link).exists(), "{link} is not there");
    }
}

/// What stands before the bracket that closes a link.
fn target(rest: &str) -> &str {
    rest.split(')').next().unwrap()
}
