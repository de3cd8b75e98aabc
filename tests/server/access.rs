//! Who may ask the program, and by which way.

use crate::program::{MIXTURE, Program, add_key, command, output};
use rcgen::generate_simple_self_signed;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

fn smld(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smld")).args(arguments).envs(variables.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_address_that_others_reach_is_opened_only_where_it_is_said_who_may_ask() {
    let start = |more: &[&str]| output(&[&["--models", MIXTURE, "--listen", "0.0.0.0:0"], more].concat());
    let refused = start(&[]);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(said(&refused).contains("--keys FILE") && said(&refused).contains("--open-to-all"), "{}", said(&refused));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let path = file.to_str().unwrap();
    let reason = said(&start(&["--keys", path]));
    assert!(reason.contains("--keys: ") && reason.contains("keys.toml: No such file"), "{reason}");
    std::fs::write(&file, "").unwrap();
    assert!(said(&start(&["--keys", path])).contains("there is no key in it"));
    assert!(said(&start(&["--keys", path, "--open-to-all"])).contains("contradict"));
    let open = command(&["--models", MIXTURE, "--listen", "0.0.0.0:0", "--open-to-all"]);
    assert!(Program::run(open, "http").address.starts_with("0.0.0.0:"));
    add_key(&file, "alice", &[]);
    let mut keyed = Program::run(command(&["--models", MIXTURE, "--listen", "0.0.0.0:0", "--keys", path]), "http");
    assert!(keyed.said().contains("authorization: Bearer $SMLD_KEY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_the_holder_and_neither_it_nor_the_settings_have_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (file, points) = (folder.path().join("keys.toml"), folder.path().join("points.json"));
    let (path, points) = (file.to_str().unwrap(), points.to_str().unwrap());
    let key = add_key(&file, "alice", &[]);
    let program = Program::start(&["--keys", path, "--log-format", "json", "--log", "trace"]);
    let ask = |variables: &[(&str, &str)], more: &[&str]| {
        smld(&[&["sample", "--url", &program.address, "-o", points], more].concat(), variables)
    };
    assert!(said(&ask(&[], &[])).contains("401 A key is wanted"));
    assert!(ask(&[("SMLD_KEY", &key)], &[]).status.success());
    assert!(ask(&[], &["--key", &key]).status.success());
    let help = smld(&["sample", "--help"], &[("SMLD_KEY", &key)]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains(&key));

    // What cannot be used is told, and changes nothing.
    let usable = async |value: u8| {
        let line = format!("smld_files_usable{{files=\"keys\"}} {value}");
        let metrics = program.request("GET", "/metrics").bearer_auth(&key).send().await.unwrap().text().await.unwrap();
        metrics.lines().any(|found| found == line)
    };
    let lines = std::fs::read_to_string(&file).unwrap();
    for (contents, value) in [("[[key]]", 0), (lines.as_str(), 1)] {
        std::fs::write(&file, contents).unwrap();
        program.signal("HUP");
        while !usable(value).await {}
    }
    // Another's key is in force after SIGHUP.
    let other = add_key(&file, "bob", &[]);
    program.signal("HUP");
    while program.request("GET", "/v1/models").bearer_auth(&other).send().await.unwrap().status() != 200 {}
    program.signal("TERM");
    let (_, log) = program.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |key: &str| lines.iter().any(|line| line["message"] == "answered" && line["span"]["key"] == key);
    assert!(answered("alice") && answered("bob") && !log.contains(&key) && !log.contains(&other));
    assert!(lines.iter().any(|line| line["message"] == "read again"));
    let settings = output(&["--check-config", "--keys", path]);
    let settings = String::from_utf8(settings.stdout).unwrap();
    assert!(settings.contains(&format!("keys = \"{path}\"")) && !settings.contains("sha256"), "{settings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_probes_have_an_address_of_their_own_by_choice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let key = add_key(&file, "alice", &[]);
    let program = Program::start(&["--keys", file.to_str().unwrap(), "--metrics-listen", "127.0.0.1:0"]);
    let apart = program.metrics.strip_suffix("/metrics").unwrap().to_owned();
    assert_ne!(apart, format!("http://{}", program.address));
    let get = async |url: String| reqwest::get(url).await.unwrap();
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(get(format!("{apart}{path}")).await.status(), 200, "{path}");
    }
    assert_eq!(program.request("GET", "/metrics").bearer_auth(&key).send().await.unwrap().status(), 404);
    assert_eq!(get(format!("{apart}/v1/models")).await.status(), 404);
    let listen = apart.strip_prefix("http://").unwrap();
    assert!(smld(&["health", "--listen", "127.0.0.1:1", "--metrics-listen", listen], &[]).status.success());
    let settings = folder.path().join("smld.toml");
    let config = &[("SMLD_CONFIG", settings.to_str().unwrap())];
    std::fs::write(&settings, format!("listen = \"127.0.0.1:1\"\nmetrics-listen = \"{listen}\"\n")).unwrap();
    assert!(smld(&["health"], config).status.success());
    std::fs::write(&settings, format!("listen = \"{listen}\"\n")).unwrap();
    assert!(smld(&["health"], config).status.success());
    assert!(!smld(&["health", "--listen", "127.0.0.1:1"], config).status.success());
}

/// Files of a certificate of `localhost` and its key.
pub(crate) struct Certified {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    _folder: TempDir,
}

impl Certified {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
        let this = Self { cert, key, _folder: folder };
        this.renew();
        this
    }

    /// Another certificate in the same place.
    fn renew(&self) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&self.cert, made.cert.pem()).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_asks_by_tls_and_trusts_whom_it_is_told_to() {
    let (files, folder) = (Certified::new(), tempfile::tempdir().unwrap());
    let [cert, key] = [&files.cert, &files.key].map(|path| path.to_str().unwrap());
    let arguments = ["--listen", "127.0.0.1:0", "--models", MIXTURE, "--tls-cert", cert, "--tls-key", key];
    let program = Program::run(command(&arguments), "https");
    let (_, port) = program.address.rsplit_once(':').unwrap();
    let url = format!("https://localhost:{port}");
    let points = folder.path().join("points.json");
    let sample = ["sample", "--url", &url, "-n", "3", "-o", points.to_str().unwrap()];
    let asked = smld(&[&sample[..], &["--ca", cert]].concat(), &[]);
    assert!(asked.status.success(), "{}", said(&asked));
    assert_eq!(
        serde_json::from_slice::<Value>(&std::fs::read(&points).unwrap()).unwrap()["points"].as_array().unwrap().len(),
        3
    );
    // The system's own list can be named too.
    assert!(smld(&sample, &[("SSL_CERT_FILE", cert)]).status.success());
    let stranger = Certified::new();
    for arguments in [&[][..], &["--ca", stranger.cert.to_str().unwrap()]] {
        let refused = smld(&[&sample[..], arguments].concat(), &[]);
        assert!(
            !refused.status.success() && said(&refused).contains("--ca names the certificates"),
            "{}",
            said(&refused)
        );
    }
    let nothing = smld(&[&sample[..], &["--ca", key]].concat(), &[]);
    assert!(said(&nothing).contains("there is no certificate in it"), "{}", said(&nothing));
    // A health check by plain HTTP is told where to ask.
    let health = smld(&["health", "--listen", &program.address], &[]);
    assert!(said(&health).contains("--metrics-listen"), "{}", said(&health));

    // Renewed, and read again at once on SIGHUP.
    files.renew();
    program.signal("HUP");
    while !smld(&[&sample[..], &["--ca", cert]].concat(), &[]).status.success() {}
    program.signal("TERM");
    let (status, log) = program.end();
    assert!(status.success() && log.contains("read again") && log.contains("tls.crt"), "{log}");
}

#[test]
fn certificates_and_settings_that_cannot_be_stop_the_start() {
    let files = Certified::new();
    let [cert, key] = [&files.cert, &files.key].map(|path| path.to_str().unwrap());
    let refused = |arguments: &[&str]| {
        let output = output(&[&["--listen", "127.0.0.1:0", "--models", MIXTURE], arguments].concat());
        assert!(!output.status.success());
        said(&output)
    };
    assert!(refused(&["--tls-cert", cert]).contains("belong together"));
    assert!(refused(&["--tls-cert", key, "--tls-key", key]).contains("there is no certificate in it"));
    assert!(refused(&["--cors-origins", "https://a.example/"]).contains("is no origin"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    assert!(refused(&["--metrics-listen", &taken]).contains("choose another with --metrics-listen"));
}
