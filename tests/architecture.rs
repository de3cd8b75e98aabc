//! Holds the source to its architecture: which module may know which, which crate is used where, how files look.
//!
//! Read as text, so that it holds for every set of features at once.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own source has failed")]

use std::fs;
use std::path::Path;

/// Each module, what of the crate it may know, and why no more. A module knows only those above it: data flows one way.
const MODULES: [(&str, &[&str], &str); 13] = [
    ("sampler", &[], "samplers are pure mathematics"),
    ("onnx", &[], "it is a file format, whatever the graph is for"),
    ("pixels", &[], "it makes pictures of numbers, wherever they come from"),
    ("score", &["sampler", "onnx"], "a score is evaluated the same way whoever asks for it"),
    ("plot", &["pixels", "score"], "a figure shows densities and points, whoever asks for it"),
    ("client", &["plot"], "it knows the interface, not the server"),
    ("engine", &["sampler", "score"], "it runs chains without a server, and with any score model"),
    ("oip", &["score", "engine"], "tensors are requests and samples, whichever wire they come over"),
    (
        "http",
        &["sampler", "pixels", "score", "plot", "engine", "oip"],
        "it turns requests into chains and samples into bytes",
    ),
    ("grpc", &["engine", "oip", "http"], "its calls are answered as those of `http` are, within the same limits"),
    ("train", &["sampler", "onnx", "pixels", "score", "plot", "engine"], "it runs offline, without the server"),
    (
        "bin/smld",
        &["sampler", "pixels", "client", "score", "engine", "http", "grpc"],
        "the server runs without the trainer",
    ),
    ("bin/smld-train", &["sampler", "pixels", "score", "engine", "train"], "the trainer runs without the server"),
];

/// Paths of other crates, where in `src` they may be used, and why nowhere else.
const CRATES: [(&str, &[&str], &str); 13] = [
    ("axum::", &["http/", "grpc/"], "nothing but these two knows that requests come over HTTP"),
    ("tower::", &["http/", "grpc/"], "nothing but these two knows that requests come over HTTP"),
    ("tower_http::", &["http/", "grpc/"], "nothing but these two knows that requests come over HTTP"),
    ("tonic::", &["grpc/"], "nothing but `grpc` knows that requests come over gRPC"),
    (
        "tokio::",
        &["http/", "grpc/", "bin/smld.rs"],
        "the server alone has a runtime; the engine has tokio::sync, for its events",
    ),
    ("tokio::sync", &["engine/"], "the engine's events reach async code"),
    ("tokio_rustls::", &["http/tls.rs"], "connections are encrypted in one place, and everything else sees streams"),
    ("prometheus::", &["http/"], "the other layers tell what happens through observers"),
    ("ureq::", &["client/"], "the server asks nobody"),
    ("ort::", &["score/onnx"], "onnxruntime is one implementor of the trait"),
    ("plotters::", &["plot/"], "every figure is drawn on the same canvas"),
    ("resvg::", &["plot/"], "every figure is drawn on the same canvas"),
    ("tch::", &["train/"], "libtorch is the trainer's alone"),
];

const MAX_LINES: usize = 500;

#[test]
fn a_module_knows_only_what_is_above_it_and_listed() {
    let above = |module: &str| MODULES.iter().map(|&(name, ..)| name).take_while(move |&name| name != module).count();
    for (module, knows, _) in MODULES {
        assert!(knows.iter().all(|known| above(known) < above(module)), "'{module}' knows what is not above it");
    }
    none(|source| {
        let Some(module) = source.module() else { return Vec::new() };
        let Some((_, knows, reason)) = MODULES.iter().find(|(name, ..)| *name == module) else {
            return vec![source.fault(1, &format!("'{module}' is new; say in this test what it may know, and why"))];
        };
        let foreign = |(line, edge): (usize, String)| {
            let allowed = edge == module || knows.contains(&edge.as_str());
            (!allowed).then(|| source.fault(line, &format!("'{module}' may not know '{edge}': {reason}")))
        };
        source.edges().into_iter().filter_map(foreign).collect()
    });
}

#[test]
fn a_crate_is_used_only_by_the_module_that_hides_it() {
    none(|source| {
        let misplaced = |&(path, _, reason): &(&'static str, _, &str)| {
            let allowed = |used: &str| {
                let mut rows = CRATES.iter().filter(|(row, ..)| used.starts_with(row));
                rows.any(|(_, places, _)| places.iter().any(|place| source.path.starts_with(place)))
            };
            let uses = source.uses(path).filter(|&(_, used)| !allowed(used));
            uses.map(|(line, _)| source.fault(line, &format!("'{path}' here: {reason}"))).collect::<Vec<_>>()
        };
        CRATES.iter().flat_map(misplaced).collect()
    });
}

#[test]
fn an_edge_to_another_module_is_written_from_the_root() {
    none(|source| {
        let climbs = source.uses("super::super::");
        climbs.map(|(line, _)| source.fault(line, "super::super hides where it leads; write crate::")).collect()
    });
}

#[test]
fn a_file_begins_with_its_purpose_and_fits_in_the_head() {
    none(|source| {
        let lines = source.text.lines().count();
        let long = (lines > MAX_LINES).then(|| {
            source.fault(MAX_LINES, &format!("{lines} lines, above {MAX_LINES}; it has more than one purpose"))
        });
        let silent = (!source.text.starts_with("//! "))
            .then(|| source.fault(1, "begins without a //! line that says what the file is for"));
        long.into_iter().chain(silent).collect()
    });
}

#[test]
fn nothing_is_left_for_later() {
    none(|source| {
        let marks =
            |line: &&str| ["TODO", "FIXME", "XXX", "todo!", "unimplemented!"].iter().any(|mark| line.contains(mark));
        let lines = source.text.lines().enumerate().filter(|(_, line)| marks(line));
        lines.map(|(i, _)| source.fault(i + 1, "left for later; do it, or open an issue")).collect()
    });
}

#[test]
fn edges_are_found_in_paths_and_in_groups() {
    let text = "// crate::http\nuse crate::score::{A, B};\n/// [`crate::train`]\nuse crate::{\n    pixels::{a, b},\n    \
                onnx,\n};\nfn f(x: crate::sampler::Noise) -> mycrate::http {\n    super::http::g(x)\n}\n";
    let edges = |path: &str| Source { path: path.to_owned(), text: text.to_owned() }.edges();
    let named = [(2, "score"), (4, "pixels"), (4, "onnx"), (8, "sampler")].map(|(line, name)| (line, name.to_owned()));
    assert_eq!(edges("engine/pool.rs"), named);
    assert_eq!(edges("engine/mod.rs")[..4], named);
    assert_eq!(edges("engine/mod.rs")[4..], [(9, "http".to_owned())]);
}

/// A file of `src`.
struct Source {
    /// Below `src`, as `engine/pool.rs`.
    path: String,
    text: String,
}

impl Source {
    /// `engine` for `engine/pool.rs`, `bin/smld` for `bin/smld.rs`; none for `lib.rs`, which only declares.
    fn module(&self) -> Option<&str> {
        let stem = self.path.trim_end_matches(".rs");
        match stem.split_once('/') {
            Some(("bin", _)) => Some(stem),
            Some((module, _)) => Some(module),
            None => Some(stem).filter(|&stem| stem != "lib"),
        }
    }

    /// Where a path begins with `path`: the line's number, and the text from there. Comments do not count.
    fn uses<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        self.text.match_indices(path).filter_map(|(at, _)| {
            let (before, line) = (&self.text[..at], self.text[..at].rsplit('\n').next().unwrap_or_default());
            let inside = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let comment = line.trim_start().starts_with("//");
            (!inside && !comment).then(|| (before.matches('\n').count() + 1, &self.text[at..]))
        })
    }

    /// The modules of the crate that are named, with the lines.
    fn edges(&self) -> Vec<(usize, String)> {
        let root = if self.path.starts_with("bin/") { "smld::" } else { "crate::" };
        let edges = |root: &'static str| {
            self.uses(root)
                .flat_map(move |(line, text)| heads(&text[root.len()..]).into_iter().map(move |head| (line, head)))
        };
        // From a module's own file `super` is the root too.
        let is_top = self.path.ends_with("/mod.rs") && self.path.matches('/').count() == 1;
        let known = |(_, head): &(usize, String)| is_top && MODULES.iter().any(|(module, ..)| module == head);
        edges(root).chain(edges("super::").filter(known)).collect()
    }

    fn fault(&self, line: usize, reason: &str) -> String {
        format!("src/{}:{line}: {reason}", self.path)
    }
}

/// The first names of a path or of a group of paths: of `a::b` a, of `{a::{b, c}, d}` a and d.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    if !path.starts_with('{') {
        return vec![name(path)];
    }
    let (mut heads, mut depth) = (Vec::new(), 0);
    for (at, c) in path.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match (c, depth) {
            (_, 0) => break,
            ('{' | ',', 1) => heads.push(name(&path[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head: &String| !head.is_empty());
    heads
}

/// Looks at every source file, and fails with all faults found, each with its file and line.
#[track_caller]
fn none(faults_of: impl Fn(&Source) -> Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut faults) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                faults.extend(faults_of(&Source { path, text }));
            }
        }
    }
    faults.sort();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
