//! Libraries that are not onnxruntime. Apart from the other tests: a process loads one library, and this one none.
#![cfg(feature = "onnx")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

use smld::score::onnx::{Runtime, RuntimeError};
use std::path::{Path, PathBuf};
use std::process::Command;

fn refusal(path: &Path) -> (RuntimeError, String) {
    let error = Runtime::load(Some(path)).expect_err("it is not onnxruntime");
    let sentence = error.to_string();
    assert!(sentence.contains(&*path.to_string_lossy()), "{sentence}");
    (error, sentence)
}

/// A shared library made of `source`.
fn library(folder: &Path, source: &str) -> PathBuf {
    let (code, path) = (folder.join("library.rs"), folder.join("library.so"));
    std::fs::write(&code, source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let status =
        Command::new(rustc).args(["--edition=2024", "--crate-type=cdylib", "-o"]).args([&path, &code]).status();
    assert!(status.unwrap().success());
    path.canonicalize().unwrap()
}

#[test]
fn a_path_that_leads_nowhere_is_refused() {
    let (error, sentence) = refusal(Path::new("/no/such/libonnxruntime.so"));
    assert!(matches!(error, RuntimeError::NoSuchFile(_)) && sentence.contains("correct the path"), "{sentence}");
    assert!(matches!(Runtime::load(Some(Path::new("tests"))), Err(RuntimeError::NoSuchFile(_))), "a folder is no file");
}

#[test]
fn a_file_that_is_no_library_is_refused_with_the_systems_reason() {
    let file = Path::new("Cargo.toml").canonicalize().unwrap();
    let (error, sentence) = refusal(&file);
    let RuntimeError::NotALibrary { reason, .. } = error else { panic!("{sentence}") };
    assert!(reason.contains("Cargo.toml"), "the reason is the loader's: {reason}");
}

#[test]
fn a_library_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (error, sentence) = refusal(&library(folder.path(), "#[unsafe(no_mangle)] pub extern \"C\" fn other() {}"));
    assert!(matches!(error, RuntimeError::NotOnnxruntime(_)) && sentence.contains("OrtGetApiBase"), "{sentence}");
}

#[test]
fn an_onnxruntime_too_old_is_refused_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    // The beginning of onnxruntime's interface: the API by its version, and the version of the library.
    let old = r#"
        #[repr(C)]
        pub struct OrtApiBase {
            api: extern "C" fn(u32) -> *const u8,
            version: extern "C" fn() -> *const u8,
        }
        extern "C" fn api(_: u32) -> *const u8 { std::ptr::null() }
        extern "C" fn version() -> *const u8 { c"1.16.3".as_ptr().cast() }
        static BASE: OrtApiBase = OrtApiBase { api, version };
        #[unsafe(no_mangle)]
        pub extern "C" fn OrtGetApiBase() -> &'static OrtApiBase { &BASE }
    "#;
    let (error, sentence) = refusal(&library(folder.path(), old));
    assert!(matches!(error, RuntimeError::TooOld { .. }), "{sentence}");
    assert!(sentence.contains("1.16.3") && sentence.contains("1.17 or later"), "{sentence}");
}

/// What a process of its own says that loads onnxruntime without a path, in `folder`.
fn searched(folder: &Path, variable: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "search_and_say", "--ignored", "--nocapture"]).current_dir(folder);
    command.env_remove("ORT_DYLIB_PATH").envs(variable.map(|path| ("ORT_DYLIB_PATH", path)));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
#[ignore = "the other process of the tests below"]
fn search_and_say() {
    match Runtime::load(None) {
        Ok(runtime) => println!("loaded {}", runtime.path().display()),
        Err(error) => println!("{error}"),
    }
}

#[test]
fn the_environments_path_is_used_or_refused() {
    let said = searched(Path::new("."), Some("/no/such/libonnxruntime.so"));
    assert!(said.contains("no onnxruntime library at '/no/such/libonnxruntime.so'"), "{said}");
}

#[test]
fn what_was_fetched_is_found_below_the_working_directory() {
    let said = searched(Path::new("."), None);
    assert!(said.contains("loaded /") && said.contains("libonnxruntime.so"), "{said}");
}

#[test]
fn without_a_library_the_places_and_the_remedy_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let said = searched(folder.path(), None);
    // A machine may have onnxruntime installed for all.
    let installed = said.contains("loaded libonnxruntime.so");
    let told = said.contains(".deps/onnxruntime") && said.contains("scripts/fetch onnxruntime");
    assert!(installed || told, "{said}");
}
