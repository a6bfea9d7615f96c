//! What is on disk, what must not be, and which files are refused.

use std::fs;

use super::super::OpenError;
use super::*;

#[tokio::test]
async fn everything_survives_a_restart() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    let key = credentials.create_api_key(alice, "bot").await?;
    drop(credentials);

    let credentials = desk.open()?;
    assert_eq!(credentials.users().await?, [(alice, "alice".to_owned())]);
    assert_eq!(credentials.session(&token).await?, alice);
    credentials.login("alice", PASSWORD).await?;
    assert_eq!(
        secret(credentials.find_api_key(&key.api_key)),
        Some(key.secret_key)
    );
    assert_eq!(credentials.register("bob", PASSWORD).await?, account(2));
    Ok(())
}

#[tokio::test]
async fn no_secret_is_in_the_files() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    let key = credentials.create_api_key(alice, "bot").await?;
    let raw: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&token[at..at + 2], 16))
        .collect::<Result<_, _>>()?;

    let with_log = desk.bytes()?;
    drop(credentials);
    let merged = desk.bytes()?;
    for bytes in [with_log, merged] {
        // That the search finds what is there makes the rest worth something.
        for stored in ["alice", "$argon2id$", &key.api_key] {
            assert!(contains(&bytes, stored.as_bytes()), "{stored}");
        }
        assert!(!contains(&bytes, PASSWORD.as_bytes()));
        assert!(!contains(&bytes, token.as_bytes()));
        assert!(!contains(&bytes, &raw));
        assert!(!contains(&bytes, key.secret_key.as_bytes()));
    }
    Ok(())
}

#[tokio::test]
async fn no_secret_is_in_debug_output() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    let key = credentials.create_api_key(alice, "bot").await?;
    let found = credentials.find_api_key(&key.api_key).ok_or("no key")?;
    let errors = [
        credentials.register("alice", PASSWORD).await.err(),
        credentials.register("alice", "short").await.err(),
        credentials.login("alice", "wrong password").await.err(),
        credentials.session(&key.secret_key).await.err(),
        credentials.create_api_key(account(9), "bot").await.err(),
    ];
    assert!(errors.iter().all(Option::is_some));

    let printed = format!(
        "{credentials:?} {key:?} {found:?} {:?} {errors:?} {:?}",
        credentials.api_keys(alice).await?,
        credentials.users().await?,
    );
    let secret_bytes = format!("{:?}", key.secret_key.as_bytes());
    let secret_bytes = secret_bytes.trim_matches(['[', ']']);
    for secret in [
        PASSWORD,
        "wrong password",
        "argon2id",
        &token,
        &key.secret_key,
        secret_bytes,
    ] {
        assert!(!printed.contains(secret), "{printed}");
    }
    Ok(())
}

#[tokio::test]
async fn the_master_key_must_be_there_and_be_the_right_one() -> Outcome {
    let desk = Desk::new()?;
    drop(desk.open()?);
    let path = desk.file("secret.key");
    let right = fs::read(&path)?;
    assert_eq!(right.len(), 32);

    fs::remove_file(&path)?;
    let missing = desk.open().expect_err("no key");
    assert!(matches!(missing, OpenError::SecretKeyMissing(_)));
    assert!(missing.to_string().contains("secret.key is missing"));
    assert!(!path.exists(), "a new key would only hide the loss");

    fs::write(&path, [7; 32])?;
    let wrong = desk.open().expect_err("another key");
    assert!(matches!(wrong, OpenError::SecretKeyWrong(_)));
    assert!(wrong.to_string().contains("secret.key is wrong"));

    for damaged in [&right[..31], &[right.as_slice(), b"\n"].concat()] {
        fs::write(&path, damaged)?;
        assert!(matches!(desk.open(), Err(OpenError::SecretKeyDamaged(_))));
    }

    fs::write(&path, &right)?;
    desk.open()?;
    Ok(())
}

#[tokio::test]
async fn a_first_start_that_ended_early_is_taken_up() -> Outcome {
    let desk = Desk::new()?;
    // Killed while writing the key, then after it, then before the tables.
    fs::write(desk.file("secret.key.new"), b"half")?;
    drop(desk.open()?);
    assert!(!desk.file("secret.key.new").exists());
    let key = fs::read(desk.file("secret.key"))?;

    fs::remove_file(desk.file("accounts.sqlite"))?;
    drop(desk.open()?);
    fs::write(desk.file("accounts.sqlite"), b"")?;
    let credentials = desk.open()?;
    assert_eq!(fs::read(desk.file("secret.key"))?, key);
    assert_eq!(credentials.register("alice", PASSWORD).await?, account(1));
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() -> Outcome {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::new()?;
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    let mut files = 0;
    for entry in fs::read_dir(desk.directory.path())? {
        let entry = entry?;
        let mode = entry.metadata()?.permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        files += 1;
    }
    assert!(files >= 3, "database, its log, key");
    Ok(())
}

#[tokio::test]
async fn foreign_and_newer_files_are_refused_untouched() -> Outcome {
    let desk = Desk::new()?;
    drop(desk.open()?);
    let database = desk.file("accounts.sqlite");

    desk.sql("PRAGMA user_version = 2")?;
    let before = fs::read(&database)?;
    let newer = desk.open().expect_err("a newer version");
    assert!(matches!(
        newer,
        OpenError::NewerVersion {
            found: 2,
            supported: 1
        }
    ));
    assert!(newer.to_string().contains("version 2"));
    assert_eq!(fs::read(&database)?, before);

    desk.sql("PRAGMA user_version = 1; PRAGMA application_id = 7")?;
    assert!(matches!(desk.open(), Err(OpenError::NotAccounts(_))));
    fs::write(&database, "dear diary, ".repeat(1_000))?;
    assert!(matches!(desk.open(), Err(OpenError::NotAccounts(_))));
    Ok(())
}
