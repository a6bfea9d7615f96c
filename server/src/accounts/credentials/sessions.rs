//! Sessions: who logged in, proven by a token.
//!
//! A session ends 24 hours after its last use, 30 days after the login, at logout, or when
//! newer ones crowd it out. The last use is noted once a minute at most, so that reading does
//! not turn into writing; a session may therefore end a minute early, and never late.

use sha2::{Digest, Sha256};

use crate::api::hex::hex;

use super::random;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How long a session lives without use, in milliseconds.
pub(super) const IDLE: i64 = 24 * HOUR;
/// How long a session lives at all, in milliseconds.
pub(super) const ABSOLUTE: i64 = 30 * 24 * HOUR;
/// How stale the noted last use may be, in milliseconds.
pub(super) const TOUCH: i64 = MINUTE;
/// How many live sessions an account may have.
pub(super) const PER_ACCOUNT: u32 = 100;

const TOKEN_BYTES: usize = 32;

/// What is stored of a token.
pub(super) type TokenHash = [u8; 32];

/// The hash of `token`, or `None` when no token has that length.
pub(super) fn digest(token: &str) -> Option<TokenHash> {
    // Looking a hash up tells by its timing about the hash only, and the hash says nothing
    // about the token; no comparison in constant time is needed.
    (token.len() == 2 * TOKEN_BYTES).then(|| Sha256::digest(token).into())
}

/// A new token, in hexadecimal, and its hash.
pub(super) fn draw() -> Result<(String, TokenHash), getrandom::Error> {
    let secret = random::bytes::<TOKEN_BYTES>()?;
    let token = hex(secret.as_slice());
    let hash = Sha256::digest(&token).into();
    Ok((token, hash))
}
