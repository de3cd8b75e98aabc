//! Flags over environment over file.

use super::program::{command, output};
use std::path::Path;

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("smld.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_flag_goes_before_its_variable_and_a_variable_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "workers = 3\nslots = 30\nmax-n = 300\nlog-format = \"json\"\n");
    let output = command(&["--check-config", "--config", &path, "--workers", "1"])
        .envs([("SMLD_WORKERS", "2"), ("SMLD_SLOTS", "20")])
        .output()
        .unwrap();
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_variable_that_is_no_setting_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let variables =
        [("SMLD_WORKERS", "2"), ("SMLD_CONFIG", &path), ("SMLD_WORKER", "3"), ("SMLD_KEY", "k"), ("SMLDX", "x")];
    let checked = command(&["--check-config"]).envs(variables).output().unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.status.success() && said.lines().count() == 2, "{said}");
    for variable in ["SMLD_WORKER", "SMLD_KEY"] {
        assert!(said.contains(&format!("{variable} is in the environment, and no setting of a server")), "{said}");
    }
    let mut server = command(&["--listen", "127.0.0.1:0", "--models", "no-such-folder", "--log", "warn"]);
    let said = String::from_utf8(server.envs(variables).output().unwrap().stderr).unwrap();
    assert!(said.contains("variable=\"SMLD_WORKER\"") && !said.contains("SMLDX"), "{said}");
}

#[test]
fn what_is_in_force_is_a_file_that_puts_it_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let first = output(&[
        "--check-config",
        "--max-n",
        "7",
        "--workers",
        "1",
        "--default-model",
        "mnist",
        "--allow-cpu-fallback",
    ]);
    let path = file(folder.path(), std::str::from_utf8(&first.stdout).unwrap());
    assert_eq!(output(&["--check-config", "--config", &path]).stdout, first.stdout);
}

#[test]
fn who_may_ask_is_set_as_all_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = "keys = \"a.toml\"\nmetrics-listen = \"127.0.0.1:1\"\ncors-origins = [\"https://a.example\"]\n\
                max-client-connections = 3\n";
    let path = file(folder.path(), text);
    let first = command(&["--check-config", "--config", &path, "--keys", "b.toml"])
        .env("SMLD_METRICS_LISTEN", "127.0.0.1:2")
        .output()
        .unwrap();
    let said = String::from_utf8(first.stdout.clone()).unwrap();
    for line in [
        "keys = \"b.toml\"",
        "metrics-listen = \"127.0.0.1:2\"",
        "cors-origins = [\"https://a.example\"]",
        "max-client-connections = 3",
        "open-to-all = false",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is not in\n{said}");
    }
    let path = file(folder.path(), &said);
    assert_eq!(output(&["--check-config", "--config", &path]).stdout, first.stdout);
}

#[test]
fn batches_are_measured_or_have_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| {
        let output = output(&[&["--check-config"], arguments].concat());
        let text = String::from_utf8(if output.status.success() { output.stdout } else { output.stderr }).unwrap();
        text.lines().find(|line| line.contains("batch-rows")).unwrap().to_owned()
    };
    assert_eq!(said(&[]), "batch-rows = \"auto\"");
    assert_eq!(said(&["--batch-rows", "32"]), "batch-rows = 32");
    let path = file(folder.path(), "batch-rows = 32");
    assert_eq!(said(&["--config", &path]), "batch-rows = 32");
    assert_eq!(said(&["--config", &path, "--batch-rows", "auto"]), "batch-rows = \"auto\"");
    assert!(said(&["--batch-rows", "0"]).contains("neither auto nor a number of at least 1"));
}

#[test]
fn a_file_that_cannot_be_is_refused_with_its_name_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("wrokers = 1", "unknown key `wrokers`; there are listen, "),
        // As a flag is spelled within the program, not in a file.
        ("max_n = 5", "unknown key `max_n`"),
        ("config = 'other.toml'", "unknown key `config`"),
        ("workers = 0", "in `workers`"),
        ("listen = 8080", "in `listen`"),
        ("workers", "TOML parse error"),
        ("open-to-all = 1", "in `open-to-all`"),
        ("cors-origins = [\"a.example\"]", "'a.example' is no origin"),
        ("batch-rows = 0", "batch-rows: \"auto\", or a number of at least 1"),
    ] {
        let output = output(&["--check-config", "--config", &file(folder.path(), text)]);
        let reason = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && reason.contains("smld.toml") && reason.contains(expected), "{reason}");
    }
    let output = output(&["--config", "no-such-file.toml"]);
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("no-such-file.toml"));
}
