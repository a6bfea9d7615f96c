//! What is on disk, what must not be, and which files are refused.

use std::fs;

use super::super::vault::Vault;
use super::super::{OpenError, Scopes, sessions};
use super::*;

#[tokio::test]
async fn no_secret_is_in_the_files() -> Outcome {
    let desk = Desk::in_files()?;
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
    let key = credentials.hmac_key(alice, "bot").await?;
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
async fn a_first_start_that_ended_early_is_taken_up() -> Outcome {
    let desk = Desk::in_files()?;
    // Killed while writing the key, then after it, then before the tables.
    fs::write(desk.file("secret.key.new"), b"half")?;
    drop(desk.open().await?);
    assert!(!desk.file("secret.key.new").exists());
    let key = fs::read(desk.file("secret.key"))?;

    fs::remove_file(desk.file("accounts.sqlite"))?;
    drop(desk.open().await?);
    fs::write(desk.file("accounts.sqlite"), b"")?;
    let credentials = desk.open().await?;
    assert_eq!(fs::read(desk.file("secret.key"))?, key);
    assert_eq!(
        credentials.register("alice", PASSWORD, &HERE).await?,
        account(1)
    );
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() -> Outcome {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::in_files()?;
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    let mut files = 0;
    for entry in fs::read_dir(desk.directory())? {
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
    let desk = Desk::in_files()?;
    drop(desk.open().await?);
    let database = desk.file("accounts.sqlite");

    desk.sql("PRAGMA user_version = 3").await?;
    let before = fs::read(&database)?;
    let newer = desk.open().await.expect_err("a newer version");
    assert!(matches!(
        newer,
        OpenError::NewerVersion {
            found: 3,
            supported: 2
        }
    ));
    assert!(newer.to_string().contains("version 3"));
    assert_eq!(fs::read(&database)?, before);

    desk.sql("PRAGMA user_version = 2; PRAGMA application_id = 7")
        .await?;
    assert!(matches!(desk.open().await, Err(OpenError::NotAccounts(_))));
    fs::write(&database, "dear diary, ".repeat(1_000))?;
    assert!(matches!(desk.open().await, Err(OpenError::NotAccounts(_))));
    Ok(())
}

/// As the first release left it: a user, a session and a key, whose terms nobody had told yet.
#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date() -> Outcome {
    const TOKEN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let desk = Desk::in_files()?;
    let vault = Vault::open(&desk.secret_key(), false)?;
    let api_key = "K".repeat(64);
    let sealed = vault.seal(b"secret", &format!("API key {api_key} of account 1"));
    let sealed = sealed.map_err(|error| error.to_string())?;
    let database = desk.connection()?;
    database.execute_batch(include_str!(
        "../../../../migrations/accounts/0001_users.sql"
    ))?;
    database.execute_batch("PRAGMA application_id = 0x58414343; PRAGMA user_version = 1")?;
    let start = i64::try_from(START)?;
    database.execute(
        "INSERT INTO master_key_check VALUES (1, ?1)",
        [vault.check_value()?],
    )?;
    database.execute("INSERT INTO users VALUES (1, 'alice', '', ?1)", [start])?;
    database.execute(
        "INSERT INTO sessions VALUES (1, ?1, 1, ?2, ?2)",
        (sessions::digest(TOKEN), start),
    )?;
    database.execute(
        "INSERT INTO api_keys VALUES (1, ?1, 1, 'bot', ?2, ?3)",
        (&api_key, sealed, start),
    )?;
    drop(database);

    for _ in 0..2 {
        let credentials = desk.open().await?;
        assert_eq!(credentials.session(TOKEN).await?, account(1));
        let listed = credentials.api_keys(account(1)).await?;
        assert_eq!((&*listed[0].kind, listed[0].last_used), ("HMAC", None));
        let found = credentials.find_api_key(&api_key).await?;
        let scopes = found.as_ref().map(|key| key.scopes);
        assert_eq!(scopes, Some(Scopes::default()));
        assert!(takes(found, "secret"));
        credentials.create_listen_key(account(1), &api_key).await?;
    }
    Ok(())
}

/// The clock of the test runs as soon as nothing else does, so nobody waits for the minute.
#[tokio::test(start_paused = true)]
async fn the_use_of_keys_is_noted_by_itself() -> Outcome {
    let desk = Desk::in_files()?;
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let key = credentials.hmac_key(alice, "").await?;
    let found = credentials.find_api_key(&key.api_key).await?;
    assert!(takes(found, &key.secret_key));
    for (seconds, noted) in [(59, 0), (2, 1)] {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        let used = "SELECT count(last_used) FROM api_keys";
        assert_eq!(desk.number(used).await?, noted);
    }
    Ok(())
}
