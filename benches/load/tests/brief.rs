//! The load generator still works with the exchange as it is: everything is answered as it should
//! be, and no subscriber misses anything. How fast that is does not matter here.

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_brief_run_comes_to_its_end() {
    let load = Path::new(env!("CARGO_BIN_EXE_load"));
    let exchange = load.with_file_name("exchange");
    assert!(
        exchange.exists(),
        "there is no {}: cargo build -p exchange-server",
        exchange.display()
    );
    let output = Command::new(load)
        .arg("--brief")
        .arg("--exchange")
        .arg(exchange)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let (printed, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{printed}");
    for row in [
        "bare route | 1 | 1",
        "REST | 4 | 4",
        "WS-API | 1 | 8",
        "WS-API | 4 | 32",
        "trade",
        "depth@100ms",
    ] {
        assert!(
            printed.contains(&format!("\n| {row} |")),
            "{row}: {printed}"
        );
    }
}
