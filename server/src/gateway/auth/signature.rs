//! Signatures of requests.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::api::hex::hex;
use crate::error::ApiError;

/// HMAC-SHA256 over the payload, in hexadecimal.
pub(crate) fn sign(secret: &[u8], payload: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(payload);
    hex(&mac.finalize().into_bytes())
}

/// Whether the signature is that of the payload; hexadecimal of either case.
pub(super) fn verify(secret: &[u8], payload: &[u8], signature: &str) -> Result<(), ApiError> {
    let expected = sign(secret, payload);
    let signature = signature.to_ascii_lowercase();
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(())
    } else {
        Err(ApiError::BAD_SIGNATURE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
    const TERMS: &str = "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
                         &recvWindow=5000&timestamp=1499827319559";

    #[test]
    fn signatures_match_the_published_examples() {
        let cases = [
            (
                "LTCBTC",
                "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
            ),
            (
                "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
                "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
            ),
        ];
        for (symbol, signature) in cases {
            let payload = format!("symbol={symbol}{TERMS}");
            assert_eq!(verify(SECRET, payload.as_bytes(), signature), Ok(()));
            let upper = signature.to_ascii_uppercase();
            assert_eq!(verify(SECRET, payload.as_bytes(), &upper), Ok(()));
            for wrong in ["", "00", &signature[1..], &signature.replace('8', "9")] {
                assert_eq!(
                    verify(SECRET, payload.as_bytes(), wrong),
                    Err(ApiError::BAD_SIGNATURE)
                );
            }
        }
    }
}
