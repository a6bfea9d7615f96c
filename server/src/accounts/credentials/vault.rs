//! The master key: a file of 32 random bytes that seals what must be readable again.
//!
//! A sealed secret is 24 bytes of nonce, the ciphertext and 16 bytes of tag. Nonces are random;
//! at 24 bytes they do not collide. A secret is sealed for a purpose, and does not open for
//! another: swapping two rows of the database is noticed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::error::{Fault, OpenError};
use super::random;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The text of a check value, and what it is sealed for.
const CHECK: &str = "check";

/// Seals and opens secrets with the master key. Forgets the key when dropped.
pub(super) struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// Reads the key in `path`, or draws one when there is none and nothing was sealed yet.
    pub(super) fn open(path: &Path, in_use: bool) -> Result<Self, OpenError> {
        match Self::load(path)? {
            Some(vault) => Ok(vault),
            None if in_use => Err(OpenError::SecretKeyMissing(path.to_owned())),
            None => Self::create(path),
        }
    }

    /// Reads the key in `path`, or `None` when there is no such file.
    fn load(path: &Path) -> Result<Option<Self>, OpenError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::file(path)(error)),
        };
        warn_when_others_can_read(&file, path);

        // One byte more than a key, to notice a file that is too long.
        let mut read = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        file.take(KEY_BYTES as u64 + 1)
            .read_to_end(&mut read)
            .map_err(OpenError::file(path))?;
        match <&[u8; KEY_BYTES]>::try_from(read.as_slice()) {
            Ok(key) => Ok(Some(Self::new(key))),
            Err(_) => Err(OpenError::SecretKeyDamaged(path.to_owned())),
        }
    }

    /// Draws a new key and puts it in `path`, on disk before this returns.
    fn create(path: &Path) -> Result<Self, OpenError> {
        let key = random::bytes::<KEY_BYTES>()?;
        // Written aside and renamed, so that no crash leaves half a key under the name.
        let aside = path.with_extension("key.new");
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::file(&aside)(error));
            }
            _ => {}
        }
        let write = || -> io::Result<()> {
            let mut file = create_private(&aside)?;
            file.write_all(key.as_slice())?;
            file.sync_all()?;
            fs::rename(&aside, path)?;
            sync_directory_of(path)
        };
        write().map_err(OpenError::file(path))?;
        Ok(Self::new(&key))
    }

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }

    /// A sealed known text, by which [`check`](Self::check) tells this key from another.
    pub(super) fn check_value(&self) -> Result<Vec<u8>, OpenError> {
        self.seal(CHECK.as_bytes(), CHECK)
            .map_err(OpenError::Storage)
    }

    /// Whether the key in `path`, which is this one, made the check value.
    pub(super) fn check(&self, value: &[u8], path: &Path) -> Result<(), OpenError> {
        match self.unseal(value, CHECK) {
            Some(_) => Ok(()),
            None => Err(OpenError::SecretKeyWrong(path.to_owned())),
        }
    }

    /// Encrypts `secret`, to be opened for the same `purpose` only.
    pub(super) fn seal(&self, secret: &[u8], purpose: &str) -> Result<Vec<u8>, Fault> {
        let nonce = random::bytes::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: secret,
            aad: purpose.as_bytes(),
        };
        let text = self
            .cipher
            .encrypt((&*nonce).into(), payload)
            .map_err(|_| "a secret cannot be sealed")?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// Decrypts what [`seal`](Self::seal) returned; `None` when it was sealed with another key
    /// or for another purpose, or was changed since.
    pub(super) fn unseal(&self, sealed: &[u8], purpose: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: text,
            aad: purpose.as_bytes(),
        };
        let secret = self.cipher.decrypt(nonce.into(), payload).ok()?;
        Some(Zeroizing::new(secret))
    }
}

/// Creates a file that only its owner can read. Fails when there is one.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes the name of a new file survive a power cut.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A mounted secret may have a mode of its own, so this is advice and no refusal.
fn warn_when_others_can_read(file: &File, path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(metadata) = file.metadata()
            && metadata.permissions().mode() & 0o077 != 0
        {
            tracing::warn!(
                path = %path.display(),
                "the master key can be read by others than its owner; its mode should be 0600"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = (file, path);
}
