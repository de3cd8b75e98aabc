//! A run among other processes: readers that go, signals, others at work in its folder, a disk that is full.

use crate::command::{said, smld_train};
use crate::support::write_ring;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const FIT: [&str; 9] = ["fit", "--data", "points.npy", "--out", "ring.onnx", "--threads", "1", "--width", "16"];

/// A run that is ended with its test.
struct Running(Child);

impl Running {
    /// A run of so many steps that it does not come to its end, once it has logged some.
    fn under_way(folder: &Path) -> Self {
        let mut running = Self(fit(folder, &["--steps", "100000000"]).spawn().unwrap());
        let begin = Instant::now();
        while steps(folder).is_empty() {
            let runs = running.0.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(60);
            assert!(runs, "it does not run");
            std::thread::yield_now();
        }
        running
    }

    /// Presses Ctrl-C: the exit status.
    fn interrupt(&mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder with points to train on.
fn ring() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_ring(folder.path(), 64);
    folder
}

fn fit(folder: &Path, arguments: &[&str]) -> Command {
    let onnxruntime = Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/onnxruntime/libonnxruntime.so");
    let mut command = Command::new(env!("CARGO_BIN_EXE_smld-train"));
    command.args(FIT).args(arguments).current_dir(folder).env("SMLD_ONNXRUNTIME", onnxruntime);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The steps of the log's whole lines.
fn steps(folder: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(folder.join("runs/ring/log.jsonl")).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap()).collect()
}

#[test]
fn a_run_whose_words_nobody_reads_any_more_comes_to_its_end() {
    let folder = ring();
    let folder = folder.path();
    let mut child = fit(folder, &["--steps", "3"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert!(folder.join("ring.onnx").exists());
}

#[test]
fn an_interrupted_run_exits_with_130_after_a_checkpoint_and_goes_on_with_the_same_lines() {
    let folder = ring();
    let folder = folder.path();
    let mut running = Running::under_way(folder);
    assert_eq!(running.interrupt(), Some(130));
    assert!(folder.join("runs/ring/checkpoint.safetensors").exists() && !folder.join("ring.onnx").exists());

    let last = steps(folder).len() as u64 + 2;
    let end = 50 * last + 10;
    let output = smld_train(folder, &[&FIT[..], &["--resume", "--steps", &end.to_string()]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert!(folder.join("ring.onnx").exists());
    let expected: Vec<u64> = (1..=last).map(|line| 50 * line).chain([end]).collect();
    assert_eq!(steps(folder), expected);
}

#[test]
fn a_second_run_in_the_folder_of_one_that_is_under_way_is_refused() {
    let folder = ring();
    let folder = folder.path();
    let mut running = Running::under_way(folder);
    for more in [&["--steps", "1"][..], &["--steps", "1", "--resume"]] {
        let output = smld_train(folder, &[&FIT[..], more].concat());
        assert!(!output.status.success(), "{more:?} was taken");
        let told = said(&output);
        assert!(told.contains("another smld-train fit is at work in the folder runs/ring"), "{told}");
    }
    let other = smld_train(folder, &[&FIT[..], &["--steps", "1", "--run", "other"]].concat());
    assert!(other.status.success(), "{}", said(&other));
    assert_eq!(running.interrupt(), Some(130));
    assert!(!folder.join("runs/ring/lock").exists(), "the lock file is left behind");
    let output = smld_train(folder, &[&FIT[..], &["--steps", "1", "--resume"]].concat());
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_log_that_cannot_be_written_is_told_once_and_ends_the_run_with_an_error_after_the_file() {
    let folder = ring();
    let folder = folder.path();
    let output = smld_train(folder, &[&FIT[..], &["--steps", "50"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    std::fs::remove_file(folder.join("ring.onnx")).unwrap();
    // A log as large as files may become: 2000 blocks, of 512 bytes or of 1024.
    let full = "{\"step\":50}\n".repeat(200_000);
    std::fs::write(folder.join("runs/ring/log.jsonl"), &full).unwrap();
    let onnxruntime = Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/onnxruntime/libonnxruntime.so");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_smld-train")])
        .args(FIT)
        .args(["--resume", "--steps", "210"])
        .current_dir(folder)
        .env("SMLD_ONNXRUNTIME", onnxruntime)
        .output()
        .unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("the run goes on, and its log lacks steps").count(), 1, "{told}");
    assert!(told.contains("wrote ring.onnx") && told.contains("smld-train: the log lacks steps"), "{told}");
    assert!(folder.join("ring.onnx").exists());
    assert!(
        std::fs::read_to_string(folder.join("runs/ring/log.jsonl")).unwrap() == full,
        "a part of a line is in the log"
    );
}
