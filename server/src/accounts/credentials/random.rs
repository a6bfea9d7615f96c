//! Secrets out of the random numbers of the operating system.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `N` random bytes.
pub(super) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// `length` characters of `[A-Za-z0-9]`, each as likely as any other.
pub(super) fn alphanumeric(length: usize) -> Result<String, getrandom::Error> {
    // The whole multiple of 62 below 256; taking more would favour the front of the alphabet.
    const FAIR: u8 = 248;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let drawn = bytes::<64>()?;
        let fair = drawn.iter().filter(|byte| **byte < FAIR);
        text.extend(
            fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
                .take(length - text.len()),
        );
    }
    Ok(text)
}
