//! What `deploy/` and the Dockerfile say of the server is true of it.

use super::keys::{Guarded, with};
use super::support::{get, post, send};
use clap::{Args, Command};
use smld::http::config::Settings;
use std::collections::BTreeSet;
use std::path::Path;

/// The files that a deployment is made of, one after the other.
fn deployment() -> String {
    fn read(path: &Path, text: &mut String) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| read(&entry.unwrap().path(), text));
        } else {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    read(&root.join("Dockerfile"), &mut text);
    read(&root.join("deploy"), &mut text);
    text
}

/// The words of `text` that begin with `prefix` and go on with letters of its case.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !part(c))
        .filter(|word| word.len() > prefix.len() && word.starts_with(prefix))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_variable_of_a_deployment_is_a_setting() {
    let command = Settings::augment_args(Command::new("serve"));
    let settings: BTreeSet<_> =
        command.get_arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned())).collect();
    let named = words(&deployment(), "SMLD_");
    assert!(named.contains("SMLD_DRAIN_SECONDS"));
    assert_eq!(named.difference(&settings).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn every_metric_of_a_deployment_is_exposed() {
    let guarded = Guarded::new(&[], &[]);
    let ask = async |request| send(&guarded.site.router, with(&guarded.alice, request)).await;
    for body in [r#"{"n":1}"#, r#"{"model":"mixture","sampler":{"method":"langevin","tau":1e4}}"#] {
        ask(post(body)).await;
    }
    guarded.site.served.engine.drain();
    assert_eq!(ask(post("{}")).await.status, 503);
    let metrics = ask(get("/metrics")).await;
    for (prefix, one) in [("smld_", "smld_queued_evaluations"), ("process_", "process_start_time_seconds")] {
        let (exposed, named) = (words(metrics.text(), prefix), words(&deployment(), prefix));
        assert!(named.contains(one));
        assert_eq!(named.difference(&exposed).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

/// What stands between `before` and `after` in the file `name`, wherever it does.
fn between(name: &str, before: &str, after: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let found = text.split(before).skip(1).map(|rest| rest.split(after).next().unwrap().trim().to_owned());
    found.collect()
}

#[test]
fn metrics_are_scraped_and_probes_ask_where_the_server_has_them() {
    let one = |port: &str| BTreeSet::from([port.to_owned()]);
    let pod = "deploy/kubernetes/base/deployment.yaml";
    assert_eq!(between(pod, "SMLD_METRICS_LISTEN\n              value: 0.0.0.0:", "\n"), one("9091"));
    assert_eq!(between(pod, "- name: metrics\n              containerPort:", "\n"), one("9091"));
    assert_eq!(between(pod, "prometheus.io/port: \"", "\""), one("9091"));
    assert_eq!(between(pod, "              port:", "\n"), one("metrics"));
    assert_eq!(between("deploy/compose.yaml", "SMLD_METRICS_LISTEN: 0.0.0.0:", "\n"), one("9091"));
    assert_eq!(between("deploy/prometheus.yml", "        port:", "\n"), one("9091"));
}

#[test]
fn a_deployment_that_others_reach_says_who_may_ask() {
    // The pod has keys.
    let pod = "deploy/kubernetes/base/deployment.yaml";
    let keys = between(pod, "SMLD_KEYS\n              value:", "\n").pop_first().unwrap();
    let folder = between(pod, "mountPath:", "\n").pop_first().unwrap();
    assert_eq!(keys, format!("{folder}/keys.toml"));
    // What compose lets everyone ask is published on this machine alone.
    assert!(between("deploy/compose.yaml", "SMLD_OPEN_TO_ALL: ", "\n").contains("\"true\""));
    let ports = between("deploy/compose.yaml", "ports: [\"", "\"]");
    assert!(ports.len() == 3 && ports.iter().all(|port| port.starts_with("127.0.0.1:")), "{ports:?}");
    // The unit listens on its own machine alone; the image decides nothing, and so does not start by itself.
    assert!(
        between("deploy/smld.service", "\nEnvironment=SMLD_LISTEN=", "\n")
            .iter()
            .all(|listen| listen == "127.0.0.1:8080")
    );
    for undecided in ["ENV SMLD_KEYS", "    SMLD_KEYS", "ENV SMLD_OPEN_TO_ALL", "    SMLD_OPEN_TO_ALL"] {
        assert!(between("Dockerfile", undecided, "\n").is_empty(), "{undecided}");
    }
}

#[test]
fn a_pod_is_given_longer_to_end_than_its_server_takes() {
    let number = |key: &str| {
        let after = include_str!("../../deploy/kubernetes/base/deployment.yaml").split_once(key).unwrap().1;
        let digits = after.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<u32>().unwrap()
    };
    let takes = number("sleep:") + number("name: SMLD_DRAIN_SECONDS") + 10;
    assert!(number("terminationGracePeriodSeconds:") > takes);
}
