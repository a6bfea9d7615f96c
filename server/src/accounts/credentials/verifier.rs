//! Checking signatures, of the two kinds there are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::api::hex::hex;

/// How an API key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// HMAC-SHA256 with a secret that both sides have; in hexadecimal.
    Hmac,
    /// Ed25519 with a secret that only its owner has; in base64.
    Ed25519,
}

impl KeyKind {
    /// As it is stored and told.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hmac => "HMAC",
            Self::Ed25519 => "ED25519",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Hmac, Self::Ed25519]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// What a signature is checked with.
pub(super) enum Verifier {
    Hmac(Zeroizing<Vec<u8>>),
    Ed25519(VerifyingKey),
}

impl Verifier {
    /// From what was stored; `None` when that is no such key.
    pub(super) fn of(kind: KeyKind, bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        match kind {
            KeyKind::Hmac => Some(Self::Hmac(bytes)),
            KeyKind::Ed25519 => public_key(&bytes).map(Self::Ed25519),
        }
    }

    /// The key that is handed in: an SPKI in PEM, or its 32 bytes in base64.
    pub(super) fn of_public_key(text: &str) -> Option<Self> {
        /// What an SPKI has before the bytes of an Ed25519 key, by RFC 8410.
        const SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
        let text = text.trim();
        let key = if let Some(rest) = text.strip_prefix("-----BEGIN PUBLIC KEY-----") {
            let body = rest.strip_suffix("-----END PUBLIC KEY-----")?;
            let body: String = body.split_ascii_whitespace().collect();
            let spki = BASE64.decode(body).ok()?;
            public_key(spki.strip_prefix(SPKI)?)?
        } else {
            public_key(&BASE64.decode(text).ok()?)?
        };
        Some(Self::Ed25519(key))
    }

    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Hmac(_) => KeyKind::Hmac,
            Self::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// What is stored of it.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Hmac(secret) => secret,
            Self::Ed25519(key) => key.as_bytes(),
        }
    }

    pub(super) fn verify(&self, payload: &[u8], signature: &str) -> bool {
        match self {
            Self::Hmac(secret) => {
                let expected = sign(secret, payload);
                let signature = signature.to_ascii_lowercase();
                expected.as_bytes().ct_eq(signature.as_bytes()).into()
            }
            Self::Ed25519(key) => {
                // Forms turn a plus that nobody has encoded into a space.
                let signature = BASE64.decode(signature.replace(' ', "+")).ok();
                let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
                signature.is_some_and(|signature| key.verify_strict(payload, &signature).is_ok())
            }
        }
    }
}

/// A key that somebody can have the secret of: anybody could sign for a weak one.
fn public_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let bytes = <&[u8; PUBLIC_KEY_LENGTH]>::try_from(bytes).ok()?;
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    (!key.is_weak()).then_some(key)
}

/// HMAC-SHA256 over the payload, in hexadecimal.
pub(crate) fn sign(secret: &[u8], payload: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(payload);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

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
        let verifier = Verifier::Hmac(Zeroizing::new(SECRET.to_vec()));
        for (symbol, signature) in cases {
            let payload = format!("symbol={symbol}{TERMS}");
            let payload = payload.as_bytes();
            assert!(verifier.verify(payload, signature));
            assert!(verifier.verify(payload, &signature.to_ascii_uppercase()));
            for wrong in ["", "00", &signature[1..], &signature.replace('8', "9")] {
                assert!(!verifier.verify(payload, wrong), "{wrong}");
            }
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = (0..hex.len()).step_by(2);
        digits
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
            .collect()
    }

    /// RFC 8032, section 7.1, test 2; the key once as bytes and once as RFC 8410 writes it.
    #[test]
    fn an_ed25519_key_verifies_the_example_of_its_standard() {
        let key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let signature = BASE64.encode(signature);
        let spki = BASE64.encode([&bytes("302a300506032b6570032100")[..], &key].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        for text in [&BASE64.encode(&key), &pem, &pem.replace('\n', "\r\n")] {
            let verifier = Verifier::of_public_key(text).expect("it is a key");
            assert_eq!(verifier.kind(), KeyKind::Ed25519);
            assert_eq!(verifier.bytes(), key);
            assert!(verifier.verify(b"\x72", &signature));
            assert!(!verifier.verify(b"\x73", &signature));
            let other = signature.replacen('k', "l", 1);
            for wrong in ["", "AAAA", &signature[1..], &other, &hex(&key)] {
                assert!(!verifier.verify(b"\x72", wrong), "{wrong}");
            }
        }
        assert!(Verifier::of_public_key(&pem.replace("MCow", "MCox")).is_none());
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_text() {
        let [alice, bob] = [[1; 32], [2; 32]].map(|seed| SigningKey::from_bytes(&seed));
        let verifier = |key: &SigningKey| {
            Verifier::of_public_key(&BASE64.encode(key.verifying_key())).expect("it is a key")
        };
        let signature = BASE64.encode(alice.sign(b"side=BUY").to_bytes());
        assert!(verifier(&alice).verify(b"side=BUY", &signature));
        assert!(!verifier(&alice).verify(b"side=SELL", &signature));
        assert!(!verifier(&bob).verify(b"side=BUY", &signature));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        // The neutral element: everything verifies with it.
        let mut weak = [0; 32];
        weak[0] = 1;
        for text in [
            "",
            "no key",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
            &BASE64.encode([7; 31]),
            &BASE64.encode([7; 33]),
            &BASE64.encode(weak),
            &hex(&[7; 32]),
        ] {
            assert!(Verifier::of_public_key(text).is_none(), "{text}");
        }
    }
}
