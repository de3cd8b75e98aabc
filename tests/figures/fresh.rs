//! The figures in docs/figures are those that their commands draw now.

use crate::plot;
use std::fs;
use std::path::Path;

/// Those of known densities as SVG: no network, no libtorch and no pixels, and so the same bytes on every processor.
const PORTABLE: [&str; 3] = ["paths", "step-size", "field"];

#[test]
fn the_figures_of_known_densities_are_drawn_again_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let theory = fs::read_to_string(root.join("docs/THEORY.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in PORTABLE {
        let begin = format!("    smld-train plot {name} ");
        let command = theory.lines().find(|line| line.starts_with(&begin)).unwrap();
        let words: Vec<&str> = command.split_whitespace().skip(2).collect();
        let (shown, arguments) = words.split_last().unwrap();
        let again = folder.path().join(Path::new(shown).file_name().unwrap());
        let arguments: Vec<&str> = arguments.iter().copied().chain([again.to_str().unwrap()]).collect();
        let output = plot(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            fs::read(&again).unwrap() == fs::read(root.join(shown)).unwrap(),
            "{shown} is stale: run `make figures`"
        );
    }
}
