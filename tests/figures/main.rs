//! The figures of the subject: the numbers beside them are right.
#![cfg(feature = "train")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fresh;
#[path = "../common/mixture.rs"]
mod mixture;
mod numbers;

use std::path::Path;
use std::process::{Command, Output};

/// `smld-train plot` with `arguments`, in the project's folder.
fn plot(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_smld-train"))
        .arg("plot")
        .args(arguments)
        .current_dir(root)
        .env("SMLD_ONNXRUNTIME", root.join(".deps/onnxruntime/libonnxruntime.so"))
        .output()
        .unwrap()
}

/// What a figure says on the terminal; the picture goes where nobody looks.
fn said(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("figure.svg");
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--out", out.to_str().unwrap()]).collect();
    let output = plot(&arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(&out).unwrap().contains("</svg>"));
    String::from_utf8(output.stdout).unwrap()
}
