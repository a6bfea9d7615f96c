//! Who may not listen any more is noticed.

use orderbook_core::AccountId;

use super::super::watch::look;
use super::*;
use crate::accounts::{Client, Credentials, NewKey};

static LOCAL: Client = Client::LOCAL;

/// Somebody with an API key and a listen key.
struct Owner {
    credentials: Credentials,
    account: AccountId,
    api_key: String,
    listen_key: String,
    _dir: tempfile::TempDir,
}

impl Owner {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let credentials = Credentials::open(dir.path()).expect("a new one");
        let account = credentials.register("alice", "correct horse", &LOCAL);
        let account = account.await.expect("a new user");
        let key = credentials.create_api_key(account, NewKey::default(), &LOCAL);
        let api_key = key.await.expect("a key").api_key;
        let listen_key = credentials.create_listen_key(account, &api_key).await;
        Self {
            listen_key: listen_key.expect("a key"),
            credentials,
            account,
            api_key,
            _dir: dir,
        }
    }

    /// Listens by either key.
    fn listen(&self, market: &Market) -> [Ear; 2] {
        let key = Authority::Key(self.api_key.as_str().into());
        let listen_key = Authority::ListenKey {
            key: self.listen_key.as_str().into(),
            api_key: self.api_key.as_str().into(),
        };
        [(Wrap::Subscription(0), key), (Wrap::Raw, listen_key)]
            .map(|(wrap, authority)| market.listen_as(self.account, wrap, authority).1)
    }
}

#[tokio::test]
async fn a_revoked_key_ends_whatever_it_stands_behind() {
    let (owner, market) = (Owner::new().await, Market::new());
    let [mut subscribed, mut raw] = owner.listen(&market);
    look(&market.users, &owner.credentials, true).await;
    assert!(market.users.hears(owner.account));
    let revoked = owner
        .credentials
        .revoke_api_key(owner.account, &owner.api_key, &LOCAL);
    revoked.await.expect("there was one");
    look(&market.users, &owner.credentials, false).await;
    let (said, (code, _)) = subscribed.ending();
    assert_eq!(
        (said[0]["event"]["e"].clone(), code),
        ("eventStreamTerminated".into(), 1008)
    );
    assert_eq!(raw.ending().1.0, 1008);
    assert!(!market.users.anybody());
}

#[tokio::test]
async fn a_listen_key_that_is_over_ends_who_listens_by_it() {
    let (owner, market) = (Owner::new().await, Market::new());
    let [mut subscribed, mut raw] = owner.listen(&market);
    let closed = owner
        .credentials
        .close_listen_key(owner.account, &owner.listen_key);
    closed.await.expect("there was one");
    // Its time is not asked for each time.
    look(&market.users, &owner.credentials, false).await;
    assert!(raw.heard().is_empty());
    look(&market.users, &owner.credentials, true).await;
    let (said, (code, _)) = raw.ending();
    assert_eq!(
        (said[0]["e"].clone(), code),
        ("listenKeyExpired".into(), 1000)
    );
    assert!(subscribed.heard().is_empty());
}
