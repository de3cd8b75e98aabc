//! The clients that scripts/clients.txt pins.

use std::path::Path;
use std::process::Command;

/// Runs `python` with `arguments` in `folder`.
#[track_caller]
pub(crate) fn run(folder: &Path, arguments: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pins = |file: &str| std::fs::read(root.join(file)).unwrap_or_default();
    let are_there = pins(".deps/clients/pins") == pins("scripts/clients.txt");
    assert!(
        are_there,
        "the clients in .deps/clients are not those of scripts/clients.txt: run 'scripts/fetch clients'"
    );
    let output =
        Command::new(root.join(".deps/clients/bin/python")).args(arguments).current_dir(folder).output().unwrap();
    let [told, complained] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{told}{complained}");
}

/// The lines of README.md in Python among which `line` begins one.
pub(crate) fn snippet(line: &str) -> String {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let mut snippets = readme.split("```python\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    snippets.find(|snippet| snippet.lines().any(|other| other.starts_with(line))).unwrap().to_owned()
}
