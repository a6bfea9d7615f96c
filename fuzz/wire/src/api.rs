//! The server's own `api`, as far as it reads texts.

#[path = "../../../server/src/api/decimal.rs"]
#[allow(dead_code, reason = "the server needs more of it")]
pub(crate) mod decimal;
#[path = "../../../server/src/api/frames.rs"]
#[allow(dead_code, reason = "the server needs more of it")]
pub(crate) mod frames;
#[path = "../../../server/src/api/object.rs"]
pub(crate) mod object;
#[path = "../../../server/src/api/params.rs"]
#[allow(dead_code, reason = "the server needs more of it")]
pub(crate) mod params;
