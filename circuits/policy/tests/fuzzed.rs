//! The fuzzers' demands on the policy language, on the inputs that once broke something and on inputs at its edges.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/policies.rs"]
mod demands;

/// A target's name and what it does with bytes.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("policy", demands::policy),
    ("lint", demands::lint),
    ("canonical", demands::canonical),
    ("expression", demands::expression),
];

#[test]
fn inputs_that_once_broke_something_and_inputs_at_the_edges() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let mut inputs = 0;
    for folder in ["regressions", "edges"] {
        for (name, target) in TARGETS {
            for entry in fs::read_dir(root.join(folder).join(name)).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                println!("{}", path.display());
                target(&fs::read(path).expect("a file"));
                inputs += 1;
            }
        }
    }
    assert!(inputs > 0);
}
