//! Where the answers to the program's questions go, and what it says where none comes.

use crate::program::Program;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};

fn smld(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smld"));
    command.args(arguments).current_dir(folder);
    command
}

/// What a command that went well said.
fn well(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// What a command that failed said.
fn badly(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// The names of what is in `folder`, in their order.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Somebody who gives the next question `answer`, whatever it is, and leaves; his address, and what he was asked.
fn somebody(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = Vec::new();
        let end = |question: &[u8]| if question.starts_with(b"POST") { "}" } else { "\r\n\r\n" };
        while !question.ends_with(end(&question).as_bytes()) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            question.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(question).unwrap()
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_where_its_path_leads_and_leaves_what_is_beside_it() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let folder = folder.path();
    let ask = |out: &str| {
        let asked = ["sample", "--url", &program.address, "--seed", "7", "--format", "npy", "-o", out];
        smld(folder, &asked).output().unwrap()
    };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let is_link = |name: &str| fs::symlink_metadata(folder.join(name)).unwrap().is_symlink();
    let answer = ask("-").stdout;
    assert!(answer.starts_with(b"\x93NUMPY"));
    assert_eq!(ask("/dev/stdout").stdout, answer);

    fs::create_dir(folder.join("there")).unwrap();
    fs::write(folder.join("there/old"), "old").unwrap();
    fs::set_permissions(folder.join("there/old"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.join("a.partial"), "kept").unwrap();
    symlink("there/old", folder.join("old")).unwrap();
    symlink("there/new", folder.join("new")).unwrap();
    for out in ["a", "old", "new"] {
        well(&ask(out));
        assert_eq!(read(out), answer, "{out}");
    }
    assert_eq!(read("a.partial"), b"kept");
    assert_eq!(fs::metadata(folder.join("there/old")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(is_link("old") && is_link("new"));

    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let pipe = folder.join("pipe");
    let reader = thread::spawn(move || {
        let mut read = Vec::new();
        File::open(pipe).unwrap().read_to_end(&mut read).unwrap();
        read
    });
    well(&ask("pipe"));
    assert_eq!(reader.join().unwrap(), answer);
    assert!(fs::metadata(folder.join("pipe")).unwrap().file_type().is_fifo());

    assert!(!ask("there").status.success());
    assert_eq!(names(folder), ["a", "a.partial", "new", "old", "pipe", "there"]);
    assert_eq!(names(&folder.join("there")), ["new", "old"]);
}

#[test]
fn nobody_is_asked_for_what_cannot_be_written_or_by_a_key_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let said = badly(&mut smld(folder.path(), &["sample", "--url", &url, "-o", "nowhere/a.npy"]));
    assert!(said.contains("nowhere/a.npy: "), "{said}");
    let said = badly(smld(folder.path(), &["models", "--url", &url]).env("SMLD_KEY", "smld_1\nsmld_2"));
    assert!(said.contains("SMLD_KEY, can be no key") && !said.contains("smld_1"), "{said}");
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn an_answer_that_breaks_off_is_told_and_leaves_the_file_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.npy"), "old").unwrap();
    let half = "HTTP/1.1 200 OK\r\ncontent-type: application/x-npy\r\nx-smld-seed: 7\r\ncontent-length: 100\r\n\r\n{\"models\": [";
    let (url, _) = somebody(half);
    let said = badly(&mut smld(folder.path(), &["sample", "--url", &url, "-o", "a.npy"]));
    assert!(said.contains(&format!("{url}: the answer broke off: ")) && said.contains("nothing was kept"), "{said}");
    assert_eq!(fs::read(folder.path().join("a.npy")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a.npy"]);

    let (url, _) = somebody(half);
    let output = smld(folder.path(), &["sample", "--url", &url, "-o", "-", "--format", "npy"]).output().unwrap();
    assert!(!output.status.success() && output.stdout == b"{\"models\": [");
    let (url, _) = somebody(half);
    assert!(badly(&mut smld(folder.path(), &["models", "--url", &url])).contains("the answer broke off"));
}

#[test]
fn what_stands_at_the_address_in_place_of_a_server_replaces_no_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "old").unwrap();
    for kind in ["text/html", "image/png"] {
        let page = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 7\r\n\r\nwelcome");
        let (url, _) = somebody(page.leak());
        let said = badly(&mut smld(folder.path(), &["sample", "--url", &url, "-o", "a.png"]));
        assert!(said.contains(&format!("'{kind}' in place of samples")), "{said}");
        assert_eq!(fs::read(folder.path().join("a.png")).unwrap(), b"old");
    }
    assert_eq!(names(folder.path()), ["a.png"]);
}

#[test]
fn who_is_interrupted_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    // Somebody who begins an answer and never ends it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let mut asking = smld(folder.path(), &["sample", "--url", &url, "-o", "a.npy"]).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0]).unwrap();
    assert_eq!(names(folder.path()).len(), 1, "the answer's file is there");
    assert!(Command::new("kill").args(["-INT", &asking.id().to_string()]).status().unwrap().success());
    assert_eq!(asking.wait().unwrap().code(), Some(130));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_question_that_is_sent_on_is_not_asked_elsewhere_and_the_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for status in ["301 Moved Permanently", "307 Temporary Redirect"] {
        let elsewhere = "\r\nlocation: https://far.invalid/v1/samples\r\ncontent-length: 0\r\n\r\n";
        let (url, asked) = somebody(format!("HTTP/1.1 {status}{elsewhere}").leak());
        let said = badly(&mut smld(folder.path(), &["sample", "--url", &url, "-o", "a.npy"]));
        assert!(said.contains("sends on to https://far.invalid/v1/samples"), "{said}");
        assert!(asked.join().unwrap().starts_with("POST /v1/samples"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_told_by_its_variable_and_not_asked_for_this_machine() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let (proxy, asked) = somebody("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let models = |url: &str| {
        let mut command = smld(folder.path(), &["models", "--url", url]);
        command.env_remove("no_proxy").env_remove("NO_PROXY").env("http_proxy", format!("http://me:secret@{proxy}"));
        command
    };
    well(&models(&program.address).output().unwrap());
    let said = badly(&mut models("http://far.invalid"));
    for word in ["http://far.invalid: ", &format!("proxy {proxy}"), "http_proxy", "NO_PROXY=far.invalid"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("secret"), "{said}");
    assert!(asked.join().unwrap().starts_with("CONNECT far.invalid:80 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_has_gone_is_no_fault() {
    let (program, folder) = (Program::start(&[]), tempfile::tempdir().unwrap());
    let url = program.address.as_str();
    well(&smld(folder.path(), &["sample", "--url", url, "-o", "a.png"]).output().unwrap());
    let commands: [&[&str]; 8] = [
        &["models", "--url", url],
        &["models", "--json", "--url", url],
        &["info", "a.png"],
        &["load", "--seconds", "0.01", "--clients", "1", "--url", url],
        &["sample", "--url", url, "--format", "tar", "-o", "-"],
        &["completions", "bash"],
        &["key", "me"],
        &["serve", "--check-config"],
    ];
    for arguments in commands {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = smld(folder.path(), arguments).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
