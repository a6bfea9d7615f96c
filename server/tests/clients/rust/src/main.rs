//! The program at the path `PROGRAM`, which scripts/check-snippets takes out of docs/bots.md.

include!(env!("PROGRAM"));
