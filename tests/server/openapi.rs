//! The interface as it is described, against the program: requests are made up from the description.

use crate::program::Program;
use crate::python::run;

/// What Schemathesis looks for. That whatever fits its schema is taken is not among them: a model may not be there, a number too large.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance,negative_data_rejection,unsupported_method";

#[test]
fn no_request_that_the_description_suggests_is_answered_otherwise_than_it_says() {
    let models = "tests/fixtures/mixture.onnx,tests/fixtures/classes.onnx";
    let small = [
        ["--max-n", "8"],
        ["--max-evaluations", "2000"],
        ["--max-archive-n", "8"],
        ["--max-archive-evaluations", "2000"],
        ["--deadline-seconds", "20"],
        // Nobody reads the log, and there are thousands of requests.
        ["--log", "off"],
    ];
    let program = Program::serving(models, small.as_flattened());
    let folder = tempfile::tempdir().unwrap();
    let description = format!("http://{}/openapi.json", program.address);
    let settings = ["--seed", "1", "--max-examples", "10", "--generation-database", "none", "--checks", CHECKS];
    run(folder.path(), &[&["-m", "schemathesis.cli", "run", description.as_str()], &settings[..]].concat());
}
